//! Which checks are synthetic, and where each is asked.
//!
//! Enters: a policy. Leaves: checks with their places. Never here: asking.

use super::Place;
use crate::Length;
use crate::policy::{Check, Policy, Probe};

/// Where `every` is nothing.
const EVERY: Length = Length::minutes(1);

/// One synthetic check in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Which, where.
    pub place: Place,
    /// What is asked.
    pub check: Check,
    /// How often.
    pub every: Length,
    /// Users see it: it is asked in an environment that releases are decided for.
    pub public: bool,
    /// For people; with the environment's `id` where there are several of these.
    pub title: String,
}

impl Watched {
    /// So long an answer may take, all attempts together.
    pub fn patience(&self) -> Length {
        Length::seconds(
            (self.check.timeout.as_seconds() + 1).saturating_mul(u64::from(self.check.retries) + 1),
        )
    }

    /// An answer that is older than this says nothing about now, while somebody asks.
    pub fn stale_after(&self) -> Length {
        Length::seconds(self.every.as_seconds().saturating_mul(2) + self.patience().as_seconds() + 60)
    }
}

/// The checks of a policy that are asked again and again by themselves: those with `every` that ask something that runs, each in its
/// environment, or where it names none, in every environment that releases are decided for. Reports, repositories, records and people
/// are not asked: they say nothing new by themselves.
pub fn watched(policy: &Policy) -> Vec<Watched> {
    let targets: Vec<&str> = policy
        .environments
        .iter()
        .filter(|environment| environment.target)
        .map(|environment| environment.id.as_str())
        .collect();
    let mut all: Vec<Watched> = Vec::new();
    for check in policy.checks.iter().filter(|check| is_asked(&check.probe)) {
        let Some(every) = check.every else { continue };
        let named: Vec<&str> = check.environment.as_deref().into_iter().collect();
        for environment in if named.is_empty() { &targets } else { &named } {
            let place = Place { check: check.id.clone(), environment: (*environment).to_owned() };
            if all.iter().any(|other| other.place == place) {
                continue;
            }
            let title = if check.title.is_empty() { &check.id } else { &check.title };
            all.push(Watched {
                place,
                check: Check { environment: Some((*environment).to_owned()), ..check.clone() },
                every: if every == Length::ZERO { EVERY } else { every },
                public: targets.contains(environment),
                title: if targets.len() > 1 { format!("{title} ({environment})") } else { title.clone() },
            });
        }
    }
    all
}

const fn is_asked(probe: &Probe) -> bool {
    matches!(
        probe,
        Probe::Http(_)
            | Probe::Tcp(_)
            | Probe::PortClosed(_)
            | Probe::Tls(_)
            | Probe::Dns(_)
            | Probe::Promql(_)
            | Probe::Command(_)
            | Probe::Sql(_)
    )
}

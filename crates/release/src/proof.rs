//! What the evidence proves by the demands of the policy, at one moment.
//!
//! Enters: policy, state, a moment. Leaves: for each check passed, failed, or why nobody can tell. Never here: scores, verdicts.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::Figure;
use crate::digest::Digest;
use crate::evidence::{Answer, Evidence, Observation, Question, SCORE, Settled, Subject};
use crate::later;
use crate::policy::{Check, Loaded, Person, Policy, Probe};
use crate::scorecard::compared;
use crate::signature::{Verify, bytes};
use crate::state::{Release, State};

/// The hash that stands for a policy: SHA-256 of its text.
pub fn policy_digest(loaded: &Loaded) -> Digest {
    Digest::of(loaded.source.text().as_bytes())
}

/// Everything that is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) state: &'a State,
    pub(crate) release: &'a Release,
    pub(crate) now: Timestamp,
    pub(crate) verify: Verify<'a>,
    /// Whatever was found counts, even if it has to be looked at again by now: for what is on the table.
    pub(crate) any_time: bool,
}

/// What is known.
pub(crate) enum Known {
    Passed,
    Failed(String),
}

/// Why nobody can tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lack {
    #[error("the policy has no such check")]
    NoSuchCheck,
    #[error("there is no evidence")]
    Missing,
    #[error("there is evidence, but about something else ({0})")]
    Elsewhere(String),
    #[error("it was asked by another demand (the check was changed since)")]
    OtherDemand,
    #[error("the evidence expired at {0}")]
    Expired(Timestamp),
    #[error("the evidence is dated {0}, which is still to come")]
    ToCome(Timestamp),
    #[error("it has to come out the same {needed} times in a row, and did {run} times")]
    Unsettled { run: u32, needed: u32 },
    #[error("it could not be asked: {0}")]
    Error(String),
    #[error("it was not shown that it fails where it must")]
    NoControl,
    #[error("{by} does not hold the role `{role}` that has to say so")]
    NotTheirs { by: String, role: String },
    #[error("a link or a digest has to come with it")]
    NoLink,
    #[error("it holds no figure `{0}`")]
    NoFigure(String),
    #[error("it is asked by a machine, and {0} is not one")]
    ByHand(String),
    #[error("the policy gives {0} no role, and somebody in one has to say so")]
    NoRole(String),
    #[error("its figures do not tell: {0}")]
    Figures(String),
}

impl<'a> Case<'a> {
    /// Of a release that was opened.
    pub(crate) fn of(
        loaded: &'a Loaded,
        state: &'a State,
        now: Timestamp,
        verify: Verify<'a>,
    ) -> Option<Case<'a>> {
        let release = state.release.as_ref()?;
        Some(Case { policy: &loaded.policy, state, release, now, verify, any_time: false })
    }

    /// What evidence of `check` has to be about.
    pub(crate) fn subject(&self, check: &Check) -> Subject {
        Subject::of(check, &self.release.artefact, &self.release.environment)
    }

    /// This artefact where it is to go.
    pub(crate) fn this(&self) -> Subject {
        let Release { artefact, environment, .. } = self.release;
        Subject::Artefact { digest: artefact.clone(), environment: environment.clone() }
    }

    pub(crate) fn check(&self, id: &str) -> Option<&'a Check> {
        self.policy.checks.iter().find(|check| check.id == id)
    }

    pub(crate) fn person(&self, id: &str) -> Option<&'a Person> {
        self.policy.people.iter().find(|person| person.id == id)
    }

    pub(crate) fn holds(&self, person: &str, role: &str) -> bool {
        self.person(person).is_some_and(|person| person.roles.iter().any(|held| held == role))
    }

    /// One person, if by two names: whoever has the key can sign as both.
    pub(crate) fn same(&self, one: &str, other: &str) -> bool {
        let key = |id| self.person(id)?.key.as_deref().and_then(bytes::<32>);
        one == other || key(one).is_some_and(|theirs| key(other) == Some(theirs))
    }

    /// What stands for the check, however old it is.
    pub(crate) fn settled(&self, check: &Check) -> Option<&'a Settled> {
        let question = Question::Check(check.id.clone());
        self.state.standing(&question, &self.subject(check))?.settled.as_ref()
    }

    /// What is known of the check.
    pub(crate) fn ask(&self, id: &str) -> Result<Known, Lack> {
        let check = self.check(id).ok_or(Lack::NoSuchCheck)?;
        let question = Question::Check(check.id.clone());
        let settled = self.current(&question, &self.subject(check), Some(check))?;
        match settled.evidence.answer() {
            Answer::Error { why } => Err(Lack::Error(why)),
            Answer::Fail { why } => Ok(Known::Failed(why)),
            Answer::Pass => self.passes(check, &settled.evidence),
        }
    }

    /// `None` when the check has passed; else why it has not.
    pub(crate) fn open(&self, id: &str) -> Option<String> {
        match self.ask(id) {
            Ok(Known::Passed) => None,
            Ok(Known::Failed(why)) if why.is_empty() => Some("it failed".to_owned()),
            Ok(Known::Failed(why)) => Some(format!("it failed: {why}")),
            Err(lack) => Some(lack.to_string()),
        }
    }

    /// True when there are checks and all of them have passed.
    pub(crate) fn all_passed(&self, ids: &[String]) -> bool {
        !ids.is_empty() && ids.iter().all(|id| self.open(id).is_none())
    }

    /// Somebody's mark, and whose, if they hold `role`.
    pub(crate) fn mark(&self, question: &Question, role: &str) -> Result<(Figure, &'a str), Lack> {
        let settled = self.current(question, &self.this(), None)?;
        let observed = &settled.evidence.observed;
        if let Answer::Fail { why } | Answer::Error { why } = settled.evidence.answer() {
            return Err(Lack::Error(why));
        }
        let by = observed.by.as_deref().unwrap_or("nobody");
        if !self.holds(by, role) {
            return Err(Lack::NotTheirs { by: by.to_owned(), role: role.to_owned() });
        }
        let mark = observed.figures.get(SCORE).ok_or_else(|| Lack::NoFigure(SCORE.to_owned()))?;
        Ok((*mark, by))
    }

    /// Marks that stand for this artefact, however old they are.
    pub(crate) fn marks(&self) -> impl Iterator<Item = (&'a Question, &'a Settled)> {
        let this = self.this();
        let of_this =
            self.state.standings.iter().filter(move |standing| standing.newest.observed.subject == this);
        let settled = of_this
            .filter_map(|standing| Some((&standing.newest.observed.question, standing.settled.as_ref()?)));
        settled.filter(|(question, _)| matches!(question, Question::Row { .. } | Question::Review(_)))
    }

    /// The newest measured values of a metric where the release is to go, each with when it was taken, by name.
    pub(crate) fn figures_of(&self, metric: &str) -> Vec<(String, Figure, Timestamp)> {
        let mut found: BTreeMap<String, (Figure, Timestamp)> = BTreeMap::new();
        for standing in &self.state.standings {
            let Some(settled) = &standing.settled else { continue };
            let observed = &settled.evidence.observed;
            let here = match &observed.subject {
                Subject::Artefact { .. } => observed.subject == self.this(),
                Subject::Environment(environment) => *environment == self.release.environment,
                Subject::Team => true,
            };
            let foreign = match &observed.question {
                Question::Check(id) => self.check(id).is_some_and(|check| is_foreign(check, observed)),
                _ => false,
            };
            if !here || foreign || matches!(settled.evidence.answer(), Answer::Error { .. }) {
                continue;
            }
            for (name, value) in &observed.figures {
                let rest = name.strip_prefix(metric);
                if rest.is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with(['@', '/']) && !rest.contains('#')
                }) && found.get(name).is_none_or(|(_, taken)| *taken < observed.taken)
                {
                    found.insert(name.clone(), (*value, observed.taken));
                }
            }
        }
        found.into_iter().map(|(name, (value, taken))| (name, value, taken)).collect()
    }

    fn passes(&self, check: &Check, evidence: &Evidence) -> Result<Known, Lack> {
        let observed = &evidence.observed;
        if check.control.is_some() && observed.control_failed != Some(true) {
            return Err(Lack::NoControl);
        }
        self.may_say(check, evidence)?;
        match &check.probe {
            Probe::Measured(measured) => {
                let (holds, words) =
                    compared(self.policy, &measured.target, &observed.figures).map_err(Lack::Figures)?;
                Ok(if holds { Known::Passed } else { Known::Failed(format!("{words} does not hold")) })
            }
            Probe::Attest(attestation) => {
                let linked = observed.output.is_some() || observed.inputs.contains("://");
                if attestation.with_link && !linked { Err(Lack::NoLink) } else { Ok(Known::Passed) }
            }
            _ => Ok(Known::Passed),
        }
    }

    /// Whether whoever gave the evidence may: people where people are asked, control, which puts no name to it, everywhere else.
    pub(crate) fn may_say(&self, check: &Check, evidence: &Evidence) -> Result<(), Lack> {
        let by = evidence.observed.by.as_deref();
        let person = by.unwrap_or("nobody");
        match &check.probe {
            Probe::Attest(attestation) => self.in_role(person, Some(&attestation.by)),
            Probe::Measured(measured) => self.in_role(person, measured.by.as_deref()),
            _ => by.map_or(Ok(()), |by| Err(Lack::ByHand(by.to_owned()))),
        }
    }

    /// Whether a person holds this role, or any role where none is named.
    pub(crate) fn in_role(&self, by: &str, role: Option<&str>) -> Result<(), Lack> {
        match role {
            Some(role) if self.holds(by, role) => Ok(()),
            Some(role) => Err(Lack::NotTheirs { by: by.to_owned(), role: role.to_owned() }),
            None if self.person(by).is_some_and(|person| !person.roles.is_empty()) => Ok(()),
            None => Err(Lack::NoRole(by.to_owned())),
        }
    }

    /// What stands, while it counts: as long as its evidence says, and for a check no longer than the policy says and only by what the
    /// check demands.
    pub(crate) fn current(
        &self,
        question: &Question,
        subject: &Subject,
        check: Option<&Check>,
    ) -> Result<&'a Settled, Lack> {
        let Some(standing) = self.state.standing(question, subject) else {
            return Err(match self.state.elsewhere(question, subject) {
                Some(other) => Lack::Elsewhere(subject_words(&other.newest.observed.subject)),
                None => Lack::Missing,
            });
        };
        let Some(settled) = &standing.settled else {
            let needed = standing.newest.observed.settle.max(1);
            return Err(Lack::Unsettled { run: standing.run, needed });
        };
        let observed = &settled.evidence.observed;
        if check.is_some_and(|check| is_foreign(check, observed)) {
            return Err(Lack::OtherDemand);
        }
        let expires = expires(observed, check);
        if self.any_time {
            Ok(settled)
        } else if observed.taken > self.now {
            Err(Lack::ToCome(observed.taken))
        } else if self.now >= expires {
            Err(Lack::Expired(expires))
        } else {
            Ok(settled)
        }
    }
}

/// From when on it counts no more: as its evidence says, and for a check not later than the policy says.
pub(crate) fn expires(observed: &Observation, check: Option<&Check>) -> Timestamp {
    check.map_or(observed.expires, |check| later(observed.taken, check.expires).min(observed.expires))
}

/// True when it was asked by the check's name, but by other demands. Old rows do not say.
fn is_foreign(check: &Check, observed: &Observation) -> bool {
    matches!((check.demand, observed.demand), (Some(wanted), Some(asked)) if wanted != asked)
}

fn subject_words(subject: &Subject) -> String {
    match subject {
        Subject::Artefact { digest, environment } => format!("{digest} in {environment}"),
        Subject::Environment(environment) => environment.clone(),
        Subject::Team => "the team".to_owned(),
    }
}

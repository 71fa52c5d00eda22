//! What has to be done about an incident now.
//!
//! Pages go by time alone: the first rung is called when the incident first has a severity that pages, or one that
//! the policy does not know; each further one when the time of the one before is over, unless somebody works on it by
//! then. After the last rung the chain begins again, for [`ROUNDS`] rounds. A process that comes late calls every
//! rung whose time has come in the present round. A page that no channel took is tried again after 15 s, 30 s, 1 min,
//! 2 min and 4 min: at most [`MOST_ATTEMPTS`] attempts to each rung in each round.

use jiff::Timestamp;

use super::clock::{clocks, later, wakes_since};
use super::event::Clock;
use super::key::PageKey;
use super::state::{Incident, Status};
use crate::Length;
use crate::policy::{Policy, Rung};

/// The chain is gone through so often.
pub const ROUNDS: u32 = 3;

/// Attempts to reach one rung in one round.
pub const MOST_ATTEMPTS: u32 = 6;

/// After the first failure; twice as long after each further one.
const FIRST_WAIT: Length = Length::seconds(15);

/// A rung without time of its own would be called together with the next: and a chain of such would never end.
const LEAST_TIME: Length = Length::seconds(60);

/// A page to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Sent twice under one key, it is seen once.
    pub key: PageKey,
    /// Who; `None`: the policy has no chain, so whoever is on call.
    pub role: Option<String>,
    /// When it became due.
    pub since: Timestamp,
}

/// A clock that ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub clock: Clock,
    /// When.
    pub since: Timestamp,
}

/// One thing to do now, until a row says that it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Send it, and write that it was sent or failed. Beyond the first rung it is an escalation.
    Page(Page),
    /// Write it, and tell people.
    Breach(Breach),
}

impl Due {
    fn since(&self) -> Timestamp {
        match self {
            Due::Page(page) => page.since,
            Due::Breach(breach) => breach.since,
        }
    }
}

/// What has to be done now, oldest first.
pub fn due(policy: &Policy, incident: &Incident, now: Timestamp) -> Vec<Due> {
    let mut due = all(policy, incident, now);
    due.retain(|one| one.since() <= now);
    due.sort_by_key(Due::since);
    due
}

/// When to ask again: before that, nothing new becomes due unless a row is written.
pub fn wakes_at(policy: &Policy, incident: &Incident, now: Timestamp) -> Option<Timestamp> {
    all(policy, incident, now).iter().map(Due::since).filter(|since| *since > now).min()
}

/// What is due, or will be.
fn all(policy: &Policy, incident: &Incident, now: Timestamp) -> Vec<Due> {
    let mut all = Vec::new();
    let unwritten = |breach: &Breach| !incident.breaches.contains(&(breach.clock, breach.since));
    for clock in clocks(policy, incident).iter().filter(|clock| clock.stopped.is_none()) {
        let breach = Breach { clock: clock.clock, since: clock.until };
        all.extend(Some(breach).filter(unwritten).map(Due::Breach));
    }
    let wakes = wakes_since(policy, incident).filter(|_| incident.status() == Status::Open);
    if let Some(from) = wakes {
        let (pages, end) = pages(policy, incident, from, now);
        all.extend(pages.into_iter().map(Due::Page));
        all.extend(Some(Breach { clock: Clock::Chain, since: end }).filter(unwritten).map(Due::Breach));
    }
    all
}

/// The pages of the present round and those after it, unless they were sent; and the end of the last round.
fn pages(
    policy: &Policy,
    incident: &Incident,
    mut from: Timestamp,
    now: Timestamp,
) -> (Vec<Page>, Timestamp) {
    let alone = [Rung { role: String::new(), within: Length::minutes(5) }];
    let chain = if policy.escalation.chain.is_empty() { &alone[..] } else { &policy.escalation.chain };
    let opening = u32::try_from(incident.openings.len()).unwrap_or(u32::MAX);
    let mut pages = Vec::new();
    for round in 1..=ROUNDS {
        let whole: Length = chain.iter().map(|rung| rung.within.max(LEAST_TIME)).sum();
        let end = later(from, whole);
        for (at, rung) in (1..).zip(chain) {
            let first = PageKey { incident: incident.id().to_owned(), opening, round, rung: at, attempt: 1 };
            // A round that is over is not made up for.
            let role = Some(rung.role.clone()).filter(|role| !role.is_empty());
            if let Some((key, since)) = attempt(incident, first, from).filter(|_| now < end) {
                pages.push(Page { key, role, since });
            }
            from = later(from, rung.within.max(LEAST_TIME));
        }
    }
    (pages, from)
}

/// The attempt that is to be made, and from when; `None` once one was taken, or there were enough.
fn attempt(incident: &Incident, first: PageKey, from: Timestamp) -> Option<(PageKey, Timestamp)> {
    let (mut key, mut since, mut wait) = (first, from, FIRST_WAIT);
    loop {
        let Some(page) = incident.pages.get(&key) else {
            return Some((key, since));
        };
        let failed = page.failed.filter(|_| page.sent.is_none() && page.acknowledged.is_none())?;
        if key.attempt >= MOST_ATTEMPTS {
            return None;
        }
        (key.attempt, since, wait) = (key.attempt + 1, since.max(later(failed, wait)), wait * 2);
    }
}

//! What has to be done about an incident now.
//!
//! Pages go by time alone: the first rung is called when the incident gets a severity that pages, or one that the
//! policy does not know; each further one when the time of the one before is over, unless somebody works on it by
//! then. After the last rung the chain begins again, for [`ROUNDS`] rounds. A test calls one rung once. A process that
//! comes late calls every rung whose time has come in the present round. A page that no channel took is tried again
//! after 15 s, 30 s, 1 min, 2 min and then every 4 min. Where some channels took it, those that did not are tried again in
//! the same way, at most [`MOST_ATTEMPTS`] times.
//!
//! While no page of the chain was taken by anybody, attempts go on, and its last round has no end: a receiver that
//! recovers, or a process that starts, at any time still calls somebody. Once one was taken, all rungs have the time of
//! one more round and an attempt. That nobody has answered is a breach only of those who were called.

use jiff::Timestamp;

use super::calling::{Calling, calling};
use super::clock::{ClockState, clocks};
use super::event::Clock;
use super::key::PageKey;
use super::state::Incident;
use crate::policy::{Policy, Rung};
use crate::{Length, later};

/// The chain is gone through so often.
pub const ROUNDS: u32 = 3;

/// Attempts to reach one rung in one round, once somebody of the chain was reached; the last round only has an end.
pub const MOST_ATTEMPTS: u32 = 6;

/// After the first failure; twice as long after each further one.
const FIRST_WAIT: Length = Length::seconds(15);

/// It never is longer than that.
const LONGEST_WAIT: Length = Length::minutes(4);

/// The time of a rung that is the only one.
const ALONE: Length = Length::minutes(5);

/// A rung without time of its own would be called together with the next: and a chain of such would never end.
const LEAST_TIME: Length = Length::seconds(60);

/// A page to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Sent twice under one key, it is seen once.
    pub key: PageKey,
    /// Who; `None`: the policy has no chain, so whoever is on call.
    pub role: Option<String>,
    /// By these channels alone: the others have it. `None`: by all.
    pub only: Option<Vec<String>>,
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

/// Somebody is called, now or later, unless they answer.
pub fn is_calling(policy: &Policy, incident: &Incident) -> bool {
    calling(policy, incident, lasts(policy, incident)).is_some()
}

/// Whom this rung calls; `None`: whoever is on call.
pub fn role(policy: &Policy, incident: &Incident, rung: u32) -> Option<String> {
    let place = usize::try_from(rung).ok()?.checked_sub(1)?;
    chain(policy, incident).into_iter().nth(place).map(|rung| rung.role).filter(|role| !role.is_empty())
}

/// All rungs, with the time that they really have.
fn chain(policy: &Policy, incident: &Incident) -> Vec<Rung> {
    let all = &policy.escalation.chain;
    let within = |rung: &Rung| Rung { within: rung.within.max(LEAST_TIME), ..rung.clone() };
    match &incident.test {
        None if !all.is_empty() => all.iter().map(within).collect(),
        None => vec![Rung { role: String::new(), within: ALONE }],
        Some(test) => {
            let role = test.role.clone().or_else(|| all.first().map(|rung| rung.role.clone()));
            vec![Rung { role: role.unwrap_or_default(), within: ALONE }]
        }
    }
}

const fn rounds(incident: &Incident) -> u32 {
    if incident.test.is_some() { 1 } else { ROUNDS }
}

fn lasts(policy: &Policy, incident: &Incident) -> Length {
    let round: Length = chain(policy, incident).iter().map(|rung| rung.within).sum();
    round * u64::from(rounds(incident))
}

/// What is due, or will be.
fn all(policy: &Policy, incident: &Incident, now: Timestamp) -> Vec<Due> {
    let mut all = Vec::new();
    let unwritten = |breach: &Breach| !incident.breaches.contains(&(breach.clock, breach.since));
    let running = |clock: &&ClockState| clock.stopped.is_none() && !incident.is_held();
    for clock in clocks(policy, incident).iter().filter(running) {
        let breach = Breach { clock: clock.clock, since: clock.until };
        all.extend(Some(breach).filter(unwritten).map(Due::Breach));
    }
    if let Some(calling) = calling(policy, incident, lasts(policy, incident)) {
        let (pages, end) = pages(policy, incident, &calling, now);
        all.extend(pages.into_iter().map(Due::Page));
        let breach = end.map(|since| Breach { clock: Clock::Chain, since });
        all.extend(breach.filter(unwritten).filter(|_| incident.test.is_none()).map(Due::Breach));
    }
    all
}

/// The pages of the present round and those after it, unless they were sent; and the end of the last round, if it has one.
fn pages(
    policy: &Policy,
    incident: &Incident,
    calling: &Calling,
    now: Timestamp,
) -> (Vec<Page>, Option<Timestamp>) {
    let chain = chain(policy, incident);
    let whole: Length = chain.iter().map(|rung| rung.within).sum();
    let opening = u32::try_from(incident.openings.len()).unwrap_or(u32::MAX);
    let earlier = calling.chain.saturating_mul(ROUNDS);
    let of_chain = |key: &PageKey| key.opening == opening && key.chain() == calling.chain;
    let reached =
        incident.pages.iter().filter(|(key, _)| of_chain(key)).filter_map(|(_, page)| page.sent).min();
    let rounds = rounds(incident);
    let mut from = calling.from;
    let mut pages = Vec::new();
    for round in 1..=rounds {
        // A test that nobody gets has its answer.
        let is_last = round == rounds && incident.test.is_none();
        let end = later(from, whole);
        let end = match reached {
            _ if !is_last => Some(end),
            None => None,
            Some(reached) => Some(end.max(later(reached, whole + LONGEST_WAIT))),
        };
        // A round that is over is not made up for.
        let is_over = end.is_some_and(|end| now >= end);
        let most = if is_last || reached.is_none() { u32::MAX } else { MOST_ATTEMPTS };
        let key = earlier.saturating_add(round);
        for (at, rung) in (1..).zip(&chain) {
            let first =
                PageKey { incident: incident.id().to_owned(), opening, round: key, rung: at, attempt: 1 };
            if let Some(attempt) = attempt(incident, first, from, most).filter(|_| !is_over) {
                let role = Some(rung.role.clone()).filter(|role| !role.is_empty());
                let Attempt { key, since, only } = attempt;
                pages.push(Page { key, role, only, since });
            }
            from = later(from, rung.within);
        }
        if is_last {
            return (pages, end);
        }
    }
    (pages, Some(from))
}

struct Attempt {
    key: PageKey,
    since: Timestamp,
    only: Option<Vec<String>>,
}

/// The attempt that is to be made, and from when; `None` once all have taken one, or there were enough.
fn attempt(incident: &Incident, first: PageKey, from: Timestamp, most: u32) -> Option<Attempt> {
    let (mut key, mut since, mut only, mut wait) = (first, from, None, FIRST_WAIT);
    loop {
        let page = incident.pages.get(&key);
        if page.is_some_and(|page| page.acknowledged.is_some()) {
            return None;
        }
        let sent = page.and_then(|page| page.sent);
        if let (Some(page), Some(_)) = (page, sent) {
            only = Some(&page.again).filter(|again| !again.is_empty());
            only?;
        }
        // Tried, and nobody knows how it ended: again, under the same key.
        let Some(tried) = sent.or_else(|| page.and_then(|page| page.failed)) else {
            return Some(Attempt { key, since, only: only.cloned() });
        };
        if key.attempt >= if only.is_some() { MOST_ATTEMPTS } else { most } {
            return None;
        }
        (key.attempt, since) = (key.attempt + 1, since.max(later(tried, wait)));
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

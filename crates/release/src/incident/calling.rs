//! Since when people are called, and why not.
//!
//! The chain is gone through from the moment at which the incident gets a severity that wakes people. Whoever says that
//! they work on it ends that for this severity and all milder ones: a worse one calls anew. So does one that
//! was raised when the chain is at its end, and one that wakes people after one that did not.

use jiff::Timestamp;

use super::clock::{changed, rank, wakes};
use super::state::{Incident, Opening};
use crate::policy::Policy;
use crate::{Length, later};

/// People are being called.
pub(super) struct Calling {
    /// Since when.
    pub(super) from: Timestamp,
    /// Since which change of the severity, from 0 in each opening: later ones call under other keys.
    pub(super) chain: u32,
}

/// `None`: nobody is called. `lasts`: the whole chain with all its rounds.
pub(super) fn calling(policy: &Policy, incident: &Incident, lasts: Length) -> Option<Calling> {
    let opening =
        incident.opening().filter(|opening| opening.resolved.is_none() && opening.held.is_none())?;
    let present = incident.severities.len() - 1;
    let mut began = None;
    for place in opening.first..=present {
        let is_needed = wakes(policy, incident, place) && is_worse(policy, incident, opening, place, place);
        let goes_on = |since: &usize| {
            let was_answered = opening.answers.iter().any(|(known, _)| (*since..place).contains(known));
            let is_over =
                later(changed(incident, opening, *since), lasts) <= changed(incident, opening, place);
            let is_raised = rank(policy, incident, place) < rank(policy, incident, place - 1);
            !(was_answered || is_over && is_raised)
        };
        began = is_needed.then(|| began.filter(goes_on).unwrap_or(place));
    }
    let place = began.filter(|_| is_worse(policy, incident, opening, present, present + 1))?;
    let chain = u32::try_from(place - opening.first).unwrap_or(u32::MAX);
    Some(Calling { from: changed(incident, opening, place), chain })
}

/// The severity at `place` is worse than each that somebody answered to before `until`.
fn is_worse(policy: &Policy, incident: &Incident, opening: &Opening, place: usize, until: usize) -> bool {
    let answered = opening.answers.iter().filter(|(known, _)| *known < until);
    answered
        .map(|(known, _)| rank(policy, incident, *known))
        .min()
        .is_none_or(|best| rank(policy, incident, place) < best)
}

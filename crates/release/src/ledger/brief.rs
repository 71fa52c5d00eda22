//! What stands about each release by the rows that name it: what other releases have to know of it.
//!
//! Enters: rows about releases of one service. Leaves: artefact, place, decision of each. Never here: evidence, signatures, conditions.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::decision::Outcome;
use crate::digest::Digest;
use crate::event::Event;
use crate::state::State;

/// One release, in brief.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brief<'a> {
    /// The artefact's digest.
    pub artefact: &'a str,
    /// Where to.
    pub environment: &'a str,
    /// The policy that it is bound to.
    pub policy: Digest,
    /// When it was opened.
    pub opened: Timestamp,
    /// The decision that stands, and when it was taken.
    pub decided: Option<(Outcome, Timestamp)>,
}

/// The fold of the few rows that a brief is made of. Its numbers of rows are not those of the journal, so it stays in here.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    state: State,
    opened: Timestamp,
}

impl Folded {
    pub(super) fn brief(&self) -> Option<Brief<'_>> {
        let release = self.state.release.as_ref()?;
        Some(Brief {
            artefact: &release.artefact,
            environment: &release.environment,
            policy: release.policy,
            opened: self.opened,
            decided: release.decided.map(|decided| (decided.outcome, decided.at)),
        })
    }
}

/// Folds the next row, by the same rules as the whole state.
pub(super) fn fold(briefs: &mut BTreeMap<String, Folded>, event: &Event) {
    let release = match event {
        Event::ReleaseOpened(body) => {
            let new = || Folded { state: State::new(&body.release), opened: body.at };
            briefs.entry(body.release.clone()).or_insert_with(new);
            &body.release
        }
        Event::PolicyChanged(body) => &body.release,
        Event::ArtefactChanged(body) => &body.release,
        Event::Reopened(body) => &body.release,
        Event::Decided(body) => &body.release,
        _ => return,
    };
    if let Some(folded) = briefs.get_mut(release) {
        crate::apply::apply(&mut folded.state, event);
    }
}

//! Where the newest row about a meeting or a horizon of a release is, so that nobody looks through all of them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::Event;

/// Places among the records of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    /// By release, meeting, and when it was due.
    meetings: BTreeMap<String, BTreeMap<String, BTreeMap<Timestamp, usize>>>,
    /// By release and horizon.
    horizons: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Noted {
    pub(super) fn add(&mut self, place: usize, event: &Event) {
        match event {
            Event::MeetingNoted(row) => {
                let of_release = self.meetings.entry(row.release.clone()).or_default();
                of_release.entry(row.meeting.clone()).or_default().insert(row.due, place);
            }
            Event::HorizonJudged(row) => {
                let of_release = self.horizons.entry(row.release.clone()).or_default();
                of_release.insert(row.evaluation.horizon.clone(), place);
            }
            _ => {}
        }
    }

    pub(super) fn meeting(&self, release: &str, meeting: &str, due: Timestamp) -> Option<usize> {
        self.meetings.get(release)?.get(meeting)?.get(&due).copied()
    }

    pub(super) fn horizon(&self, release: &str, horizon: &str) -> Option<usize> {
        self.horizons.get(release)?.get(horizon).copied()
    }
}

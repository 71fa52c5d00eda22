//! A release at a moment, with everything that is known by then: what the rooms about plan, meetings and success look at.
//!
//! Enters: a policy, the journal, a moment. Leaves: nothing but these together. Never here: what follows from them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::calendar::Calendars;
use crate::day::Days;
use crate::ledger::{Ledger, Service};
use crate::policy::{Loaded, Person, Policy};
use crate::proof::Case;
use crate::signature::Verify;
use crate::state::State;

/// See the module.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// The policy that the release is bound to.
    pub loaded: &'a Loaded,
    /// All of control's journal.
    pub ledger: &'a Ledger,
    /// What of it is about this release.
    pub state: &'a State,
    /// Sessions, for windows and for time that has to lie in them.
    pub calendars: &'a Calendars,
    /// Whose signatures count.
    pub verify: Verify<'a>,
    /// When.
    pub now: Timestamp,
}

impl<'a> Moment<'a> {
    /// The policy itself.
    pub(crate) fn policy(&self) -> &'a Policy {
        &self.loaded.policy
    }

    /// Where dates and times of day of the plan are meant.
    pub fn zone(&self) -> TimeZone {
        self.days().zone().clone()
    }

    /// What the evidence proves; `None` before the release is opened.
    pub(crate) fn case(&self) -> Option<Case<'a>> {
        Case::of(self.loaded, self.state, self.now, self.verify)
    }

    /// The plan's days as dates.
    pub(crate) fn days(&self) -> Days {
        Days::of(self.policy(), self.state.release.as_ref().and_then(|release| release.day0))
    }

    /// Everything about the service.
    pub(crate) fn service(&self) -> Option<&'a Service> {
        self.ledger.services.get(&self.policy().service.name)
    }

    /// When the release was opened.
    pub(crate) fn opened(&self) -> Option<Timestamp> {
        self.service()?.brief(&self.state.of).map(|brief| brief.opened)
    }
}

/// A role or a person of the policy, with the people behind the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Who {
    /// Its `id` in the policy.
    pub id: String,
    /// As people call it.
    pub title: String,
    /// `id`s of the people who hold the role; of the person itself for a person.
    pub people: Vec<String>,
}

impl Who {
    /// Looks a name up.
    pub(crate) fn of(policy: &Policy, id: &str) -> Who {
        let holds = |person: &&Person| person.id == id || person.roles.iter().any(|role| role == id);
        let role = policy.roles.iter().find(|role| role.id == id).map(|role| &role.title);
        let person = policy.people.iter().find(|person| person.id == id).map(|person| &person.name);
        let title = role.or(person).map_or(id, String::as_str).to_owned();
        let people = policy.people.iter().filter(holds).map(|person| person.id.clone()).collect();
        Who { id: id.to_owned(), title, people }
    }
}

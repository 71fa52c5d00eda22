//! What an event does to the state. Every row can be folded: one that makes no sense is counted and changes nothing
//! else.

use std::collections::btree_map::Entry;

use jiff::Timestamp;

use super::event::{AlertFired, Event, IncidentOpened, OpenedBy, PageAcknowledged, TestOpened};
use super::key::{PageKey, fits};
use super::state::{Alert, Incident, Incidents, Opening, PageState, Status, Test};

/// Why a row makes no sense where it stands: commands are refused with it before they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nonsense {
    /// Ids are part of keys.
    #[error("an incident's id has 1 to 64 letters, digits, `-`, `_` or `.`")]
    Id,
    /// Opened, or fired, twice.
    #[error("there is one with this id already")]
    Twice,
    /// Nothing is known of it.
    #[error("there is no such incident, opening or alert")]
    Unknown,
    /// Only what is open can be acknowledged, mitigated, resolved.
    #[error("the incident is resolved: reopen it first")]
    Resolved,
    /// A test has no severity, and is over when it is.
    #[error("it only tests whether a page arrives: ask for another test")]
    Test,
    /// It is so already, or was never closed.
    #[error("the incident stands so already")]
    Already,
}

impl Incidents {
    /// The state after all of these rows.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Incidents {
        let mut state = Incidents::default();
        state.extend(events);
        state
    }

    /// Folds further rows.
    pub fn extend<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        for event in events {
            if self.apply(event).is_err() {
                self.nonsense += 1;
            }
        }
    }

    /// Folds one row, or changes nothing.
    ///
    /// # Errors
    /// [`Nonsense`] where such a row cannot stand here.
    pub fn apply(&mut self, event: &Event) -> Result<(), Nonsense> {
        match event {
            Event::IncidentOpened(body) => return self.open(body),
            Event::TestOpened(body) => return self.test(body),
            Event::AlertFired(body) => return self.fire(body),
            Event::PageAcknowledged(body) => return self.answer(body),
            Event::AlertJudged(body) => {
                self.alerts.get_mut(&body.firing).ok_or(Nonsense::Unknown)?.actionable =
                    Some(body.actionable);
            }
            Event::Noted(body) => drop(self.incident(&body.incident)?),
            Event::SeverityChanged(body) => {
                let incident = self.incident(&body.incident)?.no_test()?;
                if incident.severity == body.severity {
                    return Err(Nonsense::Already);
                }
                incident.goes_on();
                incident.severity.clone_from(&body.severity);
                incident.severities.push((body.at, body.severity.clone()));
            }
            Event::Acknowledged(body) => {
                let (opening, known) = self.open_one(&body.incident)?;
                opening.answer(known, body.at);
            }
            Event::Mitigated(body) => {
                let (opening, known) = self.open_one(&body.incident)?;
                if opening.mitigated.is_some() {
                    return Err(Nonsense::Already);
                }
                opening.answer(known, body.at);
                opening.mitigated = Some(body.at);
            }
            Event::Resolved(body) => {
                let (opening, known) = self.open_one(&body.incident)?;
                opening.answer(known, body.at);
                opening.mitigated.get_or_insert(body.at);
                opening.resolved = Some(body.at);
            }
            Event::Reopened(body) => {
                let incident = self.incident(&body.incident)?.no_test()?;
                if incident.status() != Status::Resolved {
                    return Err(Nonsense::Already);
                }
                incident.openings.push(Opening::new(body.at, incident.severities.len() - 1));
            }
            Event::ClockBreached(body) => {
                if !self.incident(&body.incident)?.breaches.insert((body.clock, body.since)) {
                    return Err(Nonsense::Already);
                }
            }
            Event::RetroDrafted(body) => self.incident(&body.incident)?.retro = Some(body.digest.clone()),
            Event::PageTried(body) => {
                self.page(&body.key)?.tried.get_or_insert(body.at);
                if let Some(test) = &mut self.incident(&body.key.incident)?.test {
                    test.codes.extend(body.code.clone());
                    test.called.extend(body.people.iter().cloned());
                }
            }
            Event::PageSent(body) => {
                let page = self.page(&body.key)?;
                if page.sent.is_none() {
                    (page.sent, page.again) = (Some(body.at), body.again.clone());
                }
            }
            Event::PageFailed(body) => {
                self.page(&body.key)?.failed.get_or_insert(body.at);
            }
            Event::ReceiverTold(body) => {
                let told = (body.channel.clone(), body.key.first(), body.word);
                if !self.incident(&body.key.incident)?.told.insert(told) {
                    return Err(Nonsense::Already);
                }
            }
        }
        Ok(())
    }

    /// From a backup: whether what is open there goes on is not known.
    pub(crate) fn hold(&mut self, at: Timestamp) {
        let open = self.incidents.values_mut().filter_map(|incident| incident.openings.last_mut());
        open.filter(|opening| opening.resolved.is_none()).for_each(|opening| opening.held = Some(at));
    }

    fn open(&mut self, body: &IncidentOpened) -> Result<(), Nonsense> {
        if !fits(&body.incident) {
            return Err(Nonsense::Id);
        }
        match self.incidents.entry(body.incident.clone()) {
            Entry::Occupied(_) => Err(Nonsense::Twice),
            Entry::Vacant(place) => {
                place.insert(Incident::new(body.clone()));
                Ok(())
            }
        }
    }

    fn test(&mut self, body: &TestOpened) -> Result<(), Nonsense> {
        let TestOpened { incident, role, alert, by, at } = body.clone();
        self.open(&IncidentOpened {
            incident: incident.clone(),
            severity: "test".to_owned(),
            title: "test page: acknowledge it, nothing is wrong".to_owned(),
            public: None,
            by: OpenedBy::Person(by),
            at,
        })?;
        self.incident(&incident)?.test = Some(Test { role, alert, ..Test::default() });
        Ok(())
    }

    fn answer(&mut self, body: &PageAcknowledged) -> Result<(), Nonsense> {
        let PageAcknowledged { key, at, .. } = body;
        self.page(key)?.acknowledged.get_or_insert(*at);
        let incident = self.incident(&key.incident)?;
        // An answer to a page of an earlier opening says nothing about this one, and whoever answers a page does not
        // know what later ones say.
        let later = incident.pages.keys().any(|one| one.opening == key.opening && one.chain() > key.chain());
        let last = incident.severities.len() - 1;
        let current = u32::try_from(incident.openings.len()) == Ok(key.opening);
        if let Some(opening) = incident.openings.last_mut().filter(|_| current) {
            let then = usize::try_from(key.chain()).map_or(last, |chain| last.min(opening.first + chain));
            opening.answer(if later { then } else { last }, *at);
        }
        Ok(())
    }

    fn fire(&mut self, body: &AlertFired) -> Result<(), Nonsense> {
        let AlertFired { firing, alert, incident, cause, environment, at } = body.clone();
        let named = incident.as_ref().filter(|_| !self.alerts.contains_key(&firing));
        if let Some(incident) = named.and_then(|id| self.incidents.get_mut(id)) {
            incident.goes_on();
        }
        match self.alerts.entry(firing) {
            Entry::Occupied(_) => Err(Nonsense::Twice),
            Entry::Vacant(place) => {
                place.insert(Alert { alert, at, incident, cause, environment, actionable: None });
                Ok(())
            }
        }
    }

    fn incident(&mut self, id: &str) -> Result<&mut Incident, Nonsense> {
        self.incidents.get_mut(id).ok_or(Nonsense::Unknown)
    }

    /// The present opening, and the place of the present severity.
    fn open_one(&mut self, id: &str) -> Result<(&mut Opening, usize), Nonsense> {
        let incident = self.incident(id)?;
        let known = incident.severities.len() - 1;
        let opening = incident.openings.last_mut().ok_or(Nonsense::Unknown)?;
        if opening.resolved.is_some() { Err(Nonsense::Resolved) } else { Ok((opening, known)) }
    }

    fn page(&mut self, key: &PageKey) -> Result<&mut PageState, Nonsense> {
        let incident = self.incident(&key.incident)?;
        if usize::try_from(key.opening).is_ok_and(|opening| opening <= incident.openings.len()) {
            Ok(incident.pages.entry(key.clone()).or_default())
        } else {
            Err(Nonsense::Unknown)
        }
    }
}

impl Incident {
    /// Whatever a backup left open is known to go on.
    fn goes_on(&mut self) {
        if let Some(opening) = self.openings.last_mut() {
            opening.held = None;
        }
    }

    fn no_test(&mut self) -> Result<&mut Incident, Nonsense> {
        if self.test.is_some() { Err(Nonsense::Test) } else { Ok(self) }
    }
}

//! Everything that the sections of a decision look at.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use release::Loaded;
use release::Moment;
use release::calendar::Calendars;
use release::day::Days;
use release::decision::standing::{CheckStanding, Standings, standings};
use release::decision::{Decision, WindowAnswer, decide};
use release::event::{Decided, Event};
use release::ledger::{Ledger, Service};
use release::policy::Policy;
use release::signature::Verify;
use release::state::{Release, State};
use release::window::{Timetable, faults};

use crate::edition::{CannotWrite, Edition};
use crate::shown;

/// See the module.
pub(crate) struct Case<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) edition: &'a Edition,
    pub(crate) service: &'a Service,
    pub(crate) loaded: Loaded,
    pub(crate) zone: TimeZone,
    pub(crate) days: Days,
    /// The decision that stands.
    pub(crate) recorded: Option<&'a Decided>,
    /// Its row of the service's stream.
    pub(crate) row: u64,
    /// What was known at the moment that is shown: that of the decision that stands, or the document's.
    pub(crate) state: State,
    /// What came out.
    pub(crate) decision: Decision,
    pub(crate) standings: Standings,
    /// What would come out at the moment of the document.
    pub(crate) by_now: Decision,
    /// Everything that is known at the moment of the document.
    present: State,
    calendars: Calendars,
    verify: Verify<'a>,
    release: Release,
}

impl<'a> Case<'a> {
    pub(crate) fn of(
        ledger: &'a Ledger,
        id: &str,
        edition: &'a Edition,
        verify: Verify<'a>,
    ) -> Result<Case<'a>, CannotWrite> {
        let unknown = || CannotWrite::NoRelease(id.to_owned());
        let name = ledger.service_of(id).ok_or_else(unknown)?;
        let service = ledger.services.get(name).ok_or_else(unknown)?;
        let present = fold(service, id, service.releases.len());
        let release = present.release.clone().ok_or_else(unknown)?;
        let loaded = ledger.policy(&release.policy).ok_or(CannotWrite::NoPolicy(release.policy))?;
        let days = Days::of(&loaded.policy, release.day0);
        let promotion = release::promotion::lacking(ledger, &loaded.policy, &release);
        let window = WindowAnswer { promotion, ..window(&loaded.policy, edition.at) };
        let by_now = decide(&loaded, &present, edition.at, &window, None, verify);
        let stands = release.decided.and_then(|stands| Some((stands.row, decided(service, stands.row)?)));
        let (row, recorded) = stands.map_or((0, None), |(row, decided)| (row, Some(decided)));
        let (at, state, decision) = match recorded {
            Some(decided) => {
                let seen = usize::try_from(row.saturating_sub(1)).unwrap_or(usize::MAX);
                (decided.inputs.now, fold(service, id, seen), decided.decision.clone())
            }
            None => (edition.at, present.clone(), by_now.clone()),
        };
        let standings = standings(&loaded, &state, at, verify);
        let zone = shown::zone(&loaded.policy);
        Ok(Case {
            ledger,
            edition,
            service,
            loaded,
            zone,
            days,
            recorded,
            row,
            state,
            decision,
            standings,
            by_now,
            present,
            calendars: Calendars::builtin(),
            verify,
            release,
        })
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.loaded.policy
    }

    /// As it is at the moment of the document.
    pub(crate) fn release(&self) -> &Release {
        &self.release
    }

    /// What was known at the moment that is shown.
    pub(crate) fn shown(&self) -> Moment<'_> {
        let now = self.recorded.map_or(self.edition.at, |decided| decided.inputs.now);
        Moment { state: &self.state, now, ..self.now() }
    }

    /// What is known at the moment of the document.
    pub(crate) fn now(&self) -> Moment<'_> {
        Moment {
            loaded: &self.loaded,
            ledger: self.ledger,
            state: &self.present,
            calendars: &self.calendars,
            verify: self.verify,
            now: self.edition.at,
        }
    }

    pub(crate) fn moment(&self, at: Timestamp) -> String {
        shown::moment(at, &self.zone)
    }

    pub(crate) fn person(&self, id: &str) -> String {
        shown::person(self.policy(), id).to_owned()
    }

    pub(crate) fn check(&self, id: &str) -> Option<&CheckStanding> {
        self.standings.checks.iter().find(|check| check.check == id)
    }

    /// The date of a day of the plan, or the day where it has none.
    pub(crate) fn day(&self, day: i32) -> String {
        self.days
            .date(day)
            .map_or_else(|| format!("day {day}"), |date| format!("{} (day {day})", shown::date(date)))
    }
}

fn fold(service: &Service, id: &str, rows: usize) -> State {
    let mut state = State::new(id);
    for event in service.releases.iter().take(rows) {
        release::apply::apply(&mut state, event);
    }
    state
}

fn decided(service: &Service, row: u64) -> Option<&Decided> {
    let place = usize::try_from(row.checked_sub(1)?).ok()?;
    match service.releases.get(place)? {
        Event::Decided(decided) => Some(decided),
        _ => None,
    }
}

/// What windows say of a release that begins at that moment.
fn window(policy: &Policy, at: Timestamp) -> WindowAnswer {
    let calendars = Calendars::builtin();
    match Timetable::new(policy, &calendars) {
        Ok(timetable) => timetable.answer(at),
        Err(_) => {
            let words = faults(policy, &calendars).into_iter().map(|fault| fault.words);
            WindowAnswer { reasons: words.collect(), ..WindowAnswer::default() }
        }
    }
}

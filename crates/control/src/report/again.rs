//! Evidence, signatures and decisions of a journal, computed again.
//!
//! Enters: rows whose chain holds. Leaves: each piece of evidence that does not match its hash, each signature that is not of its
//! person's key, each decision that does not come out again. Never here: documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use journal::events::Row;
use release::calendar::Calendars;
use release::decision::{Decision, NotTheSame, WindowAnswer, again};
use release::event::{Decided, Event, Signed};
use release::ledger::{Entry, Ledger};
use release::policy::Policy;
use release::promotion::lacking;
use release::signature::message;
use release::state::State;
use release::window::{Timetable, faults};
use release::{Digest, Loaded};
use serde::Serialize;

use super::JOURNAL;
use super::verify::{Verdict, first_line};
use crate::signing;

/// A decision is written as soon as it is taken: its row is dated within this of its moment. Nanoseconds.
const MINUTE: i128 = 60_000_000_000;

/// How much was computed again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Pieces of evidence.
    pub evidence: u64,
    /// Signatures.
    pub signatures: u64,
    /// Decisions.
    pub decisions: u64,
}

/// All that is known before the next row.
#[derive(Default)]
struct Known {
    ledger: Ledger,
    /// Policies that releases are bound to, each read once.
    policies: BTreeMap<Digest, Arc<Loaded>>,
    /// By service and id, each folded up to the last row.
    states: BTreeMap<(String, String), State>,
}

/// Goes through all rows once.
pub(super) fn everything(rows: &[Row], verdict: &mut Verdict) {
    let mut known = Known::default();
    for row in rows {
        let subject = row.subject.as_deref().unwrap_or_default();
        let entry = match Entry::read(subject, &row.kind, &row.body) {
            Ok(entry) => entry,
            Err(error) => {
                verdict.differs(
                    JOURNAL,
                    place(row),
                    format!("a row of kind {}", row.kind),
                    error.to_string(),
                );
                return;
            }
        };
        if let Entry::Release(service, event) = &entry {
            look(&known, row, service, event, verdict);
        }
        known.apply(entry);
    }
}

impl Known {
    fn apply(&mut self, entry: Entry) {
        let service = match &entry {
            Entry::Release(service, _) | Entry::Incident(service, _) => Some(service.clone()),
            Entry::Run(..) | Entry::Record(..) => None,
        };
        match &entry {
            Entry::Release(_, Event::ReleaseOpened(opened)) => self.read(&opened.policy),
            Entry::Release(_, Event::PolicyChanged(changed)) => self.read(&changed.policy),
            _ => {}
        }
        let before = service.as_ref().map_or(0, |service| self.rows(service));
        if let Entry::Release(service, Event::ReleaseOpened(opened)) = &entry {
            let key = (service.clone(), opened.release.clone());
            let state = self.ledger.state(service, &opened.release);
            self.states.entry(key).or_insert(state);
        }
        self.ledger.apply(entry);
        let Some(service) = service else { return };
        let rows = self.ledger.services.get(&service).map_or(&[][..], |known| &known.releases);
        for event in rows.iter().skip(before) {
            let of_service = self.states.iter_mut().filter(|((name, _), _)| *name == service);
            of_service.for_each(|(_, state)| release::apply::apply(state, event));
        }
    }

    fn read(&mut self, digest: &Digest) {
        if let Some(loaded) = self.policy(digest) {
            self.policies.insert(*digest, loaded);
        }
    }

    fn policy(&self, digest: &Digest) -> Option<Arc<Loaded>> {
        let read = self.policies.get(digest).map(Arc::clone);
        read.or_else(|| self.ledger.policy(digest).map(Arc::new))
    }

    fn rows(&self, service: &str) -> usize {
        self.ledger.services.get(service).map_or(0, |known| known.releases.len())
    }

    fn state(&self, service: &str, id: &str) -> Option<&State> {
        self.states.get(&(service.to_owned(), id.to_owned()))
    }
}

fn place(row: &Row) -> String {
    format!("row {}", row.seq)
}

fn look(known: &Known, row: &Row, service: &str, event: &Event, verdict: &mut Verdict) {
    match event {
        Event::EvidenceRecorded(evidence) => {
            verdict.counts.evidence += 1;
            let computed = evidence.observed.hash();
            if computed != evidence.hash {
                let place = format!("{}, the evidence of {}", place(row), evidence.observed.question);
                verdict.differs(JOURNAL, place, evidence.hash.to_string(), computed.to_string());
            }
        }
        Event::ReleaseOpened(opened) => kept(known, row, &opened.policy, verdict),
        Event::PolicyChanged(changed) => kept(known, row, &changed.policy, verdict),
        Event::Signed(signed) => {
            verdict.counts.signatures += 1;
            if let Err(why) = signature(known, service, signed) {
                let place = format!("{}, the signature of {} as {}", place(row), signed.person, signed.role);
                verdict.differs(JOURNAL, place, format!("to be made by {}", signed.person), why);
            }
        }
        Event::Decided(decided) => {
            verdict.counts.decisions += 1;
            decision(known, row, service, decided, verdict);
        }
        _ => {}
    }
}

/// The text of a policy is among the rows before.
fn kept(known: &Known, row: &Row, policy: &Digest, verdict: &mut Verdict) {
    if known.policy(policy).is_none() {
        let computed = "no text with this digest in any row before, or none that this version can read";
        verdict.differs(JOURNAL, format!("{}, the policy", place(row)), policy.to_string(), computed);
    }
}

/// Made with the key that the policy of that moment names for that person.
fn signature(known: &Known, service: &str, signed: &Signed) -> Result<(), String> {
    let state = known.state(service, &signed.release).and_then(|state| state.release.as_ref());
    let release = state.ok_or_else(|| format!("about a release `{}` that is not open", signed.release))?;
    let loaded = known.policy(&release.policy).ok_or("by a policy that is not kept")?;
    let person = loaded.policy.people.iter().find(|person| person.id == signed.person);
    let person =
        person.ok_or_else(|| format!("of nobody: the policy knows no person `{}`", signed.person))?;
    let key = person.key.as_deref().and_then(bytes::<32>);
    let key = key.ok_or_else(|| format!("of nobody: the policy has no key for {}", signed.person))?;
    let made = bytes::<64>(&signed.signature).filter(|made| signing::verify(&key, &message(signed), made));
    made.map(drop).ok_or_else(|| format!("not made of these words with the key of {}", signed.person))
}

fn bytes<const LENGTH: usize>(base64: &str) -> Option<[u8; LENGTH]> {
    STANDARD.decode(base64).ok()?.try_into().ok()
}

fn decision(known: &Known, row: &Row, service: &str, decided: &Decided, verdict: &mut Verdict) {
    let place = format!("{}, the decision", place(row));
    let stated = decided.decision.outcome.to_string();
    let Some(state) = known.state(service, &decided.release) else {
        return verdict.differs(
            JOURNAL,
            place,
            stated,
            format!("about no release: `{}` is not open", decided.release),
        );
    };
    let Some(loaded) = known.policy(&decided.inputs.policy) else {
        return verdict.differs(
            JOURNAL,
            place,
            stated,
            format!("by the policy {}, which is not kept", decided.inputs.policy),
        );
    };
    let (moment, written) = (decided.inputs.now.as_nanosecond(), i128::from(row.time));
    if (moment - written).abs() > MINUTE {
        let then =
            Timestamp::from_nanosecond(written).map_or_else(|_| "no time".to_owned(), |at| at.to_string());
        let at = format!("decided at {}", decided.inputs.now);
        verdict.differs(JOURNAL, format!("{place}, its moment"), at, format!("written at {then}"));
    }
    let windows = windows(known, &loaded.policy, state, decided.inputs.now);
    if !windows.contains(&decided.inputs.window) {
        let words = |answer: &WindowAnswer| serde_json::to_string(answer).unwrap_or_default();
        let computed: Vec<String> = windows.iter().map(words).collect();
        let stated = words(&decided.inputs.window);
        verdict.differs(JOURNAL, format!("{place}, its window"), stated, computed.join(" or "));
    }
    match again(&loaded, state, decided, &signing::verify) {
        Ok(()) => {}
        Err(NotTheSame::OtherDecision { recorded, again }) => {
            let (line, stated, computed) = first_line(&lines(&recorded), &lines(&again)).unwrap_or_default();
            verdict.differs(JOURNAL, format!("{place}, its {line}"), stated, computed);
        }
        Err(other) => verdict.differs(JOURNAL, place, stated, other.to_string()),
    }
}

/// Everything that windows, and the environments before, may have said then: of a plain release, first, and of a hotfix for each incident that was open.
fn windows(known: &Known, policy: &Policy, state: &State, at: Timestamp) -> Vec<WindowAnswer> {
    let release = state.release.as_ref();
    let promotion = release.and_then(|release| lacking(&known.ledger, policy, release));
    let calendars = Calendars::builtin();
    let Ok(timetable) = Timetable::new(policy, &calendars) else {
        let reasons = faults(policy, &calendars).into_iter().map(|fault| fault.words).collect();
        return vec![WindowAnswer { promotion, reasons, ..WindowAnswer::default() }];
    };
    let severities: BTreeSet<&str> =
        state.incidents.values().map(|incident| incident.severity.as_str()).collect();
    let hotfix = severities.into_iter().map(|severity| timetable.clone().for_incident(severity).answer(at));
    let answers = std::iter::once(timetable.answer(at)).chain(hotfix);
    answers.map(|answer| WindowAnswer { promotion: promotion.clone(), ..answer }).collect()
}

/// A decision with each figure on a line of its own.
fn lines(decision: &Decision) -> String {
    serde_json::to_string_pretty(decision).unwrap_or_default()
}

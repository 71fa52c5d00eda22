//! Control's journal, folded: every row of it, about all services, in one order.
//!
//! Enters: rows as they stand in the journal. Leaves: what is known of documents, services, releases, runs and incidents. Never here:
//! verdicts, clocks, files.
//!
//! The subject of a row says what its kind means: `service:NAME` for [`crate::event`], `run:ID` for [`crate::runbook::event`],
//! `incidents:NAME` for [`crate::incident::event`], `record:NAME` for [`event`], where NAME is the service.
//!
//! What incidents mean for releases is derived: the fold of a service gets an `incident_opened` with each severity and an
//! `incident_closed` with the resolution, in the place of the incident's own row.

mod brief;
pub mod event;
mod kept;
mod noted;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::digest::Digest;
use crate::evaluate::Evaluation;
use crate::incident::{self, Incidents};
use crate::policy::{Loaded, Purpose};
use crate::rows::UnreadableEvent;
use crate::runbook::{self, RunState};
use crate::state::State;

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Releases of a service.
    Service(String),
    /// One run of a runbook.
    Run(String),
    /// Incidents of a service.
    Incidents(String),
    /// Everything else about a service.
    Record(String),
}

/// One row, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// About a release of this service.
    Release(String, crate::event::Event),
    /// About this run.
    Run(String, runbook::Event),
    /// About an incident of this service.
    Incident(String, incident::event::Event),
    /// Anything else about this service.
    Record(String, event::Event),
}

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Its subject is none.
    #[error(
        "a row of control's journal is about `service:`, `run:`, `incidents:` or `record:` something, not about `{0}`"
    )]
    Subject(String),
    /// Its kind or its body is not known.
    #[error(transparent)]
    Event(#[from] UnreadableEvent),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Service(name) => write!(f, "service:{name}"),
            Subject::Run(id) => write!(f, "run:{id}"),
            Subject::Incidents(name) => write!(f, "incidents:{name}"),
            Subject::Record(name) => write!(f, "record:{name}"),
        }
    }
}

impl FromStr for Subject {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Subject, Unreadable> {
        let wrong = || Unreadable::Subject(text.to_owned());
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        let name = name.to_owned();
        match kind {
            "service" => Ok(Subject::Service(name)),
            "run" => Ok(Subject::Run(name)),
            "incidents" => Ok(Subject::Incidents(name)),
            "record" => Ok(Subject::Record(name)),
            _ => Err(wrong()),
        }
    }
}

impl Entry {
    /// Reads a row.
    ///
    /// # Errors
    /// [`Unreadable`]: written by a newer build, or damaged.
    pub fn read(subject: &str, kind: &str, body: &[u8]) -> Result<Entry, Unreadable> {
        Ok(match subject.parse()? {
            Subject::Service(name) => Entry::Release(name, crate::event::Event::read(kind, body)?),
            Subject::Run(id) => Entry::Run(id, runbook::Event::read(kind, body)?),
            Subject::Incidents(name) => Entry::Incident(name, incident::event::Event::read(kind, body)?),
            Subject::Record(name) => Entry::Record(name, event::Event::read(kind, body)?),
        })
    }

    /// The `subject` column.
    pub fn subject(&self) -> Subject {
        match self {
            Entry::Release(name, _) => Subject::Service(name.clone()),
            Entry::Run(id, _) => Subject::Run(id.clone()),
            Entry::Incident(name, _) => Subject::Incidents(name.clone()),
            Entry::Record(name, _) => Subject::Record(name.clone()),
        }
    }

    /// The `kind` column.
    pub const fn kind(&self) -> &'static str {
        match self {
            Entry::Release(_, event) => event.kind(),
            Entry::Run(_, event) => event.kind(),
            Entry::Incident(_, event) => event.kind(),
            Entry::Record(_, event) => event.kind(),
        }
    }

    /// The `schema` column.
    pub const fn schema(&self) -> u32 {
        match self {
            Entry::Release(_, event) => event.schema(),
            Entry::Run(_, event) => event.schema(),
            Entry::Incident(_, event) => event.schema(),
            Entry::Record(_, event) => event.schema(),
        }
    }

    /// The `body` column.
    pub fn body(&self) -> Vec<u8> {
        match self {
            Entry::Release(_, event) => event.body(),
            Entry::Run(_, event) => event.body(),
            Entry::Incident(_, event) => event.body(),
            Entry::Record(_, event) => event.body(),
        }
    }
}

pub use brief::Brief;

/// The newest schema of rows that this build reads.
pub const SCHEMA: u32 = 1;

/// Everything that is in the journal.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Rows that are folded.
    pub rows: u64,
    /// Texts by their digests.
    pub documents: BTreeMap<Digest, Arc<event::DocumentKept>>,
    /// Digests of the texts that were kept as policies, each with the folders that it was kept with, in this order. No other text
    /// is a policy, whatever it says: others may keep statements.
    pub folders: BTreeMap<Digest, Vec<String>>,
    /// By name.
    pub services: BTreeMap<String, Service>,
    /// By id.
    pub runs: BTreeMap<String, Run>,
    kept: kept::Policies,
}

/// What is known of one service.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// All rows about its releases, with those that are derived from incidents.
    pub releases: Vec<crate::event::Event>,
    /// Ids of its releases, in the order in which they were opened.
    pub opened: Vec<String>,
    /// Its incidents.
    pub incidents: Incidents,
    /// All rows about them.
    pub incident_rows: Vec<incident::event::Event>,
    /// All other rows, without documents.
    pub records: Vec<event::Event>,
    /// Policies that were kept for it, in the order in which they first were.
    pub policies: Vec<Digest>,
    briefs: BTreeMap<String, brief::Folded>,
    noted: noted::Noted,
}

/// What is known of one run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// All rows about it.
    pub rows: Vec<runbook::Event>,
    /// What they add up to.
    pub state: RunState,
    /// Of which service it is and what its runbook is for, by the policy that it ran by; absent where that was not kept when it began,
    /// or could not be read.
    pub ran: Option<(String, Option<Purpose>)>,
}

impl Service {
    /// What stands about one of its releases, without a look at all rows; `None` while it is not opened.
    pub fn brief(&self, release: &str) -> Option<Brief<'_>> {
        self.briefs.get(release)?.brief()
    }

    /// The newest row about an occurrence of a meeting of a release.
    pub fn meeting_noted(
        &self,
        release: &str,
        meeting: &str,
        due: Timestamp,
    ) -> Option<&event::MeetingNoted> {
        match self.records.get(self.noted.meeting(release, meeting, due)?)? {
            event::Event::MeetingNoted(row) => Some(row),
            _ => None,
        }
    }

    /// How a horizon of a release came out when it was judged last.
    pub fn horizon_judged(&self, release: &str, horizon: &str) -> Option<&Evaluation> {
        match self.records.get(self.noted.horizon(release, horizon)?)? {
            event::Event::HorizonJudged(row) => Some(&row.evaluation),
            _ => None,
        }
    }
}

impl Ledger {
    /// Folds the next row. Every row can be folded.
    pub fn apply(&mut self, entry: Entry) {
        self.rows += 1;
        match entry {
            Entry::Release(name, event) => {
                let service = self.services.entry(name).or_default();
                if let crate::event::Event::ReleaseOpened(body) = &event
                    && !service.opened.contains(&body.release)
                {
                    service.opened.push(body.release.clone());
                }
                brief::fold(&mut service.briefs, &event);
                service.releases.push(event);
            }
            Entry::Run(id, event) => {
                let ran = self.ran(&event);
                let run = self.runs.entry(id).or_default();
                run.ran = run.ran.take().or(ran);
                run.state.extend([&event]);
                run.rows.push(event);
            }
            Entry::Incident(name, event) => {
                let service = self.services.entry(name).or_default();
                service.incidents.extend([&event]);
                service.releases.extend(for_releases(&service.incidents, &event));
                service.incident_rows.push(event);
            }
            Entry::Record(name, event::Event::DocumentKept(body)) => {
                let digest = body.digest();
                if body.what == "policy" {
                    self.policy_kept(name, digest, body.folder.as_ref());
                    self.kept.add(digest);
                }
                self.documents.entry(digest).or_insert_with(|| Arc::new(body));
            }
            Entry::Record(name, event::Event::Restored(body)) => {
                let service = self.services.entry(name).or_default();
                service.incidents.hold(body.at);
                service.records.push(event::Event::Restored(body));
            }
            Entry::Record(name, event) => {
                let service = self.services.entry(name).or_default();
                service.noted.add(service.records.len(), &event);
                service.records.push(event);
            }
        }
    }

    /// A text that was kept in several folders is one policy.
    fn policy_kept(&mut self, service: String, digest: Digest, folder: Option<&String>) {
        let policies = &mut self.services.entry(service).or_default().policies;
        if !policies.contains(&digest) {
            policies.push(digest);
        }
        let folders = self.folders.entry(digest).or_default();
        if let Some(folder) = folder.filter(|folder| !folders.contains(folder)) {
            folders.push(folder.clone());
        }
    }

    /// The folder that the relative paths of the policy of [`Ledger::policy_of`] count from: the one that its release was
    /// opened with, or the last one that it was kept with.
    pub fn folder_of(&self, service: &str) -> Option<String> {
        let digest = self.policy_of(service)?;
        let of_release = self.services.get(service)?.releases.iter().rev().find_map(|event| match event {
            crate::event::Event::ReleaseOpened(body) => Some(body.folder.clone()),
            crate::event::Event::PolicyChanged(body) => Some(body.folder.clone()),
            _ => None,
        });
        of_release.flatten().or_else(|| self.folders.get(&digest)?.last().cloned())
    }

    /// All that is known about one release of a service.
    pub fn state(&self, service: &str, release: &str) -> State {
        let mut state = State::new(release);
        for event in self.services.get(service).iter().flat_map(|service| &service.releases) {
            crate::apply::apply(&mut state, event);
        }
        state
    }

    /// The same, without evidence that was taken after that moment.
    pub fn state_by(&self, service: &str, release: &str, moment: Timestamp) -> State {
        let later = |event: &&crate::event::Event| match event {
            crate::event::Event::EvidenceRecorded(evidence) => evidence.observed.taken > moment,
            _ => false,
        };
        let mut state = State::new(release);
        let rows = self.services.get(service).into_iter().flat_map(|service| &service.releases);
        for event in rows.filter(|event| !later(event)) {
            crate::apply::apply(&mut state, event);
        }
        state
    }

    /// Of which service a release is.
    pub fn service_of(&self, release: &str) -> Option<&str> {
        let has = |service: &Service| service.briefs.contains_key(release);
        self.services.iter().find(|(_, service)| has(service)).map(|(name, _)| name.as_str())
    }

    /// The policy that holds for a service now: of the release that was opened, or given another policy, last; before
    /// the first release the one that was kept last. `None`: none was.
    pub fn policy_of(&self, service: &str) -> Option<Digest> {
        let service = self.services.get(service)?;
        let of_release = service.releases.iter().rev().find_map(|event| match event {
            crate::event::Event::ReleaseOpened(body) => Some(body.policy),
            crate::event::Event::PolicyChanged(body) => Some(body.policy),
            _ => None,
        });
        of_release.or_else(|| service.policies.last().copied())
    }

    /// A policy that is kept; `None` where it is not, or cannot be read by this build.
    pub fn policy(&self, digest: &Digest) -> Option<Loaded> {
        self.loaded(digest).map(|loaded| Loaded::clone(&loaded))
    }

    /// The same, read once for all who ask, as long as it is one of the newest.
    pub fn loaded(&self, digest: &Digest) -> Option<Arc<Loaded>> {
        self.kept.loaded(digest, &self.documents.get(digest)?.text)
    }

    /// For the first row of a run.
    fn ran(&self, event: &runbook::Event) -> Option<(String, Option<Purpose>)> {
        let runbook::Event::RunBegan(began) = event else { return None };
        let loaded = self.loaded(&began.policy.parse().ok()?)?;
        let policy = &loaded.policy;
        let runbook = policy.runbooks.iter().find(|runbook| runbook.id == began.runbook);
        Some((policy.service.name.clone(), runbook.map(|runbook| runbook.purpose)))
    }
}

/// What an incident's row, already folded, means for releases.
fn for_releases(incidents: &Incidents, event: &incident::event::Event) -> Option<crate::event::Event> {
    use incident::event::Event;
    let (id, at) = match event {
        Event::IncidentOpened(body) => (&body.incident, body.at),
        Event::Reopened(body) => (&body.incident, body.at),
        Event::SeverityChanged(body) => (&body.incident, body.at),
        Event::Resolved(body) => {
            let (incident, at) = (body.incident.clone(), body.at);
            return Some(crate::event::Event::IncidentClosed(crate::event::IncidentClosed { incident, at }));
        }
        _ => return None,
    };
    let incident =
        incidents.incidents.get(id).filter(|incident| incident.status() != incident::Status::Resolved)?;
    Some(crate::event::Event::IncidentOpened(crate::event::IncidentOpened {
        incident: id.clone(),
        severity: incident.severity.clone(),
        title: incident.opened.title.clone(),
        at,
    }))
}

#[cfg(test)]
mod tests;

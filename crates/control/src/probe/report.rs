//! Figures from the reports of other programs, and whether they meet their targets. Reports are hostile until read:
//! every one is bounded in bytes, depth and names.

mod cobertura;
mod figures;
mod junit;
mod kept;
mod lcov;
mod lines;
mod scan;
mod source;
mod xml;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use market::UnixNanos;
use release::Figure;
use release::policy::{Comparison, FileFormat, ReportProbe, Target};
use tokio::task::spawn_blocking;

use super::case::{Asked, Case, Miss, Notes, Subject, error};
use super::target;
use source::Source;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scan,
    Tests,
    Coverage,
    Figures,
}

/// What a report says.
#[derive(Debug, Default)]
struct Found {
    figures: BTreeMap<String, Figure>,
    /// What a person would look at first: names of failed tests, of vulnerabilities.
    notes: Vec<String>,
}

impl Found {
    fn count(&mut self, name: &str, number: usize) {
        self.figures.insert(name.to_owned(), Figure::whole(i64::try_from(number).unwrap_or(i64::MAX)));
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(note);
        }
    }
}

const NOTES_MAX: usize = 100;

/// Stops the reading when nobody waits for it any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(super) async fn ask(kind: Kind, probe: &ReportProbe, case: &Case, notes: &mut Notes) -> Asked {
    let name = case.fill(&probe.path)?;
    notes.inputs = match &probe.area {
        Some(area) => format!("{name}, {area} alone"),
        None => name.clone(),
    };
    let targets = targets(kind, probe)?;
    let stop = Stop(Arc::new(AtomicBool::new(false)));
    let path = case.path(&name);
    let wanted = Wanted {
        kind,
        format: probe.format,
        area: probe.area.clone(),
        subject: case.subject.clone(),
        now: case.context.clock.wall(),
    };
    let stopped = Arc::clone(&stop.0);
    let read = spawn_blocking(move || read(&wanted, path, stopped)).await;
    let (found, output) = read.map_err(|broken| Miss::Error(broken.to_string()))?;
    notes.output.digest_is(output);
    let found = found.map_err(|why| Miss::Error(format!("{name}: {why}")))?;
    notes.figures = found.figures;
    for note in found.notes {
        notes.output.note(&note);
    }
    target::judge(&targets, &case.context.policy, &notes.figures)
}

/// The targets of the policy, and what goes without saying.
fn targets(kind: Kind, probe: &ReportProbe) -> Result<Vec<Target>, Miss> {
    let mut targets = probe.targets.clone();
    let none_of: &[&str] = match kind {
        Kind::Tests => &["failed", "errors"],
        Kind::Scan if targets.is_empty() => &["critical", "high", "unknown"],
        Kind::Scan => &[],
        Kind::Coverage | Kind::Figures if targets.is_empty() => {
            return error("no target: nothing is demanded of the report");
        }
        Kind::Coverage | Kind::Figures => &[],
    };
    for metric in none_of {
        if !targets.iter().any(|target| target.metric == *metric) {
            targets.push(Target {
                metric: (*metric).to_owned(),
                quantile: None,
                is: Comparison::Equal,
                value: Figure::ZERO,
                times_baseline: None,
                stated_per: None,
                over: None,
                at_least_events: None,
            });
        }
    }
    Ok(targets)
}

type Digest = sha2::Sha256;

/// How a report is read, and what it must be about.
struct Wanted {
    kind: Kind,
    format: FileFormat,
    area: Option<String>,
    subject: Option<Subject>,
    now: UnixNanos,
}

/// What it says, or why it cannot be read; and the digest of what was read.
fn read(wanted: &Wanted, path: PathBuf, stopped: Arc<AtomicBool>) -> (Result<Found, String>, Digest) {
    let mut source = match Source::open(&path, stopped) {
        Ok(source) => source,
        Err(why) => return (Err(why), Digest::default()),
    };
    if let Some(subject) = &wanted.subject
        && let Err(why) = source.is_fresh(wanted.now, subject.expires)
    {
        return (Err(why), source.digest());
    }
    let digest = wanted.subject.as_ref().and_then(|subject| subject.digest.as_deref());
    let area = wanted.area.as_deref();
    let found = match (wanted.kind, wanted.format) {
        (Kind::Tests, FileFormat::Junit) => junit::read(&mut source, area),
        (Kind::Coverage, FileFormat::Lcov) => lcov::read(&mut source, area),
        (Kind::Coverage, FileFormat::Cobertura) => cobertura::read(&mut source, area),
        (Kind::Scan, FileFormat::Sarif) => scan::sarif(&mut source, area),
        (Kind::Scan, FileFormat::Json) => scan::json(&mut source, area, digest),
        (Kind::Figures, FileFormat::Json) => figures::read(&mut source, area),
        (kind, format) => Err(format!("a report about {kind:?} is not read from {format:?}").to_lowercase()),
    };
    (found, source.digest())
}

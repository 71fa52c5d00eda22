//! Reviews by role at a moment: mark, status, findings, when they are due again, whether the role has signed.
//!
//! Enters: a release at a moment. Leaves: one line for each review. Never here: what stands against the release (that is `decision`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::Serialize;

use crate::Figure;
use crate::decision::standing::FindingStanding;
use crate::decision::{findings, reviewed, unsigned};
use crate::event::Matter;
use crate::evidence::Question;
use crate::moment::{Moment, Who};
use crate::policy::Review;
use crate::proof::Case;
use crate::signature::{asked, judge};

/// A review at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its `id` in the policy.
    pub id: String,
    /// For people.
    pub title: String,
    /// Who reviews.
    pub reviewer: Who,
    /// The mark; absent: none that counts.
    pub score: Option<Figure>,
    /// By the policy's bands.
    pub status: Option<String>,
    /// What its authors called it, where that is something else.
    pub stated_status: Option<String>,
    /// Who gave the mark and when, or why it does not count.
    pub from: String,
    /// Findings by severity.
    pub findings: BTreeMap<String, Count>,
    /// Findings that are open, with why.
    pub open: Vec<OpenFinding>,
    /// When it was given.
    pub on: Option<Date>,
    /// When it is due again.
    pub again_on: Option<Date>,
    /// That day is over.
    pub overdue: bool,
    /// Whether the role has signed the release: `signed`, `not_asked`, or `missing`.
    pub signature: &'static str,
    /// Why its signature is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<String>,
}

/// So many findings of one severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Not gone.
    pub open: usize,
    /// Gone.
    pub closed: usize,
    /// As its authors counted, where they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<u32>,
}

/// A finding that is not gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenFinding {
    /// Its id.
    pub id: String,
    /// For people.
    pub title: String,
    /// How bad.
    pub severity: String,
    /// It stands in the way of the release.
    pub blocks: bool,
    /// What was seen, and where.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What is missing until it is gone.
    pub why: Vec<String>,
}

/// All reviews, in the policy's order; none before the release is opened.
pub fn reviews(moment: &Moment<'_>) -> Vec<Report> {
    let Some(case) = moment.case() else { return Vec::new() };
    let findings = findings(&case);
    let judged = judge(&case, &Matter::Release);
    let asked = asked(&case, &Matter::Release);
    let report = |review: &Review| {
        let of = findings.iter().filter(|looked| looked.finding.review == review.id);
        let found = reviewed(&case, review);
        let on = given_on(moment, &case, review);
        let again_on = on.and_then(|on| again(on, review.again_after_days?));
        let is_asked = asked.contains(&review.role.as_str());
        let unsigned = is_asked.then(|| unsigned(&judged, &review.role)).flatten();
        Report {
            id: review.id.clone(),
            title: review.title.clone(),
            reviewer: Who::of(moment.policy(), &review.role),
            stated_status: review.stated_status.clone().filter(|said| Some(said) != found.status.as_ref()),
            score: found.score,
            status: found.status,
            from: found.from,
            findings: counts(review, of.clone()),
            open: open(of),
            on,
            again_on,
            overdue: again_on.is_some_and(|date| past(moment, date)),
            signature: match (is_asked, &unsigned) {
                (false, _) => "not_asked",
                (true, None) => "signed",
                (true, Some(_)) => "missing",
            },
            unsigned,
        }
    };
    moment.policy().reviews.iter().map(report).collect()
}

/// Findings that are open, the blocking ones first.
pub(crate) fn open<'a>(findings: impl Iterator<Item = &'a FindingStanding>) -> Vec<OpenFinding> {
    let open = findings.filter(|looked| !looked.open.is_empty()).map(|looked| OpenFinding {
        id: looked.finding.id.clone(),
        title: looked.finding.title.clone(),
        severity: looked.severity.clone(),
        blocks: looked.blocks,
        note: looked.finding.note.clone(),
        why: looked.open.clone(),
    });
    let mut open: Vec<OpenFinding> = open.collect();
    open.sort_by_key(|finding| !finding.blocks);
    open
}

fn counts<'a>(
    review: &Review,
    findings: impl Iterator<Item = &'a FindingStanding>,
) -> BTreeMap<String, Count> {
    let stated = |(severity, count): (&String, &u32)| {
        (severity.clone(), Count { stated: Some(*count), ..Count::default() })
    };
    let mut counts: BTreeMap<String, Count> = review.stated_findings.iter().map(stated).collect();
    for looked in findings {
        let count = counts.entry(looked.severity.clone()).or_default();
        if looked.open.is_empty() {
            count.closed += 1;
        } else {
            count.open += 1;
        }
    }
    counts
}

/// The day of the mark that stands, or the policy's.
fn given_on(moment: &Moment<'_>, case: &Case<'_>, review: &Review) -> Option<Date> {
    let question = Question::Review(review.id.clone());
    let settled = case.current(&question, &case.this(), None).ok();
    let taken: Option<Timestamp> = settled.map(|settled| settled.evidence.observed.taken);
    match taken {
        Some(taken) => Some(moment.days().date_of(taken)),
        None => review.on.as_deref()?.parse().ok(),
    }
}

fn again(on: Date, days: u32) -> Option<Date> {
    on.checked_add(Span::new().try_days(i64::from(days)).ok()?).ok()
}

fn past(moment: &Moment<'_>, date: Date) -> bool {
    moment.days().after(date).is_some_and(|end| moment.now >= end)
}

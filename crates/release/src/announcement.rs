//! Who is told what, when.
//!
//! Enters: a release at a moment. Leaves: announcements with their texts and times. Never here: channels; sending.
//!
//! In a text `{service}`, `{version}`, `{environment}`, `{release}`, `{day0}`, `{begins}` and `{over}` stand for what they name, times
//! in the service's zone. What comes after a release is due only once a run that deploys has ended well: nobody is told too early.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::later;
use crate::ledger::event::{Announced, Event};
use crate::moment::Moment;
use crate::policy::{Announcement, Policy};
use crate::timing::{Timing, timing};

/// An announcement with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Its `id` in the policy.
    pub id: String,
    /// When in words: `24h before`, `during`, `30m after`.
    pub when: String,
    /// When; planned, for what comes after a release that is not done.
    pub at: Option<Timestamp>,
    /// Where it is said: `status-page`, `webhook`, `mail`.
    pub to: Vec<String>,
    /// What, filled in.
    pub text: String,
    /// Where it stands.
    pub state: Standing,
    /// What was said, oldest first.
    pub announced: Vec<Said>,
    /// Where nobody has said it yet.
    pub missing: Vec<String>,
}

/// One time that it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// The channel; empty: a person told them.
    pub channel: String,
    /// When.
    pub at: Timestamp,
    /// Who; empty: control.
    pub by: String,
    /// What.
    pub text: String,
}

/// Where an announcement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was said wherever it has to be.
    Announced,
    /// Its time has come.
    Due,
    /// Its time is still to come.
    Ahead,
    /// It waits for the release to be done.
    Waits,
    /// Day 0 has no date.
    Undated,
}

/// All of them, by their times.
pub fn announcements(moment: &Moment<'_>) -> Vec<Planned> {
    let timing = timing(moment);
    let of = moment.policy().announcements.iter();
    let mut all: Vec<Planned> = of.map(|one| planned(moment, &timing, one)).collect();
    all.sort_by_key(|one| (one.at.is_none(), one.at));
    all
}

fn planned(moment: &Moment<'_>, timing: &Timing, of: &Announcement) -> Planned {
    let announced = said(moment, &of.id);
    // A person who told them told them all.
    let heard = |to: &String| announced.iter().any(|said| said.channel.is_empty() || said.channel == *to);
    let missing: Vec<String> = of.to.iter().filter(|to| !heard(to)).cloned().collect();
    let all_said = !announced.is_empty() && missing.is_empty();
    let (when, at, waits) = due(timing, of);
    let state = match at {
        _ if all_said => Standing::Announced,
        None => Standing::Undated,
        Some(_) if waits => Standing::Waits,
        Some(at) if moment.now >= at => Standing::Due,
        Some(_) => Standing::Ahead,
    };
    Planned {
        id: of.id.clone(),
        when,
        at,
        to: of.to.clone(),
        text: filled(moment, timing, &of.text),
        state,
        announced,
        missing,
    }
}

/// In words, as a moment, and whether that waits for the end of the release.
fn due(timing: &Timing, of: &Announcement) -> (String, Option<Timestamp>, bool) {
    if let Some(before) = of.before {
        let earlier = SignedDuration::from_secs(before.signed_seconds());
        let at = timing.begins.and_then(|begins| begins.checked_sub(earlier).ok());
        return (format!("{before} before"), at, false);
    }
    if let Some(after) = of.after {
        let end = timing.done.or(timing.over);
        return (format!("{after} after"), end.map(|end| later(end, after)), timing.done.is_none());
    }
    ("during".to_owned(), timing.begins, false)
}

fn said(moment: &Moment<'_>, id: &str) -> Vec<Said> {
    let rows = moment.service().map_or(&[][..], |service| &service.records);
    let of = rows.iter().filter_map(|event| match event {
        Event::Announced(row) if row.announcement == id && row.release == moment.state.of => Some(row),
        _ => None,
    });
    of.map(|Announced { channel, at, by, text, .. }| Said {
        channel: channel.clone(),
        at: *at,
        by: by.clone(),
        text: text.clone(),
    })
    .collect()
}

/// The text with what it leaves open; what is not known stands there as `(not known yet)`.
fn filled(moment: &Moment<'_>, timing: &Timing, text: &str) -> String {
    let (policy, days) = (moment.policy(), moment.days());
    let release = moment.state.release.as_ref();
    let unknown = || "(not known yet)".to_owned();
    let shown = |at: Option<Timestamp>| {
        at.map_or_else(unknown, |at| {
            at.to_zoned(days.zone().clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
        })
    };
    let version = release.map(|release| release.version.clone()).or_else(|| policy.service.version.clone());
    let environment = release.map(|release| release.environment.clone());
    let words = [
        ("{service}", name(policy).to_owned()),
        ("{version}", version.unwrap_or_else(unknown)),
        ("{environment}", environment.unwrap_or_else(unknown)),
        ("{release}", moment.state.of.clone()),
        ("{day0}", days.date(0).map_or_else(unknown, |date| date.to_string())),
        ("{begins}", shown(timing.begins)),
        ("{over}", shown(timing.done.or(timing.over))),
    ];
    words.iter().fold(text.to_owned(), |text, (blank, word)| text.replace(blank, word))
}

fn name(policy: &Policy) -> &str {
    if policy.service.title.is_empty() { &policy.service.name } else { &policy.service.title }
}

//! A draft of the retrospective: what the rows can tell, and what only people can.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::clock::clocks;
use super::event::{Clock, Event};
use super::measure::{to_acknowledge, to_mitigate, to_resolve};
use super::state::{Incident, Incidents, Status};
use super::timeline::{one_line, shown, timeline};
use crate::Length;
use crate::policy::Policy;

/// The draft in Markdown; `None`: there is no such incident. The same rows give the same text.
pub fn retrospective(
    policy: &Policy,
    events: &[Event],
    incident: &str,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<String> {
    let state = Incidents::fold(events);
    let known = state.incidents.get(incident)?;
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# {}: {}\n", known.id(), plain(&known.opened.title));
    let _ = writeln!(text, "Severity {}, {}.\n", plain(&known.severity), known.status().as_str());
    times(&mut text, known);
    against(&mut text, policy, known, now);
    let _ = writeln!(text, "## Timeline\n");
    for line in timeline(events, incident, zone) {
        let _ = writeln!(text, "- {}", plain(&line));
    }
    let _ = writeln!(text, "\n## What fired\n");
    fired(&mut text, &state, known, zone);
    let _ = writeln!(text, "\n## Open questions\n");
    for question in questions(policy, &state, known, now) {
        let _ = writeln!(text, "- [ ] {question}");
    }
    let _ = writeln!(text, "\n## Actions\n\n| what | owner | due |\n|---|---|---|\n| | | |");
    Some(text)
}

fn times(text: &mut String, incident: &Incident) {
    let _ = writeln!(text, "| time | took |\n|---|---|");
    let rows = [
        ("to acknowledge", to_acknowledge(incident)),
        ("to mitigate", to_mitigate(incident)),
        ("to resolve", to_resolve(incident)),
    ];
    for (what, took) in rows {
        let _ = writeln!(text, "| {what} | {} |", took.map_or_else(|| "not yet".to_owned(), seconds));
    }
    text.push('\n');
}

fn against(text: &mut String, policy: &Policy, incident: &Incident, now: Timestamp) {
    let clocks = clocks(policy, incident);
    if clocks.is_empty() {
        return;
    }
    let _ = writeln!(text, "| clock | allowed | took | |\n|---|---|---|---|");
    for clock in clocks {
        let took = seconds(clock.stopped.unwrap_or(now).duration_since(clock.from));
        let verdict = match (clock.breached(now), clock.stopped) {
            (true, _) => "broken",
            (false, Some(_)) => "kept",
            (false, None) => "runs",
        };
        let _ = writeln!(text, "| {} | {} | {took} | {verdict} |", clock.clock.as_str(), clock.within);
    }
    text.push('\n');
}

fn fired(text: &mut String, state: &Incidents, incident: &Incident, zone: &TimeZone) {
    let of = |alert: &&super::Alert| alert.incident.as_deref() == Some(incident.id());
    let mut alerts: Vec<_> = state.alerts.values().filter(of).collect();
    alerts.sort_by_key(|alert| alert.at);
    for alert in &alerts {
        let judged = match alert.actionable {
            Some(true) => "actionable",
            Some(false) => "in vain",
            None => "not judged",
        };
        let _ = writeln!(text, "- {} at {}: {judged}", plain(&alert.alert), shown(alert.at, zone));
    }
    if alerts.is_empty() {
        let _ = writeln!(text, "- no alert");
    }
    let (sent, failed) =
        (incident.sent().count(), incident.pages.values().filter(|page| page.failed.is_some()).count());
    let answered = incident.pages.values().filter(|page| page.acknowledged.is_some()).count();
    let _ = writeln!(text, "- pages: {sent} sent, {failed} failed, {answered} answered");
}

/// What the rows raise, and what they never tell.
fn questions(policy: &Policy, state: &Incidents, incident: &Incident, now: Timestamp) -> Vec<String> {
    let mut questions = Vec::new();
    if !incident.detected() {
        questions.push("Nothing noticed it before a person did: which alert should have?".to_owned());
    }
    for clock in clocks(policy, incident).iter().filter(|clock| clock.breached(now)) {
        questions.push(match clock.clock {
            Clock::Response => format!("Why did nobody work on it within {}?", clock.within),
            Clock::Restoration => format!("Why was service not back within {}?", clock.within),
            Clock::Chain => continue,
        });
    }
    if incident.breaches.iter().any(|(clock, _)| *clock == Clock::Chain) {
        questions.push("Everybody was called in every round and nobody answered: why?".to_owned());
    }
    let highest = incident.sent().map(|key| key.rung).max().unwrap_or(0);
    if highest > 1 {
        questions.push(format!("Why did it take rung {highest} of the chain?"));
    }
    if incident.pages.values().any(|page| page.failed.is_some()) {
        questions.push("Why could pages not be sent?".to_owned());
    }
    if incident.severities.len() > 1 {
        questions.push("Why was the severity another one at first?".to_owned());
    }
    if incident.openings.len() > 1 {
        questions.push("It came back: what was missed the first time?".to_owned());
    }
    let unjudged = state.alerts.values().filter(|alert| alert.incident.as_deref() == Some(incident.id()));
    if unjudged.filter(|alert| alert.actionable.is_none()).count() > 0 {
        questions.push("Which of the alerts were actionable?".to_owned());
    }
    if incident.status() != Status::Resolved {
        questions.push("It is not resolved: what is left to do?".to_owned());
    }
    questions.push("What was the cause, and what let it through?".to_owned());
    questions.push("Whom did it affect, and how?".to_owned());
    questions
}

/// To whole seconds, rounded down.
fn seconds(length: SignedDuration) -> String {
    Length::seconds(u64::try_from(length.as_secs()).unwrap_or(0)).to_string()
}

/// Text from people as text, never as markup: in a table, a list or a heading.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in one_line(text).chars() {
        match letter {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '|' | '[' | ']' | '`' | '*' | '_' | '\\' | '!' => plain.extend(['\\', letter]),
            letter => plain.push(letter),
        }
    }
    plain
}

//! What channels are sent: data in the shape of the receiver.
//!
//! Enters: an incident and one of its pages. Leaves: bodies. Never here: addresses, routing keys, tokens, and what
//! people noted: notes are where secrets end up. A receiver that cuts long texts, or refuses them, gets texts that
//! are cut already.

mod mail;
mod pagerduty;
mod webhook;

pub use mail::{Mail, SUBJECT_MOST, mail};
pub use pagerduty::{
    Action, DEDUP_KEY_MOST, Details, Level, Link, PagerDuty, Payload, SUMMARY_MOST, pagerduty,
};
pub use webhook::{TEXT_MOST, Webhook, webhook};

use super::due::Page;
use super::state::Incident;
use super::timeline::one_line;

/// What every message says.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// About which incident.
    pub incident: &'a Incident,
    /// Which service is affected.
    pub service: &'a str,
    /// Where people read on: an address without any token in it.
    pub url: Option<&'a str>,
    /// Who is called, by name, where that is known.
    pub people: &'a [String],
    /// Whoever answers a test gives it back.
    pub code: Option<&'a str>,
}

impl About<'_> {
    /// `[P0] ticker: orders are refused (INC-1)`, on one line.
    fn headline(&self) -> String {
        let Incident { severity, opened, .. } = self.incident;
        let code = self.code.map_or(String::new(), |code| format!(", code {code}"));
        one_line(&format!("[{severity}] {}: {} ({}){code}", self.service, opened.title, opened.incident))
    }
}

/// `lead (asha, ravi)`, the role or the people alone; `None`: neither is known.
fn called(about: About<'_>, page: Option<&Page>) -> Option<String> {
    let people = about.people.join(", ");
    let role = page.and_then(|page| page.role.as_ref());
    match (role, people.is_empty()) {
        (Some(role), true) => Some(role.clone()),
        (Some(role), false) => Some(format!("{role} ({people})")),
        (None, false) => Some(people),
        (None, true) => None,
    }
}

/// At most so many characters; the last one says that something is missing.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

//! PagerDuty Events API v2: the body of `POST /v2/enqueue`, without its `routing_key`, which the shell adds from the
//! vault.

use jiff::Timestamp;
use serde::Serialize;

use super::{About, cut};
use crate::incident::key::PageKey;
use crate::policy::Policy;

/// Most characters of `payload.summary`.
pub const SUMMARY_MOST: usize = 1_024;

/// Most characters of `dedup_key`. A key of ours always fits.
pub const DEDUP_KEY_MOST: usize = 255;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Call somebody.
    Trigger,
    /// Somebody works on it.
    Acknowledge,
    /// It is over.
    Resolve,
}

/// The severities that the interface knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The first severity of a policy.
    Critical,
    /// The second.
    Error,
    /// The third.
    Warning,
    /// All further ones.
    Info,
}

/// The body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PagerDuty {
    /// What is wanted.
    pub event_action: Action,
    /// The page's key, the same for each attempt.
    pub dedup_key: String,
    /// With a trigger only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// With a trigger only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// With a trigger only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<&'static str>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Payload {
    /// On one line.
    pub summary: String,
    /// The service.
    pub source: String,
    /// How bad.
    pub severity: Level,
    /// Since when.
    pub timestamp: Timestamp,
    /// The policy's own severity.
    pub class: String,
    /// Who is called, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_details: Option<Details>,
}

/// See [`Payload::custom_details`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Details {
    /// Names.
    pub called: String,
}

/// Where people read on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Address.
    pub href: String,
    /// For people.
    pub text: String,
}

/// The body for a page: acknowledge and resolve go out under the key that was triggered.
pub fn pagerduty(policy: &Policy, about: About<'_>, key: &PageKey, action: Action) -> PagerDuty {
    let dedup_key = key.dedup();
    if action != Action::Trigger {
        return PagerDuty { event_action: action, dedup_key, payload: None, links: Vec::new(), client: None };
    }
    let severity = &about.incident.severity;
    let level = match policy.severities.iter().position(|one| one.id == *severity) {
        // One that the policy does not know is taken seriously.
        None | Some(0) => Level::Critical,
        Some(1) => Level::Error,
        Some(2) => Level::Warning,
        Some(_) => Level::Info,
    };
    let payload = Payload {
        summary: cut(&about.headline(), SUMMARY_MOST),
        source: about.service.to_owned(),
        severity: level,
        timestamp: about.incident.opened.at,
        class: severity.clone(),
        custom_details: super::called(about, None)
            .map(|called| Details { called: cut(&called, SUMMARY_MOST) }),
    };
    let link = |href: &str| Link { href: href.to_owned(), text: about.incident.id().to_owned() };
    PagerDuty {
        event_action: action,
        dedup_key,
        payload: Some(payload),
        links: about.url.map(link).into_iter().collect(),
        client: Some("meridian"),
    }
}

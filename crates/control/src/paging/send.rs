//! One message over one channel, within its time.

use std::sync::Arc;

use access::Secret;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Uri};
use jiff::Timestamp;
use release::incident::message::{Mail, PagerDuty, Webhook};
use serde::Serialize;

use super::channel::{Channel, Way};
use super::smtp;
use crate::wire::{self, Failure, Question};

/// Of what a receiver says, so much is kept, characters.
const QUOTED_MOST: usize = 200;

/// What is sent, in the shape of every kind of channel.
pub(crate) struct Message {
    pub(crate) pagerduty: PagerDuty,
    /// Absent: only paging services are told.
    pub(crate) people: Option<(Webhook, Mail)>,
    pub(crate) at: Timestamp,
    /// Whoever answers a test gives it back: it is in the texts, and nowhere else.
    pub(crate) code: Option<Secret>,
}

/// Why a channel did not take it. Holds no secret once it has left [`send`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) why: String,
    /// It will not be taken before somebody changes something here.
    pub(crate) is_ours: bool,
    /// The connection is gone.
    pub(super) is_broken: bool,
}

impl Missed {
    pub(super) fn ours(why: impl Into<String>) -> Missed {
        Missed { why: why.into(), is_ours: true, is_broken: false }
    }

    pub(super) fn theirs(why: impl Into<String>) -> Missed {
        Missed { why: why.into(), is_ours: false, is_broken: false }
    }

    pub(super) fn broken(why: impl Into<String>) -> Missed {
        Missed { why: why.into(), is_ours: false, is_broken: true }
    }

    pub(super) fn of(failure: Failure) -> Missed {
        Missed::broken(failure.to_string())
    }
}

/// Sends it; `Ok` once the receiver said that it took it: with the addresses of it that did not, and why.
pub(crate) async fn send(channel: &Channel, message: &Message) -> Result<Vec<Missed>, Missed> {
    let sent = tokio::time::timeout(channel.within, by_way(channel, message)).await;
    let sent = sent.unwrap_or_else(|_| {
        Err(Missed::theirs(format!("no answer within {} seconds", channel.within.as_secs())))
    });
    let clean = |missed: Missed| {
        let mut clean = channel.redactor.clean(&missed.why).to_string();
        if let Some(code) = &message.code {
            clean = clean.replace(code.expose(), "[redacted]");
        }
        let line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        Missed { why: line.chars().take(QUOTED_MOST).collect(), ..missed }
    };
    sent.map(|refused| refused.into_iter().map(clean).collect()).map_err(clean)
}

async fn by_way(channel: &Channel, message: &Message) -> Result<Vec<Missed>, Missed> {
    let way = channel.way.as_ref().map_err(|why| Missed::ours(why.clone()))?;
    let at = message.at;
    match (way, &message.people) {
        (Way::PagerDuty { uri, routing_key }, _) => {
            #[derive(Serialize)]
            struct Keyed<'a> {
                routing_key: &'a str,
                #[serde(flatten)]
                event: &'a PagerDuty,
            }
            let keyed = Keyed { routing_key: routing_key.expose(), event: &message.pagerduty };
            post(channel, uri, &message.pagerduty.dedup_key, &keyed).await?;
        }
        (Way::Webhook { uri }, Some((webhook, _))) => {
            post(channel, uri, &message.pagerduty.dedup_key, webhook).await?;
        }
        (Way::Mail(mailbox), Some((_, mail))) => {
            let letter = smtp::Letter { mail, id: &message.pagerduty.dedup_key, at };
            return smtp::send(mailbox, &channel.roots, letter).await;
        }
        (Way::Webhook { .. } | Way::Mail(_), None) => {}
    }
    Ok(Vec::new())
}

/// The key goes along as a header: not every body has a place for it.
async fn post(channel: &Channel, uri: &Uri, key: &str, body: &impl Serialize) -> Result<(), Missed> {
    let body = serde_json::to_vec(body).map_err(|error| Missed::ours(error.to_string()))?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert("idempotency-key", key);
    }
    let question = Question { method: Method::POST, uri: uri.clone(), headers, body: Bytes::from(body) };
    let answer = wire::exchange(question, &Arc::clone(&channel.roots)).await.map_err(Missed::of)?;
    // All of it or nothing: half a secret would not be recognised as one.
    let said = if answer.whole { String::from_utf8_lossy(&answer.body) } else { "something long".into() };
    let why = format!("it answers {}: {said}", answer.status);
    match answer.status {
        200..300 => Ok(()),
        408 | 425 | 429 | 500.. => Err(Missed::theirs(why)),
        _ => Err(Missed::ours(why)),
    }
}

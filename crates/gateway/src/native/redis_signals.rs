//! Signals from a Redis stream, read by a consumer group. Whoever can write the stream can trade on every account.
//!
//! Enters: entries with one field `signal` (the JSON of `POST /v1/signals`), or with its fields one by one (see [`entry`]).
//! Leaves: durable signals; their verdicts in `<stream>:decisions`; what is malformed in `<stream>:rejected`.
//! Never here: the verdict itself (`trade::decide`).
//!
//! An entry is acknowledged once its signal is in the journal, in one transaction with what is written about it. Until then
//! Redis hands it out again, and the journal takes an id only once: nothing is lost, nothing is traded twice. Every await
//! may therefore be dropped. A group that does not exist yet begins with the oldest entry of the stream. A signal's
//! `ttl_ms` counts from its place in the journal, not from its time in Redis.

mod entry;
mod source;
mod wire;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use engine::Reply;
use futures_util::future::join_all;
use redis::RedisError;
use serde_json::Value;
use trade::event::SignalReceived;
use trade::{Signal, SignalId};

pub use source::{BadRedisUrl, RedisSource, RedisUrl};

use super::signals::answer::SignalAnswer;
use super::signals::{self, shape};
use crate::Gateway;
use crate::api_error::ApiError;
use crate::clock::mono_now;
use wire::{Decision, Entry, Link, Refusal, Settlement};

/// Entries of other consumers are looked at so often: those of a consumer that died are taken over.
const CLAIM_EVERY: Duration = Duration::from_secs(10);
/// First and longest pause before Redis is asked again after it failed.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// First and longest pause before signals are brought again to a desk that was busy.
const BUSY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Reads signals until the gateway ends.
pub async fn run(gateway: Arc<Gateway>, source: RedisSource) {
    let mut ending = gateway.ending();
    tokio::select! {
        biased;
        _ = ending.wait_for(|ending| *ending) => {}
        () = consume(&gateway, &source) => {}
    }
    gateway.metrics.redis_connected(false);
}

async fn consume(gateway: &Gateway, source: &RedisSource) {
    let mut health = Health { gateway, connected: None, pause: RECONNECT.0 };
    loop {
        let Err(error) = session(gateway, source, &mut health).await;
        let pause = health.failed(&error);
        tokio::time::sleep(pause).await;
    }
}

/// One connection, until it fails.
async fn session(
    gateway: &Gateway,
    source: &RedisSource,
    health: &mut Health<'_>,
) -> Result<Infallible, RedisError> {
    let mut link = Link::open(source, &gateway.instance).await?;
    // What this consumer got over an earlier connection and did not settle.
    loop {
        let own = link.read_own().await?;
        health.works(source);
        if own.is_empty() {
            break;
        }
        settle(gateway, source, &mut link, own).await?;
    }
    let mut claimed: Option<Instant> = None;
    loop {
        if claimed.is_none_or(|claimed| mono_now().duration_since(claimed) >= CLAIM_EVERY) {
            let mut cursor = wire::FROM_THE_START.to_owned();
            loop {
                let (next, left) = link.claim(&cursor).await?;
                settle(gateway, source, &mut link, left).await?;
                if next == wire::FROM_THE_START {
                    break;
                }
                cursor = next;
            }
            claimed = Some(mono_now());
        }
        let new = link.read_new().await?;
        settle(gateway, source, &mut link, new).await?;
    }
}

async fn settle(
    gateway: &Gateway,
    source: &RedisSource,
    link: &mut Link<'_>,
    entries: Vec<Entry>,
) -> Result<(), RedisError> {
    if entries.is_empty() {
        return Ok(());
    }
    let settlement = take(gateway, source, entries).await;
    link.settle(&settlement).await?;
    gateway.metrics.redis_settled(settlement.decisions.len(), settlement.refusals.len());
    Ok(())
}

/// Makes the signals of `entries` durable, however long that takes, and waits a moment for their verdicts.
async fn take(gateway: &Gateway, source: &RedisSource, entries: Vec<Entry>) -> Settlement {
    let state = gateway.desk.state();
    let mut refusals = Vec::new();
    let mut open: Vec<(Entry, Signal)> = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry::signal(&entry, &gateway.desk, &state) {
            Ok(signal) => open.push((entry, signal)),
            Err(error) => refusals.push(Refusal { entry, error }),
        }
    }
    let by = format!("redis:{}", source.stream);
    let mut taken: Vec<(String, SignalId, u64)> = Vec::with_capacity(open.len());
    let mut pause = BUSY.0;
    loop {
        let submitted = open.iter().map(|(_, signal)| {
            let (signal, digest) = (signal.clone(), shape::digest(signal));
            gateway.desk.signal(SignalReceived { signal, digest, by: by.clone() })
        });
        let replies = join_all(submitted).await;
        let mut busy = Vec::new();
        for ((entry, signal), reply) in open.into_iter().zip(replies) {
            match reply {
                Ok(Reply::Recorded { seq } | Reply::Known { seq }) => taken.push((entry.id, signal.id, seq)),
                Ok(Reply::Conflict { seq }) => refusals.push(Refusal { entry, error: id_taken(seq) }),
                Ok(Reply::Unavailable { .. } | Reply::OlderInstance | Reply::NotHolder { .. }) | Err(_) => {
                    busy.push((entry, signal))
                }
            }
        }
        if busy.is_empty() {
            break;
        }
        open = busy;
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BUSY.1);
    }
    Settlement { decisions: decided(gateway, taken).await, refusals }
}

fn id_taken(seq: u64) -> ApiError {
    let words = format!("another signal has this id: row {seq} of the journal");
    ApiError::new(StatusCode::CONFLICT, "id_taken", words).field("id")
}

/// What is known of the signals once they are decided, or after a moment: then the verdict is `queued`.
async fn decided(gateway: &Gateway, taken: Vec<(String, SignalId, u64)>) -> Vec<Decision> {
    let all_decided = |state: &trade::State| {
        let decided = |id: &SignalId| state.signals.get(id).is_none_or(|signal| signal.is_decided());
        taken.iter().all(|(_, id, _)| decided(id)).then_some(())
    };
    if !taken.is_empty() {
        // Too late is an answer too: `queued`.
        let _ = gateway.desk.until(shape::WAIT, all_decided).await;
    }
    let mut decisions = Vec::with_capacity(taken.len());
    for (entry, id, sequence) in taken {
        // A state that cannot be read, which the log has, takes nothing from the signal's being durable.
        let answer = signals::look_up(gateway, &id).await.ok().flatten();
        let answer = answer.and_then(|signal| serde_json::to_value(SignalAnswer::new(&signal)).ok());
        let part = |name: &str| answer.as_ref().and_then(|answer| answer.get(name));
        let list = |name: &str| part(name).map_or_else(|| "[]".to_owned(), Value::to_string);
        decisions.push(Decision {
            entry,
            id: id.to_string(),
            sequence,
            verdict: part("verdict").and_then(Value::as_str).unwrap_or("queued").to_owned(),
            reasons: list("reasons"),
            orders: list("orders"),
        });
    }
    decisions
}

/// Whether Redis answers: one line in the log for each change.
struct Health<'a> {
    gateway: &'a Gateway,
    connected: Option<bool>,
    pause: Duration,
}

impl Health<'_> {
    fn works(&mut self, source: &RedisSource) {
        self.pause = RECONNECT.0;
        if self.connected != Some(true) {
            tracing::info!(stream = source.stream, group = source.group, "signals are read from Redis");
        }
        self.connected = Some(true);
        self.gateway.metrics.redis_connected(true);
    }

    /// How long to wait now.
    fn failed(&mut self, error: &RedisError) -> Duration {
        if self.connected != Some(false) {
            tracing::warn!(%error, "no signals from Redis: it is asked again until it answers, nothing is lost");
        }
        self.connected = Some(false);
        self.gateway.metrics.redis_connected(false);
        let pause = self.pause;
        self.pause = (pause * 2).min(RECONNECT.1);
        pause
    }
}

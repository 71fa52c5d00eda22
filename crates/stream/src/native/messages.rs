//! Whole native messages: ticks joined from their shared encodings, and notices.

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::{Format, RequestError};
use crate::inbox::{Batch, Notice};
use crate::position::Position;

/// Bytes of ticks in one message: a bigger batch becomes several, so that none is too large for a socket's buffer or
/// makes a client wait. A single tick is always less.
pub const TICK_BYTES_MAX: usize = 64 * 1024;

/// A message with the position it leaves the reader at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Text for JSON, binary for MessagePack.
    pub bytes: Vec<u8>,
    /// The position inside it, as text.
    pub position: String,
}

/// The messages of a batch, in order. Each carries the position that is true once it and all before it are read.
pub fn encode_batch(batch: &Batch, format: Format) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let start = position_after(batch, 0).to_string();
    for notice in &batch.notices {
        messages.push(Message { bytes: encode_notice(notice, &start, format), position: start.clone() });
    }
    let objects: Vec<Bytes> = batch.ticks.iter().map(|due| due.tick.native(due.mode, format)).collect();
    let mut sent = 0;
    while let Some(rest) = objects.get(sent..).filter(|rest| !rest.is_empty()) {
        let chunk = rest.get(..fitting(rest)).unwrap_or(rest);
        sent += chunk.len();
        let position = position_after(batch, sent).to_string();
        messages.push(Message { bytes: encode_ticks(chunk, &position, format), position });
    }
    messages
}

/// How many of these fit one message; at least one.
fn fitting(objects: &[Bytes]) -> usize {
    let mut bytes = 0;
    let count = objects.iter().take_while(|object| {
        bytes += object.len() + 1;
        bytes <= TICK_BYTES_MAX
    });
    count.count().max(1)
}

/// The position of a reader that has got the first `sent` ticks of a batch.
///
/// Ticks are in order of publication, so everything up to the last one is delivered. While current values from before
/// that are still to come, no position tells the truth: then it is [`Position::unsettled`], from which a resume is
/// answered with a gap and all current values.
fn position_after(batch: &Batch, sent: usize) -> Position {
    let Some(next) = batch.ticks.get(sent) else {
        return if sent > 0 || batch.ticks.is_empty() { batch.position } else { batch.start };
    };
    if batch.start.epoch != batch.position.epoch {
        return batch.start;
    }
    let last = sent.checked_sub(1).and_then(|index| batch.ticks.get(index)).map_or(0, |due| due.tick.offset);
    let reached = last.max(batch.start.offset);
    if next.tick.offset <= reached {
        Position::unsettled(batch.position.epoch)
    } else {
        Position { offset: reached, ..batch.position }
    }
}

fn encode_ticks(objects: &[Bytes], position: &str, format: Format) -> Vec<u8> {
    let size: usize = objects.iter().map(|object| object.len() + 1).sum();
    let mut bytes = Vec::with_capacity(size + position.len() + 48);
    match format {
        Format::Json => {
            // A position is hex digits and dashes: it needs no escaping.
            bytes.extend_from_slice(br#"{"type":"tick","position":""#);
            bytes.extend_from_slice(position.as_bytes());
            bytes.extend_from_slice(br#"","data":["#);
            for (index, object) in objects.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                bytes.extend_from_slice(object);
            }
            bytes.extend_from_slice(b"]}");
        }
        Format::MessagePack => {
            // A map of three whose last value is an array: written by hand so that shared objects are only copied.
            bytes.push(0x83);
            for text in ["type", "tick", "position", position, "data"] {
                push_msgpack_str(&mut bytes, text);
            }
            bytes.push(0xdc);
            let count = u16::try_from(objects.len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&count.to_be_bytes());
            objects.iter().for_each(|object| bytes.extend_from_slice(object));
        }
    }
    bytes
}

fn push_msgpack_str(bytes: &mut Vec<u8>, text: &str) {
    // Only for the short texts above: the `str 8` form holds 255 bytes.
    bytes.push(0xd9);
    bytes.push(u8::try_from(text.len()).unwrap_or(0));
    bytes.extend_from_slice(text.as_bytes());
}

fn encode_notice(notice: &Notice, position: &str, format: Format) -> Vec<u8> {
    let value = match notice {
        Notice::Subscribed { instruments, mode, delivery } => json!({
            "type": "subscribed", "position": position, "instruments": instruments,
            "mode": mode.as_str(), "delivery": delivery.as_str(),
        }),
        Notice::Unsubscribed { instruments } => json!({
            "type": "unsubscribed", "position": position, "instruments": instruments,
        }),
        Notice::Resumed { from } => json!({
            "type": "resumed", "position": position, "from": from.to_string(),
        }),
        Notice::Gap { from, to } => json!({
            "type": "gap", "position": position, "from": from.to_string(), "to": to.to_string(),
            "message": "what lies between can no longer be told; current values follow",
        }),
    };
    encode(&value, format)
}

/// An error message to a native client.
pub fn encode_error(error: &RequestError, format: Format) -> Vec<u8> {
    let mut value = json!({"type": "error", "code": error.code, "message": error.message});
    if let Some(field) = error.field {
        value["field"] = field.into();
    }
    encode(&value, format)
}

/// `{"type":kind,"position":...,"data":...}`: what is told beside the ticks.
pub fn encode_news(kind: &str, position: &str, data: &impl Serialize, format: Format) -> Vec<u8> {
    #[derive(Serialize)]
    struct News<'a, T> {
        #[serde(rename = "type")]
        kind: &'a str,
        position: &'a str,
        data: &'a T,
    }
    encode(&News { kind, position, data }, format)
}

/// The answer to a change of what is told beside the ticks: of a mode that has no instruments.
pub fn encode_mode(on: bool, mode: &str, position: &str, format: Format) -> Vec<u8> {
    let kind = if on { "subscribed" } else { "unsubscribed" };
    encode(&json!({"type": kind, "position": position, "instruments": [], "mode": mode}), format)
}

/// The answer to `ping`.
pub fn encode_pong(format: Format) -> Vec<u8> {
    encode(&json!({"type": "pong"}), format)
}

fn encode(value: &impl Serialize, format: Format) -> Vec<u8> {
    let encoded = match format {
        Format::Json => serde_json::to_vec(value).map_err(drop),
        Format::MessagePack => rmp_serde::to_vec_named(value).map_err(drop),
    };
    // Strings and integers into memory: neither encoder has a way to fail on them.
    encoded.unwrap_or_default()
}

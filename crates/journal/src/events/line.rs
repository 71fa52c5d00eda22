//! A row as one line of JSON, and back without losing a byte.
//!
//! A body that is JSON on one line stands there as it is; any other one as hexadecimal text under `body_hex`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Row, Stream, StreamError};
use crate::hex;

/// Format of a shipped log: fields may be added, never renamed.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    seq: u64,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    stream_seq: u64,
    epoch: u64,
    batch: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    time: Option<Cow<'a, str>>,
    time_ns: i64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    schema: u32,
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    body_hex: Option<Cow<'a, str>>,
    #[serde(borrow)]
    prev_hash: Cow<'a, str>,
    #[serde(borrow)]
    hash: Cow<'a, str>,
}

/// Why a line is no row.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not JSON of that shape.
    #[error("it is not the JSON of a row")]
    Json(#[source] serde_json::Error),
    /// Its stream is none.
    #[error("its stream is none")]
    Stream(#[source] StreamError),
    /// A hash or a body is not what it must be.
    #[error("its `{0}` is missing or malformed")]
    Field(&'static str),
}

/// `row` as one line with its line feed. `time` is a text of `row.time` for people, if wanted.
///
/// # Errors
/// None that a row can cause; the encoder's error is passed on.
pub fn write(row: &Row, time: Option<&str>) -> Result<String, serde_json::Error> {
    let body = one_line(&row.body);
    let line = Line {
        seq: row.seq,
        stream: row.stream.as_str().into(),
        stream_seq: row.stream_seq,
        epoch: row.epoch,
        batch: row.batch,
        time: time.map(Into::into),
        time_ns: row.time,
        kind: (&*row.kind).into(),
        schema: row.schema,
        key: row.key.as_deref().map(Into::into),
        subject: row.subject.as_deref().map(Into::into),
        body,
        body_hex: body.is_none().then(|| hex::encode(&row.body).into()),
        prev_hash: hex::encode(&row.prev_hash).into(),
        hash: hex::encode(&row.hash).into(),
    };
    let mut text = serde_json::to_string(&line)?;
    text.push('\n');
    Ok(text)
}

/// The row of one line. Whether its hash is right is for the reader of the chain to say.
///
/// # Errors
/// [`LineError`].
pub fn read(line: &str) -> Result<Row, LineError> {
    let line: Line<'_> = serde_json::from_str(line).map_err(LineError::Json)?;
    let body = match (line.body, &line.body_hex) {
        (Some(body), None) => body.get().as_bytes().to_vec(),
        (None, Some(text)) => hex::decode(text).ok_or(LineError::Field("body_hex"))?,
        _ => return Err(LineError::Field("body")),
    };
    Ok(Row {
        seq: line.seq,
        stream: Stream::parse(&line.stream).map_err(LineError::Stream)?,
        stream_seq: line.stream_seq,
        epoch: line.epoch,
        batch: line.batch,
        time: line.time_ns,
        kind: line.kind.into_owned(),
        schema: line.schema,
        key: line.key.map(Cow::into_owned),
        subject: line.subject.map(Cow::into_owned),
        body,
        prev_hash: hex::decode_array(&line.prev_hash).ok_or(LineError::Field("prev_hash"))?,
        hash: hex::decode_array(&line.hash).ok_or(LineError::Field("hash"))?,
    })
}

fn one_line(body: &[u8]) -> Option<&RawValue> {
    let value: &RawValue = serde_json::from_slice(body).ok()?;
    // Nothing but the value itself: blanks around it would be lost. A value `null` would read back as no body.
    let whole = value.get().len() == body.len() && !body.contains(&b'\n') && value.get() != "null";
    whole.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(body: Vec<u8>, key: Option<String>) -> Row {
        Row {
            seq: 7,
            stream: Stream::venue("paper"),
            stream_seq: 3,
            epoch: 0,
            batch: u64::MAX,
            time: -5,
            kind: "trade_reported".to_owned(),
            schema: 1,
            key,
            subject: None,
            body,
            prev_hash: [1; 32],
            hash: [0xfe; 32],
        }
    }

    #[test]
    fn a_json_body_stands_there_as_it_is() {
        let line = write(&row(br#"{"b": 1.50,"a":[]}"#.to_vec(), None), Some("noon")).unwrap();
        assert!(line.contains(r#""body":{"b": 1.50,"a":[]}"#) && line.contains(r#""time":"noon""#), "{line}");
        assert!(line.ends_with("}\n") && line.matches('\n').count() == 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(
            body in prop_oneof![
                any::<Vec<u8>>(),
                "[ \n]?(null|true|\"a\\\\u0000\"|[0-9]{1,30}|\\{\"x\":[0-9]+\\})[ \n]?".prop_map(String::into_bytes),
            ],
            key in any::<Option<String>>(),
        ) {
            let row = row(body, key);
            prop_assert_eq!(read(write(&row, None).unwrap().trim_end_matches('\n')).unwrap(), row);
        }
    }
}

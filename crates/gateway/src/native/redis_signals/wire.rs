//! The commands of a consumer group, and what Redis answers to them. Redis 6.2 or newer.
//!
//! Enters: replies. Leaves: entries. Never here: what an entry means.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisError, Value, cmd};

use super::source::RedisSource;
use crate::api_error::ApiError;

/// Entries that are read at once.
const COUNT: usize = 100;
/// How long Redis waits for new entries before it says that there are none.
const BLOCK: Duration = Duration::from_secs(1);
/// Time for a connection; time for an answer beyond [`BLOCK`].
const PATIENCE: Duration = Duration::from_secs(4);
/// A consumer that has not settled an entry for so long is taken for dead.
const IDLE: Duration = Duration::from_secs(30);
/// Entries that are kept in `:decisions` and `:rejected`, about.
const KEPT: usize = 10_000;
/// Of a malformed entry so many fields, each so long, are kept.
const KEPT_FIELDS: usize = 32;
const KEPT_BYTES: usize = 4_096;
/// The cursor at which a round over other consumers' entries begins and ends.
pub const FROM_THE_START: &str = "0-0";

/// One entry of the stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id in Redis.
    pub id: String,
    /// Names and values; none if the entry was trimmed away after it had been handed out.
    pub fields: Option<Vec<(Vec<u8>, Vec<u8>)>>,
}

/// What became of a signal.
pub struct Decision {
    /// Which entry brought it.
    pub entry: String,
    /// The signal.
    pub id: String,
    /// Its row in the journal.
    pub sequence: u64,
    /// `accepted`, `trimmed`, `denied`, or `queued` if it is durable and not decided yet.
    pub verdict: String,
    /// JSON list.
    pub reasons: String,
    /// JSON list of order ids.
    pub orders: String,
}

/// An entry that is no signal.
pub struct Refusal {
    /// The entry.
    pub entry: Entry,
    /// Why.
    pub error: ApiError,
}

/// What is to be written about entries, and acknowledged.
pub struct Settlement {
    /// Durable signals.
    pub decisions: Vec<Decision>,
    /// What is none.
    pub refusals: Vec<Refusal>,
}

/// A connection of its own, since reading blocks it.
pub struct Link<'a> {
    connection: MultiplexedConnection,
    source: &'a RedisSource,
    consumer: &'a str,
}

impl<'a> Link<'a> {
    /// Connects, and makes stream and group if they are missing.
    pub async fn open(source: &'a RedisSource, consumer: &'a str) -> Result<Link<'a>, RedisError> {
        // An answer that never comes would look like a stream without entries.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(BLOCK + PATIENCE));
        let connection = source.url.client().get_multiplexed_async_connection_with_config(&config).await?;
        let mut link = Link { connection, source, consumer };
        let mut create = cmd("XGROUP");
        create.arg("CREATE").arg(&source.stream).arg(&source.group).arg("0").arg("MKSTREAM");
        match create.exec_async(&mut link.connection).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            Ok(()) | Err(_) => Ok(link),
        }
    }

    /// New entries; none after a second without any.
    pub async fn read_new(&mut self) -> Result<Vec<Entry>, RedisError> {
        self.read(">").await
    }

    /// Entries that this consumer was handed and has not settled.
    pub async fn read_own(&mut self) -> Result<Vec<Entry>, RedisError> {
        self.read("0").await
    }

    async fn read(&mut self, from: &str) -> Result<Vec<Entry>, RedisError> {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.source.group).arg(self.consumer).arg("COUNT").arg(COUNT);
        read.arg("BLOCK").arg(BLOCK.as_millis() as u64).arg("STREAMS").arg(&self.source.stream).arg(from);
        of_streams(read.query_async(&mut self.connection).await?)
    }

    /// Takes over entries of consumers that have died: where the next call goes on, and the entries.
    pub async fn claim(&mut self, cursor: &str) -> Result<(String, Vec<Entry>), RedisError> {
        let mut claim = cmd("XAUTOCLAIM");
        claim
            .arg(&self.source.stream)
            .arg(&self.source.group)
            .arg(self.consumer)
            .arg(IDLE.as_millis() as u64);
        claim.arg(cursor).arg("COUNT").arg(COUNT);
        of_claim(claim.query_async(&mut self.connection).await?)
    }

    /// Writes what became of entries and acknowledges them: all of it or nothing.
    pub async fn settle(&mut self, settlement: &Settlement) -> Result<(), RedisError> {
        let RedisSource { stream, group, .. } = self.source;
        let mut all = redis::pipe();
        all.atomic();
        let (decisions, rejected) = (format!("{stream}:decisions"), format!("{stream}:rejected"));
        let mut settled: Vec<&str> = Vec::new();
        for decision in &settlement.decisions {
            let Decision { entry, id, sequence, verdict, reasons, orders } = decision;
            let add = all.cmd("XADD").arg(&decisions).arg("MAXLEN").arg("~").arg(KEPT).arg("*");
            add.arg("id").arg(id).arg("verdict").arg(verdict).arg("reasons").arg(reasons);
            add.arg("orders").arg(orders).arg("sequence").arg(sequence).arg("entry").arg(entry).ignore();
            settled.push(entry);
        }
        for Refusal { entry, error } in &settlement.refusals {
            let add = all.cmd("XADD").arg(&rejected).arg("MAXLEN").arg("~").arg(KEPT).arg("*");
            for (name, value) in entry.fields.iter().flatten().take(KEPT_FIELDS) {
                add.arg(start(name)).arg(start(value));
            }
            let error = error.to_value();
            let part = |name: &str| error["error"][name].as_str().unwrap_or_default().to_owned();
            // Last, so that a client that makes a map of the fields reads these, whatever the sender wrote.
            add.arg("entry").arg(&entry.id).arg("code").arg(part("code"));
            add.arg("field").arg(part("field")).arg("reason").arg(part("message")).ignore();
            settled.push(&entry.id);
        }
        all.cmd("XACK").arg(stream).arg(group).arg(settled).ignore();
        all.exec_async(&mut self.connection).await
    }
}

fn start(bytes: &[u8]) -> &[u8] {
    bytes.get(..KEPT_BYTES).unwrap_or(bytes)
}

fn surprising() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "no answer of a consumer group").into()
}

/// The reply of XREADGROUP over one stream.
fn of_streams(reply: Value) -> Result<Vec<Entry>, RedisError> {
    match reply {
        Value::Nil => Ok(Vec::new()),
        Value::Array(streams) => match <[Value; 1]>::try_from(streams) {
            Ok([Value::Array(stream)]) => match <[Value; 2]>::try_from(stream) {
                Ok([_, list]) => entries(list),
                Err(_) => Err(surprising()),
            },
            Ok(_) | Err(_) => Err(surprising()),
        },
        Value::Map(streams) => match <[(Value, Value); 1]>::try_from(streams) {
            Ok([(_, list)]) => entries(list),
            Err(_) => Err(surprising()),
        },
        _ => Err(surprising()),
    }
}

/// The reply of XAUTOCLAIM; what it says of deleted entries, from version 7 on, needs nothing done.
fn of_claim(reply: Value) -> Result<(String, Vec<Entry>), RedisError> {
    let Value::Array(parts) = reply else { return Err(surprising()) };
    let mut parts = parts.into_iter();
    match (parts.next(), parts.next()) {
        (Some(cursor), Some(list)) => Ok((text(cursor)?, entries(list)?)),
        _ => Err(surprising()),
    }
}

fn entries(list: Value) -> Result<Vec<Entry>, RedisError> {
    let Value::Array(list) = list else { return Err(surprising()) };
    // Version 6.2 gives nothing in place of a claimed entry that was trimmed away.
    list.into_iter().filter(|entry| *entry != Value::Nil).map(entry).collect()
}

fn entry(entry: Value) -> Result<Entry, RedisError> {
    let Value::Array(parts) = entry else { return Err(surprising()) };
    let Ok([id, fields]) = <[Value; 2]>::try_from(parts) else { return Err(surprising()) };
    let fields = match fields {
        Value::Nil => None,
        Value::Array(fields) => {
            let mut fields = fields.into_iter();
            let mut pairs = Vec::with_capacity(fields.len() / 2);
            while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
                pairs.push((bytes(name)?, bytes(value)?));
            }
            Some(pairs)
        }
        _ => return Err(surprising()),
    };
    Ok(Entry { id: text(id)?, fields })
}

fn bytes(value: Value) -> Result<Vec<u8>, RedisError> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        Value::SimpleString(text) => Ok(text.into_bytes()),
        _ => Err(surprising()),
    }
}

fn text(value: Value) -> Result<String, RedisError> {
    String::from_utf8(bytes(value)?).map_err(|_| surprising())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn list() -> Value {
        let fields = Value::Array(vec![bulk("id"), bulk("a")]);
        Value::Array(vec![
            Value::Array(vec![bulk("1-0"), fields]),
            Value::Array(vec![bulk("2-0"), Value::Nil]),
            Value::Nil,
        ])
    }

    fn found() -> Vec<Entry> {
        let fields = Some(vec![(b"id".to_vec(), b"a".to_vec())]);
        vec![Entry { id: "1-0".into(), fields }, Entry { id: "2-0".into(), fields: None }]
    }

    #[test]
    fn both_protocols_give_the_same_entries() {
        let second = Value::Array(vec![Value::Array(vec![bulk("signals"), list()])]);
        let third = Value::Map(vec![(bulk("signals"), list())]);
        assert_eq!(of_streams(second).unwrap(), found());
        assert_eq!(of_streams(third).unwrap(), found());
        assert_eq!(of_streams(Value::Nil).unwrap(), Vec::new());
    }

    #[test]
    fn a_claim_names_where_to_go_on_in_old_versions_and_new() {
        for more in [Vec::new(), vec![Value::Array(vec![bulk("3-0")])]] {
            let reply = Value::Array([bulk("9-0"), list()].into_iter().chain(more).collect());
            assert_eq!(of_claim(reply).unwrap(), ("9-0".to_owned(), found()));
        }
    }

    #[test]
    fn other_answers_are_errors() {
        for reply in
            [Value::Okay, Value::Int(1), Value::Array(vec![bulk("signals")]), Value::Array(Vec::new())]
        {
            assert!(of_streams(reply.clone()).is_err() && of_claim(reply).is_err());
        }
    }
}

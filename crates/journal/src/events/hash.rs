//! The hash of a row.
//!
//! SHA-256 over these bytes, integers big-endian:
//!
//! ```text
//! 0x01             version of this layout
//! prev_hash        32 bytes
//! seq, stream_seq, epoch, batch   8 bytes each
//! time             8 bytes, two's complement
//! schema           4 bytes
//! stream, kind     length in 8 bytes, then UTF-8
//! key, subject     0x00 if absent, else 0x01, length in 8 bytes, then UTF-8
//! body             length in 8 bytes, then the bytes
//! ```
//!
//! Every length stands before its bytes, so no two different rows give the same input.

use sha2::{Digest, Sha256};

use super::Row;

const LAYOUT: u8 = 1;

/// The columns that a hash covers, which are all but itself.
pub(super) struct Columns<'a> {
    pub seq: u64,
    pub stream: &'a str,
    pub stream_seq: u64,
    pub epoch: u64,
    pub batch: u64,
    pub time: i64,
    pub kind: &'a str,
    pub schema: u32,
    pub key: Option<&'a str>,
    pub subject: Option<&'a str>,
    pub body: &'a [u8],
    pub prev_hash: &'a [u8; 32],
}

/// The hash that `row` must have; its own `hash` is not looked at.
pub fn hash_row(row: &Row) -> [u8; 32] {
    hash_columns(&Columns {
        seq: row.seq,
        stream: row.stream.as_str(),
        stream_seq: row.stream_seq,
        epoch: row.epoch,
        batch: row.batch,
        time: row.time,
        kind: &row.kind,
        schema: row.schema,
        key: row.key.as_deref(),
        subject: row.subject.as_deref(),
        body: &row.body,
        prev_hash: &row.prev_hash,
    })
}

pub(super) fn hash_columns(columns: &Columns<'_>) -> [u8; 32] {
    // One buffer for all but the body: many small updates cost more than the hash itself.
    let mut front = Vec::with_capacity(256);
    front.push(LAYOUT);
    front.extend_from_slice(columns.prev_hash);
    for number in [columns.seq, columns.stream_seq, columns.epoch, columns.batch] {
        front.extend_from_slice(&number.to_be_bytes());
    }
    front.extend_from_slice(&columns.time.to_be_bytes());
    front.extend_from_slice(&columns.schema.to_be_bytes());
    push(&mut front, columns.stream.as_bytes());
    push(&mut front, columns.kind.as_bytes());
    for text in [columns.key, columns.subject] {
        front.push(u8::from(text.is_some()));
        if let Some(text) = text {
            push(&mut front, text.as_bytes());
        }
    }
    front.extend_from_slice(&length(columns.body));
    Sha256::new().chain_update(&front).chain_update(columns.body).finalize().into()
}

fn push(front: &mut Vec<u8>, bytes: &[u8]) {
    front.extend_from_slice(&length(bytes));
    front.extend_from_slice(bytes);
}

fn length(bytes: &[u8]) -> [u8; 8] {
    (bytes.len() as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Stream;

    fn row() -> Row {
        Row {
            seq: 7,
            stream: Stream::intake(),
            stream_seq: 3,
            epoch: 0,
            batch: 1 << 32 | 9,
            time: -5,
            kind: "signal_received".to_owned(),
            schema: 1,
            key: Some("s-1".to_owned()),
            subject: None,
            body: b"{}".to_vec(),
            prev_hash: [1; 32],
            hash: [0; 32],
        }
    }

    #[test]
    fn the_layout_is_as_documented() {
        let mut bytes = vec![1];
        bytes.extend([1; 32]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9]);
        bytes.extend([255, 255, 255, 255, 255, 255, 255, 251, 0, 0, 0, 1]);
        bytes.extend(b"\0\0\0\0\0\0\0\x06intake\0\0\0\0\0\0\0\x0fsignal_received");
        bytes.extend(b"\x01\0\0\0\0\0\0\0\x03s-1\0\0\0\0\0\0\0\0\x02{}");
        assert_eq!(hash_row(&row()), <[u8; 32]>::from(Sha256::digest(&bytes)));
    }

    #[test]
    fn every_column_counts() {
        let edits: [fn(&mut Row); 12] = [
            |row| row.seq += 1,
            |row| row.stream = Stream::control(),
            |row| row.stream_seq += 1,
            |row| row.epoch += 1,
            |row| row.batch += 1,
            |row| row.time += 1,
            |row| row.kind.push('x'),
            |row| row.schema += 1,
            |row| row.key = None,
            |row| row.subject = Some(String::new()),
            |row| row.body.push(0),
            |row| row.prev_hash[31] ^= 1,
        ];
        let mut hashes = vec![hash_row(&row())];
        for edit in edits {
            let mut other = row();
            edit(&mut other);
            hashes.push(hash_row(&other));
        }
        // Bytes that move from one column to the next are another row.
        let moved = Row { key: None, subject: Some("s-1".to_owned()), ..row() };
        hashes.push(hash_row(&moved));
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
        assert_eq!(hash_row(&Row { hash: [9; 32], ..row() }), hash_row(&row()));
    }
}

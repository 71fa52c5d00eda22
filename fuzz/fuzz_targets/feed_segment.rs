//! A recorded segment: foreign bytes, and a segment of our own that is whole, torn or damaged.
//!
//! Random bytes never have the right checksums, so most of the input says what to record and what to break afterwards:
//! where to cut, which byte to flip and how, then messages, each after one byte with its length.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use feed::Market;
use feed::replay::Replay;
use feed::segment::{self, SegmentError, SegmentHeader, SegmentReader, SegmentWriter};
use libfuzzer_sys::fuzz_target;
use market::{Instrument, Source, UnixNanos, dump};

const DUMP: &[u8] = b"instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
408065,1594,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE
";
static INSTRUMENTS: LazyLock<Vec<Instrument>> =
    LazyLock::new(|| dump::read(DUMP).expect("a dump").instruments);

/// Every record, and how the reading ended: the torn bytes, or why not further.
fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Result<Option<u64>, SegmentError>) {
    let checked = segment::check(bytes);
    let mut messages = Vec::new();
    let mut reader = match SegmentReader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => {
            assert!(checked.is_err());
            return (messages, Err(error));
        }
    };
    let end = loop {
        match reader.next_record() {
            Ok(Some(record)) => messages.push(record.message.to_vec()),
            Ok(None) => break Ok(reader.torn()),
            Err(error) => break Err(error),
        }
    };
    assert_eq!(checked.is_ok(), end.is_ok());
    (messages, end)
}

fn cut_up(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (message, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        messages.push(message);
        bytes = rest;
    }
    messages
}

fn record(messages: &[&[u8]]) -> Vec<u8> {
    let start = UnixNanos(1_795_146_300_000_000_000);
    let header =
        SegmentHeader { source: Source::Sim, day: start.ist_date(), created: start, market_start: start };
    let mut writer = SegmentWriter::create(Vec::new(), &header, INSTRUMENTS.iter()).expect("memory");
    for (message, later) in messages.iter().zip(0..) {
        writer.append(UnixNanos(start.0 + later), message).expect("memory");
    }
    writer.into_inner()
}

fn play(bytes: Vec<u8>) {
    // What was recorded need not be a ticker message: then the replay ends there and says so.
    if let Ok(mut replay) = Replay::from_read(Cursor::new(bytes)) {
        let mut ticks = Vec::new();
        replay.advance(UnixNanos(i64::MAX), &mut ticks);
        assert!(replay.next_at().is_none());
    }
}

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
    let Some(([a, b, c, d, flip], rest)) = bytes.split_first_chunk::<5>() else { return };
    let messages = cut_up(rest);
    let whole = record(&messages);
    let place = |a: u8, b: u8| usize::from(u16::from_le_bytes([a, b])) % whole.len();

    let (found, end) = read(&whole);
    assert!(found == messages && matches!(end, Ok(None)));

    let cut = &whole[..place(*a, *b)];
    let (found, end) = read(cut);
    assert!(messages.starts_with(&found.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    assert!(matches!(end, Ok(_) | Err(SegmentError::Empty | SegmentError::HeaderTorn { .. })));

    let mut damaged = whole.clone();
    damaged[place(*c, *d)] ^= flip;
    let (found, end) = read(&damaged);
    assert!(messages.starts_with(&found.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    assert_eq!(end.is_err(), *flip != 0, "a changed byte is found");

    for bytes in [whole, damaged] {
        play(bytes);
    }
});

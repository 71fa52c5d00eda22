use std::io::{Cursor, Write};

use jiff::civil::date;
use kite::ticker::HEARTBEAT;
use kite::ticker::message::Builder;
use market::{InstrumentToken, Mode, Price, dump};

use super::*;
use crate::segment::SegmentWriter;

const DUMP: &[u8] = b"instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
408065,1594,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE
";

fn message(prices: &[i64]) -> Vec<u8> {
    let mut builder = Builder::new();
    for price in prices {
        builder
            .push_tick(&Tick::ltp(InstrumentToken(408_065), Price::from_mantissa(*price)), Mode::Ltp)
            .unwrap();
    }
    builder.finish()
}

fn recording(records: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let header = SegmentHeader {
        source: Source::Sim,
        day: date(2026, 11, 20),
        created: UnixNanos(7),
        market_start: UnixNanos(90),
    };
    let list = dump::read(DUMP).unwrap().instruments;
    let mut writer = SegmentWriter::create(Vec::new(), &header, list.iter()).unwrap();
    for (at, message) in records {
        writer.append(UnixNanos(*at), message).unwrap();
    }
    writer.into_inner()
}

fn play(bytes: &[u8]) -> Replay {
    Replay::from_read(Cursor::new(bytes.to_vec())).unwrap()
}

fn prices(replay: &mut Replay, until: i64) -> Vec<i64> {
    let mut out = Vec::new();
    replay.advance(UnixNanos(until), &mut out);
    out.iter().map(|tick| tick.last.mantissa()).collect()
}

#[test]
fn plays_every_tick_at_its_time() {
    let records = [
        (100, message(&[1, 2])),
        (110, HEARTBEAT.to_vec()),
        (120, message(&[])),
        (130, message(&[3])),
        (130, message(&[4])),
        (125, message(&[5])),
        (200, message(&[6])),
    ];
    let mut replay = play(&recording(&records));
    assert_eq!(replay.source(), Source::Replay);
    assert_eq!(replay.header().source, Source::Sim);
    assert_eq!(replay.instruments()[0].tradingsymbol, "INFY");
    assert_eq!((replay.start(), replay.next_at()), (UnixNanos(100), Some(UnixNanos(100))));
    assert!(replay.is_open());
    assert!(prices(&mut replay, 99).is_empty());
    assert_eq!(prices(&mut replay, 100), [1, 2]);
    assert_eq!(replay.next_at(), Some(UnixNanos(130)), "heartbeats are no ticks");
    assert_eq!(prices(&mut replay, 130), [3, 4, 5], "a time that ran back is held");
    assert_eq!(prices(&mut replay, i64::MAX), [6]);
    assert_eq!((replay.next_at(), replay.is_open(), replay.ticks()), (None, false, 6));
    assert!(prices(&mut replay, i64::MAX).is_empty());
    assert!(replay.failure().is_none() && replay.torn().is_none());
}

#[test]
fn an_empty_recording_is_over_at_once() {
    let replay = play(&recording(&[]));
    assert_eq!((replay.start(), replay.next_at(), replay.is_open()), (UnixNanos(90), None, false));
}

#[test]
fn a_torn_tail_is_the_end() {
    let bytes = recording(&[(1, message(&[1])), (2, message(&[2]))]);
    let mut replay = play(&bytes[..bytes.len() - 1]);
    assert_eq!(prices(&mut replay, 10), [1]);
    assert!(replay.failure().is_none());
    assert_eq!(replay.torn(), Some(20 + 11));
}

#[test]
fn damage_stops_the_replay_where_it_is() {
    let whole = recording(&[(1, message(&[1])), (2, message(&[2])), (3, message(&[3]))]);
    let mut bytes = whole.clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let mut replay = play(&bytes);
    assert_eq!(prices(&mut replay, 10), [1, 2]);
    let failure = replay.failure().unwrap().to_string();
    assert!(failure.starts_with("record 3 at byte "), "{failure}");
    assert_eq!((replay.next_at(), replay.is_open()), (None, false));

    let mut replay = play(&recording(&[(1, message(&[1])), (2, vec![0, 9, 1]), (3, message(&[3]))]));
    assert_eq!(prices(&mut replay, 10), [1]);
    assert!(matches!(replay.failure(), Some(ReplayError::Message { record: 2, .. })));

    let bytes = recording(&[(1, vec![])]);
    assert!(matches!(
        Replay::from_read(Cursor::new(bytes)),
        Err(ReplayError::Message { record: 1, source: DecodeError::Empty, .. })
    ));
}

#[test]
fn unknown_packets_are_passed_over_and_counted() {
    let mut builder = Builder::new();
    builder.push_packet(&[1, 2, 3]).unwrap();
    let mut replay = play(&recording(&[(1, builder.finish()), (2, message(&[2]))]));
    assert_eq!(prices(&mut replay, 10), [2]);
    assert_eq!(replay.unknown_packets(), 1);
}

#[test]
fn opens_files_and_says_which_one_it_could_not() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&recording(&[(1, message(&[1]))])).unwrap();
    file.flush().unwrap();
    assert_eq!(prices(&mut Replay::open(file.path()).unwrap(), 1), [1]);
    let missing = Replay::open("/nonexistent/day.seg").unwrap_err();
    assert_eq!(missing.to_string(), "cannot open the recording /nonexistent/day.seg");
    let foreign = tempfile::NamedTempFile::new().unwrap();
    assert!(Replay::open(foreign.path()).unwrap_err().to_string().contains("empty"));
}

use std::io::{self, Write};

use jiff::civil::date;
use market::{Instrument, dump};
use proptest::prelude::*;

use super::*;

const DUMP: &[u8] = b"instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
408065,1594,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE
";

fn instruments() -> Vec<Instrument> {
    dump::read(DUMP).unwrap().instruments
}

fn header() -> SegmentHeader {
    SegmentHeader {
        source: Source::Sim,
        day: date(2026, 11, 20),
        created: UnixNanos(1_795_146_300_000_000_001),
        market_start: UnixNanos(-5),
    }
}

fn segment(messages: &[&[u8]]) -> Vec<u8> {
    let mut writer = SegmentWriter::create(Vec::new(), &header(), instruments().iter()).unwrap();
    for (message, at) in messages.iter().zip(0..) {
        writer.append(UnixNanos(1_000 + at), message).unwrap();
    }
    assert_eq!(writer.records(), u64::try_from(messages.len()).unwrap());
    assert_eq!(writer.bytes(), u64::try_from(writer.get_mut().len()).unwrap());
    writer.into_inner()
}

/// Receive time and message.
type Plain = (i64, Vec<u8>);

/// All records, and how the reading ended.
fn read(bytes: &[u8]) -> (Vec<Plain>, Result<Option<u64>, SegmentError>) {
    let mut reader = match SegmentReader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut records = Vec::new();
    loop {
        match reader.next_record() {
            Ok(Some(record)) => records.push((record.received.0, record.message.to_vec())),
            Ok(None) => return (records, Ok(reader.torn())),
            Err(error) => {
                assert!(matches!(reader.next_record(), Ok(None)), "nothing follows an error");
                return (records, Err(error));
            }
        }
    }
}

#[test]
fn what_was_written_is_read() {
    let bytes = segment(&[b"one", b"", b"three"]);
    let reader = SegmentReader::new(&bytes[..]).unwrap();
    assert_eq!(*reader.header(), header());
    assert_eq!(reader.instruments(), instruments());
    let (records, end) = read(&bytes);
    assert_eq!(records, [(1_000, b"one".to_vec()), (1_001, vec![]), (1_002, b"three".to_vec())]);
    assert!(matches!(end, Ok(None)));
    let summary = check(&bytes[..]).unwrap();
    assert_eq!((summary.records, summary.instruments, summary.torn), (3, 1, None));
    assert_eq!(summary.span, Some((UnixNanos(1_000), UnixNanos(1_002))));
}

#[test]
fn a_file_that_ends_anywhere_is_a_torn_tail_or_no_segment() {
    let whole = segment(&[b"one", b"two"]);
    let body = segment(&[]).len();
    let record = HEAD_BYTES + 3;
    for cut in 0..whole.len() {
        let (records, end) = read(&whole[..cut]);
        match cut {
            0 => assert!(matches!(end, Err(SegmentError::Empty))),
            _ if cut < body => {
                assert!(
                    matches!(end, Err(SegmentError::HeaderTorn { bytes }) if bytes == cut as u64),
                    "{cut}"
                )
            }
            _ => {
                assert_eq!(records.len(), (cut - body) / record, "{cut}");
                let torn = (cut - body) % record;
                assert_eq!(end.unwrap(), (torn > 0).then_some(torn as u64), "{cut}");
            }
        }
    }
}

#[test]
fn zeros_at_the_end_are_a_torn_tail() {
    for zeros in [1, HEAD_BYTES, 10_000] {
        let mut bytes = segment(&[b"one"]);
        bytes.resize(bytes.len() + zeros, 0);
        let (records, end) = read(&bytes);
        assert_eq!((records.len(), end.unwrap()), (1, Some(zeros as u64)));
        if zeros > HEAD_BYTES {
            bytes.push(1);
            assert!(matches!(read(&bytes).1, Err(SegmentError::RecordDamaged { record: 2, .. })));
        }
    }
}

#[test]
fn any_changed_byte_is_found() {
    let whole = segment(&[b"one", b"two"]);
    let body = segment(&[]).len();
    let record = HEAD_BYTES + 3;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let (records, end) = read(&bytes);
        let error = end.expect_err("a changed byte");
        match at {
            0..8 => assert!(matches!(error, SegmentError::Foreign)),
            8..12 => assert!(matches!(error, SegmentError::TooNew { .. }), "{at}: {error}"),
            _ if at < body => assert!(
                matches!(error, SegmentError::HeaderDamaged { .. } | SegmentError::HeaderTorn { .. }),
                "{at}: {error}"
            ),
            _ => {
                let index = (at - body) / record;
                assert_eq!(records.len(), index);
                let start = (body + index * record) as u64;
                assert!(
                    matches!(error, SegmentError::RecordDamaged { record, offset, .. }
                        if record == index as u64 + 1 && offset == start),
                    "{at}: {error}"
                );
            }
        }
    }
}

#[test]
fn foreign_and_newer_files_say_what_to_do() {
    let error = |bytes: &[u8]| read(bytes).1.unwrap_err().to_string();
    assert!(error(b"").contains("empty"));
    assert!(error(b"PAR1 and more of it, long enough for a preamble").contains("no recording"));
    assert!(error(b"x").contains("no recording"));
    let mut newer = segment(&[]);
    newer[8] = 2;
    assert_eq!(error(&newer), "the segment has version 2, this build reads up to 1");
    assert!(read(&newer).1.unwrap_err().hint().unwrap().contains("newer"));
    let mut zero = segment(&[]);
    zero[8] = 0;
    assert!(error(&zero).contains("header of the segment is damaged"));
}

#[test]
fn an_impossible_length_with_a_right_checksum_is_refused() {
    let mut bytes = segment(&[b"one"]);
    let at = segment(&[]).len();
    bytes[at + 4..at + 8].copy_from_slice(&(MESSAGE_BYTES_MAX + 1).to_le_bytes());
    let crc = crc32fast::hash(&bytes[at + 4..at + HEAD_BYTES]);
    bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
    assert!(read(&bytes).1.unwrap_err().to_string().contains("its length is impossible"));
    let mut writer = SegmentWriter::create(io::sink(), &header(), instruments().iter()).unwrap();
    let long = vec![0; MESSAGE_BYTES_MAX as usize + 1];
    assert!(matches!(writer.append(UnixNanos(0), &long), Err(AppendError::TooLong { .. })));
    assert!(writer.append(UnixNanos(0), &long[1..]).is_ok(), "the longest message");
}

#[test]
fn a_writer_that_failed_stays_closed() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = self.0.min(bytes.len());
            self.0 -= room;
            if room == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(room) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let room = segment(&[]).len() + 30;
    let mut writer = SegmentWriter::create(Full(room), &header(), instruments().iter()).unwrap();
    assert!(writer.append(UnixNanos(0), b"fits").is_ok());
    assert!(matches!(writer.append(UnixNanos(0), b"does not"), Err(AppendError::Io(_))));
    writer.get_mut().0 = 1_000;
    assert!(matches!(writer.append(UnixNanos(0), b"never"), Err(AppendError::Broken)));
}

#[test]
fn instruments_that_could_not_be_read_again_are_refused() {
    let mut list = instruments();
    list[0].name = "two\nlines".into();
    let error = SegmentWriter::create(Vec::new(), &header(), list.iter()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("line 2"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_without_a_panic(tail in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..400) {
        let mut bytes = segment(&[b"one"]);
        bytes.truncate(cut);
        bytes.extend_from_slice(&tail);
        let (records, _) = read(&bytes);
        prop_assert!(records.len() <= 1 + tail.len() / HEAD_BYTES);
    }

    #[test]
    fn messages_come_back(messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..20)) {
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let (records, end) = read(&segment(&slices));
        prop_assert_eq!(end.unwrap(), None);
        prop_assert_eq!(records.into_iter().map(|(_, message)| message).collect::<Vec<_>>(), messages);
    }
}

//! A recorded segment: whole, torn or damaged.
#![no_main]

use feed::segment::{self, SegmentReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let checked = segment::check(bytes);
    let Ok(mut reader) = SegmentReader::new(bytes) else {
        assert!(checked.is_err());
        return;
    };
    let read_whole = loop {
        match reader.next_record() {
            Ok(Some(_)) => {}
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    assert_eq!(checked.is_ok(), read_whole);
});

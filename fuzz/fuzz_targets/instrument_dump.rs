//! An instrument dump, plain or gzip.
#![no_main]

use libfuzzer_sys::fuzz_target;
use market::dump::{self, LineEnd};

fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = dump::read(bytes) else { return };
    for end in [LineEnd::Lf, LineEnd::Crlf] {
        let mut text = Vec::new();
        dump::write(read.instruments.iter(), end, &mut text);
        let again = dump::read(&text).expect("our own dump is read");
        assert_eq!((again.instruments, again.bad_total), (read.instruments.clone(), 0));
    }
});

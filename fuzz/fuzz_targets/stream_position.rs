//! A position that a client sends back: in a `resume`, as `Last-Event-ID`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stream::Position;

fuzz_target!(|text: &str| {
    if let Ok(position) = text.parse::<Position>() {
        assert_eq!(position.to_string().parse(), Ok(position));
        assert!(text.len() <= 36 && text.is_ascii());
    }
});

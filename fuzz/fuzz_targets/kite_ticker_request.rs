//! Text messages of the ticker, from clients and from servers.
#![no_main]

use kite::ticker::{request, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|words: &str| {
    match request::parse(words) {
        Ok(request) => {
            let again = request::parse(&request.to_json()).expect("our own text is read");
            assert_eq!(again, request);
        }
        // The text goes back to whoever sent the request: it must stay short.
        Err(error) => assert!(error.to_string().len() < 1000),
    }
    if let Ok(message) = text::parse(words) {
        let json = message.to_json();
        assert_eq!(text::parse(&json).expect("our own text is read").to_json(), json);
    }
});

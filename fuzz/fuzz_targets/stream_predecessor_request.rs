//! What clients of the service before Meridian say on `/ws/ticks`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use market::InstrumentToken;
use serde_json::json;
use stream::predecessor::Request;

fuzz_target!(|text: &str| {
    let numbers = |tokens: &[InstrumentToken]| tokens.iter().map(|token| token.0).collect::<Vec<_>>();
    match Request::parse(text) {
        Ok(request) => {
            let json = match &request {
                Request::Subscribe(tokens) => json!({"action": "subscribe", "tokens": numbers(tokens)}),
                Request::Unsubscribe(tokens) => json!({"action": "unsubscribe", "tokens": numbers(tokens)}),
                Request::Ping => json!({"action": "ping"}),
            };
            assert_eq!(Request::parse(&json.to_string()), Ok(request));
        }
        // The answer may quote what was said, with ten characters for the worst one, but no more than that.
        Err(message) => assert!(message.len() < 10 * text.len() + 500, "{message}"),
    }
});

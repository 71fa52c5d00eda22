//! What clients of `/v1/stream` say, and what they are told when it is not understood.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use stream::native::{Format, Request, RequestError, encode_error};
use stream::position::joined;

fn to_json(request: &Request) -> Value {
    match request {
        Request::Subscribe { instruments, standing, mode, delivery } => {
            let mut value = json!({"op": "subscribe", "standing": standing, "delivery": delivery.as_str()});
            if !instruments.is_empty() {
                value["instruments"] = json!(instruments);
            }
            if let Some(mode) = mode {
                value["mode"] = mode.as_str().into();
            }
            value
        }
        Request::Unsubscribe { instruments } => json!({"op": "unsubscribe", "instruments": instruments}),
        Request::Orders { on } => json!({"op": if *on { "subscribe" } else { "unsubscribe" }, "mode": "orders"}),
        Request::Resume { position, orders } => {
            let ticks = position.map(|position| position.to_string());
            let text = match orders {
                Some(orders) => joined(ticks.as_deref(), *orders),
                None => ticks.expect("a resume has a position"),
            };
            json!({"op": "resume", "position": text})
        }
        Request::Ping => json!({"op": "ping"}),
    }
}

fuzz_target!(|text: &str| {
    let read: Result<Request, RequestError> = text.parse();
    match read {
        Ok(request) => {
            if let Request::Subscribe { instruments, standing: false, .. }
            | Request::Unsubscribe { instruments } = &request
            {
                assert!(!instruments.is_empty());
            }
            assert_eq!(to_json(&request).to_string().parse(), Ok(request));
        }
        Err(error) => {
            // The answer may quote what was said, with ten characters for the worst one, but no more than that.
            assert!(error.message.len() < 10 * text.len() + 500, "{error}");
            let answer: Value =
                serde_json::from_slice(&encode_error(&error, Format::Json)).expect("our own text is JSON");
            assert_eq!(answer["message"], error.message.as_str());
            assert!(!encode_error(&error, Format::MessagePack).is_empty());
        }
    }
});

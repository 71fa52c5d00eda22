//! What requests carry: query strings, forms, the authorisation header, moments.
#![no_main]

use kite::form::{Form, Writer};
use kite::rest::{history, quotes, session};
use kite::{auth, ist};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(form) = Form::parse(text) {
        let written =
            form.pairs().fold(Writer::new(), |writer, (name, value)| writer.with(name, value)).finish();
        // Escapes make a text up to three times as long, which may be more than a form may have.
        if let Ok(again) = Form::parse(&written) {
            assert!(again.pairs().eq(form.pairs()));
        }
        let _ = session::TokenRequest::from_form(&form);
        let _ = session::LogoutRequest::from_form(&form);
        if let Ok(names) = quotes::asked(&form, quotes::FULL_MAX) {
            assert!(names.len() <= quotes::FULL_MAX);
            for name in names {
                let _ = quotes::named(name);
            }
        }
        if let Ok(query) = history::Query::from_form(&form) {
            assert!(query.from <= query.to);
        }
    }
    if let Ok(pair) = auth::parse(text) {
        assert_eq!(auth::parse(&pair.to_header()), Ok(pair));
    }
    if let Ok(moment) = ist::parse(text) {
        assert!(moment.first() <= moment.last());
        let written = ist::format(moment.first());
        assert_eq!(ist::parse(&written).map(ist::Moment::first), Ok(moment.first()));
    }
    if let Ok(start) = ist::parse_candle(text) {
        let mut written = String::new();
        ist::push_candle(&mut written, start);
        assert_eq!(written, text);
    }
});

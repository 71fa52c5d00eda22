//! Bodies of answers: every kind of reply is asked to read the same bytes.
#![no_main]

use kite::rest::{
    alerts, calculators, envelope, fund_dump, funds, gtt, history, number::Number, orders, portfolio, quotes,
    session, user,
};
use libfuzzer_sys::fuzz_target;
use market::Decimals;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is read is written, read again and written again without a difference.
fn reply<T: DeserializeOwned + Serialize>(bytes: &[u8]) {
    if let Ok(data) = serde_json::from_slice::<T>(bytes) {
        let body = envelope::success(&data);
        let again: T = envelope::decode(&body).expect("our own answer is read");
        assert_eq!(envelope::success(&again), body);
    }
    let _ = envelope::decode::<T>(bytes);
}

fuzz_target!(|bytes: &[u8]| {
    reply::<()>(bytes);
    reply::<bool>(bytes);
    reply::<alerts::Alert>(bytes);
    reply::<Vec<calculators::OrderMargin>>(bytes);
    reply::<calculators::BasketMargin>(bytes);
    reply::<Vec<calculators::OrderCharges>>(bytes);
    reply::<funds::FundHolding>(bytes);
    reply::<funds::FundOrder>(bytes);
    reply::<funds::Plan>(bytes);
    reply::<funds::PlanChanged>(bytes);
    reply::<gtt::Trigger>(bytes);
    reply::<gtt::TriggerChanged>(bytes);
    reply::<history::History>(bytes);
    reply::<orders::Order>(bytes);
    reply::<orders::OrderPlaced>(bytes);
    reply::<orders::Trade>(bytes);
    reply::<portfolio::Holding>(bytes);
    reply::<portfolio::HoldingsSummary>(bytes);
    reply::<portfolio::Positions>(bytes);
    reply::<quotes::Quotes>(bytes);
    reply::<quotes::OhlcQuotes>(bytes);
    reply::<quotes::LtpQuotes>(bytes);
    reply::<quotes::TriggerRanges>(bytes);
    reply::<session::Session>(bytes);
    reply::<user::Profile>(bytes);
    reply::<user::Margins>(bytes);

    if let Ok(history) = serde_json::from_slice::<history::History>(bytes) {
        if let Ok(candles) = history.to_candles(Decimals::TWO) {
            let body = history::reply(&candles, Decimals::TWO, true);
            let again: history::History = envelope::decode(&body).expect("our own answer is read");
            assert_eq!(again.to_candles(Decimals::TWO), Ok(candles));
        }
    }
    if let Ok(number) = serde_json::from_slice::<Number>(bytes) {
        let exact = number.to_price(Decimals::TWO);
        assert!(exact.is_err() || exact == number.to_price_rounded(Decimals::TWO));
    }
    if let Ok(list) = fund_dump::parse(bytes) {
        let text = fund_dump::encode(&list).expect("memory");
        assert_eq!(fund_dump::parse(&text).expect("our own list is read"), list);
    }
});

//! Every recorded reply of the broker is read into its type and written again without a difference: no key lost, none
//! invented, every number with the digits it came with.
//!
//! The recordings live outside the repository; `MERIDIAN_FIXTURES` names their folder.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod fixtures {
    pub(crate) mod folder;
    pub(crate) mod json;
}

use std::collections::BTreeSet;

use fixtures::folder;
use fixtures::json::Node;
use kite::rest::{
    alerts, calculators, envelope, fund_dump, funds, gtt, history, number::Number, orders, portfolio, quotes,
    session, user,
};
use kite::ticker::{message, packet};
use market::{Decimals, DepthLevel, EpochSeconds, InstrumentToken, Mode, Ohlc, Price, Tick};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads `bytes` as an answer with `T` inside, writes it again and compares.
fn reply<T: DeserializeOwned + Serialize>(name: &str, bytes: &[u8]) {
    let data: T = envelope::decode(bytes).unwrap_or_else(|error| panic!("{name}: {error}: {error:?}"));
    let mut expected = Node::parse(bytes);
    if expected.get("status").is_none() {
        // One sample lacks the key that every answer has; ours writes it.
        expected.insert("status", "\"success\"");
    }
    assert_eq!(Node::parse(&envelope::success(&data)), expected, "{name}");
}

fn bare<T: DeserializeOwned + Serialize>(name: &str, bytes: &[u8]) {
    let data: T = serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(Node::parse(&serde_json::to_vec(&data).unwrap()), Node::parse(bytes), "{name}");
}

/// The test of one file; `false` when there is none.
fn check(name: &str, bytes: &[u8]) -> bool {
    match name {
        "alerts_create.json" | "alerts_get_one.json" | "alerts_modify.json" => {
            reply::<alerts::Alert>(name, bytes)
        }
        "alerts_delete.json" => reply::<()>(name, bytes),
        "alerts_get.json" => reply::<Vec<alerts::Alert>>(name, bytes),
        "auctions_list.json" | "holdings.json" => reply::<Vec<portfolio::Holding>>(name, bytes),
        "autoslice_response.json" | "order_modify.json" | "order_response.json" => {
            reply::<orders::OrderPlaced>(name, bytes);
        }
        "convert_position.json" => reply::<bool>(name, bytes),
        "generate_session.json" => reply::<session::Session>(name, bytes),
        "gtt_delete_order.json" | "gtt_place_order.json" => reply::<gtt::TriggerChanged>(name, bytes),
        "gtt_get_orders.json" => reply::<Vec<gtt::Trigger>>(name, bytes),
        "historical_minute.json" => reply::<history::History>(name, bytes),
        "holdings_summary.json" => reply::<portfolio::HoldingsSummary>(name, bytes),
        "ltp.json" => reply::<quotes::LtpQuotes>(name, bytes),
        "margin_commodity.json" => reply::<user::SegmentMargin>(name, bytes),
        "margins.json" => reply::<user::Margins>(name, bytes),
        "mf_holdings.json" => reply::<Vec<funds::FundHolding>>(name, bytes),
        "mf_order_response.json" => reply::<funds::FundOrderPlaced>(name, bytes),
        "mf_orders.json" => reply::<Vec<funds::FundOrder>>(name, bytes),
        "mf_sip_modify.json" | "mf_sip_place.json" => reply::<funds::PlanChanged>(name, bytes),
        "mf_sips.json" => reply::<Vec<funds::Plan>>(name, bytes),
        "order_margins.json" => reply::<Vec<calculators::OrderMargin>>(name, bytes),
        "orders.json" => reply::<Vec<orders::Order>>(name, bytes),
        "positions.json" => reply::<portfolio::Positions>(name, bytes),
        "postback.json" => bare::<orders::Order>(name, bytes),
        "profile.json" => reply::<user::Profile>(name, bytes),
        "quote.json" => reply::<quotes::Quotes>(name, bytes),
        "trades.json" => reply::<Vec<orders::Trade>>(name, bytes),
        "trigger_range.json" => reply::<quotes::TriggerRanges>(name, bytes),
        "virtual_contract_note.json" => reply::<Vec<calculators::OrderCharges>>(name, bytes),
        "mf_instruments.csv" => {
            let list = fund_dump::parse(bytes).unwrap();
            assert!(list.len() > 50, "a list, not a handful");
            assert_eq!(fund_dump::encode(&list).unwrap(), bytes, "{name}");
        }
        // Tested below, against each other.
        "ticker_quote.packet" | "ticker_quote.json" | "ticker_ltp.json" => {}
        "clients-packets/js_ltp_mode.packet" | "clients-packets/js_full_mode.packet" => {}
        // `market::dump` reads it.
        "instruments_all.csv" => {}
        "README.md" | "clients-packets/LICENSE.kiteconnectjs" => {}
        _ => return false,
    }
    true
}

#[test]
fn every_recorded_reply_comes_back_unchanged() {
    let Some(folder) = folder::kite() else { return };
    let files = folder::files(&folder);
    let untested: BTreeSet<_> =
        files.iter().filter(|(name, bytes)| !check(name, bytes)).map(|(name, _)| name).collect();
    assert!(untested.is_empty(), "no test for {untested:?}");
    assert!(files.len() >= 40, "only {} files in {}", files.len(), folder.display());
}

#[test]
fn the_recorded_quote_packet_says_what_its_json_says() {
    let Some(folder) = folder::kite() else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let bytes = folder::base64(&read("ticker_quote.packet"));
    let tick = packet::decode(&bytes).unwrap();
    assert_eq!(tick.mode, Mode::Quote);
    let mut again = Vec::new();
    packet::encode(&tick, Mode::Full, &mut again).unwrap();
    assert_eq!(again, bytes, "re-encoded");

    let said = Node::parse(&read("ticker_quote.json"));
    let price =
        |at: &[&str]| said.text_at(at).parse::<Number>().unwrap().to_price_rounded(Decimals::TWO).unwrap();
    let count = |at: &str| said.text_at(&[at]).parse::<u32>().unwrap();
    assert_eq!(tick.token, InstrumentToken(count("instrument_token")));
    assert_eq!(tick.last, price(&["last_price"]));
    assert_eq!(tick.average, price(&["average_price"]));
    assert_eq!(tick.last_quantity, count("last_quantity"));
    assert_eq!(tick.volume, count("volume"));
    assert_eq!((tick.total_buy, tick.total_sell), (count("buy_quantity"), count("sell_quantity")));
    let ohlc = |name| price(&["ohlc", name]);
    assert_eq!(
        tick.ohlc,
        Ohlc { open: ohlc("open"), high: ohlc("high"), low: ohlc("low"), close: ohlc("close") }
    );
    // The sample's `change` follows from none of its other fields (it is neither their difference nor a percentage);
    // a tradable packet does not carry one.
    assert_eq!(tick.change, Price::ZERO);

    let said = Node::parse(&read("ticker_ltp.json"));
    let ltp = packet::decode(&bytes[..packet::LTP_BYTES]).unwrap();
    assert_eq!(ltp.token.to_string(), said.text_at(&["instrument_token"]));
    assert_eq!(Number::from_price(ltp.last, ltp.decimals).to_string(), said.text_at(&["last_price"]));
}

#[test]
fn the_recorded_frames_come_back_unchanged() {
    let Some(folder) = folder::kite() else { return };
    for (name, mode) in [("js_ltp_mode.packet", Mode::Ltp), ("js_full_mode.packet", Mode::Full)] {
        let bytes = std::fs::read(folder.join("clients-packets").join(name)).unwrap();
        let Ok(message::Message::Packets(packets)) = message::decode(&bytes) else {
            panic!("{name} is no message of packets")
        };
        let mut builder = message::Builder::new();
        for packet in packets {
            let tick = packet::decode(packet).unwrap();
            assert_eq!(tick.mode, mode);
            builder.push_tick(&tick, Mode::Full).unwrap();
        }
        assert_eq!(builder.finish(), bytes, "{name}");
    }
}

/// The worked example of the protocol reference is the recorded full-mode frame.
#[test]
fn the_worked_example_reads_as_the_reference_says() {
    let Some(folder) = folder::kite() else { return };
    let bytes = std::fs::read(folder.join("clients-packets/js_full_mode.packet")).unwrap();
    assert_eq!(&bytes[..4], [0x00, 0x01, 0x00, 0xB8]);
    let price = Price::from_mantissa;
    let mut expected = Tick::ltp(InstrumentToken(884_737), price(39_295));
    expected.mode = Mode::Full;
    expected.last_quantity = 2;
    expected.average = price(40_307);
    expected.volume = 22_261_032;
    expected.total_buy = 5617;
    expected.ohlc =
        Ohlc { open: price(42_000), high: price(42_090), low: price(39_010), close: price(41_410) };
    expected.last_trade_time = EpochSeconds(1_655_375_264);
    expected.exchange_time = EpochSeconds(1_655_378_328);
    expected.depth.buy[0] = DepthLevel { quantity: 5617, price: price(39_295), orders: 30 };
    assert_eq!(packet::decode(&bytes[4..]), Ok(expected));
}

#[test]
fn the_recorded_candles_become_integers() {
    let Some(folder) = folder::kite() else { return };
    let bytes = std::fs::read(folder.join("historical_minute.json")).unwrap();
    let history: history::History = envelope::decode(&bytes).unwrap();
    let candles = history.to_candles(Decimals::TWO).unwrap();
    assert!(candles.windows(2).all(|pair| pair[1].start.0 - pair[0].start.0 == 60_000_000_000));
    let again = history::reply(&candles, Decimals::TWO, false);
    assert_eq!(Node::parse(&again), Node::parse(&bytes));
}

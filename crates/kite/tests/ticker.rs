//! Ticks survive the wire, and no bytes upset the reader.

use kite::ticker::message::{self, Builder, Message};
use kite::ticker::{packet, request, text};
use market::{Depth, DepthLevel, EpochSeconds, InstrumentToken, Mode, Ohlc, Price, Tick, TickKind};
use proptest::prelude::*;

fn price() -> impl Strategy<Value = Price> {
    any::<i32>().prop_map(|raw| Price::from_mantissa(i64::from(raw)))
}

fn token() -> impl Strategy<Value = InstrumentToken> {
    (0u32..1 << 24, prop::sample::select(vec![1u32, 2, 3, 4, 5, 6, 7, 8, 9, 12]))
        .prop_map(|(number, segment)| InstrumentToken(number * 256 + segment))
}

fn side() -> impl Strategy<Value = [DepthLevel; 5]> {
    prop::array::uniform5(
        (any::<u32>(), price(), any::<u16>()).prop_map(|(quantity, price, orders)| DepthLevel {
            quantity,
            price,
            orders,
        }),
    )
}

/// A tick that carries everything its kind and mode can carry, and nothing else.
fn tick() -> impl Strategy<Value = Tick> {
    let prices = prop::array::uniform6(price());
    let depth = (side(), side()).prop_map(|(buy, sell)| Depth { buy, sell });
    (token(), prop::sample::select(Mode::ALL.to_vec()), prices, price(), any::<[u32; 9]>(), depth).prop_map(
        |(token, mode, [last, average, open, high, low, close], change, numbers, depth)| {
            let mut tick = Tick::ltp(token, last);
            tick.mode = mode;
            let [quantity, volume, buy, sell, trade, oi, oi_high, oi_low, time] = numbers;
            if mode >= Mode::Quote {
                tick.ohlc = Ohlc { open, high, low, close };
                match tick.kind {
                    TickKind::Index => tick.change = change,
                    TickKind::Tradable => {
                        tick.average = average;
                        (tick.last_quantity, tick.volume) = (quantity, volume);
                        (tick.total_buy, tick.total_sell) = (buy, sell);
                    }
                }
            }
            if mode == Mode::Full {
                tick.exchange_time = EpochSeconds(time);
                if tick.kind == TickKind::Tradable {
                    tick.last_trade_time = EpochSeconds(trade);
                    (tick.open_interest, tick.open_interest_high, tick.open_interest_low) =
                        (oi, oi_high, oi_low);
                    tick.depth = depth;
                }
            }
            tick
        },
    )
}

/// Reads a message to the end, whatever it is.
fn read(bytes: &[u8]) {
    if let Ok(Message::Packets(packets)) = message::decode(bytes) {
        assert_eq!(packets.len(), packets.clone().count());
        for packet in packets {
            let _ = packet::decode(packet);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_tick_survives_the_wire(tick in tick()) {
        let mut bytes = Vec::new();
        packet::encode(&tick, Mode::Full, &mut bytes).unwrap();
        let length = match (tick.kind, tick.mode) {
            (_, Mode::Ltp) => 8,
            (TickKind::Index, Mode::Quote) => 28,
            (TickKind::Index, Mode::Full) => 32,
            (TickKind::Tradable, Mode::Quote) => 44,
            (TickKind::Tradable, Mode::Full) => 184,
        };
        prop_assert_eq!(bytes.len(), length);
        prop_assert_eq!(packet::decode(&bytes), Ok(tick));
        prop_assert_eq!(packet::token(&bytes), Some(tick.token));
    }

    #[test]
    fn a_smaller_mode_is_the_start_of_a_larger_one(tick in tick(), mode in prop::sample::select(Mode::ALL.to_vec())) {
        let (mut whole, mut part) = (Vec::new(), Vec::new());
        packet::encode(&tick, Mode::Full, &mut whole).unwrap();
        packet::encode(&tick, mode, &mut part).unwrap();
        prop_assert!(whole.starts_with(&part));
        prop_assert_eq!(packet::decode(&part).unwrap().mode, mode.min(tick.mode));
    }

    #[test]
    fn a_message_survives_the_wire_and_no_part_of_it_does(ticks in prop::collection::vec(tick(), 0..6)) {
        let mut builder = Builder::new();
        for tick in &ticks {
            builder.push_tick(tick, tick.mode).unwrap();
        }
        let bytes = builder.finish();
        let Ok(Message::Packets(packets)) = message::decode(&bytes) else {
            panic!("not a message of packets")
        };
        let again: Vec<Tick> = packets.map(|bytes| packet::decode(bytes).unwrap()).collect();
        prop_assert_eq!(again, ticks);
        for length in 0..bytes.len() {
            match message::decode(&bytes[..length]) {
                Err(_) => prop_assert!(length != 1),
                Ok(Message::Heartbeat) => prop_assert_eq!(length, 1),
                Ok(Message::Packets(_)) => panic!("the first {length} of {} bytes are a message", bytes.len()),
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read(&bytes);
        let _ = packet::decode(&bytes);
    }

    /// Random bytes seldom frame a packet; small numbers do.
    #[test]
    fn bytes_that_look_like_frames_are_read_or_refused(bytes in prop::collection::vec(0u8..9, 0..600)) {
        read(&bytes);
    }

    #[test]
    fn any_text_is_a_request_or_refused(words in ".{0,80}", action in "subscribe|unsubscribe|mode|x", value in "[\\[\\]{}\",0-9a-z]{0,30}") {
        let _ = request::parse(&words);
        let _ = text::parse(&words);
        if let Ok(read) = request::parse(&format!(r#"{{"a":"{action}","v":{value}}}"#)) {
            prop_assert_eq!(request::parse(&read.to_json()).unwrap(), read);
        }
    }
}

//! One packet: the bytes of one tick. Its length alone tells its kind and how much it carries.
//!
//! Enters: a packet as [`super::message`] cut it out, or a tick and the mode a reader asked for. Leaves: the reverse.
//! Never here: whether the numbers are believable (the feed's validator decides that).
//!
//! | length | kind |
//! | --- | --- |
//! | 8 | last price of anything |
//! | 28, 32 | index, quote and full |
//! | 44, 184 | tradable, quote and full |
//!
//! Prices are read as *signed* 32-bit integers: half of the official clients do so, commodity futures have closed
//! below zero, and the other half reads the same number below 2^31, which is all that [`Encoded::of`] writes.
//! Quantities and times are unsigned.

mod encode;

pub use encode::{EncodeError, Encoded, encode};

use market::tick::DEPTH_LEVELS;
use market::{Depth, DepthLevel, EpochSeconds, InstrumentToken, Mode, Ohlc, Price, Tick, TickKind};

/// Last price of anything.
pub const LTP_BYTES: usize = 8;
/// Index with the day's range and the change.
pub const INDEX_QUOTE_BYTES: usize = 28;
/// The same with the exchange's time.
pub const INDEX_FULL_BYTES: usize = 32;
/// Tradable instrument with volume, totals and the day's range.
pub const QUOTE_BYTES: usize = 44;
/// The same with open interest, times and depth.
pub const FULL_BYTES: usize = 184;

const DEPTH_AT: usize = 64;
const LEVEL_BYTES: usize = 12;
const _: () = assert!(DEPTH_AT + 2 * DEPTH_LEVELS * LEVEL_BYTES == FULL_BYTES);

/// A packet of a length that no kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packet of {length} bytes: known lengths are 8, 28, 32, 44 and 184")]
pub struct PacketError {
    /// How long it is.
    pub length: usize,
}

/// Reads one packet. Fields that the packet does not carry are zero; the decimals follow from the token's segment.
///
/// # Errors
/// [`PacketError`] when the length is none of the five.
#[inline]
pub fn decode(packet: &[u8]) -> Result<Tick, PacketError> {
    // Fixed-size arrays let the compiler prove every index below, so a packet costs loads, byte swaps and stores only.
    // Each arm builds its tick in place: passing a tick through a chain of `map`s copies its 300 bytes each time.
    if let Ok(bytes) = packet.try_into() {
        Ok(full(bytes))
    } else if let Ok(bytes) = packet.try_into() {
        Ok(quote(bytes))
    } else if let Ok(bytes) = packet.try_into() {
        Ok(ltp(bytes))
    } else if let Ok(bytes) = packet.try_into() {
        Ok(index_quote(bytes))
    } else if let Ok(bytes) = packet.try_into() {
        Ok(index_full(bytes))
    } else {
        Err(PacketError { length: packet.len() })
    }
}

/// The token of a packet, without reading the rest; `None` below four bytes.
#[inline]
pub fn token(packet: &[u8]) -> Option<InstrumentToken> {
    packet.first_chunk().map(|bytes| InstrumentToken(u32::from_be_bytes(*bytes)))
}

#[inline(always)]
fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[inline(always)]
fn price_at<const N: usize>(bytes: &[u8; N], at: usize) -> Price {
    let raw = i32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Price::from_mantissa(i64::from(raw))
}

#[inline(always)]
fn start<const N: usize>(bytes: &[u8; N], mode: Mode) -> Tick {
    let mut tick = Tick::ltp(InstrumentToken(u32_at(bytes, 0)), price_at(bytes, 4));
    tick.mode = mode;
    tick
}

#[inline(always)]
fn ltp(bytes: &[u8; LTP_BYTES]) -> Tick {
    start(bytes, Mode::Ltp)
}

#[inline(always)]
fn index_common<const N: usize>(bytes: &[u8; N], mode: Mode) -> Tick {
    let mut tick = start(bytes, mode);
    tick.kind = TickKind::Index;
    // Not the order of tradable packets: an index sends high and low first.
    tick.ohlc = Ohlc {
        high: price_at(bytes, 8),
        low: price_at(bytes, 12),
        open: price_at(bytes, 16),
        close: price_at(bytes, 20),
    };
    tick.change = price_at(bytes, 24);
    tick
}

#[inline(always)]
fn index_quote(bytes: &[u8; INDEX_QUOTE_BYTES]) -> Tick {
    index_common(bytes, Mode::Quote)
}

#[inline(always)]
fn index_full(bytes: &[u8; INDEX_FULL_BYTES]) -> Tick {
    let mut tick = index_common(bytes, Mode::Full);
    tick.exchange_time = EpochSeconds(u32_at(bytes, 28));
    tick
}

#[inline(always)]
fn tradable_common<const N: usize>(bytes: &[u8; N], mode: Mode) -> Tick {
    let mut tick = start(bytes, mode);
    tick.kind = TickKind::Tradable;
    tick.last_quantity = u32_at(bytes, 8);
    tick.average = price_at(bytes, 12);
    tick.volume = u32_at(bytes, 16);
    tick.total_buy = u32_at(bytes, 20);
    tick.total_sell = u32_at(bytes, 24);
    tick.ohlc = Ohlc {
        open: price_at(bytes, 28),
        high: price_at(bytes, 32),
        low: price_at(bytes, 36),
        close: price_at(bytes, 40),
    };
    tick
}

#[inline(always)]
fn quote(bytes: &[u8; QUOTE_BYTES]) -> Tick {
    tradable_common(bytes, Mode::Quote)
}

#[inline(always)]
fn full(bytes: &[u8; FULL_BYTES]) -> Tick {
    let mut tick = tradable_common(bytes, Mode::Full);
    tick.last_trade_time = EpochSeconds(u32_at(bytes, 44));
    tick.open_interest = u32_at(bytes, 48);
    tick.open_interest_high = u32_at(bytes, 52);
    tick.open_interest_low = u32_at(bytes, 56);
    tick.exchange_time = EpochSeconds(u32_at(bytes, 60));
    tick.depth = depth(bytes);
    tick
}

#[inline(always)]
fn depth(bytes: &[u8; FULL_BYTES]) -> Depth {
    // Cut into whole levels first: with offsets computed from a level's index the compiler checks each byte.
    let (levels, _) = bytes[DEPTH_AT..].as_chunks::<LEVEL_BYTES>();
    let level = |index: usize| {
        let bytes = &levels[index];
        DepthLevel {
            quantity: u32_at(bytes, 0),
            price: price_at(bytes, 4),
            orders: u16::from_be_bytes([bytes[8], bytes[9]]),
        }
    };
    Depth { buy: std::array::from_fn(level), sell: std::array::from_fn(|index| level(DEPTH_LEVELS + index)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::Decimals;

    /// A full packet in which every field has a value of its own: word `i` is `1000 + i`, in the token of segment 1.
    fn full_packet() -> Vec<u8> {
        let mut packet = Vec::new();
        for word in 0..16u32 {
            let value = if word == 0 { 408_065 } else { 1000 + word };
            packet.extend_from_slice(&value.to_be_bytes());
        }
        for level in 0..10u16 {
            packet.extend_from_slice(&(2000 + u32::from(level)).to_be_bytes());
            packet.extend_from_slice(&(3000 + u32::from(level)).to_be_bytes());
            packet.extend_from_slice(&(40 + level).to_be_bytes());
            packet.extend_from_slice(&[0, 0]);
        }
        packet
    }

    fn price(paise: i64) -> Price {
        Price::from_mantissa(paise)
    }

    #[test]
    fn every_field_of_a_full_packet_has_its_place() {
        let tick = decode(&full_packet()).unwrap();
        let level = |index: u16| DepthLevel {
            quantity: 2000 + u32::from(index),
            price: price(3000 + i64::from(index)),
            orders: 40 + index,
        };
        let expected = Tick {
            token: InstrumentToken(408_065),
            kind: TickKind::Tradable,
            mode: Mode::Full,
            decimals: Decimals::TWO,
            last: price(1001),
            last_quantity: 1002,
            average: price(1003),
            volume: 1004,
            total_buy: 1005,
            total_sell: 1006,
            ohlc: Ohlc { open: price(1007), high: price(1008), low: price(1009), close: price(1010) },
            change: Price::ZERO,
            last_trade_time: EpochSeconds(1011),
            open_interest: 1012,
            open_interest_high: 1013,
            open_interest_low: 1014,
            exchange_time: EpochSeconds(1015),
            depth: Depth {
                buy: [level(0), level(1), level(2), level(3), level(4)],
                sell: [level(5), level(6), level(7), level(8), level(9)],
            },
        };
        assert_eq!(tick, expected);
        assert_eq!(token(&full_packet()), Some(InstrumentToken(408_065)));
    }

    #[test]
    fn writes_the_same_bytes_again() {
        let packet = full_packet();
        let tick = decode(&packet).unwrap();
        let mut out = vec![7];
        encode(&tick, Mode::Full, &mut out).unwrap();
        assert_eq!(out[1..], packet);
        let quote = Encoded::of(&tick, Mode::Quote).unwrap();
        assert_eq!(quote.as_bytes(), &packet[..QUOTE_BYTES]);
        assert_eq!(Encoded::of(&tick, Mode::Ltp).unwrap().as_bytes(), &packet[..LTP_BYTES]);
    }

    #[test]
    fn an_index_sends_high_and_low_first_and_a_signed_change() {
        let mut tick = Tick::ltp(InstrumentToken(256_265), price(2_400_000));
        tick.mode = Mode::Full;
        tick.ohlc = Ohlc { open: price(1), high: price(2), low: price(3), close: price(4) };
        tick.change = price(-12_345);
        tick.exchange_time = EpochSeconds(9);
        let encoded = Encoded::of(&tick, Mode::Full).unwrap();
        let words: Vec<i32> =
            encoded.as_bytes().chunks(4).map(|word| i32::from_be_bytes(word.try_into().unwrap())).collect();
        assert_eq!(words, [256_265, 2_400_000, 2, 3, 1, 4, -12_345, 9]);
        assert_eq!(decode(encoded.as_bytes()), Ok(tick));
        assert_eq!(Encoded::of(&tick, Mode::Quote).unwrap().as_bytes().len(), INDEX_QUOTE_BYTES);
    }

    #[test]
    fn other_lengths_are_refused() {
        let bytes = [0; 200];
        for length in 0..bytes.len() {
            let known = [8, 28, 32, 44, 184].contains(&length);
            assert_eq!(decode(&bytes[..length]).is_ok(), known, "{length}");
        }
    }
}

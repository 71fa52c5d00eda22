//! The visible book around a price.
//!
//! Enters: a last price, its price step, random bits. Leaves: five levels a side, consistent with the price: bid below
//! offer, the last price at one of them or between. Never here: orders.

use market::{Depth, DepthLevel, Price};

use super::hash::{Stream, below};

/// What the book of an instrument is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Character {
    /// Price step in paise.
    pub(crate) tick: i64,
    pub(crate) lot: u32,
    /// Usual lots at a level.
    pub(crate) lots: u32,
    /// Widest distance of bid and offer, in price steps; at least one.
    pub(crate) spread_max: u32,
}

/// Depth with the quantities of the whole book, buy side and sell side.
pub(crate) fn book(stream: Stream, index: i64, last: i64, character: &Character) -> (Depth, u32, u32) {
    let tick = character.tick;
    let shape = stream.at(index);
    let spread = 1 + below(shape, character.spread_max.max(1));
    // How far below the last price the best bid stands; a bid needs a positive price.
    let down = i64::from(below(shape >> 16, spread + 1)).min(last / tick - 1).max(0);
    let bid = last - down * tick;
    let offer = bid + i64::from(spread) * tick;
    let mut depth = Depth::default();
    let buy = side(stream.at(index + 1), bid, -tick, character, &mut depth.buy);
    let sell = side(stream.at(index + 2), offer, tick, character, &mut depth.sell);
    // The rest of the book is several times what is seen.
    let hidden = |shift: u32| 4 + below(shape >> shift, 12);
    (
        depth,
        buy.saturating_mul(hidden(24)).min(QUANTITY_MAX),
        sell.saturating_mul(hidden(28)).min(QUANTITY_MAX),
    )
}

/// Largest total on the wire.
const QUANTITY_MAX: u32 = 2_000_000_000;

fn side(bits: u64, best: i64, away: i64, character: &Character, levels: &mut [DepthLevel]) -> u32 {
    let mut total = 0u32;
    let mut price = best;
    for (level, slot) in (0u32..).zip(levels) {
        if price <= 0 {
            break;
        }
        let lane = bits.rotate_right(12 * level);
        // More waits further from the price.
        let lots = 1 + below(lane, character.lots.max(1)) * (level + 2) / 3;
        let quantity = lots.saturating_mul(character.lot);
        total = total.saturating_add(quantity);
        let orders = 1 + below(lane >> 7, lots.min(40));
        *slot = DepthLevel {
            quantity,
            price: Price::from_mantissa(price),
            orders: u16::try_from(orders).unwrap_or(u16::MAX),
        };
        price += away * (1 + i64::from(below(lane >> 5, 8) == 0));
    }
    total
}

#[cfg(test)]
mod tests {
    use super::super::hash::Purpose;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sides_never_cross_and_enclose_the_last_price(
            seed: u64, index: i32, steps in 1i64..1_000_000, tick in 1i64..500, lots in 0u32..5_000, lot in 1u32..10_000,
            spread_max in 0u32..5
        ) {
            let last = steps * tick;
            let character = Character { tick, lot, lots, spread_max };
            let stream = Stream::new(seed, Purpose::Book, 1);
            let (depth, buy, sell) = book(stream, i64::from(index), last, &character);
            let bids: Vec<_> = depth.buy.iter().take_while(|level| level.quantity > 0).collect();
            prop_assert!(!bids.is_empty());
            prop_assert!(bids[0].price.mantissa() <= last && last <= depth.sell[0].price.mantissa());
            prop_assert!(bids[0].price < depth.sell[0].price);
            prop_assert!(bids.windows(2).all(|pair| pair[0].price > pair[1].price));
            prop_assert!(depth.sell.windows(2).all(|pair| pair[0].price < pair[1].price));
            prop_assert!(depth.sell.iter().all(|level| level.quantity % lot == 0 && level.orders > 0));
            let seen = |levels: &[DepthLevel]| levels.iter().map(|level| u64::from(level.quantity)).sum::<u64>();
            prop_assert!(u64::from(buy) >= seen(&depth.buy).min(2_000_000_000));
            prop_assert!(u64::from(sell) >= seen(&depth.sell).min(2_000_000_000));
            prop_assert!(depth.buy.iter().chain(&depth.sell).all(|level| level.price.mantissa() % tick == 0));
        }
    }
}

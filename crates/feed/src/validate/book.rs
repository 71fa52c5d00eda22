//! One pass over the visible book.

use market::{Depth, DepthLevel};

/// What one pass finds.
pub(super) struct Book {
    /// Largest quantity of any level.
    pub(super) quantity_max: u32,
    /// A level has a quantity but no price.
    pub(super) price_missing: bool,
    /// Best bid at or above best offer.
    pub(super) crossed: bool,
    /// Bids that do not fall, offers that do not rise, or a hole.
    pub(super) disordered: bool,
    /// Equal books have equal fingerprints; different ones differ but for one in 2^64.
    pub(super) fingerprint: u64,
}

// An odd number without pattern (the golden ratio in 64 bits), so that multiplying spreads every bit.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
pub(super) fn look(depth: &Depth) -> Book {
    let buy = side(&depth.buy, |better, worse| better > worse);
    let sell = side(&depth.sell, |better, worse| better < worse);
    let (bid, offer) = (depth.buy[0], depth.sell[0]);
    Book {
        quantity_max: buy.quantity_max.max(sell.quantity_max),
        price_missing: buy.price_missing || sell.price_missing,
        crossed: bid.quantity > 0 && offer.quantity > 0 && bid.price >= offer.price,
        disordered: buy.disordered || sell.disordered,
        fingerprint: buy.fingerprint.rotate_left(17) ^ sell.fingerprint,
    }
}

struct Side {
    quantity_max: u32,
    price_missing: bool,
    disordered: bool,
    fingerprint: u64,
}

/// `in_order` compares the prices of two neighbours, the better one first.
#[inline(always)]
fn side(levels: &[DepthLevel], in_order: impl Fn(i64, i64) -> bool) -> Side {
    let mut side = Side { quantity_max: 0, price_missing: false, disordered: false, fingerprint: 0 };
    let mut before: Option<&DepthLevel> = None;
    for level in levels {
        let price = level.price.mantissa();
        side.quantity_max = side.quantity_max.max(level.quantity);
        side.price_missing |= level.quantity > 0 && price == 0;
        if let Some(before) = before {
            let hole = before.quantity == 0;
            side.disordered |= level.quantity > 0 && (hole || !in_order(before.price.mantissa(), price));
        }
        before = Some(level);
        let word =
            price.cast_unsigned().rotate_left(32) ^ u64::from(level.quantity) ^ u64::from(level.orders) << 48;
        side.fingerprint = (side.fingerprint ^ word).wrapping_mul(SPREAD).rotate_left(29);
    }
    side
}

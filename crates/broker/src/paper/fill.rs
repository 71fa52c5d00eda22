//! How one order fills from a book.

use super::book::{Book, Traded, is_worse};
use super::order::Working;
use super::output::{Happening, Output, say};

/// Takes what the book offers.
pub(super) fn take(order: &mut Working, book: &mut Book, now: i64, out: &mut Vec<Output>) {
    let key = order.key;
    order.filled += book.take(order.terms.side, order.terms.limit(), order.remaining(), |quantity, price| {
        say(out, key, now, Happening::Filled { quantity, price });
    });
}

/// Fills a resting limit order from what was traded since the last book. Only where depth is told: elsewhere the last price
/// has been taken already.
pub(super) fn trade_at_rest(
    order: &mut Working,
    book: &Book,
    traded: &mut Traded,
    now: i64,
    out: &mut Vec<Output>,
) {
    let (Some(limit), Some(last), true) = (order.terms.limit(), book.last(), book.has_depth()) else {
        return;
    };
    let quantity = if is_worse(order.terms.side, limit, last) {
        order.ahead = Some(0);
        traded.take(order.remaining())
    } else if let (true, Traded::Units(left)) = (last == limit, &traded) {
        // A level that has never been seen and is not there now has nobody in it.
        let never_seen = || book.shown(order.terms.side, limit).filter(|shown| *shown == 0);
        let Some(ahead) = order.ahead.or_else(never_seen) else { return };
        let passed = ahead.min(*left);
        order.ahead = Some(ahead - passed);
        traded.take(order.remaining().min(left - passed))
    } else {
        0
    };
    if quantity > 0 {
        order.filled += quantity;
        say(out, order.key, now, Happening::Filled { quantity, price: limit });
    }
}

/// Nobody can have more ahead of him than his level shows.
pub(super) fn requeue(order: &mut Working, book: &Book) {
    let shown = order.terms.limit().and_then(|limit| book.shown(order.terms.side, limit));
    order.ahead = match (order.ahead, shown) {
        (Some(ahead), Some(shown)) => Some(ahead.min(shown)),
        (ahead, shown) => ahead.or(shown),
    };
}

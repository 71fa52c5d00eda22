//! The market's book as the matcher sees it: what is shown, what is left of it, what has traded since the last one.

use market::{Mode, Tick, TickKind};
use trade::{Money, Side};

/// Visible levels of a side.
pub const LEVELS: usize = market::tick::DEPTH_LEVELS;

/// A price in rupees and the units shown there; no units: no level.
pub type Level = (Money, i64);

/// The visible part of a book, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Bids, highest first.
    pub bids: [Level; LEVELS],
    /// Offers, lowest first.
    pub asks: [Level; LEVELS],
}

/// One observation of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookUpdate {
    /// Which instrument.
    pub token: u32,
    /// When it was received: market time, unix nanoseconds.
    pub at: i64,
    /// Last traded price in rupees; zero: none yet.
    pub last: Money,
    /// Units traded today; zero where the source does not tell, or nothing was traded.
    pub volume: i64,
    /// The visible book; absent where the source does not tell it, which is not the same as an empty one.
    pub depth: Option<Depth>,
}

impl BookUpdate {
    /// A tick received at `at` (market time, unix nanoseconds; a tick's own time has only whole seconds).
    pub fn from_tick(tick: &Tick, at: i64) -> BookUpdate {
        let levels = |side: &[market::DepthLevel; LEVELS]| {
            side.map(|level| (Money::from_price(level.price, tick.decimals), i64::from(level.quantity)))
        };
        let has_depth = tick.mode == Mode::Full && tick.kind == TickKind::Tradable;
        BookUpdate {
            token: tick.token.0,
            at,
            last: Money::from_price(tick.last, tick.decimals),
            volume: i64::from(tick.volume),
            depth: has_depth.then(|| Depth { bids: levels(&tick.depth.buy), asks: levels(&tick.depth.sell) }),
        }
    }
}

/// What was traded between two updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traded {
    /// Nothing.
    Nothing,
    /// So many units; how many are still unused by our orders.
    Units(i64),
    /// Something, but the source does not tell volumes.
    Untold,
}

impl Traded {
    /// Takes up to `wanted` units of it.
    pub(super) fn take(&mut self, wanted: i64) -> i64 {
        match self {
            Traded::Nothing => 0,
            Traded::Untold => wanted,
            Traded::Units(left) => {
                let taken = wanted.min(*left);
                *left -= taken;
                taken
            }
        }
    }
}

/// The newest update and what our orders have left of it.
#[derive(Clone, Debug)]
pub(super) struct Book {
    update: BookUpdate,
    bids_left: [i64; LEVELS],
    asks_left: [i64; LEVELS],
}

impl Book {
    /// Of each level, `share_percent` may be taken, rounded up to a unit.
    pub(super) fn new(update: BookUpdate, share_percent: u32) -> Book {
        let share = |(_, quantity): Level| {
            let part = (i128::from(quantity.max(0)) * i128::from(share_percent.min(100)) + 99) / 100;
            i64::try_from(part).unwrap_or(i64::MAX)
        };
        let left = |side: fn(&Depth) -> [Level; LEVELS]| {
            update.depth.as_ref().map_or([0; LEVELS], |depth| side(depth).map(share))
        };
        Book { bids_left: left(|depth| depth.bids), asks_left: left(|depth| depth.asks), update }
    }

    /// True for the very same observation, however often it is given.
    pub(super) fn is(&self, update: &BookUpdate) -> bool {
        self.update == *update
    }

    /// The last traded price, if there is one.
    pub(super) fn last(&self) -> Option<Money> {
        (self.update.last > Money::ZERO).then_some(self.update.last)
    }

    /// True where the source tells depth.
    pub(super) fn has_depth(&self) -> bool {
        self.update.depth.is_some()
    }

    /// What was traded between this update and `next`.
    pub(super) fn traded_until(&self, next: &BookUpdate) -> Traded {
        match (self.update.volume, next.volume) {
            // A first volume counts where the same source told depth before: until then nothing had traded today.
            (before, after) if after > before && (before > 0 || self.has_depth()) => {
                Traded::Units(after.saturating_sub(before))
            }
            (0, 0) if next.last != self.update.last => Traded::Untold,
            _ => Traded::Nothing,
        }
    }

    /// Takes up to `wanted` units from the other side, best level first and none worse than `limit`; `fill` is told each
    /// quantity and price. Returns how much was taken.
    pub(super) fn take(
        &mut self,
        side: Side,
        limit: Option<Money>,
        wanted: i64,
        mut fill: impl FnMut(i64, Money),
    ) -> i64 {
        let within = |price: Money| limit.is_none_or(|limit| !is_worse(side, price, limit));
        let Some(depth) = &self.update.depth else {
            return match self.last().filter(|last| wanted > 0 && within(*last)) {
                Some(last) => {
                    fill(wanted, last);
                    wanted
                }
                None => 0,
            };
        };
        let (levels, left) = match side {
            Side::Buy => (&depth.asks, &mut self.asks_left),
            Side::Sell => (&depth.bids, &mut self.bids_left),
        };
        let mut taken = 0;
        for ((price, _), left) in levels.iter().zip(left) {
            let quantity = (*left).min(wanted - taken);
            if quantity > 0 && within(*price) {
                *left -= quantity;
                taken += quantity;
                fill(quantity, *price);
            }
        }
        taken
    }

    /// Units shown on our own side at `price`; `None` when that is beyond the visible levels.
    pub(super) fn shown(&self, side: Side, price: Money) -> Option<i64> {
        let depth = self.update.depth.as_ref()?;
        let levels = match side {
            Side::Buy => &depth.bids,
            Side::Sell => &depth.asks,
        };
        let shown = levels.iter().filter(|level| level.1 > 0);
        let is_whole = shown.clone().count() < LEVELS;
        let mut worst = None;
        for &(level, quantity) in shown {
            if level == price {
                return Some(quantity);
            }
            worst = Some(level);
        }
        // Between visible levels, or in a book shown whole, nobody else is at the price.
        let is_inside = worst.is_some_and(|worst| is_worse(side, price, worst));
        (is_whole || is_inside).then_some(0)
    }
}

/// True when `price` is the worse one to trade at: dearer for a buyer, cheaper for a seller.
pub(super) fn is_worse(side: Side, price: Money, than: Money) -> bool {
    match side {
        Side::Buy => price > than,
        Side::Sell => price < than,
    }
}

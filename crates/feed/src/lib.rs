//! Where ticks come from and whether they are believable.
//!
//! Enters: market time. Leaves: ticks, verdicts on ticks, candles. Never here: clients, sockets, wall clocks.

use market::{Candle, Instrument, InstrumentToken, Interval, Source, Tick, UnixNanos};

pub mod candles;
pub mod replay;
pub mod segment;
pub mod sim;
pub mod validate;

/// A market that is driven by the caller's clock: the same calls give the same ticks.
pub trait Market: Send {
    /// What every tick of this market says about its origin.
    fn source(&self) -> Source;

    /// What is listed at the moment of the last [`Market::advance`] (or of the start).
    fn instruments(&self) -> Vec<Instrument>;

    /// Rises whenever [`Market::instruments`] would answer differently: contracts expire and are listed.
    fn listing_version(&self) -> u64;

    /// The market time at which the next ticks are due; `None` when nothing will ever come again.
    fn next_at(&self) -> Option<UnixNanos>;

    /// Appends, in order, every tick that is due up to and including `until`.
    fn advance(&mut self, until: UnixNanos, out: &mut Vec<Tick>);

    /// Appends one tick for every listed instrument that has a price at the moment of the last [`Market::advance`]: what
    /// readers are told when a listing begins. Nothing where prices come only from outside.
    fn snapshot(&mut self, out: &mut Vec<Tick>);

    /// What ended this market early, if anything did.
    fn failure(&self) -> Option<String> {
        None
    }

    /// True while trading is open at the moment of the last [`Market::advance`].
    fn is_open(&self) -> bool;
}

/// Candles of the past, asked from any thread while the market goes on.
pub trait History: Send + Sync {
    /// Candles of `token` that start in `[from, to]`, ascending, none from after `now`; the one that contains `now` is
    /// as far as it got. Unknown instruments have none.
    fn candles(
        &self,
        token: InstrumentToken,
        interval: Interval,
        from: UnixNanos,
        to: UnixNanos,
        now: UnixNanos,
    ) -> Vec<Candle>;
}

//! What an account may do. Limits are data in the journal; a change is an event.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Limits of one account. `None` never refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Most units in one order. One that is sliced for `freeze_quantity` counts as a whole here and in every limit but
    /// `open_orders` and the rates, where each slice is an order.
    #[serde(default)]
    pub order_quantity: Option<i64>,
    /// Most rupees in one order, at its limit or the last price.
    #[serde(default)]
    pub order_notional: Option<Money>,
    /// Largest position in one instrument, long or short, in units, open orders counted as filled.
    #[serde(default)]
    pub position_quantity: Option<i64>,
    /// Largest position in one instrument in rupees at the last price, open orders counted as filled.
    #[serde(default)]
    pub instrument_exposure: Option<Money>,
    /// Sum over instruments of positions in rupees at their last prices, open orders counted as filled.
    #[serde(default)]
    pub gross_exposure: Option<Money>,
    /// Most orders that are open or on their way.
    #[serde(default)]
    pub open_orders: Option<u32>,
    /// Largest loss of the trading day, realised and not, in rupees.
    #[serde(default)]
    pub daily_loss: Option<Money>,
    /// Largest fall from the day's best profit, in rupees.
    #[serde(default)]
    pub drawdown: Option<Money>,
    /// Placements and modifications in any second of machine time.
    #[serde(default)]
    pub orders_per_second: Option<u32>,
    /// The same in any minute.
    #[serde(default)]
    pub orders_per_minute: Option<u32>,
    /// The same in a trading day.
    #[serde(default)]
    pub orders_per_day: Option<u32>,
    /// Percent of each rate that only cancellations may use. Cancellations count in every rate; at a venue they may
    /// use each second and minute to the full, in paper trading and over the day they are never refused for their
    /// rate.
    #[serde(default)]
    pub cancel_reserve_percent: u8,
    /// An order equal to one of the last so many milliseconds (instrument, side, quantity, type, prices) is refused.
    #[serde(default)]
    pub duplicate_window_ms: Option<u32>,
    /// A price older than this, in milliseconds of market time, is stale.
    #[serde(default = "Limits::price_age_ms_default")]
    pub price_age_ms: u32,
    /// A limit further than this from the last price is refused, in hundredths of a percent.
    #[serde(default)]
    pub price_band_bps: Option<u32>,
    /// Share of the notional (price times quantity) that must be there as funds for futures, sold options and
    /// shares sold short, in percent; options and shares bought cost their full price, and shares sold for delivery
    /// must be held. `None` looks at no funds.
    #[serde(default)]
    pub margin_percent: Option<u32>,
    /// Largest order that the exchange takes, in units. A larger signal becomes several orders, at most
    /// [`crate::slices::SLICES_MAX`]; a larger order is refused, unless it came with the Kite dialect's `autoslice`.
    #[serde(default)]
    pub freeze_quantity: Option<i64>,
    /// Trade on prices that the validator doubts.
    #[serde(default)]
    pub suspect_prices: bool,
}

impl Limits {
    const fn price_age_ms_default() -> u32 {
        10_000
    }
}

/// Which limit makes no sense, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {reason}")]
pub struct LimitError {
    /// Its name.
    pub field: &'static str,
    /// What is wrong and what is possible.
    pub reason: String,
}

/// Longest [`Limits::duplicate_window_ms`]: placements are remembered for so long.
pub const DUPLICATE_WINDOW_MS_MAX: u32 = 60_000;
/// Largest quantity that a limit or an order may name: far above any order, far below an overflow of sums.
pub const QUANTITY_MAX: i64 = 1_000_000_000_000;

impl Limits {
    /// Whether each limit can be meant.
    ///
    /// # Errors
    /// [`LimitError`] for the first one that cannot: negative, or beyond what is possible.
    pub fn check(&self) -> Result<(), LimitError> {
        let wrong = |field, reason: String| Err(LimitError { field, reason });
        for (field, quantity) in [
            ("order_quantity", self.order_quantity),
            ("position_quantity", self.position_quantity),
            ("freeze_quantity", self.freeze_quantity),
        ] {
            if let Some(found) = quantity.filter(|quantity| !(0..=QUANTITY_MAX).contains(quantity)) {
                return wrong(field, format!("is {found}: it must be between 0 and {QUANTITY_MAX} units"));
            }
        }
        for (field, amount) in [
            ("order_notional", self.order_notional),
            ("instrument_exposure", self.instrument_exposure),
            ("gross_exposure", self.gross_exposure),
            ("daily_loss", self.daily_loss),
            ("drawdown", self.drawdown),
        ] {
            if let Some(found) = amount.filter(|amount| amount.is_negative()) {
                return wrong(field, format!("is {found}: it must not be negative"));
            }
        }
        for (field, found, least, most, unit) in [
            ("cancel_reserve_percent", u32::from(self.cancel_reserve_percent), 0, 100, "percent"),
            ("duplicate_window_ms", self.duplicate_window_ms.unwrap_or(0), 0, DUPLICATE_WINDOW_MS_MAX, "ms"),
            ("price_age_ms", self.price_age_ms, 1, u32::MAX, "ms"),
            ("price_band_bps", self.price_band_bps.unwrap_or(0), 0, 100_000, "hundredths of a percent"),
            ("margin_percent", self.margin_percent.unwrap_or(0), 0, 100_000, "percent"),
        ] {
            if !(least..=most).contains(&found) {
                return wrong(field, format!("is {found}: it must be between {least} and {most} {unit}"));
            }
        }
        Ok(())
    }
}

impl Default for Limits {
    /// Only what protects from trading on nothing: prices at most ten seconds old and not doubted, and no order
    /// above 1,00,000 units or 10 crore rupees.
    fn default() -> Limits {
        Limits {
            order_quantity: Some(100_000),
            order_notional: Some(Money::rupees(100_000_000)),
            position_quantity: None,
            instrument_exposure: None,
            gross_exposure: None,
            open_orders: Some(10_000),
            daily_loss: None,
            drawdown: None,
            orders_per_second: None,
            orders_per_minute: None,
            orders_per_day: None,
            cancel_reserve_percent: 0,
            duplicate_window_ms: None,
            price_age_ms: Limits::price_age_ms_default(),
            price_band_bps: None,
            margin_percent: None,
            freeze_quantity: None,
            suspect_prices: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_cannot_be_meant_are_named() {
        assert_eq!(Limits::default().check(), Ok(()));
        let base = Limits::default;
        for (limits, field) in [
            (Limits { order_quantity: Some(-1), ..base() }, "order_quantity"),
            (Limits { freeze_quantity: Some(i64::MAX), ..base() }, "freeze_quantity"),
            (Limits { daily_loss: Some(Money::rupees(-1)), ..base() }, "daily_loss"),
            (Limits { cancel_reserve_percent: 101, ..base() }, "cancel_reserve_percent"),
            (Limits { duplicate_window_ms: Some(60_001), ..base() }, "duplicate_window_ms"),
            (Limits { price_age_ms: 0, ..base() }, "price_age_ms"),
            (Limits { margin_percent: Some(u32::MAX), ..base() }, "margin_percent"),
        ] {
            let error = limits.check().unwrap_err();
            assert_eq!(error.field, field);
            assert!(error.to_string().starts_with(&format!("`{field}` is ")), "{error}");
        }
    }
}

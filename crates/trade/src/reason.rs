//! Why a signal or a command was refused or trimmed: one closed list, from which the documentation is made.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $kite:ident, $meaning:literal, $remedy:literal;)+) => {
        /// Code of a reason. Stable: clients match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code { $($(#[$doc])* #[doc = $meaning] #[serde(rename = $code)] $variant,)+ }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning,)+ }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Code::$variant => $remedy,)+ }
            }

            /// Which of the broker's exceptions a Kite client sees.
            pub const fn kite(self) -> KiteException {
                match self { $(Code::$variant => KiteException::$kite,)+ }
            }
        }
    };
}

/// The broker's exception types that denials map to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KiteException {
    /// `InputException`.
    Input,
    /// `OrderException`.
    Order,
    /// `MarginException`.
    Margin,
    /// `HoldingException`.
    Holding,
}

impl KiteException {
    /// The broker's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            KiteException::Input => "InputException",
            KiteException::Order => "OrderException",
            KiteException::Margin => "MarginException",
            KiteException::Holding => "HoldingException",
        }
    }
}

reasons! {
    Halted = "halted", Order, "Trading is halted, for this account or for all.", "find out why (`meridian accounts`), then `meridian resume`";
    UnknownAccount = "unknown_account", Input, "There is no such account.", "`meridian accounts` lists them";
    MarketClosed = "market_closed", Order, "The instrument's market is closed.", "send it when the session is open";
    NotListed = "not_listed", Input, "The instrument is not in today's listing.", "look it up: `meridian instruments search`";
    Expired = "expired_contract", Input, "The contract's last trading day is over.", "choose a later expiry";
    LotSize = "lot_size", Input, "The quantity is not a multiple of the lot size.", "round it to whole lots";
    FreezeQuantity = "freeze_quantity", Input, "The quantity is above the largest order that the exchange takes.", "a signal, or an order in the Kite dialect with `autoslice`, becomes up to 10 orders that fit; split others yourself";
    PriceMissing = "price_missing", Input, "The order type needs a price or a trigger that is not there.", "give `price` for a limit, `trigger_price` for a stop";
    TickSize = "tick_size", Input, "The price is not a multiple of the tick size.", "round it to the tick";
    PriceBand = "price_band", Input, "The price is outside the day's band, or too far from the last price.", "choose a price nearer to the market, or change `price_band_bps`";
    TriggerSide = "trigger_side", Input, "The trigger has been passed already.", "a buy stop triggers above the last price, a sell stop below";
    OrderQuantity = "order_quantity", Order, "The order is larger than the account's limit.", "`meridian limits show`";
    OrderNotional = "order_notional", Order, "The order's value is above the account's limit.", "`meridian limits show`";
    PositionQuantity = "position_quantity", Order, "The position would exceed the account's limit in this instrument.", "`meridian limits show`";
    InstrumentExposure = "instrument_exposure", Order, "The position's value would exceed the account's limit in this instrument.", "`meridian limits show`";
    GrossExposure = "gross_exposure", Order, "The value of all positions would exceed the account's limit.", "close something first, or change `gross_exposure`";
    OpenOrders = "open_orders", Order, "The account has as many open orders as it may.", "cancel some first";
    DailyLoss = "daily_loss", Order, "The account has lost as much today as it may.", "only orders that reduce a position are taken today";
    Drawdown = "drawdown", Order, "The account has fallen as far from today's best as it may.", "only orders that reduce a position are taken today";
    OrderRate = "order_rate", Order, "More orders than the account's rate allows.", "send fewer, or raise `orders_per_second`, `orders_per_minute`, `orders_per_day`";
    Duplicate = "duplicate", Order, "An equal order was placed a moment ago.", "if it is meant, wait for `duplicate_window_ms`";
    SelfCross = "self_cross", Order, "It would trade against a resting order of the same account.", "cancel that order first";
    NoPrice = "no_price", Order, "There is no price to judge the order by.", "wait for the first tick of the instrument";
    StalePrice = "stale_price", Order, "The newest price is too old.", "check the feed: `GET /v1/quotes`; the limit is `price_age_ms`";
    SuspectPrice = "suspect_price", Order, "The newest price is doubted.", "wait for a good tick, or set `suspect_prices`";
    PriceSourceNotLive = "price_source_not_live", Order, "A live account is never decided on a simulated or recorded price.", "use `--market kite` for live accounts, or a paper account";
    Margin = "margin", Margin, "The funds do not cover the order.", "add funds, or close positions";
    Holdings = "holdings", Holding, "More would be sold for delivery than is held.", "sell what is held, or use an intraday product";
    TooLate = "too_late", Order, "The signal's time to live had passed when it could be decided.", "raise `ttl_ms`, or send signals sooner";
    NothingToDo = "nothing_to_do", Order, "The position is already what the signal wants.", "nothing";
    FateUnknown = "fate_unknown", Order, "An earlier call for this order or instrument has an unknown fate.", "`meridian reconcile` resolves it from the venue's book";
    NotOpen = "not_open", Input, "The order is not open any more.", "look at its state: `GET /v1/orders`";
    UnknownOrder = "unknown_order", Input, "There is no such order.", "look it up: `GET /v1/orders`";
    InProgress = "in_progress", Input, "An earlier change of this order is still under way.", "wait for its end, then try again";
    ModificationsExceeded = "modifications_exceeded", Order, "The order has been modified as often as the venue allows.", "cancel it and place a new one";
    FilledQuantity = "filled_quantity", Input, "The new quantity is not above what is filled already.", "name the whole quantity, fills included, or cancel the rest";
    NothingToChange = "nothing_to_change", Input, "The modification changes nothing.", "name what shall change";
    NotHeld = "not_held", Input, "Less is held in that product and direction than would be converted.", "look at `GET /v1/positions`; a holding (delivery of an earlier day) is not converted";
    OppositeHeld = "opposite_held", Order, "The new product holds the opposite position.", "close one of them: products do not offset each other";
    AtVenue = "at_venue", Input, "The account's positions are kept at a venue.", "convert them there";
    TrimmedToLot = "trimmed_to_lot", Order, "The quantity was reduced to whole lots.", "nothing";
}

/// A reason with what was found and what is allowed, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which.
    pub code: Code,
    /// For people: names the values.
    pub message: String,
}

impl Reason {
    /// A reason whose message says more than the code's meaning.
    pub fn new(code: Code, message: impl Into<String>) -> Reason {
        Reason { code, message: message.into() }
    }

    /// A reason that says what its code means.
    pub fn plain(code: Code) -> Reason {
        Reason::new(code, code.meaning())
    }
}

/// The documentation of all reasons, in Markdown: what `docs/reasons.md` holds.
pub fn reasons_markdown() -> String {
    let mut page = String::from(
        "# Reasons\n\n\
         Why a signal, an order or a change of an order was refused or trimmed. A verdict names every reason that applies.\n\
         The code is stable; the message beside it names what was found and what is allowed.\n\n\
         | code | meaning | what to do | Kite clients see |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let (word, meaning, remedy, kite) =
            (code.as_str(), code.meaning(), code.remedy(), code.kite().as_str());
        page.push_str(&format!("| `{word}` | {meaning} | {remedy} | `{kite}` |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_reasons_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reasons.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, reasons_markdown()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(written, reasons_markdown(), "write it anew: UPDATE_DOCS=1 cargo test -p trade reason");
    }

    #[test]
    fn codes_on_the_wire_are_the_words() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{}\"", code.as_str()));
        }
    }
}

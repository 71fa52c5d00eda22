//! What can be watched or traded.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::decimal::Decimal;
use crate::price::Decimals;
use crate::token::InstrumentToken;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $unknown:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// All of them, in the broker's order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The broker's word.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        #[doc = concat!("The word names no ", $what, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("is not a known {}", $what)]
        pub struct $unknown;

        impl FromStr for $name {
            type Err = $unknown;
            fn from_str(text: &str) -> Result<$name, $unknown> {
                match text { $($word => Ok($name::$variant),)+ _ => Err($unknown) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

words! {
    /// Exchanges, as the `exchange` column names them.
    Exchange, UnknownExchange, "exchange" {
        /// National Stock Exchange, equities.
        Nse = "NSE",
        /// BSE, equities.
        Bse = "BSE",
        /// NSE equity derivatives.
        Nfo = "NFO",
        /// BSE equity derivatives.
        Bfo = "BFO",
        /// NSE currency derivatives.
        Cds = "CDS",
        /// BSE currency derivatives.
        Bcd = "BCD",
        /// Multi Commodity Exchange.
        Mcx = "MCX",
        /// NSE commodity derivatives.
        Nco = "NCO",
        /// Indices quoted from outside (GIFT and other world indices).
        Nseix = "NSEIX",
        /// Global indices.
        Global = "GLOBAL",
    }
}

words! {
    /// The `segment` column.
    Segment, UnknownSegment, "segment" {
        /// NSE equities.
        Nse = "NSE",
        /// BSE equities.
        Bse = "BSE",
        /// NSE futures.
        NfoFut = "NFO-FUT",
        /// NSE options.
        NfoOpt = "NFO-OPT",
        /// BSE futures.
        BfoFut = "BFO-FUT",
        /// BSE options.
        BfoOpt = "BFO-OPT",
        /// NSE currency futures.
        CdsFut = "CDS-FUT",
        /// NSE currency options.
        CdsOpt = "CDS-OPT",
        /// BSE currency futures.
        BcdFut = "BCD-FUT",
        /// BSE currency options.
        BcdOpt = "BCD-OPT",
        /// Commodity futures.
        McxFut = "MCX-FUT",
        /// Commodity options.
        McxOpt = "MCX-OPT",
        /// NSE commodity futures.
        NcoFut = "NCO-FUT",
        /// NSE commodity options.
        NcoOpt = "NCO-OPT",
        /// NSE commodities.
        Nco = "NCO",
        /// Indices of any exchange.
        Indices = "INDICES",
    }
}

words! {
    /// The `instrument_type` column.
    InstrumentKind, UnknownKind, "instrument type" {
        /// Share, fund or index.
        Equity = "EQ",
        /// Future.
        Future = "FUT",
        /// Call option.
        Call = "CE",
        /// Put option.
        Put = "PE",
    }
}

impl InstrumentKind {
    /// True for calls and puts.
    pub const fn is_option(self) -> bool {
        matches!(self, InstrumentKind::Call | InstrumentKind::Put)
    }
}

/// One row of an instrument dump. Decimals are kept as written, so that the dump can be written again byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Key for ticks and candles.
    pub token: InstrumentToken,
    /// The exchange's own number.
    pub exchange_token: u32,
    /// Short name, unique within its exchange: `INFY`, `NIFTY26NOVFUT`.
    pub tradingsymbol: String,
    /// Long name, or for derivatives the name of the underlying; may be empty.
    pub name: String,
    /// Price at the moment of the dump: stale by nature.
    pub last_price: Decimal,
    /// Last trading day of a derivative.
    pub expiry: Option<Date>,
    /// Strike of an option, zero otherwise.
    pub strike: Decimal,
    /// Smallest price step.
    pub tick_size: Decimal,
    /// Quantities are multiples of this.
    pub lot_size: u32,
    /// Equity, future, call or put.
    pub kind: InstrumentKind,
    /// Segment, `INDICES` for indices.
    pub segment: Segment,
    /// Where it trades.
    pub exchange: Exchange,
}

impl Instrument {
    /// `EXCHANGE:TRADINGSYMBOL`, the name that people and APIs use.
    pub fn key(&self) -> String {
        format!("{}:{}", self.exchange, self.tradingsymbol)
    }

    /// Digits after the point of its prices.
    pub const fn decimals(&self) -> Decimals {
        self.token.decimals()
    }

    /// True when it only has a value and cannot be traded.
    pub fn is_index(&self) -> bool {
        self.segment == Segment::Indices
    }
}

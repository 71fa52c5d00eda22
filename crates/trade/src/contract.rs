//! What is traded, as an order remembers it: the listing of its day may be gone when the journal is read again.

use jiff::civil::Date;
use market::{Instrument, InstrumentKind};
use serde::{Deserialize, Serialize};

use crate::money::Money;

/// An instrument at the moment of the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// `EXCHANGE:TRADINGSYMBOL`.
    pub name: String,
    /// The broker's number; reused after a contract has expired.
    pub token: u32,
    /// Quantities are multiples of it.
    pub lot: u32,
    /// Prices are multiples of it, in rupees.
    pub tick: Money,
    /// Share, future, call or put.
    pub kind: Kind,
    /// Last trading day of a derivative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Date>,
}

/// What kind of thing is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Share or fund.
    Equity,
    /// Future.
    Future,
    /// Call option.
    Call,
    /// Put option.
    Put,
}

impl Contract {
    /// `None` for an index, which has a value but cannot be traded, and for a tick size that is no amount.
    pub fn of(instrument: &Instrument) -> Option<Contract> {
        if instrument.is_index() {
            return None;
        }
        let tick = instrument.tick_size.to_price(instrument.decimals()).ok()?;
        Some(Contract {
            name: instrument.key(),
            token: instrument.token.0,
            lot: instrument.lot_size.max(1),
            tick: Money::from_price(tick, instrument.decimals()),
            kind: match instrument.kind {
                InstrumentKind::Equity => Kind::Equity,
                InstrumentKind::Future => Kind::Future,
                InstrumentKind::Call => Kind::Call,
                InstrumentKind::Put => Kind::Put,
            },
            expiry: instrument.expiry,
        })
    }

    /// The exchange part of the name.
    pub fn exchange(&self) -> &str {
        self.name.split_once(':').map_or("", |(exchange, _)| exchange)
    }

    /// The symbol part of the name.
    pub fn tradingsymbol(&self) -> &str {
        self.name.split_once(':').map_or(&self.name, |(_, symbol)| symbol)
    }
}

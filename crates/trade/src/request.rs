//! What an order asks for, in the field's words.

use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::money::Money;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The word in journals and on the native API.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(word: &str) -> Result<$name, ()> {
                $name::ALL.iter().copied().find(|known| known.as_str() == word).ok_or(())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Which way.
    Side {
        /// Take in.
        Buy = "buy",
        /// Give out.
        Sell = "sell",
    }
}

words! {
    /// How the price is found.
    OrderType {
        /// At what the book offers.
        Market = "market",
        /// At a price or better.
        Limit = "limit",
        /// A limit order once the trigger is touched (`SL`).
        StopLimit = "stop_limit",
        /// A market order once the trigger is touched (`SL-M`).
        StopMarket = "stop_market",
    }
}

words! {
    /// How long it stays.
    Validity {
        /// Until the close.
        Day = "day",
        /// What does not fill at once is cancelled.
        Ioc = "ioc",
    }
}

words! {
    /// What becomes of the position: the broker's four.
    Product {
        /// Delivery.
        Cnc = "cnc",
        /// Carried over in derivatives.
        Nrml = "nrml",
        /// Closed the same day.
        Mis = "mis",
        /// Delivery on margin.
        Mtf = "mtf",
    }
}

impl Side {
    /// +1 for buying, -1 for selling.
    pub const fn sign(self) -> i64 {
        match self {
            Side::Buy => 1,
            Side::Sell => -1,
        }
    }

    /// The other one.
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

impl OrderType {
    /// True when it has a limit price.
    pub const fn has_price(self) -> bool {
        matches!(self, OrderType::Limit | OrderType::StopLimit)
    }

    /// True when it waits for a trigger.
    pub const fn has_trigger(self) -> bool {
        matches!(self, OrderType::StopLimit | OrderType::StopMarket)
    }
}

/// An order as it is asked for. Shape is checked where it enters: price and trigger are there exactly when the type has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// What.
    pub contract: Contract,
    /// Which way.
    pub side: Side,
    /// Shares or contract units; above zero.
    pub quantity: i64,
    /// How the price is found.
    #[serde(rename = "type")]
    pub order_type: OrderType,
    /// Limit, in rupees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Trigger of a stop order, in rupees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_price: Option<Money>,
    /// How long it stays.
    pub validity: Validity,
    /// What becomes of the position.
    pub product: Product,
}

/// What a modification changes; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// New total quantity, fills included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// New type.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "type")]
    pub order_type: Option<OrderType>,
    /// New limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// New trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_price: Option<Money>,
    /// New validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Validity>,
}

impl Changes {
    /// `request` as it would be afterwards: prices that the new type does not have are gone.
    pub fn applied_to(&self, request: &OrderRequest) -> OrderRequest {
        let order_type = self.order_type.unwrap_or(request.order_type);
        OrderRequest {
            contract: request.contract.clone(),
            side: request.side,
            quantity: self.quantity.unwrap_or(request.quantity),
            order_type,
            price: self.price.or(request.price).filter(|_| order_type.has_price()),
            trigger_price: self.trigger_price.or(request.trigger_price).filter(|_| order_type.has_trigger()),
            validity: self.validity.unwrap_or(request.validity),
            product: request.product,
        }
    }
}

//! The broker's closed vocabularies, kept open: a word that is not in our list is carried as it stands.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that is not in the list.
            Other(Box<str>),
        }

        impl $name {
            /// The words we know.
            pub const KNOWN: &'static [$name] = &[$($name::$variant,)+];

            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $word,)+
                    $name::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> $name {
                match word {
                    $($word => $name::$variant,)+
                    _ => $name::Other(word.into()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                std::borrow::Cow::<'de, str>::deserialize(deserializer).map(|word| $name::from(word.as_ref()))
            }
        }
    };
}

words! {
    /// What kind of failure an answer reports.
    ErrorType {
        /// The session is missing, wrong or expired: log in again.
        Token = "TokenException",
        /// Something about the account.
        User = "UserException",
        /// The second factor.
        TwoFactor = "TwoFAException",
        /// This app or user may not call this.
        Permission = "PermissionException",
        /// The order was refused, or order data could not be read.
        Order = "OrderException",
        /// A missing or bad parameter.
        Input = "InputException",
        /// Not enough funds.
        Margin = "MarginException",
        /// Not enough holdings to sell.
        Holding = "HoldingException",
        /// The order system cannot be reached; also too many requests.
        Network = "NetworkException",
        /// The order system answered nonsense.
        Data = "DataException",
        /// Anything else.
        General = "GeneralException",
    }
}

impl ErrorType {
    /// The HTTP status that usually goes with it: what a server sends unless it has a better one, such as 429 with
    /// [`ErrorType::Network`] or 404 with [`ErrorType::General`].
    pub fn http_status(&self) -> u16 {
        match self {
            ErrorType::Token | ErrorType::User | ErrorType::TwoFactor | ErrorType::Permission => 403,
            ErrorType::Order | ErrorType::Input | ErrorType::Margin | ErrorType::Holding => 400,
            ErrorType::Network => 503,
            ErrorType::Data => 502,
            ErrorType::General | ErrorType::Other(_) => 500,
        }
    }
}

words! {
    /// State of an order.
    OrderStatus {
        /// Filled whole; final.
        Complete = "COMPLETE",
        /// Cancelled, possibly after fills; final.
        Cancelled = "CANCELLED",
        /// Refused; final.
        Rejected = "REJECTED",
        /// Resting at the exchange.
        Open = "OPEN",
        /// A stop order that waits for its trigger.
        TriggerPending = "TRIGGER PENDING",
        /// An after-market order that waits for the market.
        AmoReceived = "AMO REQ RECEIVED",
        /// The broker has it.
        PutReceived = "PUT ORDER REQ RECEIVED",
        /// The broker is checking it.
        ValidationPending = "VALIDATION PENDING",
        /// On its way to the exchange.
        OpenPending = "OPEN PENDING",
        /// The broker is checking a modification.
        ModifyValidationPending = "MODIFY VALIDATION PENDING",
        /// A modification is on its way to the exchange.
        ModifyPending = "MODIFY PENDING",
        /// A modification was accepted.
        Modified = "MODIFIED",
        /// A modification was refused.
        NotModified = "NOT MODIFIED",
        /// A cancellation is on its way to the exchange.
        CancelPending = "CANCEL PENDING",
        /// Only in web hooks: modified or partly filled.
        Update = "UPDATE",
    }
}

impl OrderStatus {
    /// True when nothing can happen to the order any more. An unknown word is not final.
    pub fn is_final(&self) -> bool {
        matches!(self, OrderStatus::Complete | OrderStatus::Cancelled | OrderStatus::Rejected)
    }
}

words! {
    /// How an order is handled.
    Variety {
        /// The ordinary way.
        Regular = "regular",
        /// Given while the market is shut.
        AfterMarket = "amo",
        /// Cover order.
        Cover = "co",
        /// Sent in slices.
        Iceberg = "iceberg",
        /// Auction of short deliveries.
        Auction = "auction",
        /// Bracket order; no longer offered.
        Bracket = "bo",
    }
}

words! {
    /// Buy or sell.
    Side {
        /// Buy.
        Buy = "BUY",
        /// Sell.
        Sell = "SELL",
    }
}

words! {
    /// Kind of order.
    OrderType {
        /// At any price.
        Market = "MARKET",
        /// At this price or better.
        Limit = "LIMIT",
        /// Limit order behind a trigger.
        StopLimit = "SL",
        /// Market order behind a trigger.
        StopMarket = "SL-M",
    }
}

words! {
    /// What is done with a position at the end of the day.
    Product {
        /// Equity, delivered.
        Cnc = "CNC",
        /// Derivatives, carried over.
        Nrml = "NRML",
        /// Squared off within the day.
        Mis = "MIS",
        /// Equity, financed by the broker.
        Mtf = "MTF",
        /// Cover order.
        Cover = "CO",
        /// Bracket order.
        Bracket = "BO",
    }
}

words! {
    /// How long an order stays.
    Validity {
        /// Until the close.
        Day = "DAY",
        /// Fill at once or cancel.
        Ioc = "IOC",
        /// For a number of minutes.
        Ttl = "TTL",
    }
}

words! {
    /// Which part of a position a conversion takes.
    PositionType {
        /// Opened today.
        Day = "day",
        /// Carried over.
        Overnight = "overnight",
    }
}

words! {
    /// State of a trigger (GTT).
    TriggerStatus {
        /// Waiting.
        Active = "active",
        /// Fired.
        Triggered = "triggered",
        /// Switched off.
        Disabled = "disabled",
        /// A year has passed.
        Expired = "expired",
        /// Cancelled by the broker or the user.
        Cancelled = "cancelled",
        /// Refused.
        Rejected = "rejected",
        /// Deleted by the user.
        Deleted = "deleted",
    }
}

words! {
    /// Kind of trigger (GTT).
    TriggerType {
        /// One trigger, one order.
        Single = "single",
        /// Two triggers; the first to fire cancels the other.
        TwoLeg = "two-leg",
    }
}

words! {
    /// State of an alert.
    AlertStatus {
        /// Watching.
        Enabled = "enabled",
        /// Not watching.
        Disabled = "disabled",
        /// Deleted by the user.
        Deleted = "deleted",
    }
}

words! {
    /// What an alert does.
    AlertType {
        /// Tells.
        Simple = "simple",
        /// Places orders.
        Ato = "ato",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown_words_come_back() {
        for status in OrderStatus::KNOWN {
            let text = serde_json::to_string(status).unwrap();
            assert_eq!(serde_json::from_str::<OrderStatus>(&text).unwrap(), *status);
        }
        let text = "\"SHELVED \\\"x\\\"\"";
        let status: OrderStatus = serde_json::from_str(text).unwrap();
        assert!(matches!(&status, OrderStatus::Other(word) if &**word == "SHELVED \"x\""));
        assert_eq!(serde_json::to_string(&status).unwrap(), text);
        assert!(!status.is_final() && OrderStatus::Rejected.is_final());
        assert!(serde_json::from_str::<OrderStatus>("1").is_err());
    }

    #[test]
    fn an_expired_session_is_403() {
        assert_eq!(ErrorType::Token.http_status(), 403);
        assert_eq!(ErrorType::from("NewException").http_status(), 500);
    }
}

//! What the matcher says.

use trade::Money;

/// Something that happened to one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Which order.
    pub key: u64,
    /// When: market time, unix nanoseconds; never falls from one output to the next.
    pub at: i64,
    /// What.
    pub what: Happening,
}

/// What can happen. `Rejected`, `Completed`, `Cancelled` and `Expired` end the order: its key is then forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It is in the book: on arrival, or when its trigger was touched.
    Opened,
    /// It waits for its trigger.
    TriggerPending,
    /// So much was traded.
    Filled {
        /// Units; above zero.
        quantity: i64,
        /// In rupees.
        price: Money,
    },
    /// Everything is filled.
    Completed,
    /// It ended before it was filled whole.
    Cancelled {
        /// True when a cancellation arrived, false when the rest of an IOC order could not be filled.
        requested: bool,
    },
    /// It never entered the book.
    Rejected {
        /// Why.
        message: &'static str,
    },
    /// Its time was over.
    Expired,
    /// A change holds from now.
    Modified,
    /// A change or a cancellation did nothing.
    ChangeRefused {
        /// Why.
        message: &'static str,
    },
}

pub(super) fn say(out: &mut Vec<Output>, key: u64, at: i64, what: Happening) {
    out.push(Output { key, at, what });
}

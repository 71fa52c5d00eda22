//! What the engine is told and what it wants done.

use std::sync::Arc;

use trade::event::{
    ConversionCommanded, FateResolved, GttCommanded, Intended, OrderCommanded, SignalReceived,
};
use trade::gtt::SeenTick;
use trade::{AccountId, Event, IntentId, Order};

use crate::reconcile::Book;

/// Names a caller that waits for a [`Reply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What happens to an engine.
#[derive(Clone, Debug)]
pub enum Input {
    /// A strategy wants something.
    Signal {
        /// Its shape was checked.
        signal: Box<SignalReceived>,
        /// Who waits.
        ticket: Ticket,
    },
    /// A person or a Kite client wants something.
    Command {
        /// Its shape was checked, its order id drawn.
        command: Box<OrderCommanded>,
        /// Who waits.
        ticket: Ticket,
    },
    /// A client wants units of a position under another product.
    Conversion {
        /// Its shape was checked, its number drawn.
        conversion: Box<ConversionCommanded>,
        /// Who waits.
        ticket: Ticket,
    },
    /// A client wants something of an order that waits for a price.
    Gtt {
        /// Its shape was checked, its number drawn.
        command: Box<GttCommanded>,
        /// Who waits.
        ticket: Ticket,
    },
    /// The market has touched a price that some order waits for. What decides looks at the newest price by itself: this is for
    /// what came and went between two looks.
    Seen {
        /// The number of the instrument.
        token: u32,
        /// What was seen.
        tick: Box<SeenTick>,
    },
    /// A halt, limits, an account, a flag.
    Control {
        /// A fact of stream `control`.
        event: Box<Event>,
        /// What it was made from: for limits the row that set the present ones (`Account::limits_seq`), else the newest control
        /// row. Another one since is a conflict.
        made_at: Option<u64>,
        /// Who waits.
        ticket: Ticket,
    },
    /// A call ended, an order changed, a fill came: a fact of a venue.
    Venue(Box<Event>),
    /// A call was handed to the venue.
    Sent(AccountId, IntentId),
    /// The venue's whole book, read by the holder of its account.
    Book {
        /// What was read.
        book: Box<Book>,
        /// What set it off.
        cause: &'static str,
        /// Who waits, if anybody.
        ticket: Option<Ticket>,
    },
    /// A person ends a doubt that no book can end.
    Judgement {
        /// What the person says.
        resolved: Box<FateResolved>,
        /// Who waits.
        ticket: Ticket,
    },
}

/// What the shell has to do, in this order. Everything here is durable already.
#[derive(Clone, Debug)]
pub enum Output {
    /// Tell a caller.
    Reply(Ticket, Reply),
    /// Make this call, unless `send_by` has passed on the engine's monotonic clock or the account is halted by then.
    Send {
        /// The call.
        intended: Box<Intended>,
        /// The order it belongs to, as it stands.
        order: Arc<Order>,
        /// Monotonic nanoseconds.
        send_by: i64,
    },
    /// This instance decides for the account from now on, once its venue's book has been read ([`Input::Book`]).
    Gained(AccountId),
    /// This instance does not decide for the account any more: no call for it may be made.
    Lost(AccountId),
}

/// How an input ended for its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is in the journal.
    Recorded {
        /// Its row.
        seq: u64,
    },
    /// It was there before, with the same content.
    Known {
        /// Its row.
        seq: u64,
    },
    /// Something else was there before under the same name.
    Conflict {
        /// Its row.
        seq: u64,
    },
    /// It is surely not in the journal: it may be sent again.
    Unavailable {
        /// Why.
        why: String,
    },
    /// It is not in the journal: a running instance of an older version could not read it. Again when that one has ended.
    OlderInstance,
    /// Only the holder of the account can do this, and this instance is not.
    NotHolder {
        /// Which account.
        account: AccountId,
    },
}

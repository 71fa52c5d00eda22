//! What can be in the journal about trading. Bodies are JSON; a kind never changes its meaning, new fields have defaults.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::conversion::Conversion;
use crate::gtt::{GttTerms, SeenTick};
use crate::ids::{AccountId, ClientId, GttId, IntentId, OrderId, SignalId};
use crate::limits::Limits;
use crate::money::Money;
use crate::reason::Reason;
use crate::request::{Changes, OrderRequest};
use crate::signal::Signal;
use crate::view::{Now, Quote, Trading};

/// The newest schema of bodies that this build writes and reads. Each kind names the schema it came with: while an older
/// build runs beside this one, the journal takes only what that one can fold.
pub const SCHEMA: u32 = 2;

macro_rules! events {
    ($(schema $schema:literal: { $($(#[$doc:meta])* $variant:ident($body:ty) = $kind:literal,)* })+) => {
        /// One row's meaning.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $($($(#[$doc])* $variant($body),)*)+ }

        impl Event {
            /// The word in the `kind` column.
            pub const fn kind(&self) -> &'static str {
                match self { $($(Event::$variant(_) => $kind,)*)+ }
            }

            /// The `schema` column: the oldest schema with this kind, and with what the body says.
            pub const fn schema(&self) -> u32 {
                match self {
                    Event::Decided(Decided { cause: Cause::Conversion(_), .. }) => 2,
                    $($(Event::$variant(_) => $schema,)*)+
                }
            }

            /// The `body` column.
            pub fn body(&self) -> Vec<u8> {
                // Plain structs with text keys: serialising them cannot fail.
                match self { $($(Event::$variant(body) => serde_json::to_vec(body).unwrap_or_default(),)*)+ }
            }

            /// Reads a row back.
            ///
            /// # Errors
            /// [`UnreadableEvent`] for a kind or a body that this build does not know.
            pub fn read(kind: &str, body: &[u8]) -> Result<Event, UnreadableEvent> {
                let wrong = |source| UnreadableEvent::Body { kind: kind.to_owned(), source };
                match kind {
                    $($($kind => serde_json::from_slice(body).map(Event::$variant).map_err(wrong),)*)+
                    _ => Err(UnreadableEvent::Kind { kind: kind.to_owned() }),
                }
            }
        }
    };
}

/// Why a row cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// Written by a newer build.
    #[error("there is no event kind `{kind}` in this version")]
    Kind {
        /// What the row says.
        kind: String,
    },
    /// Damaged, or written by a newer build.
    #[error("the body of a `{kind}` event cannot be read")]
    Body {
        /// What the row says.
        kind: String,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
}

events! {
    schema 1: {
        // Facts about control: stream `control`.
        /// The journal began, or was restored.
        JournalBegan(JournalBegan) = "journal_began",
        /// An account can be traded.
        AccountAdded(AccountAdded) = "account_added",
        /// Limits of one account.
        LimitsSet(LimitsSet) = "limits_set",
        /// No new orders, for one account or all.
        Halted(Halted) = "halted",
        /// Orders again.
        Resumed(Resumed) = "resumed",
        /// A feature flag.
        FlagSet(FlagSet) = "flag_set",

        // Facts from clients: stream `intake`.
        /// A strategy wants something.
        SignalReceived(SignalReceived) = "signal_received",
        /// A person or a Kite client wants something.
        OrderCommanded(OrderCommanded) = "order_commanded",

        // Facts from venues: stream `venue:<account>`.
        /// The end of one call, as the process that made it knows it.
        CallAnswered(CallAnswered) = "call_answered",
        /// An order's state as the venue tells it.
        VenueReported(VenueReported) = "venue_reported",
        /// A fill.
        TradeReported(TradeReported) = "trade_reported",

        // Decisions: stream `account:<A>`.
        /// Verdict on a signal's share or on a command.
        Decided(Decided) = "decided",
        /// A call that may be made once this row is durable.
        Intended(Intended) = "intended",
        /// A call was handed to the venue: information, never permission.
        Sent(Sent) = "sent",
        /// Nobody knows whether the call reached the venue.
        FateUnknown(FateUnknown) = "fate_unknown",
        /// The venue's book, or a person, has ended the doubt.
        FateResolved(FateResolved) = "fate_resolved",
        /// A venue told something that no order can do.
        IllegalTransition(IllegalTransition) = "illegal_transition",
        /// A trading day began for the account: yesterday's day figures are closed.
        DayBegan(DayBegan) = "day_began",
        /// Journal and book were compared.
        Reconciled(Reconciled) = "reconciled",
    }
    schema 2: {
        // Facts from clients: stream `intake`.
        /// A client wants units of a position under another product.
        ConversionCommanded(ConversionCommanded) = "conversion_commanded",

        // Decisions: stream `account:<A>`.
        /// Units of a position are under another product.
        Converted(Converted) = "converted",
        /// A client defines, replaces or deletes an order that waits for a price. A fact of stream `control`, not `intake`: whoever
        /// decides for the account must have seen it, or it would fire what was deleted a moment ago.
        GttCommanded(GttCommanded) = "gtt_commanded",
        /// Such an order fired: a decision, stream `account:<A>`. The verdict on its order follows in the same batch.
        GttTriggered(GttTriggered) = "gtt_triggered",
    }
}

/// See [`Event::JournalBegan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalBegan {
    /// Part of every order id and tag; drawn at random at the beginning and at each restore.
    pub incarnation: u32,
    /// The sequence a restore went up to; absent at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<u64>,
}

/// How an account's orders reach a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Filled in this process on the ticks it sees.
    Paper,
    /// A local process that speaks the Kite protocol.
    Venue,
    /// The live broker.
    Kite,
}

impl Class {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Paper => "paper",
            Class::Venue => "venue",
            Class::Kite => "kite",
        }
    }
}

/// See [`Event::AccountAdded`]. A second one for the same account changes address and key, never class or funds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountAdded {
    /// Its name.
    pub account: AccountId,
    /// How its orders reach a market.
    pub class: Class,
    /// Paper money at the beginning, in rupees; zero elsewhere.
    pub funds: Money,
    /// Where the venue is; empty for paper.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The app's public key at the venue; secrets are in the vault.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_key: String,
    /// Its limits from the beginning.
    pub limits: Limits,
    /// Who added it.
    pub by: String,
}

/// See [`Event::LimitsSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsSet {
    /// Whose.
    pub account: AccountId,
    /// All of them.
    pub limits: Limits,
    /// Who set them.
    pub by: String,
}

/// See [`Event::Halted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halted {
    /// Which account; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Why, in the words of who did it.
    pub why: String,
    /// Cancel what is open, too.
    #[serde(default)]
    pub cancel_open: bool,
    /// Who.
    pub by: String,
}

/// See [`Event::Resumed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Which account; absent: the halt of all (halts of single accounts stay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Why.
    pub why: String,
    /// Who.
    pub by: String,
}

/// See [`Event::FlagSet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagSet {
    /// Its name.
    pub name: String,
    /// Its value.
    pub on: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Who.
    pub by: String,
}

/// See [`Event::SignalReceived`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalReceived {
    /// What is wanted.
    pub signal: Signal,
    /// Lower-case hexadecimal SHA-256 of what the client sent, in canonical form: the same id with other content is refused.
    pub digest: String,
    /// Which key sent it.
    pub by: String,
}

/// See [`Event::OrderCommanded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCommanded {
    /// Which order: assigned here when placed.
    pub order: OrderId,
    /// Which command of this order in this journal, drawn at intake: makes the row unique.
    pub command: u64,
    /// Whose.
    pub account: AccountId,
    /// What is wanted.
    pub what: CommandedAct,
    /// The client's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// What the client sent, hashed, where `client_id` makes it repeatable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The Kite client's tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Kite fields that are only given back: variety, disclosed quantity and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kite: Option<KiteFields>,
    /// A placement above the account's freeze quantity becomes several orders ([`crate::slices`]), of which `order` is
    /// the first. A build that does not know this field refuses such a placement.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_slice: bool,
    /// Which key sent it.
    pub by: String,
}

/// What a command wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandedAct {
    /// A new order.
    Place(OrderRequest),
    /// Other terms for an open one.
    Modify(Changes),
    /// The end of an open one.
    Cancel,
}

/// Fields of the Kite dialect that decide nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KiteFields {
    /// `regular`, `amo`, `co`, `iceberg`, `auction`.
    pub variety: String,
    /// Shown quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosed_quantity: Option<i64>,
    /// Percent as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_protection: Option<String>,
}

/// See [`Event::ConversionCommanded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversionCommanded {
    /// Which conversion in this journal, drawn at intake like an order id: makes the row unique.
    pub conversion: u64,
    /// Whose.
    pub account: AccountId,
    /// What is wanted.
    pub what: Conversion,
    /// Which key sent it.
    pub by: String,
}

/// See [`Event::Converted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converted {
    /// Which conversion.
    pub conversion: u64,
    /// Whose.
    pub account: AccountId,
    /// What was done.
    pub what: Conversion,
}

/// See [`Event::CallAnswered`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAnswered {
    /// Which call.
    pub intent: IntentId,
    /// Whose.
    pub account: AccountId,
    /// How it ended.
    pub answer: Answer,
}

/// The four fates of a call, as its maker knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The venue took it.
    Acknowledged {
        /// The venue's own id of the order.
        venue_order_id: String,
    },
    /// The venue refused it.
    Refused {
        /// The venue's word for the kind of refusal.
        code: String,
        /// The venue's words.
        message: String,
    },
    /// Not one byte of it went out, and none will.
    NeverLeft {
        /// Why.
        why: String,
    },
    /// It may have arrived.
    Unknown {
        /// Why nobody knows.
        why: String,
    },
}

/// The venue's word for an order's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueStatus {
    /// On its way inside the venue.
    Pending,
    /// In the book.
    Open,
    /// Waits for its trigger.
    TriggerPending,
    /// Filled whole.
    Complete,
    /// Ended by a cancellation, whole or in part.
    Cancelled,
    /// Never entered the book.
    Rejected,
    /// Ended by its validity.
    Expired,
}

/// See [`Event::VenueReported`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueReported {
    /// Which order.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// The venue's own id of it.
    pub venue_order_id: String,
    /// Its state.
    pub status: VenueStatus,
    /// Filled so far, in units. Positions follow trades, not this.
    pub filled: i64,
    /// The terms that hold now, where the venue says them: quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Changes>,
    /// The venue's words, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The venue's revision of the order: its own update time, or a count. Rises; equal ones are the same report.
    pub revision: String,
    /// When, by the venue's clock, in market time, unix nanoseconds.
    pub at: i64,
}

/// See [`Event::TradeReported`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeReported {
    /// The venue's id of the fill; unique within the account and day.
    pub trade_id: String,
    /// Of which order.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Units.
    pub quantity: i64,
    /// At this price, in rupees.
    pub price: Money,
    /// When, by the venue's clock, in market time, unix nanoseconds.
    pub at: i64,
}

/// What a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An account's share of a signal.
    Signal(SignalId),
    /// A command.
    Command {
        /// For which order.
        order: OrderId,
        /// Which of its commands.
        command: u64,
    },
    /// `cancel_open` of a halt: for which order.
    Halt(OrderId),
    /// A conversion: which. Came with schema 2.
    Conversion(u64),
}

/// How it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As asked.
    Accepted,
    /// Less than asked.
    Trimmed,
    /// Not at all.
    Denied,
}

/// See [`Event::Decided`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Whose.
    pub account: AccountId,
    /// What was asked.
    pub cause: Cause,
    /// The answer.
    pub verdict: Verdict,
    /// Why, unless accepted as asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// Which orders it made or touches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OrderId>,
    /// What was seen beside the state.
    pub inputs: Inputs,
}

/// What a decision saw: with the state before it, enough to make it again (I-10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The newest row that the state had folded before this batch.
    pub seen: u64,
    /// The moment.
    pub now: Now,
    /// The market's word on the instrument; absent when there was none, or none was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Whether it could be traded; absent when it did not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trading: Option<Trading>,
    /// Prices of the account's positions that exposure or loss limits looked at: token and last price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<(u32, Money)>,
}

/// See [`Event::Intended`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    /// Which call.
    pub intent: IntentId,
    /// Whose.
    pub account: AccountId,
    /// What to do.
    pub call: Call,
    /// What caused the order; for a placement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<SignalId>,
    /// The client's tag, given back in answers; for a placement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Kite fields, given back in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kite: Option<KiteFields>,
    /// Not sent after this moment of machine time, unix nanoseconds (for people; the process that sends judges by its own
    /// boot clock).
    pub send_by: i64,
    /// IST date of market time.
    pub day: Date,
}

/// A call that changes something at a venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// A new order.
    Place(OrderRequest),
    /// Other terms.
    Modify(Changes),
    /// The end.
    Cancel,
}

/// See [`Event::Sent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Which call.
    pub intent: IntentId,
    /// Whose.
    pub account: AccountId,
}

/// See [`Event::FateUnknown`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FateUnknown {
    /// Which call.
    pub intent: IntentId,
    /// Whose.
    pub account: AccountId,
    /// Why.
    pub why: String,
}

/// See [`Event::FateResolved`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FateResolved {
    /// Which call.
    pub intent: IntentId,
    /// Whose.
    pub account: AccountId,
    /// What was found.
    pub found: Found,
    /// The evidence, in words: which reads of the book, or which person.
    pub evidence: String,
}

/// What became of an unknown call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It reached the venue.
    Reached {
        /// The venue's own id of the order.
        venue_order_id: String,
    },
    /// It did not, and cannot any more.
    Absent,
    /// It appeared after it had been taken for absent: the account is halted.
    Appeared {
        /// The venue's own id of the order.
        venue_order_id: String,
    },
}

/// See [`Event::IllegalTransition`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IllegalTransition {
    /// Which order.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Where it was.
    pub from: String,
    /// What was told.
    pub told: String,
    /// The row that told it.
    pub at_seq: u64,
}

/// See [`Event::DayBegan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayBegan {
    /// Whose.
    pub account: AccountId,
    /// IST date of market time.
    pub day: Date,
    /// Last prices of the account's positions at that moment: the next day's profit is measured from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<(u32, Money)>,
}

/// See [`Event::Reconciled`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Whose.
    pub account: AccountId,
    /// What set it off: `start`, `interval`, `day_end`, `demand`, `take_over`.
    pub cause: String,
    /// Named differences, worst first; empty: book and journal agree.
    pub differences: Vec<Difference>,
}

/// One difference between book and journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Stable code: `order_missing_at_venue`, `order_unknown_here`, `state`, `filled`, `trade_missing_here`,
    /// `trade_missing_at_venue`, `position`, `funds`.
    pub code: String,
    /// Order, trade or instrument.
    pub subject: String,
    /// What the journal says.
    pub here: String,
    /// What the venue says.
    pub there: String,
}

/// See [`Event::GttCommanded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GttCommanded {
    /// Which one: assigned where it is placed.
    pub gtt: GttId,
    /// Which command, drawn at intake: makes the row unique.
    pub command: u64,
    /// Whose.
    pub account: AccountId,
    /// What is wanted.
    pub what: GttAct,
    /// Which key sent it.
    pub by: String,
}

/// What is wanted of an order that waits for a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GttAct {
    /// A new one.
    Place(GttTerms),
    /// Other terms for an active one, all of them.
    Replace(GttTerms),
    /// The end of an active one.
    Delete,
}

/// See [`Event::GttTriggered`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GttTriggered {
    /// Which one.
    pub gtt: GttId,
    /// Whose.
    pub account: AccountId,
    /// Which of its legs, from 0.
    pub leg: u32,
    /// At which last price.
    pub price: Money,
    /// The order that is to be placed: drawn here.
    pub order: OrderId,
    /// Its terms, as the leg has them.
    pub request: OrderRequest,
    /// What was seen: the newest quote of the instrument, and whether it could be traded.
    pub inputs: Inputs,
    /// The earlier tick whose price it was, where that is not the newest quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<Box<SeenTick>>,
}

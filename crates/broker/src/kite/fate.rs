//! What became of a call: four fates, and the rules by which an answer becomes one of them.
//!
//! Enters: how an attempt ended. Leaves: a [`Fate`]. Never here: what to do about it.
//!
//! A refusal must be proven: only a whole, well-formed error answer with a 4xx status, of a kind that the broker
//! gives before it passes an order on, is one. The rest is unknown until the broker's book says otherwise, whatever
//! it looks like.

use kite::rest::envelope;
use kite::rest::gtt::TriggerChanged;
use kite::rest::orders::OrderPlaced;
use kite::rest::parameters::ORDER_ID_CHARS_MAX;
use kite::rest::words::ErrorType;
use serde::Deserialize;

use super::attempt::{Answer, Ended};
use super::breaker::Health;
use super::call::Call;

/// Longest refusal text that is kept, in characters.
pub const MESSAGE_CHARS_MAX: usize = 512;

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The broker has taken the request. What becomes of the order shows in the book.
    Acknowledged(Receipt),
    /// The broker said no; nothing changed there.
    Refused {
        /// What kind of no. [`ErrorType::Token`]: the session has ended.
        error_type: ErrorType,
        /// In words, for people; at most [`MESSAGE_CHARS_MAX`] characters.
        message: String,
        /// The HTTP status. 429: too many requests.
        status: u16,
    },
    /// Not one byte of it left, and none will.
    NeverLeft(NeverLeft),
    /// It may have been carried out or not. Only the broker's book can tell. Its connection is closed: nothing more
    /// of it leaves this machine.
    Unknown(Doubt),
}

/// What an acknowledgement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The order that was placed, changed or is being cancelled: an opaque text of letters and digits.
    Order(String),
    /// The trigger that was placed, changed or deleted.
    Trigger(u64),
    /// Nothing: a conversion.
    Converted,
}

/// Why a call did not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NeverLeft {
    /// The moment had passed after which it must not leave.
    #[error("the time to send it had passed")]
    TooLate,
    /// The owner's last check said no.
    #[error("it was withdrawn before it was sent")]
    Withdrawn,
    /// The broker has failed too often in a row; a read will find out when it is back.
    #[error("the broker is left alone after repeated failures")]
    Ejected,
    /// The call is none that the broker could understand.
    #[error("the call cannot be sent: {0}")]
    Unfit(String),
    /// No connection.
    #[error("no connection to the broker: {0}")]
    NoConnection(String),
    /// There was a connection, and it broke before the first byte.
    #[error("the connection ended before anything was sent: {0}")]
    NotWritten(String),
}

/// Why the fate of a call is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No whole answer within the time.
    #[error("no whole answer came in time")]
    TimedOut,
    /// The connection ended or spoke nonsense before a whole answer.
    #[error("the connection broke before a whole answer: {0}")]
    Broken(String),
    /// The answer was longer than is read.
    #[error("the answer was longer than {bytes_max} bytes")]
    TooLarge {
        /// What is read, in bytes.
        bytes_max: usize,
    },
    /// A whole answer that proves nothing.
    #[error("the answer with status {status} does not say what happened: {what}")]
    Inconclusive {
        /// The HTTP status.
        status: u16,
        /// What it lacks.
        what: &'static str,
    },
}

impl Fate {
    /// True when the broker says that the session has ended: the user must log in again.
    pub fn is_session_ended(&self) -> bool {
        matches!(self, Fate::Refused { error_type: ErrorType::Token, .. })
    }

    /// True when someone on the way says that there were too many requests: the rate window counts as full, even
    /// where the answer proves no refusal.
    pub fn is_rate_limited(&self) -> bool {
        matches!(
            self,
            Fate::Refused { status: 429, .. } | Fate::Unknown(Doubt::Inconclusive { status: 429, .. })
        )
    }

    /// What it says about the broker's health; `None` when the broker had no part in it.
    pub(crate) fn health(&self) -> Option<Health> {
        match self {
            Fate::Acknowledged(_) | Fate::Refused { .. } => Some(Health::Answers),
            Fate::Unknown(_) => Some(Health::Fails),
            Fate::NeverLeft(NeverLeft::NoConnection(_) | NeverLeft::NotWritten(_)) => Some(Health::Fails),
            Fate::NeverLeft(_) => None,
        }
    }

    /// How `call` ended.
    pub(crate) fn of(call: &Call, ended: Ended) -> Fate {
        match ended {
            Ended::NeverLeft(why) => Fate::NeverLeft(why),
            Ended::Lost(doubt) => Fate::Unknown(doubt),
            Ended::Answered(answer) => judge(call, &answer),
        }
    }
}

/// A refusal as it must look to be believed; the envelope's own reader is more lenient.
#[derive(Deserialize)]
struct Refusal {
    status: String,
    message: String,
    error_type: ErrorType,
}

fn judge(call: &Call, answer: &Answer) -> Fate {
    let unknown = |what| Fate::Unknown(Doubt::Inconclusive { status: answer.status, what });
    if !answer.is_json {
        return unknown("it is not JSON");
    }
    match answer.status {
        200 => match receipt(call, &answer.body) {
            Ok(receipt) => Fate::Acknowledged(receipt),
            Err(what) => unknown(what),
        },
        400..=499 => match serde_json::from_slice::<Refusal>(&answer.body) {
            Ok(refusal) if refusal.status == "error" && is_proof(answer.status, &refusal.error_type) => {
                Fate::Refused {
                    error_type: refusal.error_type,
                    message: refusal.message.chars().take(MESSAGE_CHARS_MAX).collect(),
                    status: answer.status,
                }
            }
            Ok(_) => unknown("its error may stem from behind the broker's door"),
            Err(_) => unknown("it is no error answer"),
        },
        _ => unknown("neither a success nor a refusal"),
    }
}

/// True when an error with this 4xx status and kind is given before anything is passed on to the exchange.
fn is_proof(status: u16, error_type: &ErrorType) -> bool {
    match (status, error_type) {
        // Too many requests, no such route, wrong method, gone: nobody looked at the call.
        (429 | 404 | 405 | 410, _) => true,
        // A time-out of someone between us and the order system.
        (408 | 499, _) => false,
        (_, ErrorType::Network | ErrorType::Data | ErrorType::General | ErrorType::Other(_)) => false,
        (_, _) => true,
    }
}

fn receipt(call: &Call, body: &[u8]) -> Result<Receipt, &'static str> {
    const NO_ENVELOPE: &str = "it is no success answer of this kind";
    let has_status =
        serde_json::from_slice::<Status>(body).is_ok_and(|envelope| envelope.status == "success");
    if !has_status {
        return Err(NO_ENVELOPE);
    }
    let order = |own: Option<[Option<&str>; 2]>| {
        let placed: OrderPlaced = envelope::decode(body).map_err(|_| NO_ENVELOPE)?;
        let id = placed.order_id;
        if id.is_empty() || id.len() > ORDER_ID_CHARS_MAX || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err("its order id is none");
        }
        if placed.children.as_ref().is_some_and(|children| !children.is_empty()) {
            return Err("the broker has sliced the order");
        }
        match own {
            Some(own) if !own.contains(&Some(id.as_str())) => Err("it names another order"),
            _ => Ok(Receipt::Order(id)),
        }
    };
    let trigger = |own: Option<u64>| {
        let changed: TriggerChanged = envelope::decode(body).map_err(|_| NO_ENVELOPE)?;
        match own {
            Some(own) if own != changed.trigger_id => Err("it names another trigger"),
            _ => Ok(Receipt::Trigger(changed.trigger_id)),
        }
    };
    match call {
        Call::Place { .. } => order(None),
        // A cover order's second leg goes by either id.
        Call::Modify(change) => order(Some([Some(&change.order_id), change.parent_order_id.as_deref()])),
        Call::Cancel(cancel) => order(Some([Some(&cancel.order_id), cancel.parent_order_id.as_deref()])),
        Call::PlaceGtt(_) => trigger(None),
        Call::ModifyGtt { trigger_id, .. } | Call::DeleteGtt { trigger_id } => trigger(Some(*trigger_id)),
        Call::Convert(_) => match envelope::decode::<bool>(body) {
            Ok(true) => Ok(Receipt::Converted),
            Ok(false) | Err(_) => Err(NO_ENVELOPE),
        },
    }
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

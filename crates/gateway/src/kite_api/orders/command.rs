//! A call of a client as a fact of the journal, and the verdict on it.
//!
//! The answer waits for the verdict for up to two seconds. When there is none by then (no instance decides for the account at
//! the moment) the caller gets the order's id: the command is durable and will be decided, and the order book shows how.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use engine::Reply;
use engine::rows::subject;
use kite::rest::maybe::Maybe;
use kite::rest::orders::{OrderPlaced, Slice};
use kite::rest::words::ErrorType;
use trade::event::{Cause, CommandedAct, Decided, OrderCommanded, Verdict};
use trade::reason::KiteException;
use trade::{Code, Event, OrderId, Reason};

use super::refusals::words;
use crate::Gateway;
use crate::kite_api::reply::{self, Refusal};
use crate::trading::DeskBusy;

/// How long a caller waits for a verdict.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Records `command`, waits for its verdict and answers the caller.
pub async fn answer(gateway: &Gateway, command: OrderCommanded) -> Result<Response, Refusal> {
    let (order, may_slice) = (command.order, command.may_slice);
    let cause = Cause::Command { order, command: command.command };
    if let Some(reasons) = verdict(gateway, command).await? {
        return Err(denial(&reasons));
    }
    let children = if may_slice { slices(gateway, order, &cause).await? } else { Maybe::Absent };
    Ok(reply::success(&OrderPlaced { order_id: order.to_string(), children }))
}

/// The orders beside the first that a command became; absent while it is not decided. They were decided together: what
/// becomes of one at its venue is in the order book.
async fn slices(gateway: &Gateway, order: OrderId, cause: &Cause) -> Result<Maybe<Vec<Slice>>, Refusal> {
    let Some(decided) = recorded(gateway, subject::order(order), cause).await? else {
        return Ok(Maybe::Absent);
    };
    let others = decided.orders.iter().filter(|id| **id != order);
    let slice = |id: &OrderId| Slice { order_id: Maybe::Set(id.to_string()), error: Maybe::Absent };
    Ok(Maybe::Set(others.map(slice).collect()))
}

/// The reasons of a denial; `None` when it was accepted, or not decided in time.
async fn verdict(gateway: &Gateway, command: OrderCommanded) -> Result<Option<Vec<Reason>>, Refusal> {
    let desk = &gateway.desk;
    let (account, places) = (command.account.clone(), matches!(command.what, CommandedAct::Place(_)));
    let (order, cause) = (command.order, Cause::Command { order: command.order, command: command.command });
    let seq = match desk.command(command).await {
        Ok(Reply::Recorded { seq } | Reply::Known { seq }) => seq,
        Ok(Reply::Conflict { .. }) => {
            return Err(Refusal::new(ErrorType::Order, "The order exists already."));
        }
        Ok(Reply::Unavailable { .. } | Reply::OlderInstance | Reply::NotHolder { .. }) | Err(DeskBusy) => {
            return Err(busy());
        }
    };
    // Whether it is decided, and if so, whether it made an order.
    let decided = desk.until(PATIENCE, |state| {
        let decided = state.seq >= seq && !state.is_pending(&account, &cause);
        decided.then(|| places && state.orders.contains_key(&order))
    });
    match decided.await {
        // The order is there, or the verdict is still to come.
        Some(true) | None => Ok(None),
        Some(false) => {
            let decided = recorded(gateway, subject::order(order), &cause).await?;
            let denied = decided.filter(|decided| decided.verdict == Verdict::Denied);
            let reasons = denied.map(|decided| decided.reasons);
            if places && reasons.is_some() {
                let seq = desk.state().seq;
                gateway.refusals.look(desk, seq).await.map_err(|error| Refusal::internal(&error))?;
            }
            Ok(reasons)
        }
    }
}

/// Looks the verdict up: the state keeps what it changed, not why it changed nothing.
pub async fn recorded(gateway: &Gateway, subject: String, cause: &Cause) -> Result<Option<Decided>, Refusal> {
    let rows = gateway.desk.rows_about(subject).await.map_err(|error| Refusal::internal(&error))?;
    let verdicts = rows.iter().rev().filter(|row| row.kind == "decided");
    Ok(verdicts.map(engine::rows::event).find_map(|event| match event {
        Ok(Event::Decided(decided)) if decided.cause == *cause => Some(decided),
        _ => None,
    }))
}

/// A denial as the broker's exception: the first reason decides which.
fn denial(reasons: &[Reason]) -> Refusal {
    match reasons.first().map(|reason| reason.code) {
        Some(Code::NotOpen | Code::InProgress) => in_progress(),
        Some(Code::UnknownOrder) => unknown_order(),
        Some(code) => Refusal::new(error_type(code.kite()), words(reasons)),
        None => Refusal::new(ErrorType::Order, "The order was refused."),
    }
}

/// The exception that a reason is to a client.
pub const fn error_type(kind: KiteException) -> ErrorType {
    match kind {
        KiteException::Input => ErrorType::Input,
        KiteException::Order => ErrorType::Order,
        KiteException::Margin => ErrorType::Margin,
        KiteException::Holding => ErrorType::Holding,
    }
}

/// The broker's answer to changes of an order that is not, or no longer, open to them.
pub fn in_progress() -> Refusal {
    Refusal::input("Order cannot be modified as it is being processed. Try later.")
}

/// There is no such order, or it is somebody else's.
pub fn unknown_order() -> Refusal {
    Refusal::input("Couldn't find that `order_id`.").status(StatusCode::NOT_FOUND)
}

/// The deciding thread takes no more at the moment: nothing was recorded.
pub fn busy() -> Refusal {
    Refusal::new(ErrorType::Network, "The order desk is busy: nothing was recorded, send it again.")
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn every_reason_is_an_exception_of_the_broker() {
        for code in Code::ALL {
            let status = denial(&[Reason::plain(*code)]).into_response().status();
            let expected = if *code == Code::UnknownOrder { 404 } else { 400 };
            assert_eq!(status.as_u16(), expected, "{code:?}");
        }
    }
}

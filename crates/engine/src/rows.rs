//! How an event stands in the journal: its stream, what makes it unique, what it is about.

use journal::events::{NewRow, Row, Stream};
use trade::event::{Cause, CommandedAct, GttAct, UnreadableEvent};
use trade::{AccountId, Event, GttId, IntentId, OrderId};

/// Subjects: what rows are found by.
pub mod subject {
    use super::{AccountId, GttId, OrderId};

    /// Everything about a signal.
    pub fn signal(id: &str) -> String {
        format!("s:{id}")
    }

    /// Everything about an order.
    pub fn order(id: OrderId) -> String {
        format!("o:{id}")
    }

    /// Everything about a conversion.
    pub fn conversion(id: u64) -> String {
        format!("c:{id}")
    }

    /// The commands about an order that waits for a price; its firing is about the order that it sets off.
    pub fn gtt(id: GttId) -> String {
        format!("g:{id}")
    }

    /// What concerns a whole account.
    pub fn account(id: &AccountId) -> String {
        format!("a:{id}")
    }
}

/// Unique keys of facts.
pub mod key {
    use super::IntentId;

    /// Of a signal.
    pub fn signal(id: &str) -> String {
        format!("signal:{id}")
    }

    /// Of an order that its client named.
    pub fn client(id: &str) -> String {
        format!("client:{id}")
    }

    /// Of the end of a call.
    pub fn call(intent: IntentId) -> String {
        format!("call:{intent}")
    }
}

/// `event` as a row to be written. `unique` tells apart facts that nothing else makes unique (control).
pub fn row(event: &Event, unique: &str) -> NewRow {
    NewRow {
        stream: stream(event),
        kind: event.kind().into(),
        schema: event.schema(),
        key: fact_key(event, unique),
        subject: subject_of(event),
        body: event.body(),
    }
}

/// Reads a row back.
///
/// # Errors
/// [`UnreadableEvent`], for rows of a newer build.
pub fn event(row: &Row) -> Result<Event, UnreadableEvent> {
    Event::read(&row.kind, &row.body)
}

/// The account whose decision an event is; `None` for facts.
pub fn decider(event: &Event) -> Option<&AccountId> {
    match event {
        Event::Decided(body) => Some(&body.account),
        Event::Intended(body) => Some(&body.account),
        Event::Sent(body) => Some(&body.account),
        Event::FateUnknown(body) => Some(&body.account),
        Event::FateResolved(body) => Some(&body.account),
        Event::IllegalTransition(body) => Some(&body.account),
        Event::DayBegan(body) => Some(&body.account),
        Event::Reconciled(body) => Some(&body.account),
        Event::Converted(body) => Some(&body.account),
        Event::GttTriggered(body) => Some(&body.account),
        Event::JournalBegan(_)
        | Event::AccountAdded(_)
        | Event::LimitsSet(_)
        | Event::Halted(_)
        | Event::Resumed(_)
        | Event::FlagSet(_)
        | Event::SignalReceived(_)
        | Event::OrderCommanded(_)
        | Event::ConversionCommanded(_)
        | Event::CallAnswered(_)
        | Event::VenueReported(_)
        | Event::TradeReported(_)
        | Event::GttCommanded(_) => None,
    }
}

/// The order that an event is about.
pub fn order_of(event: &Event) -> Option<OrderId> {
    match event {
        Event::OrderCommanded(body) => Some(body.order),
        Event::CallAnswered(body) => Some(body.intent.order),
        Event::VenueReported(body) => Some(body.order),
        Event::TradeReported(body) => Some(body.order),
        Event::Intended(body) => Some(body.intent.order),
        Event::Sent(body) => Some(body.intent.order),
        Event::FateUnknown(body) => Some(body.intent.order),
        Event::FateResolved(body) => Some(body.intent.order),
        Event::GttTriggered(body) => Some(body.order),
        _ => None,
    }
}

fn stream(event: &Event) -> Stream {
    if let Some(account) = decider(event) {
        return Stream::account(account.as_str());
    }
    match event {
        Event::SignalReceived(_) | Event::OrderCommanded(_) | Event::ConversionCommanded(_) => {
            Stream::intake()
        }
        Event::CallAnswered(body) => Stream::venue(body.account.as_str()),
        Event::VenueReported(body) => Stream::venue(body.account.as_str()),
        Event::TradeReported(body) => Stream::venue(body.account.as_str()),
        _ => Stream::control(),
    }
}

/// What makes a fact unique in the journal; decisions have nothing of the kind.
pub(crate) fn fact_key(event: &Event, unique: &str) -> Option<String> {
    if decider(event).is_some() {
        return None;
    }
    Some(match event {
        Event::SignalReceived(body) => key::signal(body.signal.id.as_str()),
        Event::OrderCommanded(body) => match (&body.client_id, &body.what) {
            (Some(client), CommandedAct::Place(_)) => key::client(client.as_str()),
            _ => format!("command:{}/{}", body.order, body.command),
        },
        Event::ConversionCommanded(body) => format!("conversion:{}", body.conversion),
        Event::CallAnswered(body) => key::call(body.intent),
        Event::VenueReported(body) => format!(
            "report:{}:{}:{:?}:{}:{}",
            body.account, body.order, body.status, body.filled, body.revision
        ),
        Event::TradeReported(body) => format!("trade:{}:{}:{}", body.account, body.order, body.trade_id),
        Event::GttCommanded(body) => match body.what {
            // So no two are placed under one number, whoever takes them in.
            GttAct::Place(_) => format!("gtt:{}", body.gtt),
            GttAct::Replace(_) | GttAct::Delete => format!("gtt:{}/{}", body.gtt, body.command),
        },
        _ => format!("control:{unique}"),
    })
}

fn subject_of(event: &Event) -> Option<String> {
    let order = |id: OrderId| Some(subject::order(id));
    match event {
        Event::SignalReceived(body) => Some(subject::signal(body.signal.id.as_str())),
        Event::OrderCommanded(body) => order(body.order),
        Event::CallAnswered(body) => order(body.intent.order),
        Event::VenueReported(body) => order(body.order),
        Event::TradeReported(body) => order(body.order),
        Event::Decided(body) => match &body.cause {
            Cause::Signal(id) => Some(subject::signal(id.as_str())),
            Cause::Command { order, .. } | Cause::Halt(order) => Some(subject::order(*order)),
            Cause::Conversion(id) => Some(subject::conversion(*id)),
        },
        Event::ConversionCommanded(body) => Some(subject::conversion(body.conversion)),
        Event::Converted(body) => Some(subject::conversion(body.conversion)),
        Event::Intended(body) => order(body.intent.order),
        Event::Sent(body) => order(body.intent.order),
        Event::FateUnknown(body) => order(body.intent.order),
        Event::FateResolved(body) => order(body.intent.order),
        Event::IllegalTransition(body) => order(body.order),
        Event::DayBegan(body) => Some(subject::account(&body.account)),
        Event::Reconciled(body) => Some(subject::account(&body.account)),
        Event::AccountAdded(body) => Some(subject::account(&body.account)),
        Event::LimitsSet(body) => Some(subject::account(&body.account)),
        Event::Halted(body) => body.account.as_ref().map(subject::account),
        Event::Resumed(body) => body.account.as_ref().map(subject::account),
        Event::GttCommanded(body) => Some(subject::gtt(body.gtt)),
        Event::GttTriggered(body) => order(body.order),
        Event::JournalBegan(_) | Event::FlagSet(_) => None,
    }
}

//! The chain of events of a signal as lines for a person: how long after the receipt, what, why, on which inputs.

use jiff::Timestamp;
use serde_json::Value;
use trade::Event;
use trade::event::{Answer, Call, Cause, Decided, Found, Inputs};
use trade::request::Changes;
use trade::signal::{OrderShape, Target};
use trade::{Money, OrderRequest};

use crate::output;

/// Lines of the events, which are in their order; the first one is the receipt. Further lines of an event have its detail only.
pub fn rows(events: &[Value]) -> Vec<Vec<String>> {
    let at = |event: &Value| event["time"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let began = events.first().and_then(at);
    let mut rows = Vec::new();
    for event in events {
        let after = began.zip(at(event)).map(|(began, at)| at.as_millisecond() - began.as_millisecond());
        let after = after.map_or(String::new(), |ms| format!("{ms:+} ms"));
        let (what, details) = words(event);
        let mut details = details.into_iter();
        let first = details.next().unwrap_or_default();
        rows.push(vec![after, output::cell(&event["sequence"]), what, first]);
        rows.extend(details.map(|detail| vec![String::new(), String::new(), String::new(), detail]));
    }
    rows
}

/// What happened, and its details. An event of a newer version is shown as it is.
fn words(event: &Value) -> (String, Vec<String>) {
    let kind = output::cell(&event["kind"]);
    let body = event["body"].to_string();
    let Ok(known) = Event::read(&kind, body.as_bytes()) else { return (kind, vec![body]) };
    let details = match &known {
        Event::SignalReceived(received) => {
            let signal = &received.signal;
            let accounts: Vec<&str> = signal.children.iter().map(|child| child.account.as_str()).collect();
            vec![
                format!("{} {} {}", target(signal.target), signal.contract.name, shape(&signal.order)),
                format!("for {}, by {} with key {}", accounts.join(", "), signal.strategy, received.by),
            ]
        }
        Event::Decided(decided) => {
            return (format!("{} for {}", verdict(decided), decided.account), decision(decided));
        }
        Event::Intended(intended) => vec![format!("{} (call {})", call(&intended.call), intended.intent)],
        Event::Sent(sent) => vec![format!("call {}", sent.intent)],
        Event::CallAnswered(answered) => vec![answer(&answered.answer)],
        Event::VenueReported(told) => {
            let status = format!("{:?}", told.status).to_lowercase();
            let message = told.message.as_deref().map_or(String::new(), |message| format!(": {message}"));
            vec![format!("{status}, {} filled, venue's id {}{message}", told.filled, told.venue_order_id)]
        }
        Event::TradeReported(trade) => {
            vec![format!("{} at {} (trade {})", trade.quantity, trade.price, trade.trade_id)]
        }
        Event::FateUnknown(unknown) => vec![format!("call {}: {}", unknown.intent, unknown.why)],
        Event::FateResolved(resolved) => vec![
            format!("call {}: {}", resolved.intent, found(&resolved.found)),
            format!("evidence: {}", resolved.evidence),
        ],
        Event::IllegalTransition(illegal) => {
            vec![format!("was {}, told {} (row {})", illegal.from, illegal.told, illegal.at_seq)]
        }
        _ => vec![body],
    };
    (kind.replace('_', " "), details)
}

fn target(target: Target) -> String {
    match target {
        Target::Trade { side, quantity } => format!("{side} {quantity}"),
        Target::Position(position) => format!("to a position of {position} in"),
    }
}

fn shape(order: &OrderShape) -> String {
    let mut text = terms(Some(order.order_type.to_string()), order.price, order.trigger_price);
    text.push_str(&format!(", {}, {}", order.validity, order.product));
    text
}

fn terms(order_type: Option<String>, price: Option<Money>, trigger: Option<Money>) -> String {
    let mut text = order_type.unwrap_or_default();
    if let Some(price) = price {
        text.push_str(&format!(" at {price}"));
    }
    if let Some(trigger) = trigger {
        text.push_str(&format!(" trigger {trigger}"));
    }
    text.trim().to_owned()
}

fn verdict(decided: &Decided) -> &'static str {
    match decided.verdict {
        trade::event::Verdict::Accepted => "accepted",
        trade::event::Verdict::Trimmed => "trimmed",
        trade::event::Verdict::Denied => "denied",
    }
}

fn decision(decided: &Decided) -> Vec<String> {
    let mut lines: Vec<String> = decided
        .reasons
        .iter()
        .map(|reason| format!("{}: {}", reason.code.as_str(), reason.message))
        .collect();
    if matches!(decided.cause, Cause::Halt(_)) {
        lines.push("a halt asked for it".into());
    }
    if !decided.orders.is_empty() {
        let orders: Vec<String> = decided.orders.iter().map(ToString::to_string).collect();
        lines.push(format!("orders {}", orders.join(" ")));
    }
    lines.push(inputs(&decided.inputs));
    lines
}

fn inputs(inputs: &Inputs) -> String {
    let mut text = format!("saw the journal up to row {}", inputs.seen);
    match &inputs.quote {
        Some(quote) => {
            let side = |price: Option<Money>| price.map_or("-".to_owned(), |price| price.to_string());
            text.push_str(&format!(
                ", last {} bid {} ask {}, {} ms old, from {}",
                quote.last,
                side(quote.bid),
                side(quote.ask),
                quote.age_ms,
                format!("{:?}", quote.source).to_lowercase()
            ));
            if let Some(doubt) = &quote.suspect {
                text.push_str(&format!(", doubted: {doubt}"));
            }
        }
        None => text.push_str(", no price"),
    }
    if let Some(trading) = inputs.trading {
        text.push_str(&format!(", market {}", format!("{trading:?}").to_lowercase()));
    }
    if !inputs.marks.is_empty() {
        text.push_str(&format!(", prices of {} positions", inputs.marks.len()));
    }
    text
}

fn call(call: &Call) -> String {
    match call {
        Call::Place(request) => {
            let OrderRequest {
                side,
                quantity,
                contract,
                order_type,
                price,
                trigger_price,
                validity,
                product,
            } = request;
            let terms = terms(Some(order_type.to_string()), *price, *trigger_price);
            format!("place {side} {quantity} {} {terms}, {validity}, {product}", contract.name)
        }
        Call::Modify(Changes { quantity, order_type, price, trigger_price, validity }) => {
            let mut text = "modify:".to_owned();
            if let Some(quantity) = quantity {
                text.push_str(&format!(" quantity {quantity}"));
            }
            text.push_str(&format!(
                " {}",
                terms(order_type.map(|kind| kind.to_string()), *price, *trigger_price)
            ));
            if let Some(validity) = validity {
                text.push_str(&format!(" {validity}"));
            }
            text.trim_end().to_owned()
        }
        Call::Cancel => "cancel".into(),
    }
}

fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Acknowledged { venue_order_id } => format!("acknowledged, venue's id {venue_order_id}"),
        Answer::Refused { code, message } => format!("refused: {code}: {message}"),
        Answer::NeverLeft { why } => format!("never left: {why}"),
        Answer::Unknown { why } => format!("unknown: {why}"),
    }
}

fn found(found: &Found) -> String {
    match found {
        Found::Reached { venue_order_id } => {
            format!("it reached the venue, which calls the order {venue_order_id}")
        }
        Found::Absent => "it did not reach the venue".into(),
        Found::Appeared { venue_order_id } => {
            format!(
                "it appeared after it had been taken for absent, as {venue_order_id}: the account is halted"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_chain_reads_from_its_receipt_on() {
        let events = [
            json!({"sequence": 5, "time": "2026-11-20T10:00:00.000+05:30", "kind": "from_the_future", "body": {"x": 1}}),
            json!({"sequence": 7, "time": "2026-11-20T10:00:00.012+05:30", "kind": "decided", "body": {
                "account": "paper", "cause": {"signal": "s-1"}, "verdict": "denied",
                "reasons": [{"code": "halted", "message": "trading is halted: test"}],
                "inputs": {"seen": 6, "now": {"machine": 0, "market": 0}}}}),
        ];
        let rows = rows(&events);
        assert_eq!(rows[0], ["+0 ms", "5", "from_the_future", "{\"x\":1}"]);
        assert_eq!(rows[1], ["+12 ms", "7", "denied for paper", "halted: trading is halted: test"]);
        assert_eq!(rows[2], ["", "", "", "saw the journal up to row 6, no price"]);
    }
}

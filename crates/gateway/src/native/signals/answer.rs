//! A signal and its verdicts as the API tells them.

use market::UnixNanos;
use serde::Serialize;
use serde_json::{Value, json};
use trade::Reason;
use trade::event::Verdict;
use trade::signal::Target;
use trade::state::{Decision, SignalState};

/// The answer to a signal.
#[derive(Debug, Serialize)]
pub struct SignalAnswer {
    id: String,
    sequence: u64,
    verdict: &'static str,
    reasons: Vec<ReasonView>,
    /// Every order that the signal ever caused.
    orders: Vec<String>,
}

/// One reason.
#[derive(Debug, Serialize)]
pub struct ReasonView {
    code: &'static str,
    message: String,
    /// Whose, where a signal has several accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
}

impl ReasonView {
    /// A reason that needs no account beside it.
    pub fn new(reason: &Reason) -> ReasonView {
        ReasonView { code: reason.code.as_str(), message: reason.message.clone(), account: None }
    }
}

impl SignalAnswer {
    /// What is known of `signal` now.
    pub fn new(signal: &SignalState) -> SignalAnswer {
        let several = signal.signal.children.len() > 1;
        let reasons = signal.decisions.iter().flat_map(|decision| {
            let account = several.then(|| decision.decided.account.to_string());
            let view = move |reason| ReasonView { account: account.clone(), ..ReasonView::new(reason) };
            decision.decided.reasons.iter().map(view)
        });
        let orders = signal.decisions.iter().flat_map(|decision| &decision.decided.orders);
        SignalAnswer {
            id: signal.signal.id.to_string(),
            sequence: signal.seq,
            verdict: if signal.is_decided() { verdict(&signal.decisions) } else { "queued" },
            reasons: reasons.collect(),
            orders: orders.map(ToString::to_string).collect(),
        }
    }
}

/// Over all accounts: denied if each of them is, trimmed if one got less than its share.
fn verdict(decisions: &[Decision]) -> &'static str {
    let all = |wanted: Verdict| decisions.iter().all(|decision| decision.decided.verdict == wanted);
    if all(Verdict::Denied) {
        "denied"
    } else if all(Verdict::Accepted) {
        "accepted"
    } else {
        "trimmed"
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Trimmed => "trimmed",
        Verdict::Denied => "denied",
    }
}

/// A signal with everything that was asked and decided.
#[derive(Debug, Serialize)]
pub struct SignalView {
    #[serde(flatten)]
    answer: SignalAnswer,
    received: String,
    signal: Value,
    decisions: Vec<DecisionView>,
}

#[derive(Debug, Serialize)]
struct DecisionView {
    account: String,
    verdict: &'static str,
    sequence: u64,
    time: String,
    reasons: Vec<ReasonView>,
    orders: Vec<String>,
}

impl SignalView {
    /// What is known of `signal` now.
    pub fn new(signal: &SignalState) -> SignalView {
        let decisions = signal.decisions.iter().map(|decision| DecisionView {
            account: decision.decided.account.to_string(),
            verdict: word(decision.decided.verdict),
            sequence: decision.seq,
            time: UnixNanos(decision.time).to_rfc3339(),
            reasons: decision.decided.reasons.iter().map(ReasonView::new).collect(),
            orders: decision.decided.orders.iter().map(ToString::to_string).collect(),
        });
        SignalView {
            answer: SignalAnswer::new(signal),
            received: UnixNanos(signal.received).to_rfc3339(),
            signal: asked(signal),
            decisions: decisions.collect(),
        }
    }
}

/// In the words in which a signal is sent.
fn asked(state: &SignalState) -> Value {
    let signal = &state.signal;
    let mut asked = json!({
        "strategy": signal.strategy,
        "instrument": signal.contract.name,
        "order": signal.order,
        "ttl_ms": signal.ttl_ms,
        "shares": signal.children.iter().map(|child| target(child.target, json!({"account": child.account}))).collect::<Vec<_>>(),
    });
    asked = target(signal.target, asked);
    asked
}

fn target(target: Target, mut words: Value) -> Value {
    match target {
        Target::Trade { side, quantity } => {
            words["side"] = side.as_str().into();
            words["quantity"] = quantity.into();
        }
        Target::Position(position) => words["target_position"] = position.into(),
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use trade::event::{Cause, Decided, Inputs};
    use trade::{Code, Now};

    fn decision(verdict: Verdict) -> Decision {
        let reasons =
            if verdict == Verdict::Accepted { Vec::new() } else { vec![Reason::plain(Code::Halted)] };
        let inputs = Inputs {
            seen: 1,
            now: Now { machine: 0, market: 0 },
            quote: None,
            trading: None,
            marks: Vec::new(),
        };
        let cause = Cause::Signal("s-1".parse().unwrap());
        let decided = Decided {
            account: "paper".parse().unwrap(),
            cause,
            verdict,
            reasons,
            orders: Vec::new(),
            inputs,
        };
        Decision { seq: 2, time: 0, decided: Arc::new(decided) }
    }

    #[test]
    fn the_verdict_is_that_of_all_shares() {
        use Verdict::{Accepted, Denied, Trimmed};
        for (shares, word) in [
            (vec![Accepted], "accepted"),
            (vec![Denied], "denied"),
            (vec![Trimmed], "trimmed"),
            (vec![Accepted, Denied], "trimmed"),
            (vec![Denied, Trimmed], "trimmed"),
            (vec![Denied, Denied], "denied"),
        ] {
            let decisions: Vec<Decision> = shares.iter().copied().map(decision).collect();
            assert_eq!(verdict(&decisions), word, "{shares:?}");
        }
    }
}

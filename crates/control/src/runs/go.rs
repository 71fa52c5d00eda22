//! Whether a deployment may begin: a GO stands about its release, and it would be a GO now.
//!
//! Evidence expires, windows close and incidents open after a decision, so the decision alone is not enough.

use jiff::Timestamp;
use release::decision::Outcome;
use release::ledger::Ledger;

use crate::refused::Refused;
use crate::releases::{Found, decision_now};

/// So many reasons are named.
const REASONS: usize = 3;

/// `incident`: the deployment is a hotfix for this one.
pub(super) fn demanded(
    ledger: &Ledger,
    found: Option<&Found>,
    environment: &str,
    incident: Option<&str>,
    now: Timestamp,
) -> Result<(), Refused> {
    let Some(found) = found else {
        let words = "a deployment needs a release that was decided";
        return Err(Refused::conflict("not_decided", words).hint("name the release, or rehearse"));
    };
    let release = &found.release;
    let id = &found.state.of;
    match release.decided.map(|decided| decided.outcome) {
        Some(Outcome::Go | Outcome::GoWithConditions) => {}
        None => {
            let words = format!("no decision stands about release `{id}`");
            return Err(
                Refused::conflict("not_decided", words).hint("decide it first: `meridian release decide`")
            );
        }
        Some(Outcome::NoGo) => {
            return Err(Refused::conflict("not_decided", format!("release `{id}` is NO-GO"))
                .hint("`meridian release score` says why"));
        }
    }
    if release.environment != environment {
        let words = format!("the release was decided for another environment than `{environment}`");
        return Err(Refused::conflict("not_decided", words).hint("leave the environment out"));
    }
    let decision = decision_now(ledger, found, now, incident)?;
    if decision.outcome != Outcome::NoGo {
        return Ok(());
    }
    let named = decision.reasons.iter().take(REASONS);
    let named: Vec<String> = named.map(|reason| format!("{}: {}", reason.of, reason.why)).collect();
    let more = match decision.reasons.len().saturating_sub(REASONS) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let words = format!("release `{id}` was decided, and would be NO-GO now: {}{more}", named.join("; "));
    Err(Refused::conflict("no_go_now", words)
        .hint("`meridian release score` shows all reasons; a hotfix names its `incident`"))
}

//! Asks one check again and again: nobody waits for anybody else's answer.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use release::ledger::Entry;
use release::policy::Probe;
use release::watch::{Condition, Watched};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::live::Key;
use super::{blocking, evidence, fire, policies};
use crate::Control;
use crate::evidence::moment;
use crate::probe::{Context, Outcome, Verdict, run_all};

/// Most characters of a reason that are kept.
const WHY_MAX: usize = 500;

/// Asks `watched` for the first time after `first`, then at its pace, until control's end is asked for. An answer that takes longer
/// than the pace moves the next question; at most one is under way.
pub(super) async fn ask(
    control: Arc<Control>,
    service: String,
    watched: Watched,
    context: Arc<Context>,
    first: Duration,
) {
    let key: Key = (service, watched.place.clone());
    let mut kept = evidence::Kept::default();
    sleep(first).await;
    let mut pace = interval(Duration::from_secs(watched.every.as_seconds()));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let one = std::slice::from_ref(&watched.check);
        let mut outcomes = run_all(one, &context, NonZeroUsize::MIN, &control.cancel, |_| ()).await;
        let Some(outcome) = outcomes.pop() else { continue };
        if control.cancel.is_asked() {
            return;
        }
        note(&control, &key, &watched, &outcome);
        turn(&control, &key).await;
        evidence::keep(&control, &key, &watched, outcome, &mut kept).await;
    }
}

fn note(control: &Control, key: &Key, watched: &Watched, outcome: &Outcome) {
    let (answer, why) = match &outcome.result {
        Verdict::Pass => (Condition::Up, ""),
        Verdict::Fail { why } => (Condition::Down, &**why),
        // Users wait as we did. What asks somebody else about the service learns nothing from a silence.
        Verdict::Error { why }
            if outcome.timed_out
                && matches!(watched.check.probe, Probe::Http(_) | Probe::Tcp(_) | Probe::Tls(_)) =>
        {
            (Condition::Down, &**why)
        }
        Verdict::Error { why } | Verdict::NotRun { why } => (Condition::Unknown, &**why),
    };
    let why: String = why.chars().take(WHY_MAX).collect();
    // What one exchange took, where it is known: not the pauses between attempts.
    let exchange =
        outcome.figures.get("ms").and_then(|figure| u64::try_from(figure.millionths() / 1_000_000).ok());
    let took = exchange.unwrap_or_else(|| u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX));
    let at = moment(outcome.started);
    control.watch.with(key, |recorder| recorder.note(at, answer, &why, took, watched.check.settle));
}

/// Writes what the book does not have yet. What could not be written is offered again with the next answer.
async fn turn(control: &Arc<Control>, key: &Key) {
    let Some(Some(turned)) = control.watch.with(key, |recorder| recorder.turn()) else { return };
    let row = Entry::Record(key.0.clone(), turned.clone().into());
    if blocking(control, move |control| policies::write(control, vec![row])).await.is_some() {
        control.watch.with(key, |recorder| recorder.turn_is_written(&turned));
        fire::look(control).await;
    }
}

//! A run as it goes on: its rows as they are written.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::job::{self, Job};
use super::view;
use crate::Control;
use crate::api::stream;
use crate::refused::Refused;

/// So often rows of other processes are looked for.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    /// So many rows are known already.
    #[serde(default)]
    after: usize,
    /// Also over when a person is asked something new.
    #[serde(default)]
    until: Option<Until>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Until {
    Asked,
}

/// Pieces `row`: `{"kind", "body"}`. The answer is the head of the run with `rows`, the number of all its rows. It comes when the run has
/// ended, when this process is to end, and when a person is asked, if that is wanted.
pub(super) async fn follow(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Query(from): Query<From>,
) -> Result<Response, Refused> {
    let job = Job::find(&control, &id)?;
    Ok(stream(move |sender| async move {
        let mut rows = control.book.watch();
        let mut known = from.after;
        loop {
            rows.mark_unchanged();
            let now = control.book.now();
            let (new, head) = control.book.read(|ledger| {
                let run = ledger.runs.get(&id).map_or(&[][..], |run| &run.rows);
                let new: Vec<Value> = run.iter().skip(known).map(view::row).collect();
                job::state(ledger, &id).map(|state| (new, view::head(&job, state, now)))
            })??;
            known += new.len();
            for row in &new {
                if !sender.send("row", row).await {
                    return Ok(Value::Null);
                }
            }
            let asks = from.until.is_some() && known > from.after && head["standing"] == "asks";
            // Whoever performs it here says first what it has stopped.
            let leaves = control.cancel.is_asked() && !control.runs.has(&id);
            if head["standing"] == "ended" || asks || leaves {
                let mut answer = head;
                answer["rows"] = json!(known);
                return Ok(answer);
            }
            tokio::select! {
                () = sender.closed() => return Ok(Value::Null),
                _ = rows.changed() => {}
                () = sleep(LOOK) => {}
            }
        }
    }))
}

//! Which runs are performed in this process.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{self, JoinError};
use tokio::time::sleep;

use super::perform;
use crate::Control;
use crate::refused::Refused;

/// So often rows of other processes are looked for, and runs that others have let go.
const LOOK: Duration = Duration::from_secs(1);
/// A run that cannot be performed is tried again after this.
const AFTER_A_FAILURE: Duration = Duration::from_secs(10);
/// What does not stop by then is left to its guards.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The runs that are performed here now; at most as many as there are open runs.
#[derive(Debug)]
pub struct Performing {
    runs: Mutex<BTreeSet<String>>,
    changed: watch::Sender<usize>,
}

impl Default for Performing {
    fn default() -> Performing {
        Performing { runs: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

impl Performing {
    /// Whether this process performs it.
    pub(super) fn has(&self, run: &str) -> bool {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).contains(run)
    }

    fn change(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) -> bool {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut runs);
        self.changed.send_replace(runs.len());
        changed
    }
}

/// Takes a run off the list whatever happens to its task.
struct Place(Arc<Control>, String);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.runs.change(|runs| runs.remove(&self.1));
    }
}

/// Performs every open run that nobody else performs, until control's end is asked for; what runs then is stopped and can be
/// resumed.
pub async fn serve(control: Arc<Control>) {
    let mut rows = control.book.watch();
    while !control.cancel.is_asked() {
        rows.mark_unchanged();
        let open = control.book.read(|ledger| {
            let open =
                ledger.runs.iter().filter(|(_, run)| run.state.began.is_some() && run.state.ended.is_none());
            open.map(|(id, _)| id.clone()).collect::<Vec<_>>()
        });
        match open {
            Ok(open) => open.iter().for_each(|run| start(&control, run)),
            Err(error) => tracing::error!(error = %Refused::from(error), "runs cannot be looked for"),
        }
        tokio::select! {
            () = control.cancel.asked() => {}
            () = sleep(LOOK) => {}
            _ = rows.changed() => {}
        }
    }
    let mut performing = control.runs.changed.subscribe();
    let idle = performing.wait_for(|count| *count == 0);
    let _ = tokio::time::timeout(LAST_WORDS, idle).await;
}

/// Performs a run in the background, unless it is performed already.
pub(super) fn start(control: &Arc<Control>, run: &str) {
    if control.cancel.is_asked() || !control.runs.change(|runs| runs.insert(run.to_owned())) {
        return;
    }
    let place = Place(Arc::clone(control), run.to_owned());
    tokio::spawn(async move {
        let Place(control, run) = &place;
        if let Err(refused) = perform::perform(control, run).await {
            tracing::error!(run, error = %refused, "run cannot be performed");
            tokio::select! {
                () = sleep(AFTER_A_FAILURE) => {}
                () = control.cancel.asked() => {}
            }
        }
    });
}

/// Work that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    task::spawn_blocking(work).await.map_err(|broken: JoinError| Refused::broken(broken.to_string()))
}

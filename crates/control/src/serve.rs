//! What goes on by itself while this process hosts control.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::Control;

/// Rows of other processes are looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Does everything that nobody asks for, until control's end is asked for. One process does it for a data directory.
pub async fn serve(control: Arc<Control>) {
    let mut work: JoinSet<()> = JoinSet::new();
    // One line for each room.
    work.spawn(look(Arc::clone(&control)));
    work.spawn(crate::runs::serve(Arc::clone(&control)));
    work.spawn(crate::paging::serve(Arc::clone(&control), control.cancel.clone()));
    work.spawn(crate::watch::serve(Arc::clone(&control)));
    while let Some(ended) = work.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a part of control broke off; the others go on");
        }
    }
}

/// Folds what other processes write, so that everybody who waits for rows hears of it.
async fn look(control: Arc<Control>) {
    loop {
        tokio::select! {
            () = control.cancel.asked() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Err(error) = tokio::task::block_in_place(|| control.book.refresh()) {
            tracing::error!(%error, "control's journal cannot be read");
        }
    }
}

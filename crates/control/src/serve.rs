//! What goes on by itself while this process hosts control.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::Control;

/// What broke off begins again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Rows of other processes are looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Does everything that nobody asks for, until control's end is asked for. One process does it for a data directory.
pub async fn serve(control: Arc<Control>) {
    let mut work: JoinSet<()> = JoinSet::new();
    // One line for each room.
    work.spawn(lasting(Arc::clone(&control), "looking", look));
    work.spawn(lasting(Arc::clone(&control), "runs", crate::runs::serve));
    work.spawn(lasting(Arc::clone(&control), "paging", page));
    work.spawn(lasting(Arc::clone(&control), "watch", crate::watch::serve));
    work.spawn(lasting(Arc::clone(&control), "plans", crate::plans::serve));
    while work.join_next().await.is_some() {}
}

/// Begins again whatever broke off: everything that it has to know is in the journal.
async fn lasting<F: Future<Output = ()> + Send + 'static>(
    control: Arc<Control>,
    name: &'static str,
    work: impl Fn(Arc<Control>) -> F,
) {
    while !control.cancel.is_asked() {
        match tokio::spawn(work(Arc::clone(&control))).await {
            Ok(()) => return,
            Err(error) => tracing::error!(name, %error, "a part of control broke off and begins again"),
        }
        tokio::time::sleep(AGAIN_AFTER).await;
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

async fn page(control: Arc<Control>) {
    let cancel = control.cancel.clone();
    crate::paging::serve(control, cancel).await;
}

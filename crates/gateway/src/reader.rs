//! One reader of the hub, seen from its socket: commands go out, batches come in, and leaving cannot be forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use stream::inbox::Numbering;
use stream::{Batch, Inbox, Listed, Position, ReaderId, Subscription};
use tokio::sync::{mpsc, oneshot};

use crate::metrics::{Dialect, Metrics};
use crate::threads::hub_thread::{HubCommand, Wish};

/// Makes readers.
#[derive(Clone, Debug)]
pub struct Readers {
    hub: mpsc::Sender<HubCommand>,
    numbering: Numbering,
    next: Arc<AtomicU64>,
    metrics: Arc<Metrics>,
}

/// The hub is gone: the process is shutting down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gateway is shutting down")]
pub struct HubGone;

impl Readers {
    /// Readers of the hub behind `hub`.
    pub fn new(hub: mpsc::Sender<HubCommand>, numbering: Numbering, metrics: Arc<Metrics>) -> Readers {
        Readers { hub, numbering, next: Arc::new(AtomicU64::new(1)), metrics }
    }

    /// A reader without subscriptions.
    ///
    /// # Errors
    /// [`HubGone`] during shutdown.
    pub async fn join(&self, dialect: Dialect) -> Result<Reader, HubGone> {
        let id = ReaderId(self.next.fetch_add(1, Ordering::Relaxed));
        let inbox = Arc::new(Inbox::new(self.numbering.clone()));
        self.hub.send(HubCommand::Join(id, Arc::clone(&inbox))).await.map_err(|_| HubGone)?;
        self.metrics.reader_joined(dialect);
        Ok(Reader { id, inbox, hub: self.hub.clone(), metrics: Arc::clone(&self.metrics), dialect })
    }
}

/// Leaves the hub when dropped.
#[derive(Debug)]
pub struct Reader {
    id: ReaderId,
    inbox: Arc<Inbox>,
    hub: mpsc::Sender<HubCommand>,
    metrics: Arc<Metrics>,
    dialect: Dialect,
}

impl Reader {
    /// Its number, for logs.
    pub fn id(&self) -> ReaderId {
        self.id
    }

    /// Wants these from now on.
    ///
    /// # Errors
    /// [`HubGone`] during shutdown.
    pub async fn subscribe(&self, subscription: Subscription) -> Result<(), HubGone> {
        self.ask(Wish::Subscribe(subscription)).await
    }

    /// No longer wants these.
    ///
    /// # Errors
    /// [`HubGone`] during shutdown.
    pub async fn unsubscribe(&self, instruments: Vec<Arc<Listed>>) -> Result<(), HubGone> {
        self.ask(Wish::Unsubscribe(instruments)).await
    }

    /// Goes on after `position`.
    ///
    /// # Errors
    /// [`HubGone`] during shutdown.
    pub async fn resume(&self, position: Position) -> Result<(), HubGone> {
        self.ask(Wish::Resume(position)).await
    }

    /// What is due next. Cancel-safe.
    pub async fn next(&self) -> Batch {
        let batch = self.inbox.next().await;
        self.metrics.ticks_taken(self.dialect, batch.ticks.len());
        batch
    }

    /// One at a time: a client that asks faster than it is served is not read, and cannot fill the hub's queue.
    async fn ask(&self, wish: Wish) -> Result<(), HubGone> {
        let (done, answered) = oneshot::channel();
        self.hub.send(HubCommand::Ask(self.id, wish, done)).await.map_err(|_| HubGone)?;
        answered.await.map_err(|_| HubGone)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.metrics.reader_left(self.dialect, self.inbox.conflated());
        let leave = HubCommand::Leave(self.id);
        if let Err(mpsc::error::TrySendError::Full(leave)) = self.hub.try_send(leave) {
            // The queue is full for a moment: wait for a place elsewhere rather than forget.
            let hub = self.hub.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { hub.send(leave).await });
            }
        }
    }
}

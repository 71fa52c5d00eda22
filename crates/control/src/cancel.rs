//! Says that what runs is to end now: a person pressed Ctrl-C, a decision was withdrawn.

use tokio::sync::watch;

/// Asks for the end. Dropped without a word, it asks for nothing.
#[derive(Debug)]
pub struct Canceller(watch::Sender<bool>);

/// Hears of it. Copies hear of the same end.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<bool>);

impl Canceller {
    /// Asks everyone who listens to end. Again and again does no harm.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancel {
    /// Both ends.
    pub fn pair() -> (Canceller, Cancel) {
        let (sender, receiver) = watch::channel(false);
        (Canceller(sender), Cancel(receiver))
    }

    /// True once it was asked for.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once it is asked for; never if nobody can ask any more.
    pub async fn asked(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

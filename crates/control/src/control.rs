//! Everything that acts for releases in one process.

use std::sync::Arc;

use access::entropy::Entropy;
use journal::DataDirectory;
use tokio::sync::Semaphore;

use crate::api::AT_ONCE;
use crate::book::{Book, BookError};
use crate::cancel::Cancel;
use crate::clock::Clock;

/// See the module. Shared by all requests.
pub struct Control {
    /// What is known and written.
    pub book: Book,
    /// Requests that are worked on.
    pub(crate) working: Arc<Semaphore>,
    /// Asked when this process is to end: what runs is stopped.
    pub cancel: Cancel,
    /// Held while git reads a history: one at a time.
    pub git: tokio::sync::Mutex<()>,
    /// Runs that are performed here.
    pub runs: crate::runs::Performing,
    /// Where pages go, and how that went.
    pub paging: crate::paging::Desk,
    /// Whose turn it is to write a report.
    pub reports: crate::report::Desk,
    /// What is known of checks and objectives beyond that.
    pub watch: crate::watch::Live,
}

impl Control {
    /// Opens control in a data directory.
    ///
    /// # Errors
    /// [`BookError`]
    pub fn open(
        directory: DataDirectory,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        cancel: Cancel,
    ) -> Result<Arc<Control>, BookError> {
        Ok(Arc::new(Control {
            book: Book::open(directory, clock, entropy)?,
            working: Arc::new(Semaphore::new(AT_ONCE)),
            cancel,
            git: Default::default(),
            runs: Default::default(),
            paging: Default::default(),
            reports: Default::default(),
            watch: Default::default(),
        }))
    }
}

//! Who performs a run: whoever holds its lock, which the system frees when they die. In the file stand the process groups of what they
//! run, so that the next one can wait until these are gone, too.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

use journal::DataDirectory;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process_group};
use tokio::time::sleep;

/// Inside of the data directory.
const FOLDER: &str = "runs";
/// What was killed may take so long to be gone. Then its number is somebody else's by now.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// A run that this process performs, until it is dropped.
#[derive(Debug)]
pub(super) struct RunLock {
    file: File,
    path: PathBuf,
}

impl RunLock {
    /// Nothing while somebody else performs the run.
    pub(super) fn take(directory: &DataDirectory, run: &str) -> io::Result<Option<RunLock>> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if run.is_empty() || run.len() > 64 || !run.bytes().all(plain) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{run}` is no id of a run")));
        }
        let folder = directory.file(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let path = folder.join(format!("{run}.lock"));
        // Children do not inherit it.
        let file =
            File::options().read(true).append(true).create(true).truncate(false).mode(0o600).open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(RunLock { file, path })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Writes down a process group before anything runs in it.
    pub(super) fn keep(&self, group: u32) -> io::Result<()> {
        (&self.file).write_all(format!("{group}\n").as_bytes())
    }

    /// Nothing runs any more.
    pub(super) fn clear(&self) {
        // Groups that are gone do no harm but a look.
        let _ = self.file.set_len(0);
    }

    /// Waits until everything is gone that whoever had the lock before has started. It was killed when they died.
    pub(super) async fn alone(&self) -> io::Result<()> {
        let mut text = String::new();
        (&self.file).read_to_string(&mut text)?;
        let mut waited = Duration::ZERO;
        for group in text.lines().filter_map(|line| line.parse().ok()).filter_map(Pid::from_raw) {
            while lives(group) {
                if waited >= PATIENCE {
                    tracing::warn!(
                        group = group.as_raw_nonzero().get(),
                        "process group of a dead performer remains"
                    );
                    break;
                }
                sleep(PAUSE).await;
                waited += PAUSE;
            }
        }
        self.clear();
        Ok(())
    }

    /// The run is over: nobody needs the file any more.
    pub(super) fn remove(self) {
        // Whoever opens it now finds a run that has ended.
        let _ = fs::remove_file(&self.path);
    }
}

/// A group of another user has got the number since.
fn lives(group: Pid) -> bool {
    !matches!(test_kill_process_group(group), Err(Errno::SRCH | Errno::PERM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_performs_and_the_next_one_waits_for_what_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&folder.path().join("data")).unwrap();
        let first = RunLock::take(&directory, "run-1").unwrap().unwrap();
        assert!(RunLock::take(&directory, "run-1").unwrap().is_none());
        assert!(RunLock::take(&directory, "../run-1").is_err());
        let mut child = tokio::process::Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        first.keep(child.id().unwrap()).unwrap();
        drop(first);
        let second = loop {
            // A program that another test starts just now holds the lock until it has become itself.
            match RunLock::take(&directory, "run-1").unwrap() {
                Some(lock) => break lock,
                None => sleep(PAUSE).await,
            }
        };
        let mut waiting = Box::pin(second.alone());
        let waited = tokio::time::timeout(Duration::from_millis(200), &mut waiting).await;
        assert!(waited.is_err(), "it goes on beside what is left of the first");
        child.kill().await.unwrap();
        waiting.await.unwrap();
    }
}

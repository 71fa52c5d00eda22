//! The caller behind a token, and for how long a socket that it opened may stay.

use std::sync::Arc;
use std::time::Duration;

use ::access::{Denied, Keys, Principal};
use tokio::sync::watch;

use crate::Gateway;
use crate::clock::{machine_now, mono_now};

/// Pause between two looks for tokens that are not known.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Gateway {
    /// The caller that `attempt` finds. A token that is unknown here may have been created by another process a moment
    /// ago, so the database is looked at before it is refused: once for all who wait, and not more often than
    /// [`LOOK_EVERY`], so that guessing tokens costs the guesser.
    pub(crate) async fn authenticate(
        &self,
        attempt: impl Fn(&Keys) -> Result<Arc<Principal>, Denied>,
    ) -> Result<Arc<Principal>, Denied> {
        let first = attempt(&self.keys);
        if !matches!(first, Err(Denied::Unknown)) {
            return first;
        }
        let came = mono_now();
        let mut looked = self.looked.lock().await;
        if looked.is_none_or(|at| at < came) {
            if let Some(last) = *looked {
                tokio::time::sleep(LOOK_EVERY.saturating_sub(last.elapsed())).await;
            }
            *looked = Some(mono_now());
            self.refresh_keys().await;
        }
        drop(looked);
        attempt(&self.keys)
    }

    /// Looks for changes by other processes; true when there were some.
    pub(crate) async fn refresh_keys(&self) -> bool {
        match self.with_keys(Keys::refresh).await {
            Ok(Ok(changed)) => {
                if changed {
                    self.keys_changed();
                }
                changed
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "keys cannot be refreshed: changes elsewhere are not seen");
                false
            }
            Err(error) => {
                tracing::error!(%error, "keys cannot be refreshed: changes elsewhere are not seen");
                false
            }
        }
    }

    /// Makes every open socket look whether its key is still good.
    pub(crate) fn keys_changed(&self) {
        self.keys_version.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// What a socket of `principal` holds while it is open.
    pub(crate) fn admission(&self, principal: Arc<Principal>) -> Admission {
        Admission { principal, keys: Arc::clone(&self.keys), changes: self.keys_version.subscribe() }
    }
}

/// An open socket's right to stay: it ends when its key is revoked, not when a token expires, as at the broker.
#[derive(Debug)]
pub struct Admission {
    principal: Arc<Principal>,
    keys: Arc<Keys>,
    changes: watch::Receiver<u64>,
}

impl Admission {
    /// Returns once the key is revoked. Cancel-safe.
    pub async fn revoked(&mut self) {
        loop {
            let valid = self.keys.still_valid(&self.principal, machine_now());
            let expired = self.principal.expires.is_some_and(|at| at <= machine_now());
            // An expired session may also be unknown by now.
            if matches!(valid, Err(Denied::Revoked | Denied::Unknown)) && !expired {
                return;
            }
            if self.changes.changed().await.is_err() {
                // The gateway is going away and says so by other means.
                std::future::pending::<()>().await;
            }
        }
    }
}

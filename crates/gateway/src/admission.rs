//! The caller behind a token, and for how long a socket that it opened may stay.

use std::sync::Arc;

use ::access::{Denied, Keys, Principal};
use tokio::sync::watch;

use crate::Gateway;
use crate::clock::machine_now;

impl Gateway {
    /// The caller that `attempt` finds. A token that is unknown here may have been created by another process a moment
    /// ago, so the database is looked at before it is refused.
    pub(crate) async fn authenticate(
        &self,
        attempt: impl Fn(&Keys) -> Result<Arc<Principal>, Denied>,
    ) -> Result<Arc<Principal>, Denied> {
        match attempt(&self.keys) {
            Err(Denied::Unknown) if self.refresh_keys().await => attempt(&self.keys),
            done => done,
        }
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
            if matches!(valid, Err(Denied::Revoked | Denied::Unknown)) {
                return;
            }
            if self.changes.changed().await.is_err() {
                // The gateway is going away and says so by other means.
                std::future::pending::<()>().await;
            }
        }
    }
}

//! One picture of all keys and sessions, replaced as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use journal::keys::KeyRow;
use journal::{Database, DbError};
use market::UnixNanos;

use crate::denied::Denied;
use crate::principal::{Principal, PrincipalKind};
use crate::scope::Scopes;

type Hash = [u8; 32];

/// Found by keyed hash: whoever does not know the server key cannot steer which entries are compared, so the time of a
/// look-up tells nothing.
#[derive(Default)]
pub(super) struct Snapshot {
    rows: HashMap<String, KeyRow>,
    access: HashMap<Hash, Entry>,
    sessions: HashMap<Hash, Entry>,
}

struct Entry {
    principal: Arc<Principal>,
    revoked: bool,
}

impl Snapshot {
    pub(super) fn load(database: &Database) -> Result<Snapshot, DbError> {
        let (keys, sessions) = journal::sessions::all_with_keys(database)?;
        let mut snapshot = Snapshot::default();
        for row in keys {
            snapshot
                .access
                .insert(row.token_hash, entry(&row, PrincipalKind::AccessToken, row.token_hash, None));
            snapshot.rows.insert(row.api_key.clone(), row);
        }
        for session in sessions {
            // Always there: the table refers to it.
            if let Some(row) = snapshot.rows.get(&session.api_key) {
                let hash = session.token_hash;
                let entry = entry(row, PrincipalKind::Session, hash, Some(session.expires));
                snapshot.sessions.insert(hash, entry);
            }
        }
        Ok(snapshot)
    }

    pub(super) fn find(
        &self,
        kind: PrincipalKind,
        hash: &Hash,
        now: UnixNanos,
    ) -> Result<Arc<Principal>, Denied> {
        let entries = match kind {
            PrincipalKind::AccessToken => &self.access,
            PrincipalKind::Session => &self.sessions,
        };
        let entry = entries.get(hash).ok_or(Denied::Unknown)?;
        if entry.revoked {
            return Err(Denied::Revoked);
        }
        if entry.principal.expires.is_some_and(|expires| expires <= now) {
            return Err(Denied::Expired);
        }
        Ok(Arc::clone(&entry.principal))
    }

    pub(super) fn row(&self, api_key: &str) -> Option<&KeyRow> {
        self.rows.get(api_key)
    }

    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }
}

/// A session never outlives its key.
fn entry(row: &KeyRow, kind: PrincipalKind, token_hash: Hash, session_expires: Option<i64>) -> Entry {
    let expires = [row.expires, session_expires].into_iter().flatten().min().map(UnixNanos);
    Entry {
        principal: Arc::new(Principal {
            api_key: row.api_key.clone(),
            name: row.name.clone(),
            scopes: Scopes::parse_known(&row.scopes),
            account: row.account.clone(),
            kind,
            expires,
            token_hash,
        }),
        revoked: row.revoked.is_some(),
    }
}

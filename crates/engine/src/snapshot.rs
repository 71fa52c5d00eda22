//! A state as bytes, so that a start does not fold the journal from its first row. A snapshot is a cache: one that does not fit is
//! left aside.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use trade::State;

/// Rises with every change of the fold or of the types it fills, so that a snapshot of another build is left aside.
pub const VERSION: u32 = 3;

/// A state and the row it belongs to.
#[derive(Debug)]
pub struct Snapshot {
    /// The state after `state.seq`.
    pub state: State,
    /// The hash of that row.
    pub hash: [u8; 32],
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    hash: [u8; 32],
    state: &'a State,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    hash: [u8; 32],
    state: State,
}

/// Why bytes are no snapshot of this build.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Cut short or altered.
    #[error("the snapshot is damaged")]
    Damaged,
    /// Of another build.
    #[error("the snapshot has version {found}; this build reads {VERSION}")]
    Version {
        /// What it says.
        found: u32,
    },
}

impl Snapshot {
    /// As bytes: their SHA-256, then the state. Not while [`crate::Engine::has_open_alarms`].
    ///
    /// # Errors
    /// None that a state can cause; the encoder's error is passed on.
    pub fn to_bytes(state: &State, hash: [u8; 32]) -> Result<Vec<u8>, rmp_serde::encode::Error> {
        let body = rmp_serde::to_vec_named(&Written { version: VERSION, hash, state })?;
        let mut bytes = Sha256::digest(&body).to_vec();
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// Back from bytes.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Snapshot, SnapshotError> {
        #[derive(Deserialize)]
        struct Header {
            version: u32,
        }
        let (sum, body) = bytes.split_at_checked(32).ok_or(SnapshotError::Damaged)?;
        if Sha256::digest(body).as_slice() != sum {
            return Err(SnapshotError::Damaged);
        }
        let header: Header = rmp_serde::from_slice(body).map_err(|_| SnapshotError::Damaged)?;
        if header.version != VERSION {
            return Err(SnapshotError::Version { found: header.version });
        }
        let read: Read = rmp_serde::from_slice(body).map_err(|_| SnapshotError::Damaged)?;
        debug_assert_eq!(read.version, VERSION);
        Ok(Snapshot { state: read.state, hash: read.hash })
    }
}

//! Signing the head of the journal: every hour, and when a day has ended.

use journal::anchors::{self, Anchor, AnchorError};
use journal::events::{Journal, SqliteJournal};
use journal::{DataDirectory, Database, DbError, OpenError, secrets};
use market::UnixNanos;
use vault::key_file::{self, KeyFile, KeyFileError};
use vault::{FormatError, Sealed, Signer, Vault, VaultError};

/// Under this name the sealed key pair is in the database.
const NAME: &str = "journal:anchors";
/// An anchor that is older has a successor, in nanoseconds of machine time.
const EVERY: i64 = 3_600_000_000_000;

/// Why no anchor was written.
#[derive(Debug, thiserror::Error)]
pub enum AnchorFailed {
    /// The database cannot be opened.
    #[error("cannot open the database")]
    Open(#[from] OpenError),
    /// The database cannot be used.
    #[error("cannot use the database")]
    Database(#[from] DbError),
    /// The file with the vault's key.
    #[error("cannot use the vault's key")]
    KeyFile(#[from] KeyFileError),
    /// What is kept is no sealed record.
    #[error("the sealed signing key is damaged")]
    Format(#[from] FormatError),
    /// It cannot be opened.
    #[error("the vault does not open the signing key")]
    Vault(#[from] VaultError),
    /// The file of anchors.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
}

impl AnchorFailed {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            AnchorFailed::Open(error) => error.hint().map(str::to_owned),
            AnchorFailed::KeyFile(error) => Some(error.hint()),
            AnchorFailed::Format(error) => Some(error.hint().to_owned()),
            AnchorFailed::Vault(error) => Some(error.hint().to_owned()),
            AnchorFailed::Database(_) | AnchorFailed::Anchor(_) => None,
        }
    }
}

/// Signs the head of the journal if an anchor is due at `now` (machine time) and the head has moved.
///
/// # Errors
/// [`AnchorFailed`].
pub fn anchor_if_due(directory: &DataDirectory, now: UnixNanos) -> Result<Option<Anchor>, AnchorFailed> {
    if !is_due(anchors::newest(&directory.file(anchors::FILE))?.as_ref(), now) {
        return Ok(None);
    }
    anchor_now(directory, now)
}

/// Signs the head of the journal at `now` (machine time), if it has moved since the newest anchor.
///
/// # Errors
/// [`AnchorFailed`].
pub fn anchor_now(directory: &DataDirectory, now: UnixNanos) -> Result<Option<Anchor>, AnchorFailed> {
    let file = directory.file(anchors::FILE);
    let head = SqliteJournal::open_to_read(&directory.database())?.head()?;
    let signer = signer(directory, now)?;
    Ok(anchors::anchor(&file, signer.public_key(), |bytes| signer.sign(bytes), head, now.0)?)
}

fn is_due(newest: Option<&Anchor>, now: UnixNanos) -> bool {
    newest.is_none_or(|anchor| {
        let then = UnixNanos(anchor.time);
        // A clock that was set back is no reason to wait for hours.
        now.0.abs_diff(then.0) >= EVERY.unsigned_abs() || now.ist_day() != then.ist_day()
    })
}

/// The key pair of this data directory, made at the first call.
fn signer(directory: &DataDirectory, now: UnixNanos) -> Result<Signer, AnchorFailed> {
    let database = Database::open(directory)?;
    let path = directory.file(key_file::FILE);
    if let Some(sealed) = secrets::get(&database, NAME)? {
        let vault = Vault::new(KeyFile::load(&path)?);
        return Ok(Signer::open(&vault, NAME, &Sealed::from_bytes(&sealed)?)?);
    }
    // A key that is lost must not be replaced silently while there are records that only it opens.
    let key = if secrets::list(&database)?.is_empty() {
        KeyFile::load_or_create(&path)?
    } else {
        KeyFile::load(&path)?
    };
    let vault = Vault::new(key);
    let (_, sealed) = Signer::create(&vault, NAME)?;
    // Another process may have been quicker: all sign with the one that is kept.
    let kept = secrets::put_first(&database, NAME, &sealed.to_bytes(), now.0)?;
    Ok(Signer::open(&vault, NAME, &Sealed::from_bytes(&kept)?)?)
}

/// The public key of the data directory's own signer, if it has one and its vault can be opened.
pub fn own_key(directory: &DataDirectory) -> Option<[u8; 32]> {
    let database = Database::open_to_read(&directory.database()).ok()?;
    let sealed = Sealed::from_bytes(&secrets::get(&database, NAME).ok()??).ok()?;
    let vault = Vault::new(KeyFile::load(&directory.file(key_file::FILE)).ok()?);
    Some(Signer::open(&vault, NAME, &sealed).ok()?.public_key())
}

/// True if the signature of `anchor` is that of its public key.
pub fn is_signed(anchor: &Anchor) -> bool {
    let bytes = Anchor::signed_bytes(anchor.head, anchor.time);
    vault::signer::verify(&anchor.public_key, &bytes, &anchor.signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = EVERY;

    #[test]
    fn every_hour_and_at_the_end_of_a_day_if_the_head_has_moved() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&parent.path().join("data")).unwrap();
        let mut journal = SqliteJournal::open(&directory).unwrap();
        let number = journal.register("one", 0, 1).unwrap();
        let mut ids = journal::events::BatchIds::new(number);
        let mut write = || {
            let id = ids.next_id();
            let row = journal::events::NewRow {
                stream: journal::events::Stream::control(),
                kind: "test".into(),
                schema: 1,
                key: Some(id.to_string()),
                subject: None,
                body: Vec::new(),
            };
            let batch =
                journal::events::Batch { id, time: 0, rows: vec![row], claims: vec![], control_seen: None };
            assert!(matches!(journal.append(&batch), journal::events::Append::Durable { .. }));
        };
        // 23:30 in India.
        let start = 18 * HOUR;
        let at = |nanos| anchor_if_due(&directory, UnixNanos(start + nanos)).unwrap();
        write();
        let first = at(0).expect("the first one is due");
        assert!(is_signed(&first) && first.head.seq == 1);
        assert_eq!(own_key(&directory), Some(first.public_key));
        write();
        assert_eq!(at(HOUR / 4), None);
        let midnight = at(HOUR / 2).expect("a new day");
        assert_eq!((midnight.head.seq, midnight.public_key), (2, first.public_key));
        write();
        assert_eq!(at(HOUR), None);
        assert_eq!(at(3 * HOUR / 2).unwrap().head.seq, 3);
        assert_eq!(at(9 * HOUR), None, "nothing new to sign");
        let moved = Anchor { time: first.time + 1, ..first };
        assert!(!is_signed(&moved));
    }
}

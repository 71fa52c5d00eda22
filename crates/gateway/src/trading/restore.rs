//! A restore from beginning to end: copy, check, fold, compare, add what was shipped, begin anew.
//!
//! What comes out is a data directory with all accounts halted, under an incarnation that the journal never had: no order
//! id or tag of it can be one that the lost machine has used after the backup.

use std::collections::BTreeSet;
use std::path::Path;

use access::entropy::{Entropy, EntropyFailed};
use journal::events::{BATCH_ROWS_MAX, CheckError, Head, Row};
use journal::restore::{RestoreError, Restoring};
use journal::ship::{self, ShipError};
use journal::{DataDirectory, hex};
use market::UnixNanos;
use trade::event::JournalBegan;
use trade::{Event, SCHEMA};

use super::backups::fold_all;
use super::replay::{Fold, FoldError};

/// Incarnations go from 1 to this.
pub const INCARNATION_MAX: u32 = 9_999;

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreFailed {
    /// Files and database.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The chain of the backup is broken.
    #[error("the backup does not hold together")]
    Check(#[from] CheckError),
    /// The backup is not what its manifest says.
    #[error("the backup is not what its manifest says: {what} is {found} instead of {wanted}")]
    Differs {
        /// What differs.
        what: &'static str,
        /// In the manifest.
        wanted: String,
        /// In the copy.
        found: String,
    },
    /// It holds rows of a newer build.
    #[error("cannot fold the restored journal")]
    Fold(#[from] FoldError),
    /// The shipped log cannot be read.
    #[error("cannot use the shipped log")]
    Ship(#[from] ShipError),
    /// The shipped log does not continue the backup.
    #[error("the shipped log does not continue the backup: its row {row} does not follow row {head}")]
    OtherLog {
        /// First row of the log above the backup.
        row: u64,
        /// The backup's newest row.
        head: u64,
    },
    /// No randomness.
    #[error("cannot draw an incarnation")]
    Entropy(#[from] EntropyFailed),
    /// All of them were used.
    #[error("this journal has used every incarnation")]
    Incarnations,
}

impl RestoreFailed {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            RestoreFailed::Restore(error) => error.hint(),
            RestoreFailed::Check(_) | RestoreFailed::Differs { .. } => {
                Some("use another backup; nothing was left in the target".into())
            }
            RestoreFailed::Fold(_) => {
                Some("restore with the version that made the backup, or a newer one".into())
            }
            RestoreFailed::Ship(error) => error.hint().map(str::to_owned),
            RestoreFailed::OtherLog { .. } => {
                Some("name the log that was shipped from the same journal, or restore without --log".into())
            }
            RestoreFailed::Entropy(_) | RestoreFailed::Incarnations => None,
        }
    }
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// The new data directory.
    pub directory: DataDirectory,
    /// Newest row of the backup.
    pub backup_head: Head,
    /// Hash of the state after that row, of the newest projection; the backup's manifest says the hash of its own.
    pub backup_state_hash: [u8; 32],
    /// Whether that one was compared: a newer build may know another projection.
    pub compared: bool,
    /// Rows that came from the shipped log.
    pub from_log: u64,
    /// Newest row before the restored journal's own beginning.
    pub restored_at: u64,
    /// Hash of the state after that row.
    pub state_hash: [u8; 32],
    /// The incarnation before, 0 if there was none.
    pub old_incarnation: u32,
    /// The incarnation now.
    pub incarnation: u32,
    /// Names of the key files that came along.
    pub keys: Vec<String>,
}

/// Restores the backup `from`, and what the shipped log `log` has beyond it, into the data directory `target`, which is
/// empty or not there. `progress` is told what is done, and how many rows of how many (0: not known).
///
/// # Errors
/// [`RestoreFailed`]; nothing that could be started is left then.
pub fn restore(
    from: &Path,
    target: &Path,
    log: Option<&Path>,
    entropy: &dyn Entropy,
    now: UnixNanos,
    mut progress: impl FnMut(&'static str, u64, u64),
) -> Result<Restored, RestoreFailed> {
    let mut restoring = journal::restore::begin(from, target)?;
    let (fold, checked) = fold_all(restoring.journal(), &mut |row, head| progress("checked", row, head));
    checked?;
    let mut fold = fold?;
    let compared = compare(&restoring, &fold)?;
    let (backup_head, backup_state_hash) = (fold.head(), fold.state_hash());

    let number = log.map_or(Ok(0), |log| check_log(log, backup_head, &mut progress))?;
    let instance = restoring.take_over(number, now.0, SCHEMA)?;
    if let Some(log) = log {
        add_log(log, backup_head, &mut restoring, &mut fold, &mut progress)?;
    }

    let (restored_at, state_hash, old_incarnation) =
        (fold.head().seq, fold.state_hash(), fold.state().incarnation);
    let incarnation = draw(fold.incarnations(), entropy)?;
    let began = Event::JournalBegan(JournalBegan { incarnation, restored_at: Some(restored_at) });
    let keys = restoring.manifest().keys.clone();
    let directory = restoring.finish(engine::rows::row(&began, &format!("{instance}-restore")), now.0)?;
    Ok(Restored {
        directory,
        backup_head,
        backup_state_hash,
        compared,
        from_log: restored_at - backup_head.seq,
        restored_at,
        state_hash,
        old_incarnation,
        incarnation,
        keys,
    })
}

/// True if the state was compared, too.
fn compare(restoring: &Restoring, fold: &Fold) -> Result<bool, RestoreFailed> {
    let manifest = restoring.manifest();
    let differs = |what, wanted: String, found: String| Err(RestoreFailed::Differs { what, wanted, found });
    if !manifest.is_at(fold.head()) {
        let found = format!("row {} {}", fold.head().seq, hex::encode(&fold.head().hash));
        return differs("the newest row", format!("row {} {}", manifest.seq, manifest.head_hash), found);
    }
    let Some(found) = fold.state_hash_of(manifest.projection) else { return Ok(false) };
    let found = hex::encode(&found);
    if manifest.state_hash != found {
        return differs("the hash of the state", manifest.state_hash.clone(), found);
    }
    Ok(true)
}

/// Reads the whole log before anything of it is used. Answers the highest number of an instance that wrote in it.
fn check_log(
    log: &Path,
    head: Head,
    progress: &mut impl FnMut(&'static str, u64, u64),
) -> Result<u32, RestoreFailed> {
    let (mut highest, mut first) = (0, true);
    ship::read(log, head.seq, |row| {
        if std::mem::take(&mut first) && (row.seq != head.seq + 1 || row.prev_hash != head.hash) {
            return Err(RestoreFailed::OtherLog { row: row.seq, head: head.seq });
        }
        highest = highest.max((row.batch >> 32) as u32);
        progress("log checked", row.seq, 0);
        Ok(())
    })?;
    Ok(highest)
}

fn add_log(
    log: &Path,
    head: Head,
    restoring: &mut Restoring,
    fold: &mut Fold,
    progress: &mut impl FnMut(&'static str, u64, u64),
) -> Result<(), RestoreFailed> {
    let mut rows: Vec<Row> = Vec::new();
    ship::read(log, head.seq, |row| {
        fold.push(&row)?;
        progress("log added", row.seq, 0);
        rows.push(row);
        if rows.len() == BATCH_ROWS_MAX {
            restoring.put(&rows)?;
            rows.clear();
        }
        Ok::<(), RestoreFailed>(())
    })?;
    Ok(restoring.put(&rows)?)
}

fn draw(used: &BTreeSet<u32>, entropy: &dyn Entropy) -> Result<u32, RestoreFailed> {
    if used.len() >= INCARNATION_MAX as usize {
        return Err(RestoreFailed::Incarnations);
    }
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes)?;
    // From a random place to the next one that is free.
    let start = u32::from_le_bytes(bytes) % INCARNATION_MAX;
    let turns = (0..INCARNATION_MAX).map(|step| (start + step) % INCARNATION_MAX + 1);
    turns.into_iter().find(|incarnation| !used.contains(incarnation)).ok_or(RestoreFailed::Incarnations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incarnation_is_never_drawn_twice() {
        let zeros = |bytes: &mut [u8]| {
            bytes.fill(0);
            Ok(())
        };
        let mut used = BTreeSet::new();
        for _ in 0..INCARNATION_MAX {
            assert!(used.insert(draw(&used, &zeros).unwrap()));
        }
        assert!(used.iter().all(|incarnation| (1..=INCARNATION_MAX).contains(incarnation)));
        assert!(matches!(draw(&used, &zeros), Err(RestoreFailed::Incarnations)));
    }
}

//! Numbered changes of the schema, forward only, each in one transaction.
//!
//! A file under `migrations/` that has shipped is never edited: its checksum is kept in every database that went
//! through it, and a build whose text differs refuses to open that database.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::retry::Backoff;
use super::{APPLICATION_ID, OpenError};

/// One file of the folder `migrations`. Its number is its place in the list, counted from one.
pub(super) struct Migration {
    name: &'static str,
    sql: &'static str,
}

pub(super) const ALL: &[Migration] = &[
    Migration { name: "0001_keys", sql: include_str!("../../migrations/0001_keys.sql") },
    Migration { name: "0002_events", sql: include_str!("../../migrations/0002_events.sql") },
    Migration { name: "0003_secrets", sql: include_str!("../../migrations/0003_secrets.sql") },
];

/// The migration that made the journal.
const SINCE_JOURNAL: i64 = 2;

const TABLE: &str = "CREATE TABLE migrations (
    number   INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    checksum BLOB NOT NULL CHECK (length(checksum) = 32)
) STRICT";

pub(super) fn newest(all: &[Migration]) -> u32 {
    u32::try_from(all.len()).unwrap_or(u32::MAX)
}

/// What the file says it is.
pub(super) struct Identity {
    application: i32,
    schema: i64,
    tables: i64,
}

pub(super) fn identify(connection: &Connection) -> rusqlite::Result<Identity> {
    // One read transaction: another process may create the tables between two looks, and half of each picture would
    // be tables of a stranger.
    let snapshot = connection.unchecked_transaction()?;
    Ok(Identity {
        tables: snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        application: snapshot.pragma_query_value(None, "application_id", |row| row.get(0))?,
        schema: snapshot.pragma_query_value(None, "user_version", |row| row.get(0))?,
    })
}

impl Identity {
    pub(super) fn refuse_unknown(&self, path: &Path) -> Result<(), OpenError> {
        let id = self.application;
        // A creation cut short leaves no tables, since id, version and tables are committed together.
        let unborn = id == 0 && self.schema == 0 && self.tables == 0;
        if unborn || id == APPLICATION_ID {
            return Ok(());
        }
        Err(OpenError::OtherApplication { path: path.to_owned(), id })
    }

    /// For readers, who bring no schema up to date.
    pub(super) fn refuse_without_journal(&self, path: &Path, known: u32) -> Result<(), OpenError> {
        if self.schema > i64::from(known) {
            return Err(OpenError::NewerSchema { path: path.to_owned(), found: self.schema, known });
        }
        if self.schema < SINCE_JOURNAL {
            return Err(OpenError::NoJournal { path: path.to_owned() });
        }
        Ok(())
    }
}

/// Brings the file to the newest of `all`.
pub(super) fn migrate(
    connection: &mut Connection,
    backoff: &mut Backoff,
    path: &Path,
    all: &[Migration],
) -> Result<(), OpenError> {
    let wrap = |source| OpenError::from_sqlite(path, source);
    loop {
        let applied = backoff.run(|| read_applied(&connection.unchecked_transaction()?)).map_err(wrap)?;
        refuse_differing(&applied, path, all)?;
        let number = applied.checksums.len();
        let Some(next) = all.get(number) else { return Ok(()) };
        backoff
            .run(|| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                // Another process may have been here between our look and the lock.
                if read_applied(&transaction)?.checksums.len() == number {
                    apply(&transaction, next, applied.schema + 1)?;
                    transaction.commit()?;
                }
                Ok(())
            })
            .map_err(wrap)?;
    }
}

struct Applied {
    schema: i64,
    checksums: Vec<[u8; 32]>,
}

/// In a transaction, since the number and the rows have to be of the same moment.
fn read_applied(transaction: &Transaction<'_>) -> rusqlite::Result<Applied> {
    let schema: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let checksums = if schema == 0 {
        Vec::new()
    } else {
        transaction
            .prepare("SELECT checksum FROM migrations ORDER BY number")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    Ok(Applied { schema, checksums })
}

fn refuse_differing(applied: &Applied, path: &Path, all: &[Migration]) -> Result<(), OpenError> {
    let found = applied.schema;
    if found > i64::from(newest(all)) {
        return Err(OpenError::NewerSchema { path: path.to_owned(), found, known: newest(all) });
    }
    if i64::try_from(applied.checksums.len()) != Ok(found) {
        let text = format!("schema {found} with {} migrations", applied.checksums.len());
        return Err(OpenError::Corrupt { path: path.to_owned(), source: text.into() });
    }
    for (number, (checksum, migration)) in (1..).zip(applied.checksums.iter().zip(all)) {
        if *checksum != migration.checksum() {
            return Err(OpenError::ChangedMigration { path: path.to_owned(), number, name: migration.name });
        }
    }
    Ok(())
}

fn apply(transaction: &Transaction<'_>, migration: &Migration, number: i64) -> rusqlite::Result<()> {
    if number == 1 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute(TABLE, [])?;
    }
    transaction.execute_batch(migration.sql)?;
    transaction.execute(
        "INSERT INTO migrations (number, name, checksum) VALUES (?1, ?2, ?3)",
        (number, migration.name, migration.checksum()),
    )?;
    transaction.pragma_update(None, "user_version", number)
}

impl Migration {
    fn checksum(&self) -> [u8; 32] {
        Sha256::digest(self.sql.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = Migration { name: "0001_one", sql: "CREATE TABLE one (a INTEGER) STRICT;" };
    const TWO: Migration = Migration { name: "0002_two", sql: "ALTER TABLE one ADD COLUMN b INTEGER;" };
    const OTHER: Migration = Migration { name: "0001_other", sql: "CREATE TABLE one (z INTEGER) STRICT;" };
    const BROKEN: Migration = Migration {
        name: "0002_broken",
        sql: "CREATE TABLE two (a INTEGER); INSERT INTO nowhere VALUES (1);",
    };

    fn run(connection: &mut Connection, all: &[Migration]) -> Result<(), OpenError> {
        migrate(connection, &mut Backoff::new(), Path::new("test.db"), all)
    }

    #[test]
    fn each_migration_runs_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE]).unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        connection.execute("INSERT INTO one (a, b) VALUES (1, 2)", []).unwrap();
        let identity = identify(&connection).unwrap();
        assert_eq!((identity.application, identity.schema), (APPLICATION_ID, 2));
    }

    #[test]
    fn an_older_build_and_a_changed_history_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        let error = run(&mut connection, &[ONE]).unwrap_err();
        assert!(matches!(error, OpenError::NewerSchema { found: 2, known: 1, .. }), "{error}");
        let error = run(&mut connection, &[OTHER, TWO]).unwrap_err();
        assert!(
            matches!(error, OpenError::ChangedMigration { number: 1, name: "0001_other", .. }),
            "{error}"
        );
        connection.execute("DELETE FROM migrations WHERE number = 1", []).unwrap();
        assert!(matches!(run(&mut connection, &[ONE, TWO]), Err(OpenError::Corrupt { .. })));
    }

    #[test]
    fn a_failing_migration_leaves_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE]).unwrap();
        assert!(run(&mut connection, &[ONE, BROKEN]).is_err());
        assert_eq!(identify(&connection).unwrap().tables, 2);
        run(&mut connection, &[ONE, TWO]).unwrap();
    }
}

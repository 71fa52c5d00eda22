//! Rows of sealed secrets: credentials of brokers, keys that sign.
//!
//! Enters: a name and bytes that were sealed by the vault. Leaves: the same bytes.
//! Never here: the key that opens them, or anything that was opened.

use rusqlite::OptionalExtension;

use crate::database::{Database, DbError};

/// A secret's name and age, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    /// Unique name, 1 to 512 characters.
    pub name: String,
    /// When it was last put there, Unix nanoseconds.
    pub changed: i64,
}

/// Keeps `sealed` under `name`, durably; what was there before is replaced. `now` is Unix nanoseconds.
///
/// # Errors
/// [`DbError::Constraint`] if the name is empty or longer than 512 characters; otherwise see [`DbError`].
pub fn put(database: &Database, name: &str, sealed: &[u8], now: i64) -> Result<(), DbError> {
    database.write(|transaction| {
        transaction.execute(
            "INSERT INTO secrets (name, sealed, changed) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, changed = excluded.changed",
            (name, sealed, now),
        )?;
        Ok(())
    })
}

/// Keeps `sealed` under `name` unless there is one already, and answers the bytes that are there then: of several
/// processes that make a secret at the same time, all go on with the same one. `now` is Unix nanoseconds.
///
/// # Errors
/// As [`put`].
pub fn put_first(database: &Database, name: &str, sealed: &[u8], now: i64) -> Result<Vec<u8>, DbError> {
    database.write(|transaction| {
        transaction.execute(
            "INSERT INTO secrets (name, sealed, changed) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING",
            (name, sealed, now),
        )?;
        transaction.query_row("SELECT sealed FROM secrets WHERE name = ?1", [name], |row| row.get(0))
    })
}

/// The sealed bytes under `name`, if any.
///
/// # Errors
/// See [`DbError`].
pub fn get(database: &Database, name: &str) -> Result<Option<Vec<u8>>, DbError> {
    database.read(|connection| {
        connection
            .prepare_cached("SELECT sealed FROM secrets WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()
    })
}

/// All names with their age, sorted.
///
/// # Errors
/// See [`DbError`].
pub fn list(database: &Database) -> Result<Vec<SecretRow>, DbError> {
    database.read(|connection| {
        connection
            .prepare_cached("SELECT name, changed FROM secrets ORDER BY name")?
            .query_map([], |row| Ok(SecretRow { name: row.get(0)?, changed: row.get(1)? }))?
            .collect()
    })
}

/// Removes `name`, durably; true if it was there. Its bytes may stay in free pages of the file and in backups, sealed.
///
/// # Errors
/// See [`DbError`].
pub fn delete(database: &Database, name: &str) -> Result<bool, DbError> {
    database.write(|transaction| {
        transaction.execute("DELETE FROM secrets WHERE name = ?1", [name]).map(|removed| removed == 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_last_is_there_until_it_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("meridian.db");
        let database = Database::open_file(&path).unwrap();
        assert_eq!(get(&database, "broker:kite").unwrap(), None);
        put(&database, "broker:kite", b"one", 1).unwrap();
        put(&database, "anchors", b"two", 2).unwrap();
        put(&database, "broker:kite", b"three", 3).unwrap();
        assert_eq!(put_first(&database, "anchors", b"four", 4).unwrap(), b"two");
        assert_eq!(put_first(&database, "new", b"five", 5).unwrap(), b"five");
        assert!(matches!(put(&database, "", b"six", 6), Err(DbError::Constraint { .. })));
        drop(database);

        let database = Database::open_file(&path).unwrap();
        assert_eq!(get(&database, "broker:kite").unwrap().unwrap(), b"three");
        let names: Vec<_> = list(&database).unwrap().into_iter().map(|row| (row.name, row.changed)).collect();
        assert_eq!(names, [("anchors".to_owned(), 2), ("broker:kite".to_owned(), 3), ("new".to_owned(), 5)]);
        assert!(delete(&database, "new").unwrap());
        assert!(!delete(&database, "new").unwrap());
        assert_eq!(get(&database, "new").unwrap(), None);
    }
}

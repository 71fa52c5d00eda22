use super::*;
use crate::keys::{self, KeyRow};
use crate::subscriptions::{self, Put, SubscriptionRow};

fn key(number: u8) -> KeyRow {
    KeyRow {
        api_key: format!("key{number}"),
        name: "desk".to_owned(),
        token_hash: [number; 32],
        scopes: "market:read".to_owned(),
        account: None,
        created: i64::from(number),
        expires: None,
        redirect: None,
        generation: 1,
        revoked: None,
    }
}

fn fresh() -> (tempfile::TempDir, Database) {
    let parent = tempfile::tempdir().unwrap();
    let database = Database::open_file(&parent.path().join("meridian.db")).unwrap();
    (parent, database)
}

#[test]
fn the_settings_that_durability_needs_are_on() {
    let (_parent, database) = fresh();
    let settings = configure(&database.connection.borrow()).unwrap();
    settings.refuse_unset(database.path()).unwrap();
    let mode = fs::metadata(database.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The check itself must be able to fail.
    database.connection.borrow().pragma_update(None, "synchronous", "NORMAL").unwrap();
    let found: i64 =
        database.connection.borrow().pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    let rows = std::array::from_fn(|_| ("synchronous", found.to_string(), "2"));
    let settings = Settings { rows };
    assert!(matches!(
        settings.refuse_unset(database.path()),
        Err(OpenError::Setting { name: "synchronous", .. })
    ));
}

#[test]
fn rows_survive_and_the_schema_is_stable() {
    let (_parent, database) = fresh();
    keys::insert(&database, &key(1), 10).unwrap();
    let path = database.path().to_owned();
    drop(database);
    assert!(!path.with_extension("db-wal").exists(), "closing moves the log into the file");
    let database = Database::open_file(&path).unwrap();
    assert_eq!(keys::all(&database).unwrap(), [key(1)]);
    assert_eq!(Database::schema(), 3);
}

#[test]
fn other_files_are_recognised_and_not_touched() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("meridian.db");
    let other = |sql: &str| {
        let file = parent.path().join("other.db");
        let _ = fs::remove_file(&file);
        Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        fs::read(&file).unwrap()
    };
    let mut wrong_header = other("CREATE TABLE a (b)");
    wrong_header[..6].copy_from_slice(b"SQlite");
    let foreign = other("CREATE TABLE a (b)");
    let marked = other("PRAGMA application_id = 7");
    let foreign_log = other("PRAGMA journal_mode = WAL; CREATE TABLE a (b); INSERT INTO a VALUES (1)");
    let mut truncated = {
        let (_keep, database) = fresh();
        let path = database.path().to_owned();
        drop(database);
        fs::read(path).unwrap()
    };
    truncated.truncate(8_192);
    type Check = fn(&OpenError) -> bool;
    let rows: [(&str, &[u8], Check); 7] = [
        ("text", b"hello", |error| matches!(error, OpenError::NotADatabase { .. })),
        ("long text", &[b'x'; 10_000], |error| matches!(error, OpenError::NotADatabase { .. })),
        ("wrong header", &wrong_header, |error| matches!(error, OpenError::NotADatabase { .. })),
        ("foreign", &foreign, |error| matches!(error, OpenError::OtherApplication { id: 0, .. })),
        ("foreign log", &foreign_log, |error| matches!(error, OpenError::OtherApplication { id: 0, .. })),
        ("marked", &marked, |error| matches!(error, OpenError::OtherApplication { id: 7, .. })),
        ("truncated", &truncated, |error| matches!(error, OpenError::Corrupt { .. })),
    ];
    for (name, bytes, check) in rows {
        fs::write(&path, bytes).unwrap();
        let error = Database::open_file(&path).unwrap_err();
        assert!(check(&error), "{name}: {error:?}");
        assert!(error.hint().is_some());
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name} was changed");
        for rest in ["db-wal", "db-shm", "db-journal"] {
            let _ = fs::remove_file(path.with_extension(rest));
        }
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(Database::open_file(&path), Err(OpenError::NotADatabase { .. })));
    assert!(Database::open_file(&parent.path().join("no/such/meridian.db")).is_err());
}

#[test]
fn the_log_of_a_stranger_is_not_moved_into_its_file() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("meridian.db");
    let stranger = Connection::open(&path).unwrap();
    stranger.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    stranger
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (b); INSERT INTO a VALUES (1)")
        .unwrap();
    drop(stranger);
    let read = || (fs::read(&path).unwrap(), fs::read(path.with_extension("db-wal")).unwrap());
    let before = read();
    assert!(!before.1.is_empty());
    assert!(matches!(Database::open_file(&path), Err(OpenError::OtherApplication { .. })));
    assert_eq!(read(), before);
}

#[test]
fn an_empty_file_is_an_interrupted_creation() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("meridian.db");
    fs::write(&path, "").unwrap();
    drop(Database::open_file(&path).unwrap());
    // Cut short after WAL was switched on: a header and no tables.
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "WAL").unwrap();
    assert!(keys::all(&Database::open_file(&path).unwrap()).unwrap().is_empty());
}

#[test]
fn a_newer_schema_is_named() {
    let (_parent, database) = fresh();
    database.connection.borrow().pragma_update(None, "user_version", 9).unwrap();
    let error = Database::open_file(database.path()).unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found: 9, known: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("schema 9") && error.hint().unwrap().contains("upgrade"));
}

#[test]
fn many_processes_may_create_it_at_once() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("meridian.db");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let database = Database::open_file(path).unwrap();
                assert_eq!(keys::insert(&database, &key(number), 100).unwrap(), keys::Inserted::Yes);
            });
        }
    });
    assert_eq!(keys::all(&Database::open_file(&path).unwrap()).unwrap().len(), 8);
}

#[test]
fn a_held_lock_ends_in_an_error_and_not_in_a_hang() {
    let (_parent, database) = fresh();
    let holder = Connection::open(database.path()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(keys::insert(&database, &key(1), 10), Err(DbError::Busy)));
    assert!(keys::all(&database).unwrap().is_empty(), "readers do not wait");
    holder.execute_batch("ROLLBACK").unwrap();
    keys::insert(&database, &key(1), 10).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(Database::open_file(database.path()).is_ok(), "opening an up-to-date file needs no write lock");
}

#[test]
fn changes_of_others_are_seen_once() {
    let (_parent, one) = fresh();
    let two = Database::open_file(one.path()).unwrap();
    assert!(!one.changed().unwrap() && !two.changed().unwrap());
    keys::insert(&one, &key(1), 10).unwrap();
    assert!(!one.changed().unwrap(), "its own change");
    assert!(two.changed().unwrap());
    assert!(!two.changed().unwrap());
    two.forget_version();
    assert!(two.changed().unwrap());
    two.checkpoint().unwrap();
    assert!(!one.changed().unwrap(), "a checkpoint is no change");
}

#[test]
fn checkpoints_are_ours_to_make() {
    let (_parent, database) = fresh();
    for number in 0..100 {
        keys::insert(&database, &key(number), 1_000).unwrap();
    }
    let before = database.log_bytes();
    assert!(before > 100 * 4_096, "SQLite's own checkpoints are off: {before}");
    let done = database.checkpoint().unwrap();
    assert!(done.logged > 100 && done.moved == done.logged, "{done:?}");
    // A reader holds the rest back, and the checkpoint waits for nobody.
    let reader = Connection::open(database.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM keys").unwrap();
    keys::insert(&database, &key(200), 1_000).unwrap();
    keys::insert(&database, &key(201), 1_000).unwrap();
    let done = database.checkpoint().unwrap();
    assert!(done.moved < done.logged, "{done:?}");
}

#[test]
fn a_long_log_starts_again_and_the_pause_is_told() {
    let (_parent, database) = fresh();
    let checkpointer = Database::open_file(database.path()).unwrap();
    let mut clock = (1_u64..).map(|turn| turn * 250);
    let mut mono_nanos = || clock.next().unwrap();
    for number in 0..100 {
        keys::insert(&database, &key(number), 1_000).unwrap();
    }
    // A reader that is in the way is not waited for.
    let reader = Connection::open(database.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM keys").unwrap();
    keys::insert(&database, &key(200), 1_000).unwrap();
    let bytes = database.log_bytes();
    assert_eq!(checkpointer.checkpoint_long_log(bytes, &mut mono_nanos).unwrap(), None, "not long enough");
    let done = checkpointer.checkpoint_long_log(100 * 4_096, &mut mono_nanos).unwrap().unwrap();
    assert!(!done.restarted && done.log_bytes > 100 * 4_096, "{done:?}");
    reader.execute_batch("ROLLBACK").unwrap();
    let done = checkpointer.checkpoint_long_log(100 * 4_096, &mut mono_nanos).unwrap().unwrap();
    assert!(done.restarted && done.pause_nanos == 250, "{done:?}");
    let bytes = database.log_bytes();
    keys::insert(&database, &key(201), 1_000).unwrap();
    assert_eq!(database.log_bytes(), bytes, "the next commit uses the beginning of the log again");
    assert_eq!(checkpointer.checkpoint_long_log(100 * 4_096, &mut mono_nanos).unwrap(), None);
    assert_eq!(keys::all(&database).unwrap().len(), 102);
}

#[test]
fn a_failed_disk_stops_all_further_writes() {
    let (_parent, database) = fresh();
    let failed =
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC), None);
    let failed = std::cell::Cell::new(Some(failed));
    let result: Result<(), _> = database.write(|_| Err(failed.take().unwrap()));
    assert!(matches!(result, Err(DbError::Io(_))));
    assert!(matches!(keys::insert(&database, &key(1), 10), Err(DbError::Poisoned)));
    assert!(keys::all(&database).unwrap().is_empty());
}

#[test]
fn keys_are_limited_revoked_for_ever_and_never_doubled() {
    let (_parent, database) = fresh();
    assert!(!keys::any(&database).unwrap());
    assert_eq!(keys::insert(&database, &key(1), 2).unwrap(), keys::Inserted::Yes);
    assert_eq!(
        keys::insert(&database, &KeyRow { name: "x".to_owned(), ..key(1) }, 2).unwrap(),
        keys::Inserted::Already
    );
    assert_eq!(
        keys::insert(&database, &KeyRow { expires: Some(5), ..key(2) }, 2).unwrap(),
        keys::Inserted::Yes
    );
    assert_eq!(keys::insert(&database, &key(3), 2).unwrap(), keys::Inserted::Full);
    assert_eq!(
        keys::insert(&database, &key(5), 2).unwrap(),
        keys::Inserted::Yes,
        "key 2 has expired by then"
    );
    let clash = KeyRow { api_key: "key1".to_owned(), ..key(9) };
    assert!(matches!(keys::insert(&database, &clash, 9), Err(DbError::Constraint(_))));

    let wanted = SubscriptionRow {
        api_key: "key1".to_owned(),
        instrument: "NSE:INFY".to_owned(),
        token: 408_065,
        mode: "full".to_owned(),
        account: None,
        created: 1,
    };
    subscriptions::put(&database, std::slice::from_ref(&wanted), 10).unwrap();
    assert_eq!(keys::revoke(&database, "key1", 7).unwrap(), keys::Revoked::Now);
    assert_eq!(keys::revoke(&database, "key1", 8).unwrap(), keys::Revoked::Before);
    assert_eq!(keys::revoke(&database, "nobody", 8).unwrap(), keys::Revoked::Unknown);
    assert_eq!(keys::all(&database).unwrap()[0].revoked, Some(7));
    assert!(subscriptions::all(&database).unwrap().is_empty());
}

#[test]
fn subscriptions_are_kept_up_to_a_limit() {
    let (_parent, database) = fresh();
    keys::insert(&database, &key(1), 10).unwrap();
    keys::insert(&database, &key(2), 10).unwrap();
    let row = |api_key: &str, instrument: &str, mode: &str, created| SubscriptionRow {
        api_key: api_key.to_owned(),
        instrument: instrument.to_owned(),
        token: 1,
        mode: mode.to_owned(),
        account: None,
        created,
    };
    let rows =
        [row("key1", "NSE:B", "ltp", 1), row("key1", "NSE:A", "ltp", 1), row("key2", "NSE:A", "full", 1)];
    assert_eq!(subscriptions::put(&database, &rows, 2).unwrap(), Put::Yes);
    let more = [row("key1", "NSE:A", "full", 2), row("key1", "NSE:C", "ltp", 2)];
    assert_eq!(subscriptions::put(&database, &more, 2).unwrap(), Put::Full);
    assert_eq!(
        subscriptions::of_key(&database, "key1").unwrap(),
        [rows[1].clone(), rows[0].clone()],
        "none was written"
    );
    assert_eq!(subscriptions::put(&database, &more[..1], 2).unwrap(), Put::Yes);
    assert_eq!(subscriptions::of_key(&database, "key1").unwrap()[0], row("key1", "NSE:A", "full", 1));
    assert!(subscriptions::remove(&database, "key1", "NSE:A").unwrap());
    assert!(!subscriptions::remove(&database, "key1", "NSE:A").unwrap());
    assert_eq!(subscriptions::all(&database).unwrap().len(), 2);
    assert!(matches!(
        subscriptions::put(&database, &[row("nobody", "a", "b", 1)], 2),
        Err(DbError::Constraint(_))
    ));
}

#[test]
fn sessions_per_key_are_bounded_and_the_oldest_goes() {
    use crate::sessions::{self, Exchanged, RequestTokenRow, SessionRow};
    let (_parent, database) = fresh();
    keys::insert(&database, &key(1), 10).unwrap();
    let request = |number: u8, created| RequestTokenRow {
        token_hash: [number; 32],
        api_key: "key1".to_owned(),
        created,
        expires: created + 100,
    };
    let session = |number: u8, created| SessionRow {
        token_hash: [number; 32],
        api_key: "key1".to_owned(),
        created,
        expires: 1_000,
    };
    for number in 0..4 {
        sessions::insert_request_token(&database, &request(number, i64::from(number)), 3).unwrap();
    }
    assert_eq!(
        sessions::exchange(&database, &[0; 32], &session(0, 5), 2).unwrap(),
        Exchanged::Unknown,
        "pushed out"
    );
    for number in 1..4 {
        assert_eq!(
            sessions::exchange(&database, &[number; 32], &session(number, 5), 2).unwrap(),
            Exchanged::Yes
        );
        assert_eq!(sessions::exchange(&database, &[number; 32], &session(9, 5), 2).unwrap(), Exchanged::Used);
    }
    let (_, live) = sessions::all_with_keys(&database).unwrap();
    assert_eq!(live, [session(2, 5), session(3, 5)]);
    // Too late, and a key that is gone.
    sessions::insert_request_token(&database, &request(7, 10), 3).unwrap();
    assert_eq!(sessions::exchange(&database, &[7; 32], &session(7, 110), 2).unwrap(), Exchanged::Unknown);
    keys::revoke(&database, "key1", 20).unwrap();
    assert_eq!(sessions::exchange(&database, &[7; 32], &session(7, 20), 2).unwrap(), Exchanged::Unknown);
    assert!(sessions::end(&database, "key1", &[2; 32]).unwrap());
    assert!(!sessions::end(&database, "other", &[3; 32]).unwrap());
}

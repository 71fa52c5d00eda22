//! Every schema that ever shipped leaves a sample under `testdata/`, and every later build must open it.
//!
//! To add the sample of a new schema: `cargo test -p journal --test compatibility -- --ignored`, then commit the file.
//! A sample that is there is never written again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use journal::events::{self, Batch, Checked, Claim, Journal, NewRow, SqliteJournal, Stream};
use journal::keys::{self, KeyRow};
use journal::secrets;
use journal::sessions::{self, RequestTokenRow, SessionRow};
use journal::subscriptions::{self, SubscriptionRow};
use journal::{DataDirectory, Database, server_key};

fn sample(schema: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/meridian-{schema:04}.db"))
}

fn key() -> KeyRow {
    KeyRow {
        api_key: "samplekey0000001".to_owned(),
        name: "desk".to_owned(),
        token_hash: [1; 32],
        scopes: "market:read,orders:read".to_owned(),
        account: Some("paper".to_owned()),
        created: 1_795_146_300_000_000_000,
        expires: Some(1_900_000_000_000_000_000),
        redirect: Some("http://127.0.0.1/callback".to_owned()),
        generation: 1,
        revoked: None,
    }
}

fn revoked() -> KeyRow {
    KeyRow {
        api_key: "samplekey0000002".to_owned(),
        token_hash: [2; 32],
        account: None,
        expires: None,
        redirect: None,
        created: key().created + 1,
        revoked: Some(key().created + 2),
        ..key()
    }
}

fn session() -> SessionRow {
    SessionRow {
        token_hash: [3; 32],
        api_key: key().api_key,
        created: key().created,
        expires: key().created + 9,
    }
}

fn subscription() -> SubscriptionRow {
    SubscriptionRow {
        api_key: key().api_key,
        instrument: "NSE:INFY".to_owned(),
        token: 408_065,
        mode: "full".to_owned(),
        account: None,
        created: key().created,
    }
}

/// Rows of every kind of stream, and of every shape that a column can have.
fn batch() -> Batch {
    let row = |stream: Stream, schema, subject: Option<&str>| NewRow {
        kind: "sample".into(),
        schema,
        key: stream.is_fact().then(|| format!("{stream} 1")),
        subject: subject.map(str::to_owned),
        body: stream.as_str().as_bytes().to_vec(),
        stream,
    };
    let decided = [Stream::account("paper"), Stream::feed("nse"), Stream::singleton("reports")];
    let mut rows = vec![
        row(Stream::intake(), 1, Some("s-1")),
        row(Stream::control(), 1, None),
        row(Stream::venue("paper"), 1, Some("")),
    ];
    rows.extend(decided.iter().map(|stream| row(stream.clone(), 2, Some("s-1"))));
    rows.push(NewRow { body: vec![], ..row(decided[0].clone(), 1, None) });
    let claims = decided.map(|stream| Claim { stream, epoch: 1, expected: 0 });
    Batch { id: 1 << 32 | 1, time: key().created, rows, claims: claims.into(), control_seen: Some(0) }
}

fn journal_of(directory: &tempfile::TempDir) -> SqliteJournal {
    SqliteJournal::open(&DataDirectory::open_or_create(directory.path()).unwrap()).unwrap()
}

#[test]
fn every_sample_since_the_second_has_its_events() {
    for schema in 2..=Database::schema() {
        let directory = tempfile::tempdir().unwrap();
        fs::copy(sample(schema), directory.path().join("meridian.db")).unwrap();
        let mut journal = journal_of(&directory);
        let Checked { head, events } = events::check(&mut journal).unwrap();
        assert_eq!((head.seq, events), (7, 7), "schema {schema}");
        for (row, new) in journal.read(0, 10).unwrap().iter().zip(batch().rows) {
            assert_eq!((&row.stream, &*row.kind, row.schema), (&new.stream, &*new.kind, new.schema));
            assert_eq!((&row.key, &row.subject, &row.body), (&new.key, &new.subject, &new.body));
            assert_eq!((row.batch, row.time), (batch().id, batch().time));
        }
        let holders: Vec<_> =
            journal.leases().unwrap().iter().map(|lease| (lease.holder, lease.epoch)).collect();
        assert_eq!(holders, [(1, 1), (1, 1), (1, 1)]);
        let ended: Vec<_> = journal.instances().unwrap().iter().map(|instance| instance.ended).collect();
        assert_eq!((ended, journal.write_schema().unwrap()), (vec![false, true], 3));
    }
}

#[test]
fn the_first_sample_gets_an_empty_journal_that_works() {
    let directory = tempfile::tempdir().unwrap();
    fs::copy(sample(1), directory.path().join("meridian.db")).unwrap();
    let mut journal = journal_of(&directory);
    assert_eq!(events::check(&mut journal).unwrap().events, 0);
    write_events(&mut journal);
    assert_eq!(events::check(&mut journal).unwrap().events, 7);
}

fn write_events(journal: &mut SqliteJournal) {
    let one = journal.register("sample-1", key().created, 3).unwrap();
    let two = journal.register("sample-2", key().created, 2).unwrap();
    for claim in batch().claims {
        journal.take_lease(&claim.stream, one, 0).unwrap();
    }
    assert!(matches!(journal.append(&batch()), events::Append::Durable { first_seq: 1, .. }));
    journal.mark_ended(two).unwrap();
}

#[test]
fn every_sample_opens_with_its_rows() {
    for schema in 1..=Database::schema() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("meridian.db");
        fs::copy(sample(schema), &path).unwrap();
        let database = Database::open_file(&path).unwrap();
        assert_eq!(keys::all(&database).unwrap(), [key(), revoked()], "schema {schema}");
        assert_eq!(sessions::all_with_keys(&database).unwrap().1, [session()]);
        assert_eq!(subscriptions::all(&database).unwrap(), [subscription()]);
        assert_eq!(server_key::known(&database).unwrap(), Some([5; 32]));
    }
}

#[test]
fn every_sample_since_the_third_has_its_secret() {
    for schema in 3..=Database::schema() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("meridian.db");
        fs::copy(sample(schema), &path).unwrap();
        let database = Database::open_file(&path).unwrap();
        assert_eq!(secrets::get(&database, "sample").unwrap().unwrap(), b"sealed", "schema {schema}");
    }
}

#[test]
#[ignore = "writes the sample of a new schema into the repository"]
fn write_the_sample_of_this_schema() {
    let target = sample(Database::schema());
    assert!(!target.exists(), "{} has shipped", target.display());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("meridian.db");
    let database = Database::open_file(&path).unwrap();
    server_key::remember(&database, &[5; 32]).unwrap();
    keys::insert(&database, &key(), 10).unwrap();
    keys::insert(&database, &KeyRow { revoked: None, ..revoked() }, 10).unwrap();
    keys::revoke(&database, &revoked().api_key, key().created + 2).unwrap();
    let request = RequestTokenRow {
        token_hash: [4; 32],
        api_key: key().api_key,
        created: key().created,
        expires: key().created + 9,
    };
    sessions::insert_request_token(&database, &request, 10).unwrap();
    sessions::exchange(&database, &[4; 32], &session(), 10).unwrap();
    subscriptions::put(&database, &[subscription()], 10).unwrap();
    secrets::put(&database, "sample", b"sealed", key().created).unwrap();
    drop(database);
    write_events(&mut journal_of(&directory));
    fs::copy(&path, &target).unwrap();
}

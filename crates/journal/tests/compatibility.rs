//! Every schema that ever shipped leaves a sample under `testdata/`, and every later build must open it.
//!
//! To add the sample of a new schema: `cargo test -p journal --test compatibility -- --ignored`, then commit the file.
//! A sample that is there is never written again.

use std::fs;
use std::path::{Path, PathBuf};

use journal::keys::{self, KeyRow};
use journal::sessions::{self, RequestTokenRow, SessionRow};
use journal::subscriptions::{self, SubscriptionRow};
use journal::{Database, server_key};

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
    drop(database);
    fs::copy(&path, &target).unwrap();
}

//! A data directory of its own for each test.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use access::{Issued, Keys, NewKey, Scopes, Started, entropy};
use journal::DataDirectory;
use market::UnixNanos;

pub(crate) const NOW: UnixNanos = UnixNanos(1_795_146_300_000_000_000);

pub(crate) struct Home {
    _parent: tempfile::TempDir,
    pub(crate) directory: DataDirectory,
}

impl Home {
    pub(crate) fn new() -> Home {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&parent.path().join("data")).unwrap();
        Home { _parent: parent, directory }
    }

    pub(crate) fn start(&self) -> Started {
        access::start(&self.directory, entropy::system(), NOW).unwrap()
    }

    pub(crate) fn keys(&self) -> Keys {
        self.start().keys
    }
}

pub(crate) fn wish(scopes: &str) -> NewKey {
    NewKey {
        name: "desk".to_owned(),
        scopes: Scopes::parse(scopes).unwrap(),
        redirect: Some("http://127.0.0.1/callback".to_owned()),
        ..NewKey::default()
    }
}

pub(crate) fn create(keys: &Keys) -> Issued {
    keys.create(wish("market:read,orders:read"), NOW).unwrap()
}

pub(crate) fn later(seconds: i64) -> UnixNanos {
    UnixNanos(NOW.0 + seconds * 1_000_000_000)
}

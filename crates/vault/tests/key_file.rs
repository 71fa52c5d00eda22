//! Which key files are used, and which are refused with what advice.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use vault::{KeyFile, KeyFileError, KeyProvider, Secret, Vault};

struct Data(tempfile::TempDir);

impl Data {
    fn new() -> Data {
        Data(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join(vault::key_file::FILE)
    }

    fn write(&self, bytes: &[u8], mode: u32) {
        fs::write(self.path(), bytes).unwrap();
        fs::set_permissions(self.path(), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn names(&self) -> Vec<String> {
        fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn refusal(path: &Path) -> KeyFileError {
    let before = fs::symlink_metadata(path).unwrap().modified().unwrap();
    let error = KeyFile::load_or_create(path).unwrap_err();
    assert_eq!(
        fs::symlink_metadata(path).unwrap().modified().unwrap(),
        before,
        "what is refused is left alone"
    );
    error
}

#[test]
fn the_first_use_creates_a_key_that_later_ones_find() {
    let data = Data::new();
    let first = Vault::new(KeyFile::load_or_create(&data.path()).unwrap());
    let sealed = first.seal("a", "token", &Secret::new("hunter2")).unwrap();
    let metadata = fs::metadata(data.path()).unwrap();
    assert_eq!((metadata.len(), metadata.permissions().mode() & 0o7777), (32, 0o600));
    assert_eq!(data.names(), ["vault.key"], "nothing unfinished stays");
    for again in [KeyFile::load_or_create(&data.path()), KeyFile::load(&data.path())] {
        assert!(Vault::new(again.unwrap()).open("a", "token", &sealed).unwrap().matches(b"hunter2"));
    }
}

#[test]
fn each_installation_has_its_own_key() {
    let (one, two) = (Data::new(), Data::new());
    assert_ne!(
        KeyFile::load_or_create(&one.path()).unwrap().id(),
        KeyFile::load_or_create(&two.path()).unwrap().id()
    );
}

#[test]
fn of_many_first_starts_all_get_the_same_key() {
    let data = Data::new();
    let path = data.path();
    let mut ids: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> =
            (0..8).map(|_| scope.spawn(|| KeyFile::load_or_create(&path).unwrap().id().to_owned())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(data.names(), ["vault.key"]);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let data = Data::new();
    for mode in [0o640, 0o604, 0o620, 0o666] {
        data.write(&[7; 32], mode);
        let error = refusal(&data.path());
        assert!(matches!(error, KeyFileError::Exposed { mode: found, .. } if found == mode), "{error}");
        assert!(error.hint().contains(&format!("chmod 600 {}", data.path().display())));
    }
    // A secret that an orchestrator mounts is often not writable either.
    data.write(&[7; 32], 0o400);
    assert!(KeyFile::load(&data.path()).is_ok());
}

#[test]
fn a_file_that_is_no_key_is_refused_and_never_replaced() {
    let data = Data::new();
    for length in [0, 31, 33, 100_000] {
        data.write(&vec![7; length], 0o600);
        let error = refusal(&data.path());
        assert_eq!(
            error.to_string(),
            format!("`{}` has {length} bytes; a key has 32", data.path().display())
        );
        assert_eq!(fs::metadata(data.path()).unwrap().len(), length as u64);
    }
}

#[test]
fn a_link_or_a_directory_is_refused() {
    let (data, elsewhere) = (Data::new(), Data::new());
    elsewhere.write(&[7; 32], 0o600);
    symlink(elsewhere.path(), data.path()).unwrap();
    assert!(matches!(refusal(&data.path()), KeyFileError::NotAFile { .. }));

    // A link to nothing must not make us create a key wherever it points.
    fs::remove_file(elsewhere.path()).unwrap();
    assert!(matches!(refusal(&data.path()), KeyFileError::NotAFile { .. }));
    assert!(elsewhere.names().is_empty());

    fs::remove_file(data.path()).unwrap();
    fs::create_dir(data.path()).unwrap();
    assert!(matches!(refusal(&data.path()), KeyFileError::NotAFile { .. }));
}

#[test]
fn a_missing_key_is_not_made_up_where_one_is_expected() {
    let data = Data::new();
    let error = KeyFile::load(&data.path()).unwrap_err();
    assert!(matches!(error, KeyFileError::Missing { .. }), "{error}");
    assert!(data.names().is_empty());

    let no_directory = data.0.path().join("none").join("vault.key");
    let error = KeyFile::load_or_create(&no_directory).unwrap_err();
    assert!(matches!(error, KeyFileError::Io { attempt: "create", .. }), "{error}");
}

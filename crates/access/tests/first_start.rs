//! The first start, cut short anywhere, and files that must not be used.

#[path = "common/common.rs"]
mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use access::{EntropyFailed, KeyFileError, Scopes, StartError, entropy, key_file};
use common::{Home, NOW};

fn try_start(home: &Home) -> Result<access::Started, StartError> {
    access::start(&home.directory, entropy::system(), NOW)
}

#[test]
fn the_first_start_creates_one_admin_key_and_later_ones_none() {
    let home = Home::new();
    let first = home.start();
    let token = first.new_admin.unwrap();
    let principal = first.keys.authenticate(token.expose(), NOW).unwrap();
    assert_eq!((principal.name.as_str(), principal.scopes), ("admin", Scopes::ALL));
    let file = home.directory.file("admin.key");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}\n", token.expose()));
    assert_eq!(fs::metadata(home.directory.file("server.key")).unwrap().len(), 32);
    for name in ["admin.key", "server.key", "meridian.db"] {
        let mode = fs::metadata(home.directory.file(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    let second = home.start();
    assert!(second.new_admin.is_none());
    assert!(second.keys.authenticate(token.expose(), NOW).is_ok());
    assert_eq!(second.keys.list().unwrap().len(), 1);

    // The owner keeps the token elsewhere: no second admin key appears.
    fs::remove_file(&file).unwrap();
    assert!(home.start().new_admin.is_none());
    assert!(!file.exists());
}

#[test]
fn a_first_start_cut_short_is_completed() {
    // Between each two steps: files that exist then, after the database without any row.
    for steps in [&[][..], &["server.key"], &["server.key", "admin.key"], &["admin.key"]] {
        let whole = Home::new();
        let token = whole.start().new_admin.unwrap();
        let cut = Home::new();
        drop(journal::Database::open(&cut.directory).unwrap());
        for name in steps {
            fs::copy(whole.directory.file(name), cut.directory.file(name)).unwrap();
        }
        let started = cut.start();
        let admin = started.new_admin.expect("it was never printed");
        assert!(started.keys.authenticate(admin.expose(), NOW).is_ok());
        assert_eq!(admin.matches(token.expose()), steps.contains(&"admin.key"), "{steps:?}");
        assert_eq!(started.keys.list().unwrap().len(), 1);
    }
}

#[test]
fn a_start_without_randomness_fails_and_the_next_one_succeeds() {
    for allowed in 0..4 {
        let home = Home::new();
        let left = std::sync::atomic::AtomicI32::new(allowed);
        let failing = move |bytes: &mut [u8]| {
            if left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) <= 0 {
                return Err(EntropyFailed);
            }
            access::Entropy::fill(&entropy::system(), bytes)
        };
        let result = access::start(&home.directory, failing, NOW);
        if allowed < 3 {
            assert!(matches!(result, Err(StartError::Entropy(_))), "{allowed}");
            assert!(home.start().new_admin.is_some());
        } else {
            assert!(result.unwrap().new_admin.is_some());
        }
    }
}

#[test]
fn starts_at_the_same_moment_agree() {
    let home = Home::new();
    let starts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| home.start())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let printed: Vec<_> = starts.iter().filter_map(|started| started.new_admin.clone()).collect();
    assert_eq!(printed.len(), 1);
    let kept = key_file::read_token(&home.directory.file("admin.key")).unwrap();
    assert!(kept.matches(printed[0].expose()));
    for started in &starts {
        started.keys.refresh().unwrap();
        assert!(started.keys.authenticate(kept.expose(), NOW).is_ok());
        assert_eq!(started.keys.list().unwrap().len(), 1);
    }
}

#[test]
fn a_lost_database_is_not_replaced_by_a_fresh_one() {
    let home = Home::new();
    drop(home.start());
    let path = home.directory.database();
    fs::write(&path, b"").unwrap();
    let error = try_start(&home).unwrap_err();
    assert!(matches!(error, StartError::DatabaseLost), "{error:?}");
    assert!(error.hint().unwrap().contains("backup"));
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    fs::remove_file(&path).unwrap();
    assert!(matches!(try_start(&home), Err(StartError::DatabaseLost)));
    assert!(!path.exists(), "no new one is made");
}

#[test]
fn a_lost_or_swapped_server_key_is_noticed() {
    let home = Home::new();
    drop(home.start());
    let path = home.directory.file("server.key");
    let original = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = try_start(&home).unwrap_err();
    assert!(matches!(error, StartError::ServerKeyLost), "{error:?}");
    assert!(error.hint().unwrap().contains("backup"));
    assert!(!path.exists(), "no new one is made");
    journal::durable::create(&path, &[7; 32]).unwrap();
    assert!(matches!(try_start(&home), Err(StartError::ServerKeyChanged)));
    journal::durable::replace(&path, &original).unwrap();
    assert!(try_start(&home).is_ok());
}

#[test]
fn exposed_or_wrong_key_files_are_refused_with_a_hint() {
    let home = Home::new();
    drop(home.start());
    let path = home.directory.file("server.key");
    for bits in [0o640, 0o604, 0o620, 0o666] {
        fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
        let error = try_start(&home).unwrap_err();
        assert!(matches!(error, StartError::ServerKey(KeyFileError::Exposed { .. })), "{bits:o}");
        assert!(error.hint().unwrap().contains("chmod 600"));
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    for content in [&[][..], &[1; 31], &[1; 33], &[1; 10_000]] {
        journal::durable::replace(&path, content).unwrap();
        let error = try_start(&home).unwrap_err();
        assert!(matches!(error, StartError::ServerKey(KeyFileError::NotAKey { .. })), "{}", content.len());
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(try_start(&home), Err(StartError::ServerKey(KeyFileError::NotAKey { .. }))));
}

#[test]
fn token_files_are_read_strictly() {
    let home = Home::new();
    let path = home.directory.file("some.key");
    let good = "A-b_".repeat(11)[..43].to_owned();
    let read = |content: &[u8]| {
        journal::durable::replace(&path, content).unwrap();
        key_file::read_token(&path)
    };
    assert!(read(format!("{good}\n").as_bytes()).unwrap().matches(&good));
    assert!(read(format!(" {good}\r\n\n").as_bytes()).unwrap().matches(&good));
    for bad in [
        String::new(),
        "\n".to_owned(),
        good[1..].to_owned(),
        format!("{good} x"),
        format!("{}:", &good[1..]),
    ] {
        assert!(matches!(read(bad.as_bytes()), Err(KeyFileError::NotAKey { .. })), "{bad:?}");
    }
    assert!(matches!(read(&[0xff; 43]), Err(KeyFileError::NotAKey { .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(key_file::read_token(&path), Err(KeyFileError::Io { .. })));
}

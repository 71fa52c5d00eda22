//! Keys: who gets in, who does not, and how two processes agree.

#[path = "common/common.rs"]
mod common;

use std::sync::OnceLock;

use access::{Denied, Issued, Keys, KeysError, NewKey, NewKeyError, PrincipalKind, Revocation, Scope};
use common::{Home, NOW, create, later, wish};
use market::UnixNanos;
use proptest::prelude::*;

#[test]
fn a_key_gets_in_with_its_scopes() {
    let home = Home::new();
    let keys = home.keys();
    let issued = create(&keys);
    assert_eq!(issued.api_key.len(), 16);
    assert_eq!(issued.access_token.expose().len(), 43);
    assert_eq!(issued.api_secret.expose().len(), 43);
    let principal = keys.authenticate(issued.access_token.expose(), NOW).unwrap();
    assert_eq!(principal.api_key, issued.api_key);
    assert_eq!(principal.kind, PrincipalKind::AccessToken);
    assert_eq!(principal.require(Scope::MarketRead), Ok(()));
    assert_eq!(principal.require(Scope::KeysAdmin), Err(Denied::Scope { needed: Scope::KeysAdmin }));
    assert!(principal.may_use("anything"));
    let again = keys.authenticate_kite(&issued.api_key, issued.access_token.expose(), NOW).unwrap();
    assert_eq!(again.api_key, issued.api_key);
}

#[test]
fn every_refusal_has_its_reason() {
    let home = Home::new();
    let keys = home.keys();
    let one = create(&keys);
    let two = create(&keys);
    let token = one.access_token.expose();
    assert_eq!(keys.authenticate("", NOW).unwrap_err(), Denied::Missing);
    assert_eq!(keys.authenticate_kite(&one.api_key, "", NOW).unwrap_err(), Denied::Missing);
    for unknown in
        ["x", &"x".repeat(43), &"x".repeat(1_000_000), &one.api_key, one.api_secret.expose(), "\0", "ü"]
    {
        assert_eq!(keys.authenticate(unknown, NOW).unwrap_err(), Denied::Unknown);
        assert_eq!(keys.authenticate_kite(&one.api_key, unknown, NOW).unwrap_err(), Denied::Unknown);
    }
    assert_eq!(keys.authenticate_kite(&two.api_key, token, NOW).unwrap_err(), Denied::WrongKey);
    assert_eq!(keys.authenticate_kite("", token, NOW).unwrap_err(), Denied::WrongKey);
    assert_eq!(keys.revoke(&one.api_key, NOW).unwrap(), Revocation::Done);
    assert_eq!(keys.authenticate(token, NOW).unwrap_err(), Denied::Revoked);
    assert_eq!(keys.revoke(&one.api_key, NOW).unwrap(), Revocation::Before);
    assert_eq!(keys.revoke("nobody", NOW).unwrap(), Revocation::Unknown);
    assert!(keys.authenticate(two.access_token.expose(), NOW).is_ok());
}

#[test]
fn a_key_ends_at_its_expiry_and_not_before() {
    let home = Home::new();
    let keys = home.keys();
    let issued = keys.create(NewKey { expires: Some(later(60)), ..wish("market:read") }, NOW).unwrap();
    let token = issued.access_token.expose();
    let principal = keys.authenticate(token, UnixNanos(later(60).0 - 1)).unwrap();
    assert_eq!(principal.expires, Some(later(60)));
    assert_eq!(keys.authenticate(token, later(60)).unwrap_err(), Denied::Expired);
    assert_eq!(keys.still_valid(&principal, later(59)), Ok(()));
    assert_eq!(keys.still_valid(&principal, later(60)), Err(Denied::Expired));
}

#[test]
fn two_processes_see_each_others_keys_after_a_refresh() {
    let home = Home::new();
    let one = home.keys();
    let two = home.keys();
    let issued = create(&one);
    let token = issued.access_token.expose();
    assert!(one.authenticate(token, NOW).is_ok(), "at once where it was created");
    assert_eq!(two.authenticate(token, NOW).unwrap_err(), Denied::Unknown);
    assert!(two.refresh().unwrap());
    assert!(!two.refresh().unwrap());
    let principal = two.authenticate(token, NOW).unwrap();

    assert_eq!(one.revoke(&issued.api_key, NOW).unwrap(), Revocation::Done);
    assert_eq!(two.still_valid(&principal, NOW), Ok(()));
    assert!(two.refresh().unwrap());
    assert_eq!(two.still_valid(&principal, NOW), Err(Denied::Revoked));
    assert_eq!(two.authenticate(token, NOW).unwrap_err(), Denied::Revoked);
    assert!(!one.refresh().unwrap(), "its own change is no news");
    assert_eq!(one.list().unwrap(), two.list().unwrap());
}

#[test]
fn a_change_behind_ones_own_change_is_not_missed() {
    let home = Home::new();
    let one = home.keys();
    let two = home.keys();
    let from_two = create(&two);
    // Its own creation reads everything anew, and must not lose the other's key either way.
    let from_one = create(&one);
    assert!(one.authenticate(from_two.access_token.expose(), NOW).is_ok());
    two.refresh().unwrap();
    assert!(two.authenticate(from_one.access_token.expose(), NOW).is_ok());
}

#[test]
fn a_restart_keeps_keys_and_what_is_shown_of_them() {
    let home = Home::new();
    let keys = home.keys();
    let new = NewKey { account: Some("paper".to_owned()), expires: Some(later(9)), ..wish("orders:read") };
    let issued = keys.create(new, NOW).unwrap();
    let before = keys.list().unwrap();
    drop(keys);
    let keys = home.keys();
    assert_eq!(keys.list().unwrap(), before);
    let shown = keys.find(&issued.api_key).unwrap();
    assert_eq!(
        (shown.account.as_deref(), shown.expires, shown.created),
        (Some("paper"), Some(later(9)), NOW)
    );
    assert_eq!(shown.redirect.as_deref(), Some("http://127.0.0.1/callback"));
    assert_eq!(keys.find("nobody"), None);
    let principal = keys.authenticate(issued.access_token.expose(), NOW).unwrap();
    assert!(principal.may_use("paper") && !principal.may_use("other"));
}

#[test]
fn a_wrong_wish_creates_nothing() {
    let home = Home::new();
    let keys = home.keys();
    let result = keys.create(NewKey { name: String::new(), ..wish("orders:read") }, NOW);
    assert!(matches!(result, Err(KeysError::Invalid(NewKeyError::Name))));
    assert_eq!(keys.list().unwrap().len(), 1);
}

#[test]
fn checking_goes_on_while_keys_change() {
    let home = Home::new();
    let keys = home.keys();
    let issued = create(&keys);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        keys.authenticate(issued.access_token.expose(), NOW).unwrap();
                    }
                })
            })
            .collect();
        for _ in 0..20 {
            let other = create(&keys);
            keys.revoke(&other.api_key, NOW).unwrap();
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn nothing_public_prints_a_secret() {
    let home = Home::new();
    let started = home.start();
    let admin = started.new_admin.clone().unwrap();
    let keys = &started.keys;
    let issued = create(keys);
    let request = keys.request_token(&issued.api_key, issued.access_token.expose(), NOW).unwrap();
    let principal = keys.authenticate(issued.access_token.expose(), NOW).unwrap();
    let server_key = access::ServerKey::load(&home.directory.file("server.key")).unwrap();
    let printed = format!(
        "{started:?} {started:#?} {issued:?} {issued:#?} {request:?} {principal:?} {principal:#?} {server_key:?} {} {:?} {:?}",
        issued.access_token,
        keys.list().unwrap(),
        keys.authenticate("guess", NOW).unwrap_err(),
    );
    assert!(printed.contains(&issued.api_key), "the public name may be printed");
    let raw = std::fs::read(home.directory.file("server.key")).unwrap();
    for secret in [&admin, &issued.access_token, &issued.api_secret, &request.token] {
        assert!(!printed.contains(secret.expose()));
        // Nor may any file but the admin's own hold one.
        for file in ["meridian.db", "meridian.db-wal"] {
            let bytes = std::fs::read(home.directory.file(file)).unwrap();
            let needle = secret.expose().as_bytes();
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{file}");
            assert!(!bytes.windows(raw.len()).any(|window| window == raw), "{file}");
        }
    }
    for byte_list in [format!("{raw:?}"), format!("{raw:02x?}")] {
        assert!(!printed.contains(byte_list.trim_matches(['[', ']'])));
    }
    // The hash of a token is not printed either: with the server key it would confirm a guess.
    assert!(!format!("{principal:?}").contains("hash"));
}

fn shared() -> &'static (Home, Keys, Issued) {
    static SHARED: OnceLock<(Home, Keys, Issued)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let home = Home::new();
        let keys = home.keys();
        let issued = create(&keys);
        (home, keys, issued)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_changed_letter_never_gets_in(place in 0_usize..43, letter in "[A-Za-z0-9_-]|\\PC") {
        let (_, keys, issued) = shared();
        let token = issued.access_token.expose();
        let changed = format!("{}{letter}{}", &token[..place], &token[place + 1..]);
        let expected = changed == token;
        prop_assert_eq!(keys.authenticate(&changed, NOW).is_ok(), expected);
        prop_assert_eq!(keys.authenticate_kite(&issued.api_key, &changed, NOW).is_ok(), expected);
    }

    #[test]
    fn no_text_panics_or_gets_in(token in "\\PC{0,60}", api_key in "\\PC{0,20}") {
        let (_, keys, issued) = shared();
        prop_assert!(keys.authenticate(&token, NOW).is_err());
        prop_assert!(keys.authenticate_kite(&api_key, &token, NOW).is_err());
        prop_assert!(keys.authenticate_kite(&api_key, issued.access_token.expose(), NOW).is_err());
        prop_assert!(keys.exchange(&api_key, &token, &token, NOW).is_err());
    }
}

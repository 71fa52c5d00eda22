//! Kite logins: request tokens work once, sessions until 06:00 in India.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/common.rs"]
mod common;

use access::{Denied, Issued, Keys, LoginError, NewKey, PrincipalKind, Session};
use common::{Home, NOW, create, later, wish};
use jiff::civil::datetime;
use market::UnixNanos;
use sha2::{Digest, Sha256};

fn checksum(issued: &Issued, request_token: &str) -> String {
    let text = format!("{}{request_token}{}", issued.api_key, issued.api_secret.expose());
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn request(keys: &Keys, issued: &Issued) -> String {
    let request = keys.request_token(&issued.api_key, issued.access_token.expose(), NOW).unwrap();
    assert_eq!(request.redirect.as_deref(), Some("http://127.0.0.1/callback"));
    request.token.expose().to_owned()
}

fn exchange(keys: &Keys, issued: &Issued, token: &str, now: UnixNanos) -> Result<Session, LoginError> {
    keys.exchange(&issued.api_key, token, &checksum(issued, token), now)
}

#[test]
fn a_login_gives_a_session_beside_the_keys_own_token() {
    let home = Home::new();
    let keys = home.keys();
    let issued = create(&keys);
    let token = request(&keys, &issued);
    let session = exchange(&keys, &issued, &token, NOW).unwrap();
    // NOW is 09:15 on 20 November in India.
    assert_eq!(session.expires, UnixNanos::from_ist(datetime(2026, 11, 21, 6, 0, 0, 0)));
    let session_token = session.access_token.expose();
    let principal = keys.authenticate_kite(&issued.api_key, session_token, NOW).unwrap();
    assert_eq!((principal.kind, principal.expires), (PrincipalKind::Session, Some(session.expires)));
    assert!(keys.authenticate_kite(&issued.api_key, issued.access_token.expose(), NOW).is_ok());
    assert_eq!(keys.authenticate(session_token, NOW).unwrap_err(), Denied::Unknown, "not on the native API");
    let other = create(&keys);
    assert_eq!(keys.authenticate_kite(&other.api_key, session_token, NOW).unwrap_err(), Denied::WrongKey);

    let last = UnixNanos(session.expires.0 - 1);
    assert!(keys.authenticate_kite(&issued.api_key, session_token, last).is_ok());
    let ended = keys.authenticate_kite(&issued.api_key, session_token, session.expires);
    assert_eq!(ended.unwrap_err(), Denied::Expired);
    assert!(keys.authenticate_kite(&issued.api_key, issued.access_token.expose(), session.expires).is_ok());
}

#[test]
fn a_request_token_works_once_and_for_two_minutes() {
    let home = Home::new();
    let keys = home.keys();
    let issued = create(&keys);
    let token = request(&keys, &issued);
    assert!(matches!(exchange(&keys, &issued, &token, later(120)), Err(LoginError::RequestToken)));
    assert!(exchange(&keys, &issued, &token, later(119)).is_ok());
    assert!(matches!(exchange(&keys, &issued, &token, later(119)), Err(LoginError::RequestToken)));
}

#[test]
fn a_wrong_checksum_does_not_use_the_token_up() {
    let home = Home::new();
    let keys = home.keys();
    let issued = create(&keys);
    let other = create(&keys);
    let token = request(&keys, &issued);
    for wrong in
        ["", "x", &checksum(&other, &token), &checksum(&issued, "other"), &"0".repeat(64), &"ü".repeat(32)]
    {
        let result = keys.exchange(&issued.api_key, &token, wrong, NOW);
        assert!(matches!(result, Err(LoginError::Checksum)), "{wrong}");
    }
    // Another key cannot redeem it, though it can sign for itself.
    assert!(matches!(exchange(&keys, &other, &token, NOW), Err(LoginError::RequestToken)));
    assert!(exchange(&keys, &issued, &token, NOW).is_ok());
}

#[test]
fn the_login_page_wants_the_access_token_of_that_key() {
    let home = Home::new();
    let keys = home.keys();
    let issued = create(&keys);
    let other = create(&keys);
    let attempt =
        |api_key: &str, token: &str| keys.request_token(api_key, token, NOW).unwrap_err().to_string();
    assert_eq!(attempt(&issued.api_key, other.access_token.expose()), Denied::WrongKey.to_string());
    assert_eq!(attempt(&issued.api_key, ""), Denied::Missing.to_string());
    assert_eq!(attempt(&issued.api_key, "guess"), Denied::Unknown.to_string());
    // A session must not prolong itself.
    let token = request(&keys, &issued);
    let session = exchange(&keys, &issued, &token, NOW).unwrap();
    assert_eq!(attempt(&issued.api_key, session.access_token.expose()), Denied::Unknown.to_string());
}

#[test]
fn logging_out_ends_the_session_only() {
    let home = Home::new();
    let keys = home.keys();
    let issued = create(&keys);
    let other = create(&keys);
    let token = request(&keys, &issued);
    let session = exchange(&keys, &issued, &token, NOW).unwrap();
    let session_token = session.access_token.expose();
    assert!(!keys.end_session(&other.api_key, session_token).unwrap());
    assert!(!keys.end_session(&issued.api_key, issued.access_token.expose()).unwrap());
    assert!(!keys.end_session(&issued.api_key, "").unwrap());
    assert!(keys.authenticate_kite(&issued.api_key, session_token, NOW).is_ok());
    assert!(keys.end_session(&issued.api_key, session_token).unwrap());
    assert_eq!(keys.authenticate_kite(&issued.api_key, session_token, NOW).unwrap_err(), Denied::Unknown);
    assert!(keys.authenticate_kite(&issued.api_key, issued.access_token.expose(), NOW).is_ok());
}

#[test]
fn a_session_never_outlives_its_key() {
    let home = Home::new();
    let keys = home.keys();
    let issued = keys.create(NewKey { expires: Some(later(60)), ..wish("orders:read") }, NOW).unwrap();
    let token = keys.request_token(&issued.api_key, issued.access_token.expose(), NOW).unwrap().token;
    let session = exchange(&keys, &issued, token.expose(), NOW).unwrap();
    assert_eq!(session.expires, later(60));
    let late = keys.exchange(&issued.api_key, token.expose(), &checksum(&issued, token.expose()), later(60));
    assert!(matches!(late, Err(LoginError::Denied(Denied::Expired))));

    let issued = create(&keys);
    let token = request(&keys, &issued);
    let session = exchange(&keys, &issued, &token, NOW).unwrap();
    let unused = request(&keys, &issued);
    keys.revoke(&issued.api_key, NOW).unwrap();
    let kite = keys.authenticate_kite(&issued.api_key, session.access_token.expose(), NOW);
    assert_eq!(kite.unwrap_err(), Denied::Revoked);
    assert!(matches!(exchange(&keys, &issued, &unused, NOW), Err(LoginError::Denied(Denied::Revoked))));
}

#[test]
fn a_key_revoked_elsewhere_cannot_log_in_even_before_a_refresh() {
    let home = Home::new();
    let one = home.keys();
    let issued = create(&one);
    let two = home.keys();
    let token = request(&one, &issued);
    two.revoke(&issued.api_key, NOW).unwrap();
    assert!(exchange(&one, &issued, &token, NOW).is_err());
}

#[test]
fn any_instance_redeems_what_another_issued() {
    let home = Home::new();
    let one = home.keys();
    let two = home.keys();
    // `two` has not seen the key yet.
    let issued = create(&one);
    let token = request(&one, &issued);
    let session = exchange(&two, &issued, &token, NOW).unwrap();
    assert!(two.authenticate_kite(&issued.api_key, session.access_token.expose(), NOW).is_ok());
    one.refresh().unwrap();
    assert!(one.authenticate_kite(&issued.api_key, session.access_token.expose(), NOW).is_ok());
    assert!(matches!(exchange(&one, &issued, &token, NOW), Err(LoginError::RequestToken)));
}

#[test]
fn of_instances_that_race_for_a_request_token_one_wins() {
    let home = Home::new();
    let instances: Vec<Keys> = (0..4).map(|_| home.keys()).collect();
    let issued = create(&instances[0]);
    for keys in &instances {
        keys.refresh().unwrap();
    }
    for _ in 0..10 {
        let token = request(&instances[0], &issued);
        let start = std::sync::Barrier::new(instances.len());
        let wins: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = instances
                .iter()
                .map(|keys| {
                    scope.spawn(|| {
                        start.wait();
                        match exchange(keys, &issued, &token, NOW) {
                            Ok(_) => true,
                            Err(LoginError::RequestToken) => false,
                            Err(error) => panic!("{error:?}"),
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(wins.iter().filter(|won| **won).count(), 1, "{wins:?}");
    }
}

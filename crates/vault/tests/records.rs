//! What opens a sealed record, and what does not.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;
use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use vault::sealed::{LABEL_BYTES_MAX, SECRET_BYTES_MAX};
use vault::{
    FormatError, KeyFile, KeyProvider, ProviderError, Sealed, Secret, Signer, Vault, VaultError, signer,
};

const NAME: &str = "broker/acct-7";
const PURPOSE: &str = "access token";

fn vault_of(key: &[u8; 32]) -> Vault<KeyFile> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(vault::key_file::FILE);
    fs::write(&path, key).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Vault::new(KeyFile::load(Path::new(&path)).unwrap())
}

fn sample_vault() -> Vault<KeyFile> {
    vault_of(&std::array::from_fn(|index| index as u8))
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The record after somebody with access to the database has changed what it says of itself.
fn relabelled(sealed: &Sealed, name: &str, purpose: &str) -> Sealed {
    let old = sealed.to_bytes();
    let labels_at = 4 + 1 + 2 + sealed.key_id().len();
    let mut bytes = old[..labels_at].to_vec();
    for label in [name, purpose] {
        bytes.extend(u16::try_from(label.len()).unwrap().to_be_bytes());
        bytes.extend(label.as_bytes());
    }
    bytes.extend(&old[labels_at + 4 + sealed.name().len() + sealed.purpose().len()..]);
    Sealed::from_bytes(&bytes).unwrap()
}

// Samples of format version 1 under the key 00 01 .. 1f. They were made from the description of the format with another
// language's cryptographic library, not by this crate. Records like these are in databases: never change them.

const TOKEN_V1_HEAD: &str = concat!(
    "4d564c5401001566696c653a37383563393933306238633238333465000d62726f6b65722f616363742d37000c616363",
    "65737320746f6b656e",
);
const TOKEN_V1_REST: &str = concat!(
    "003c606162636465666768696a6bb04d9b89b59bf88f37b6b70ca2b261b35951ffa574a7574d1a2955098b1549da279c",
    "d9d935d4d88f72ff7a017287d889",
    "00000027707172737475767778797a7bbc95de76be2b8179ca32deb538e6b41cc64f47602af941af63ec7e",
);
const SIGNER_V1: &str = concat!(
    "4d564c5401001566696c653a37383563393933306238633238333465000f6a6f75726e616c20616e63686f7273001365",
    "643235353139207369676e696e67206b6579",
    "003ca0a1a2a3a4a5a6a7a8a9aaab25aa1d578213bbcd813943eac9f5917b152d89b5f5584b85d4430ee13f2511cad4c5",
    "e35c74b8f8754a5b16a2a8f6a19f",
    "0000004cb0b1b2b3b4b5b6b7b8b9babb420f5182e70035c173a7de8fa3dae78655127edc1eab6c3d0396dfb2983a3195",
    "abc479ad58a5bdc400b16135ef96fcca4680ecc43695f8acc9b4f9a5cc56730a",
);
const SIGNER_V1_PUBLIC_KEY: &str = "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7";
const SIGNER_V1_SIGNATURE: &str = concat!(
    "ee405ca8edfcf39afa1831fc60a0004b5351904f2c8142d546e92e1a9fb4f6980f76973e7385efbb7a053106d74f270d",
    "9e8571684dcc68b688b4a50ab35bce0f",
);

fn token_v1() -> Vec<u8> {
    [bytes_of(TOKEN_V1_HEAD), bytes_of(TOKEN_V1_REST)].concat()
}

#[test]
fn the_sample_of_version_1_opens_and_keeps_its_bytes() {
    let sealed = Sealed::from_bytes(&token_v1()).unwrap();
    assert_eq!((sealed.name(), sealed.purpose()), (NAME, PURPOSE));
    assert_eq!(sealed.to_bytes(), token_v1());
    assert_eq!(sample_vault().open(NAME, PURPOSE, &sealed).unwrap().expose_text(), Some("open sesame"));
}

#[test]
fn new_records_are_written_as_the_sample_is() {
    let bytes = sample_vault().seal(NAME, PURPOSE, &Secret::new("open sesame")).unwrap().to_bytes();
    let (sample, head) = (token_v1(), bytes_of(TOKEN_V1_HEAD));
    assert_eq!(bytes[..head.len() + 2], sample[..head.len() + 2], "head, length of the wrapped key");
    assert_eq!(bytes.len(), sample.len());
}

#[test]
fn the_sample_of_a_signer_signs_as_it_did() {
    let sealed = Sealed::from_bytes(&bytes_of(SIGNER_V1)).unwrap();
    let signer = Signer::open(&sample_vault(), "journal anchors", &sealed).unwrap();
    assert_eq!(signer.public_key().to_vec(), bytes_of(SIGNER_V1_PUBLIC_KEY));
    assert_eq!(signer.sign(b"anchor 1").unwrap().to_vec(), bytes_of(SIGNER_V1_SIGNATURE));
}

#[test]
fn no_bit_of_a_record_can_be_changed() {
    let vault = sample_vault();
    for bit in 0..token_v1().len() * 8 {
        let mut bytes = token_v1();
        bytes[bit / 8] ^= 1 << (bit % 8);
        // With the labels that the changed record has, as somebody would ask who found it in the database.
        let opened =
            Sealed::from_bytes(&bytes).map(|sealed| vault.open(sealed.name(), sealed.purpose(), &sealed));
        assert!(!matches!(opened, Ok(Ok(_))), "bit {bit}");
    }
}

#[test]
fn a_cut_record_is_called_truncated_and_a_longer_one_is_refused() {
    let bytes = token_v1();
    for length in 0..bytes.len() {
        assert_eq!(Sealed::from_bytes(&bytes[..length]), Err(FormatError::Truncated), "{length} bytes");
    }
    let longer = [bytes, vec![0]].concat();
    assert!(matches!(Sealed::from_bytes(&longer), Err(FormatError::Malformed { .. })));
}

#[test]
fn other_bytes_and_other_versions_are_told_apart() {
    let mut bytes = token_v1();
    bytes[4] = 2;
    assert_eq!(Sealed::from_bytes(&bytes), Err(FormatError::UnknownVersion { version: 2 }));
    assert_eq!(Sealed::from_bytes(b"eyJhbGciOiJIUzI1NiJ9"), Err(FormatError::NotSealed));
}

#[test]
fn each_mistake_has_its_own_message() {
    let vault = sample_vault();
    let sealed = vault.seal("a", "token", &Secret::new("hunter2")).unwrap();
    let error = |vault: &Vault<KeyFile>, name, purpose, sealed: &Sealed| {
        vault.open(name, purpose, sealed).unwrap_err().to_string()
    };
    let other_vault = vault_of(&[7; 32]);
    assert_eq!(error(&vault, "b", "token", &sealed), r#"the sealed record belongs to "a", not to "b""#);
    assert_eq!(
        error(&vault, "a", "password", &sealed),
        r#"the sealed record "a" is a "token", not a "password""#
    );
    assert_eq!(
        error(&other_vault, "a", "token", &sealed),
        format!(
            r#"the sealed record "a" needs the key "file:785c9930b8c2834e"; this vault has "{}""#,
            other_vault.key_id()
        )
    );
    assert_eq!(
        error(&vault, "b", "token", &relabelled(&sealed, "b", "token")),
        r#"the sealed record "b" was changed since it was sealed, by damage or by somebody"#
    );
}

#[test]
fn parts_of_two_records_make_no_third() {
    let vault = sample_vault();
    let [one, two] =
        ["one", "two"].map(|text| vault.seal(NAME, PURPOSE, &Secret::new(text)).unwrap().to_bytes());
    let body_at = bytes_of(TOKEN_V1_HEAD).len() + 2 + 60;
    let mixed = Sealed::from_bytes(&[&one[..body_at], &two[body_at..]].concat()).unwrap();
    assert!(matches!(vault.open(NAME, PURPOSE, &mixed), Err(VaultError::Tampered { .. })));
}

#[test]
fn the_same_secret_never_looks_the_same_twice() {
    let vault = sample_vault();
    let [one, two] = [(); 2].map(|()| vault.seal(NAME, PURPOSE, &Secret::new([0; 64])).unwrap().to_bytes());
    let head = bytes_of(TOKEN_V1_HEAD).len();
    let (wrapped_key, body) = (head + 2..head + 62, head + 66..one.len());
    for part in [wrapped_key, body] {
        let same = one[part.clone()].iter().zip(&two[part.clone()]).filter(|(one, two)| one == two).count();
        assert!(same < part.len() / 4, "{same} of {} bytes are the same", part.len());
    }
}

#[test]
fn lengths_have_limits() {
    let vault = sample_vault();
    let longest = "n".repeat(LABEL_BYTES_MAX);
    let secret = Secret::new(vec![7; SECRET_BYTES_MAX]);
    let sealed = vault.seal(&longest, &longest, &secret).unwrap();
    let sealed = Sealed::from_bytes(&sealed.to_bytes()).unwrap();
    assert_eq!(vault.open(&longest, &longest, &sealed).unwrap(), secret);

    let (too_long, one) = ("n".repeat(LABEL_BYTES_MAX + 1), Secret::new("x"));
    for refused in [
        vault.seal(&too_long, PURPOSE, &one),
        vault.seal(NAME, &too_long, &one),
        vault.seal("", PURPOSE, &one),
        vault.seal(NAME, "", &one),
        vault.seal(NAME, PURPOSE, &Secret::new("")),
        vault.seal(NAME, PURPOSE, &Secret::new(vec![7; SECRET_BYTES_MAX + 1])),
    ] {
        assert!(matches!(refused, Err(VaultError::Length(_))), "{refused:?}");
    }
}

#[test]
fn a_record_moves_to_a_new_key() {
    let (old, new) = (sample_vault(), vault_of(&[7; 32]));
    let sealed = old.seal(NAME, PURPOSE, &Secret::new("hunter2")).unwrap();
    assert_ne!(sealed.key_id(), new.key_id());
    let moved = new.seal(NAME, PURPOSE, &old.open(NAME, PURPOSE, &sealed).unwrap()).unwrap();
    assert_eq!(moved.key_id(), new.key_id());
    assert!(new.open(NAME, PURPOSE, &moved).unwrap().matches(b"hunter2"));
    assert!(matches!(old.open(NAME, PURPOSE, &moved), Err(VaultError::WrongKey { .. })));
}

/// Stands for a remote key service: it is sometimes away, and its wrapped keys are mere references to what it keeps.
#[derive(Default)]
struct KeyService {
    away: Cell<bool>,
    kept: Cell<Vec<u8>>,
}

impl KeyService {
    fn asked(&self) -> Result<(), ProviderError> {
        if self.away.get() {
            Err(ProviderError::Unavailable { source: "connection refused".into() })
        } else {
            Ok(())
        }
    }
}

impl KeyProvider for &KeyService {
    fn id(&self) -> &str {
        "service:1"
    }

    fn wrap(&self, data_key: &Secret, _aad: &[u8]) -> Result<Vec<u8>, ProviderError> {
        self.asked()?;
        self.kept.set(data_key.expose().to_vec());
        Ok(b"slot 1".to_vec())
    }

    fn unwrap(&self, _wrapped: &[u8], _aad: &[u8]) -> Result<Secret, ProviderError> {
        self.asked().map(|()| Secret::new(self.kept.take()))
    }
}

#[test]
fn a_key_service_that_is_away_is_not_taken_for_damage() {
    let service = KeyService::default();
    let vault = Vault::new(&service);
    let sealed = vault.seal(NAME, PURPOSE, &Secret::new("hunter2")).unwrap();
    service.away.set(true);
    for error in [
        vault.open(NAME, PURPOSE, &sealed).unwrap_err(),
        vault.seal(NAME, PURPOSE, &Secret::new("hunter2")).unwrap_err(),
    ] {
        let cause = error.source().and_then(Error::source).map(ToString::to_string);
        assert_eq!(cause.as_deref(), Some("connection refused"), "{error}");
    }
    service.away.set(false);
    assert!(vault.open(NAME, PURPOSE, &sealed).unwrap().matches(b"hunter2"));
    // By now the service has lost the key and gives an empty one.
    assert!(matches!(vault.open(NAME, PURPOSE, &sealed), Err(VaultError::Tampered { .. })));
}

#[test]
fn a_provider_that_checks_nothing_does_not_make_labels_or_wrapped_keys_changeable() {
    let service = KeyService::default();
    let vault = Vault::new(&service);
    let sealed = vault.seal("a", "token", &Secret::new("hunter2")).unwrap();
    assert!(matches!(
        vault.open("b", "token", &relabelled(&sealed, "b", "token")),
        Err(VaultError::Tampered { .. })
    ));
    let sealed = vault.seal("a", "token", &Secret::new("hunter2")).unwrap();
    let mut bytes = sealed.to_bytes();
    let slot_at = bytes.windows(6).position(|window| window == b"slot 1").unwrap();
    bytes[slot_at + 5] = b'2';
    let changed = Sealed::from_bytes(&bytes).unwrap();
    assert!(matches!(vault.open("a", "token", &changed), Err(VaultError::Tampered { .. })));
}

#[test]
fn a_signer_comes_back_and_its_signatures_hold_for_nothing_else() {
    let vault = sample_vault();
    let (made, sealed) = Signer::create(&vault, "anchors").unwrap();
    let signature = made.sign(b"head 1").unwrap();
    let opened = Signer::open(&vault, "anchors", &Sealed::from_bytes(&sealed.to_bytes()).unwrap()).unwrap();
    assert_eq!(opened.public_key(), made.public_key());
    assert_eq!(opened.sign(b"head 1").unwrap(), signature);

    let (other, _) = Signer::create(&vault, "anchors").unwrap();
    assert_eq!(signer::verify(&made.public_key(), b"head 1", &signature), Ok(()));
    assert!(signer::verify(&made.public_key(), b"head 2", &signature).is_err());
    assert!(signer::verify(&other.public_key(), b"head 1", &signature).is_err());
    for bit in 0..512 {
        let mut changed = signature;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(signer::verify(&made.public_key(), b"head 1", &changed).is_err(), "bit {bit}");
    }
}

#[test]
fn only_a_signing_key_becomes_a_signer() {
    let vault = sample_vault();
    let token = vault.seal("a", PURPOSE, &Secret::new("hunter2")).unwrap();
    assert!(matches!(Signer::open(&vault, "a", &token), Err(VaultError::WrongPurpose { .. })));
    let nonsense = vault.seal("a", signer::PURPOSE, &Secret::new("hunter2")).unwrap();
    let error = Signer::open(&vault, "a", &nonsense).unwrap_err();
    assert!(matches!(error, VaultError::NotASigningKey { .. }));
    assert!(!format!("{error} {error:?} {}", error.hint()).contains("hunter2"));
}

#[test]
fn nothing_that_holds_a_key_shows_it() {
    let vault = sample_vault();
    let sealed = Sealed::from_bytes(&bytes_of(SIGNER_V1)).unwrap();
    let signer = Signer::open(&vault, "journal anchors", &sealed).unwrap();
    let shown = format!("{vault:?} {signer:?} {sealed:?}");
    // The sample's private key is 20 21 .. 3f, the vault's key 00 01 .. 1f.
    for start in ["20212223", "32, 33, 34", "00010203", "0, 1, 2"] {
        assert!(!shown.contains(start), "{shown}");
    }
}

fn label() -> impl Strategy<Value = String> {
    "\\PC{1,40}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_sealed_opens(name in label(), purpose in label(), content in vec(any::<u8>(), 1..300)) {
        let vault = sample_vault();
        let secret = Secret::new(content);
        let sealed = vault.seal(&name, &purpose, &secret).unwrap();
        let stored = Sealed::from_bytes(&sealed.to_bytes()).unwrap();
        prop_assert_eq!(&stored, &sealed);
        prop_assert!(vault.open(&name, &purpose, &stored).unwrap() == secret);
    }

    #[test]
    fn no_flipped_bit_is_accepted(
        name in label(), content in vec(any::<u8>(), 1..300), at in any::<prop::sample::Index>(), bit in 0..8_u32
    ) {
        let vault = sample_vault();
        let mut bytes = vault.seal(&name, PURPOSE, &Secret::new(content)).unwrap().to_bytes();
        *at.get_mut(&mut bytes) ^= 1_u8 << bit;
        let opened = Sealed::from_bytes(&bytes).map(|sealed| vault.open(sealed.name(), sealed.purpose(), &sealed));
        prop_assert!(!matches!(opened, Ok(Ok(_))));
    }

    #[test]
    fn no_other_label_opens_it(old in (label(), label()), new in (label(), label())) {
        prop_assume!(old != new);
        let vault = sample_vault();
        let sealed = vault.seal(&old.0, &old.1, &Secret::new("hunter2")).unwrap();
        prop_assert!(vault.open(&new.0, &new.1, &sealed).is_err());
        let refused = vault.open(&new.0, &new.1, &relabelled(&sealed, &new.0, &new.1));
        let tampered = matches!(refused, Err(VaultError::Tampered { .. }));
        prop_assert!(tampered);
    }

    /// Where one label ends and the next begins is part of what is authenticated.
    #[test]
    fn labels_do_not_run_into_each_other(both in "[a-z]{3,20}", first in 1..10_usize, second in 1..10_usize) {
        let (first, second) = (1 + first % (both.len() - 1), 1 + second % (both.len() - 1));
        prop_assume!(first != second);
        let vault = sample_vault();
        let sealed = vault.seal(&both[..first], &both[first..], &Secret::new("hunter2")).unwrap();
        let moved = relabelled(&sealed, &both[..second], &both[second..]);
        prop_assert!(vault.open(moved.name(), moved.purpose(), &moved).is_err());
    }

    #[test]
    fn no_bytes_from_outside_cause_a_panic(start in 0..100_usize, rest in vec(any::<u8>(), 0..200)) {
        let bytes = [&token_v1()[..start], &rest].concat();
        if let Ok(sealed) = Sealed::from_bytes(&bytes) {
            prop_assert!(sample_vault().open(sealed.name(), sealed.purpose(), &sealed).is_err());
            prop_assert_eq!(sealed.to_bytes(), bytes);
        }
    }
}

//! The shapes of public names and secret tokens. Only `A-Z a-z 0-9 - _` appears, since Kite's clients paste them into
//! addresses without escaping.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::entropy::{Entropy, EntropyFailed};
use crate::secret::Secret;

/// Length of a public API key.
pub(crate) const API_KEY_LENGTH: usize = 16;
/// Random bytes behind a token: no guessing.
const TOKEN_BYTES: usize = 32;
/// Length of an access, session or request token: 32 bytes in base64.
pub(crate) const TOKEN_LENGTH: usize = 43;

/// A public name: 16 of a-z and 0-9, so that it is never taken for a command-line option; about 82 random bits.
pub(crate) fn api_key(entropy: &dyn Entropy) -> Result<String, EntropyFailed> {
    lower_alphanumeric(entropy, API_KEY_LENGTH)
}

/// A secret token.
pub(crate) fn token(entropy: &dyn Entropy) -> Result<Secret, EntropyFailed> {
    let mut bytes = [0; TOKEN_BYTES];
    entropy.fill(&mut bytes)?;
    Ok(Secret::new(base64url(&bytes)))
}

/// True if `text` could have come from [`token`].
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == TOKEN_LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn lower_alphanumeric(entropy: &dyn Entropy, length: usize) -> Result<String, EntropyFailed> {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    // The largest multiple of 36 in a byte: higher values would make some letters likelier.
    const FAIR: u8 = 252;
    let mut name = String::with_capacity(length);
    // A fair source needs one or two rounds; a stuck one must not hang us.
    for _ in 0..100 {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes)?;
        for byte in bytes.into_iter().filter(|byte| *byte < FAIR) {
            if name.len() == length {
                return Ok(name);
            }
            name.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        }
    }
    Err(EntropyFailed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::system;

    #[test]
    fn shapes() {
        let key = api_key(&system()).unwrap();
        assert_eq!(key.len(), API_KEY_LENGTH);
        assert!(key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        let token = token(&system()).unwrap();
        assert!(is_token(token.expose()));
        assert!(!is_token("") && !is_token(&format!("{}:", &token.expose()[1..])));
    }

    #[test]
    fn a_broken_source_is_an_error_and_no_hang() {
        let stuck = |bytes: &mut [u8]| {
            bytes.fill(0xff);
            Ok(())
        };
        assert_eq!(api_key(&stuck), Err(EntropyFailed));
        let dead = |_: &mut [u8]| Err(EntropyFailed);
        assert!(token(&dead).is_err());
    }
}

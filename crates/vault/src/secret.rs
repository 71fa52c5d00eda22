//! Bytes or text that must not be printed and must not stay in memory.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::cipher::CryptoFailed;

/// A secret: its memory is wiped when it is dropped and `Debug` gives stars.
///
/// It has no `Clone` (each copy is one more place to leak from), no serialization and no `Display`:
///
/// ```compile_fail,E0277
/// let text = vault::Secret::new("hunter2").to_string();
/// ```
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes `content` into custody. An owned `Vec<u8>` or `String` is taken over without a copy; of borrowed content
    /// the original remains the caller's to wipe.
    pub fn new(content: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(content.into()))
    }

    /// The content. Each call is a place where it may leak; keep them few.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The content if it is UTF-8 text, else `None`.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Compares in a time that depends on the lengths only.
    pub fn matches(&self, content: &[u8]) -> bool {
        verify_slices_are_equal(&self.0, content).is_ok()
    }

    pub(crate) fn random(bytes: usize) -> Result<Secret, CryptoFailed> {
        let mut content = Zeroizing::new(vec![0; bytes]);
        rand::fill(&mut content).map_err(|_| CryptoFailed)?;
        Ok(Secret(content))
    }
}

/// In a time that depends on the lengths only.
impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.matches(other.expose())
    }
}

impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_gives_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret:#?} {:?}", Some(&secret)), "*** *** Some(***)");
    }

    #[test]
    fn equality_is_of_the_whole_content() {
        let secret = Secret::new("hunter2");
        assert!(secret.matches(b"hunter2") && secret == Secret::new(b"hunter2".to_vec()));
        for other in ["hunter3", "hunter", "hunter22", ""] {
            assert!(!secret.matches(other.as_bytes()) && secret != Secret::new(other), "{other}");
        }
    }

    #[test]
    fn only_text_is_given_as_text() {
        assert_eq!(Secret::new("naïve").expose_text(), Some("naïve"));
        assert_eq!(Secret::new([0xff_u8, 0xfe]).expose_text(), None);
        assert_eq!(Secret::new([0xff_u8, 0xfe]).expose(), [0xff, 0xfe]);
    }
}

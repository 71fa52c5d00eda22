//! The bytes of a sealed record.
//!
//! Version 1, integers big-endian:
//!
//! | bytes | content |
//! |---|---|
//! | 4 | `MVLT` |
//! | 1 | version: 1 |
//! | 2 + n | length and UTF-8 text of the key id (1 to 2048 bytes) |
//! | 2 + n | length and UTF-8 text of the name (1 to 255 bytes) |
//! | 2 + n | length and UTF-8 text of the purpose (1 to 255 bytes) |
//! | 2 + n | length and bytes of the wrapped data key: what the key provider made of it |
//! | 4 + n | length and bytes of the body: nonce (12), ciphertext, tag (16) |
//!
//! Nothing follows. The data key is wrapped with all bytes up to the end of the purpose as associated data, the body
//! is encrypted with all bytes up to the end of the wrapped key. A record can be read without a key up to its body:
//! names and purposes are not secret.
//!
//! A change of any of this is a new version; samples of each version are kept in the tests.

use std::ops::Range;

use crate::cipher::OVERHEAD_BYTES;

/// Bytes of the longest secret that can be sealed.
pub const SECRET_BYTES_MAX: usize = 65_536;
/// Bytes of the longest name and of the longest purpose.
pub const LABEL_BYTES_MAX: usize = 255;
/// Bytes of the longest key id.
pub const KEY_ID_BYTES_MAX: usize = 2_048;

const MAGIC: [u8; 4] = *b"MVLT";
const VERSION: u8 = 1;

/// A secret that only a vault with the right key can open. It is safe to store and to show.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    bytes: Vec<u8>,
    key_id: String,
    name: String,
    purpose: String,
    head_end: usize,
    wrapped_key: Range<usize>,
    body: Range<usize>,
}

impl Sealed {
    /// Reads what [`Sealed::to_bytes`] wrote. Whether it is genuine is found out when it is opened.
    ///
    /// # Errors
    /// See [`FormatError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Sealed, FormatError> {
        let mut reader = Reader { bytes, at: 0 };
        if bytes[reader.take(MAGIC.len())?] != MAGIC {
            return Err(FormatError::NotSealed);
        }
        let version = reader.number::<1>()?;
        if version != usize::from(VERSION) {
            return Err(FormatError::UnknownVersion { version });
        }
        let key_id = reader.text("key id", KEY_ID_BYTES_MAX)?;
        let name = reader.text("name", LABEL_BYTES_MAX)?;
        let purpose = reader.text("purpose", LABEL_BYTES_MAX)?;
        let head_end = reader.at;
        let length = reader.number::<2>()?;
        let wrapped_key = reader.take(length)?;
        let length = reader.number::<4>()?;
        if !(OVERHEAD_BYTES..=OVERHEAD_BYTES + SECRET_BYTES_MAX).contains(&length) {
            return Err(FormatError::Malformed { what: "length of the body" });
        }
        let body = reader.take(length)?;
        if reader.at != bytes.len() {
            return Err(FormatError::Malformed { what: "end: more bytes follow" });
        }
        Ok(Sealed { bytes: bytes.to_vec(), key_id, name, purpose, head_end, wrapped_key, body })
    }

    /// The record as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Id of the key that wraps this record's data key, see [`crate::KeyProvider::id`].
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The name that it was sealed under, if it is genuine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The purpose that it was sealed for, if it is genuine.
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// Associated data of the wrapped key.
    pub(crate) fn head(&self) -> &[u8] {
        &self.bytes[..self.head_end]
    }

    pub(crate) fn wrapped_key(&self) -> &[u8] {
        &self.bytes[self.wrapped_key.clone()]
    }

    /// Associated data of the body.
    pub(crate) fn before_body(&self) -> &[u8] {
        &self.bytes[..self.wrapped_key.end]
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Sealed")
            .field("key_id", &self.key_id)
            .field("name", &self.name)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// Why bytes are not a sealed record that this build can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// They begin with something else.
    #[error("the bytes are not a sealed record")]
    NotSealed,
    /// A newer build wrote them, or they are damaged.
    #[error("the sealed record has version {version}; this build reads version {VERSION}")]
    UnknownVersion {
        /// What the record says.
        version: usize,
    },
    /// They end early.
    #[error("the sealed record is truncated")]
    Truncated,
    /// A field holds what no build writes.
    #[error("the sealed record is malformed: bad {what}")]
    Malformed {
        /// The field.
        what: &'static str,
    },
}

impl FormatError {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            FormatError::UnknownVersion { .. } => "use the build that wrote it, or a newer one",
            FormatError::NotSealed | FormatError::Truncated | FormatError::Malformed { .. } => {
                "restore the record from a backup, or store the secret again"
            }
        }
    }
}

/// A part of a record is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} has {bytes} bytes; it must have 1 to {bytes_max}")]
pub struct LengthError {
    /// The part.
    pub what: &'static str,
    /// Its length in bytes.
    pub bytes: usize,
    /// The greatest length in bytes.
    pub bytes_max: usize,
}

/// Begins a record.
pub(crate) fn head(key_id: &str, name: &str, purpose: &str) -> Result<Vec<u8>, LengthError> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    put(&mut bytes, "key id", key_id.as_bytes(), KEY_ID_BYTES_MAX)?;
    put(&mut bytes, "name", name.as_bytes(), LABEL_BYTES_MAX)?;
    put(&mut bytes, "purpose", purpose.as_bytes(), LABEL_BYTES_MAX)?;
    Ok(bytes)
}

/// Goes on after [`head`].
pub(crate) fn put_wrapped_key(bytes: &mut Vec<u8>, wrapped_key: &[u8]) -> Result<(), LengthError> {
    put(bytes, "wrapped data key", wrapped_key, usize::from(u16::MAX))
}

/// Ends the record after [`put_wrapped_key`].
pub(crate) fn put_body(mut bytes: Vec<u8>, body: &[u8]) -> Result<Sealed, FormatError> {
    let length =
        u32::try_from(body.len()).map_err(|_| FormatError::Malformed { what: "length of the body" })?;
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
    Sealed::from_bytes(&bytes)
}

fn put(bytes: &mut Vec<u8>, what: &'static str, field: &[u8], bytes_max: usize) -> Result<(), LengthError> {
    check_length(what, field.len(), bytes_max)?;
    let wrong = LengthError { what, bytes: field.len(), bytes_max };
    bytes.extend(u16::try_from(field.len()).map_err(|_| wrong)?.to_be_bytes());
    bytes.extend(field);
    Ok(())
}

pub(crate) fn check_length(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), LengthError> {
    if (1..=bytes_max).contains(&bytes) { Ok(()) } else { Err(LengthError { what, bytes, bytes_max }) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Result<Range<usize>, FormatError> {
        let left = self.bytes.len() - self.at;
        if length > left {
            return Err(FormatError::Truncated);
        }
        let start = self.at;
        self.at += length;
        Ok(start..self.at)
    }

    fn number<const BYTES: usize>(&mut self) -> Result<usize, FormatError> {
        const { assert!(BYTES <= 4) };
        let range = self.take(BYTES)?;
        Ok(self.bytes[range].iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn text(&mut self, what: &'static str, bytes_max: usize) -> Result<String, FormatError> {
        let length = self.number::<2>()?;
        check_length(what, length, bytes_max).map_err(|_| FormatError::Malformed { what })?;
        let range = self.take(length)?;
        String::from_utf8(self.bytes[range].to_vec()).map_err(|_| FormatError::Malformed { what })
    }
}

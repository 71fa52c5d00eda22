//! How long a text of a person may be.

use crate::refused::Refused;

/// Bytes of each text that people write about a plan: what is longer belongs into a document that the text names.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;

/// Refuses what is longer.
pub(super) fn short(field: &'static str, text: &str) -> Result<(), Refused> {
    if text.len() <= TEXT_BYTES_MAX {
        return Ok(());
    }
    let words = format!("it has {} bytes, and there is room for {TEXT_BYTES_MAX}", text.len());
    Err(Refused::field(field, words).hint("say it shorter, and where the rest can be read"))
}

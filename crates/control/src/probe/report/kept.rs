//! How much of a report is held in memory: names of a sensible length, and not more of them than a reader can bear.
//!
//! Enters: what a reader is about to keep. Leaves: nothing, or why the report is refused. Never here: the texts.

/// Longest name that is kept, bytes.
const NAME_BYTES_MAX: usize = 1024;
/// Most that is kept of one report, bytes, with what a map needs around each entry.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Counts what is kept of one report.
#[derive(Default)]
pub(super) struct Kept(usize);

impl Kept {
    /// An entry of so many bytes is about to be kept.
    pub(super) fn entry(&mut self, bytes: usize) -> Result<(), String> {
        self.0 = self.0.saturating_add(bytes);
        if self.0 > BYTES_MAX {
            return Err(format!("its names and lines would take more than {BYTES_MAX} bytes of memory"));
        }
        Ok(())
    }
}

/// A name that may be kept.
pub(super) fn name(text: &str) -> Result<&str, String> {
    if text.len() > NAME_BYTES_MAX {
        return Err(format!("a name in it is longer than {NAME_BYTES_MAX} bytes"));
    }
    Ok(text)
}

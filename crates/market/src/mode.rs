//! How much of a tick is sent.

use std::fmt;
use std::str::FromStr;

/// Ordered by how much each carries: `Ltp < Quote < Full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// Last price alone.
    Ltp,
    /// Price, volume, totals and the day's OHLC.
    Quote,
    /// Everything, with depth and open interest.
    Full,
}

impl Mode {
    /// All modes, smallest first.
    pub const ALL: [Mode; 3] = [Mode::Ltp, Mode::Quote, Mode::Full];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Ltp => "ltp",
            Mode::Quote => "quote",
            Mode::Full => "full",
        }
    }
}

/// The word is none of `ltp`, `quote`, `full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a mode: use ltp, quote or full")]
pub struct UnknownMode;

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Mode, UnknownMode> {
        Mode::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(UnknownMode)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! Where a price came from. Invariant I-7: a published price is never invented; its source is known.

use std::fmt;

/// Origin of a tick; part of every message, page and recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Made by the simulated market.
    Sim,
    /// Played from a recording.
    Replay,
    /// Live from Zerodha Kite.
    Kite,
}

impl Source {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::Sim => "sim",
            Source::Replay => "replay",
            Source::Kite => "kite",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

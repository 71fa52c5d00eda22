//! Why a tick is not simply good.

use std::fmt;

/// A reason with a stable code, in the order in which the checks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The token is not in the list of instruments. Rejected.
    UnknownInstrument,
    /// A price at or below zero (below, only where contracts may trade there), beyond what a packet can hold, or a level of
    /// the book with a quantity but no price. Rejected.
    ImpossiblePrice,
    /// A quantity beyond the bound. Rejected.
    ImpossibleQuantity,
    /// The exchange's time is later than the receive time by more than the tolerance. Rejected.
    TimeAhead,
    /// The exchange's time is earlier than that of the last published tick by more than the tolerance. Rejected.
    TimeBackwards,
    /// The same observation of a tradable instrument as the last published one, field by field, exchange time included.
    /// Rejected: it is no news.
    Duplicate,
    /// Outside the price band that the exchange set for the day. Rejected.
    OutsideBand,
    /// The day's volume fell. Rejected, then accepted as suspect once several ticks in a row insist.
    VolumeBackwards,
    /// The price moved further at once than recent moves make likely. Rejected, then accepted as suspect once several
    /// ticks in a row agree on the new level.
    Jump,
    /// The best bid is at or above the best offer. Suspect.
    CrossedBook,
    /// Bids do not fall, offers do not rise, or an unused level stands before a used one. Suspect.
    LevelsOutOfOrder,
    /// The last price lies outside the day's own low and high. Suspect.
    OutsideDayRange,
    /// A share is further from the previous close than the usual band. Suspect, because the real band is not known.
    FarFromClose,
}

impl Reason {
    /// How many there are.
    pub const COUNT: usize = 13;

    /// All of them, in the order of the checks.
    pub const ALL: [Reason; Reason::COUNT] = [
        Reason::UnknownInstrument,
        Reason::ImpossiblePrice,
        Reason::ImpossibleQuantity,
        Reason::TimeAhead,
        Reason::TimeBackwards,
        Reason::Duplicate,
        Reason::OutsideBand,
        Reason::VolumeBackwards,
        Reason::Jump,
        Reason::CrossedBook,
        Reason::LevelsOutOfOrder,
        Reason::OutsideDayRange,
        Reason::FarFromClose,
    ];

    /// The stable word in messages, metrics and recordings.
    pub const fn code(self) -> &'static str {
        match self {
            Reason::UnknownInstrument => "unknown_instrument",
            Reason::ImpossiblePrice => "impossible_price",
            Reason::ImpossibleQuantity => "impossible_quantity",
            Reason::TimeAhead => "time_ahead",
            Reason::TimeBackwards => "time_backwards",
            Reason::Duplicate => "duplicate",
            Reason::OutsideBand => "outside_band",
            Reason::VolumeBackwards => "volume_backwards",
            Reason::Jump => "jump",
            Reason::CrossedBook => "crossed_book",
            Reason::LevelsOutOfOrder => "levels_out_of_order",
            Reason::OutsideDayRange => "outside_day_range",
            Reason::FarFromClose => "far_from_close",
        }
    }

    /// Its place in [`Reason::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_place_and_its_own_code() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), index);
            assert!(reason.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
        let codes: std::collections::HashSet<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Reason::COUNT);
    }
}

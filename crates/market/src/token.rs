//! The broker's numeric name of an instrument.

use std::fmt;

use crate::price::Decimals;

/// Kite's instrument token: the exchange's own number times 256 plus a segment number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstrumentToken(pub u32);

impl InstrumentToken {
    /// Segment number of indices.
    pub const SEGMENT_INDICES: u8 = 9;

    /// Low byte: 1 NSE, 2 NFO, 3 CDS, 4 BSE, 5 BFO, 6 BCD, 7 MCX, 8 MCX-SX, 9 indices, 12 NCO.
    pub const fn segment_number(self) -> u8 {
        (self.0 & 0xff) as u8
    }

    /// True for instruments that cannot be traded: their packets are shorter.
    pub const fn is_index(self) -> bool {
        self.segment_number() == Self::SEGMENT_INDICES
    }

    /// Digits after the point on the wire: 7 for CDS, 4 for BCD, 2 for all others. (Clients disagree on NCO; we use
    /// what all but one do.)
    pub const fn decimals(self) -> Decimals {
        match self.segment_number() {
            3 => Decimals::SEVEN,
            6 => Decimals::FOUR,
            _ => Decimals::TWO,
        }
    }
}

impl fmt::Display for InstrumentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

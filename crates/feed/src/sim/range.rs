//! The day's opening price and extremes of a derivative, from its underlying's minutes.
//!
//! Enters: terms of a contract, bars of its underlying. Leaves: open, high and low so far. Never here: ticks.

use super::model::Terms;
use super::path::{Bar, DayPath};

/// Minutes that are bounded together, to price only those that can matter.
const BLOCK: usize = 32;

/// Opening price and extremes of the minutes before one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayRange {
    open: i64,
    high: i64,
    low: i64,
    /// The minute under way.
    minute: u32,
    /// Extremes of the underlying in that minute, and what they came to.
    within: Option<(i64, i64, i64, i64)>,
}

impl DayRange {
    /// At the start of `minute`; `bars` are the underlying's minutes before it, `open` its opening price.
    pub(crate) fn new(terms: &Terms, open: i64, bars: &[Bar], minute: u32) -> DayRange {
        let open = terms.price(open, 0);
        let (high, low) = match &terms.valuation {
            // An underlying keeps its own.
            None => (open, open),
            Some(_) => {
                let bars = bars.get(..minute as usize).unwrap_or(bars);
                fold(terms, bars).map_or((open, open), |(high, low)| (high.max(open), low.min(open)))
            }
        };
        DayRange { open, high, low, minute, within: None }
    }

    /// The day's first price.
    pub(crate) fn open(&self) -> i64 {
        self.open
    }

    /// Moves on to the start of `minute`, which must not lie behind.
    pub(crate) fn seek(&mut self, terms: &Terms, path: &DayPath, minute: u32) {
        if self.minute >= minute {
            return;
        }
        if terms.valuation.is_some() {
            for passed in self.minute..minute {
                let bar = path.bar(passed);
                let (high, low) = terms.extremes(bar.low, bar.high, passed);
                self.high = self.high.max(high);
                self.low = self.low.min(low);
            }
        }
        self.minute = minute;
        self.within = None;
    }

    /// High and low of the day, when the underlying has been within `low..=high` since the minute began.
    pub(crate) fn with(&mut self, terms: &Terms, low: i64, high: i64) -> (i64, i64) {
        let (highest, lowest) = match self.within {
            Some((known_low, known_high, highest, lowest)) if known_low == low && known_high == high => {
                (highest, lowest)
            }
            _ => {
                let (highest, lowest) = terms.extremes(low, high, self.minute);
                self.within = Some((low, high, highest, lowest));
                (highest, lowest)
            }
        };
        (self.high.max(highest), self.low.min(lowest))
    }
}

/// Highest and lowest price over the session's first minutes, whose underlying's bars are given.
///
/// Pricing two points of each of 1,440 minutes for each of 20,000 options would take seconds. Blocks of minutes are
/// bounded first, and only blocks that can hold an extreme are priced minute by minute.
pub(crate) fn fold(terms: &Terms, bars: &[Bar]) -> Option<(i64, i64)> {
    let valuation = terms.valuation?;
    // (ceiling, floor, first minute, bars)
    let mut blocks: Vec<(i64, i64, u32, &[Bar])> = Vec::with_capacity(bars.len() / BLOCK + 1);
    let mut first = 0u32;
    for block in bars.chunks(BLOCK) {
        let low = block.iter().map(|bar| bar.low).min()?;
        let high = block.iter().map(|bar| bar.high).max()?;
        let last = first + block.len() as u32 - 1;
        let (start, end) = (terms.session.minute_start(first), terms.session.minute_start(last));
        let (floor, ceiling) = valuation.bounds(low, high, start, end);
        blocks.push((ceiling, floor, first, block));
        first = last + 1;
    }
    let exact = |first: u32, block: &[Bar]| {
        (first..).zip(block).fold((i64::MIN, i64::MAX), |(high, low), (minute, bar)| {
            let (highest, lowest) = terms.extremes(bar.low, bar.high, minute);
            (high.max(highest), low.min(lowest))
        })
    };
    // The most promising block on each side comes first, so that it rules out most others.
    let (mut high, mut low) = (i64::MIN, i64::MAX);
    let promising_high = blocks.iter().max_by_key(|block| block.0)?;
    let promising_low = blocks.iter().min_by_key(|block| block.1)?;
    for &&(_, _, first, block) in &[promising_high, promising_low] {
        let (highest, lowest) = exact(first, block);
        (high, low) = (high.max(highest), low.min(lowest));
    }
    for &(ceiling, floor, first, block) in &blocks {
        if ceiling > high || floor < low {
            let (highest, lowest) = exact(first, block);
            (high, low) = (high.max(highest), low.min(lowest));
        }
    }
    Some((high, low))
}

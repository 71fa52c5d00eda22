//! The minutes of one instrument.

use std::collections::VecDeque;

use market::{Mode, Tick, TickKind};

/// One minute, compact. Prices in the instrument's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Minute {
    /// Minutes since 1970-01-01T00:00:00Z.
    pub(super) at: u32,
    pub(super) open: i32,
    pub(super) high: i32,
    pub(super) low: i32,
    pub(super) close: i32,
    pub(super) volume: u32,
    pub(super) open_interest: u32,
}

const _: () = assert!(size_of::<Minute>() == 28, "the documentation of `Bounds` counts on it");

#[derive(Debug, Default)]
pub(super) struct Series {
    minutes: VecDeque<Minute>,
    /// Day and volume of the last tick that told a volume.
    volume: Option<(i64, u32)>,
}

impl Series {
    pub(super) fn minutes(&self) -> impl Iterator<Item = &Minute> {
        self.minutes.iter()
    }

    /// Drops minutes before `oldest`; false when none is left.
    pub(super) fn forget_before(&mut self, oldest: u32) -> bool {
        let old = self.minutes.partition_point(|minute| minute.at < oldest);
        self.minutes.drain(..old);
        !self.minutes.is_empty()
    }

    pub(super) fn fold(&mut self, tick: &Tick, price: i32, minute: u32, day: i64) {
        let newest = self.minutes.back().map_or(0, |last| last.at);
        let minute = minute.max(newest);
        let Some(traded) = self.traded(tick, minute, day) else {
            // Only the book moved. Open interest is still news for the candle that is being made.
            if let Some(last) =
                self.minutes.back_mut().filter(|last| last.at == minute && tick.mode == Mode::Full)
            {
                last.open_interest = tick.open_interest;
            }
            return;
        };
        match self.minutes.back_mut().filter(|last| last.at == minute) {
            Some(last) => {
                last.high = last.high.max(price);
                last.low = last.low.min(price);
                last.close = price;
                last.volume = last.volume.saturating_add(traded);
                if tick.mode == Mode::Full {
                    last.open_interest = tick.open_interest;
                }
            }
            None => self.minutes.push_back(Minute {
                at: minute,
                open: price,
                high: price,
                low: price,
                close: price,
                volume: traded,
                open_interest: tick.open_interest,
            }),
        }
    }

    /// Quantity traded since the last tick; `None` when there was no trade.
    fn traded(&mut self, tick: &Tick, minute: u32, day: i64) -> Option<u32> {
        if tick.kind == TickKind::Index || tick.mode == Mode::Ltp {
            return Some(0);
        }
        let before = self.volume.replace((day, tick.volume));
        match before {
            Some((same, volume)) if same == day => {
                Some(tick.volume.saturating_sub(volume)).filter(|q| *q > 0)
            }
            // The first tick of a day that was watched from the day before: all of it is new.
            Some(_) => Some(tick.volume).filter(|quantity| *quantity > 0),
            // The first tick at all: the only trade known is the last one, if it belongs to this minute.
            None => {
                let trade_minute = tick.last_trade_time.0 / 60;
                let this = tick.last_trade_time.is_absent() || trade_minute == minute;
                this.then_some(tick.last_quantity)
            }
        }
    }
}

//! The most recent published ticks, for readers that come back.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::published::Published;

/// Bounded: when full, the oldest tick goes.
#[derive(Debug)]
pub(crate) struct Ring {
    ticks: VecDeque<Arc<Published>>,
    capacity: usize,
}

impl Ring {
    pub(crate) fn new(capacity: usize) -> Ring {
        Ring { ticks: VecDeque::with_capacity(capacity), capacity }
    }

    pub(crate) fn push(&mut self, tick: Arc<Published>) {
        if self.ticks.len() == self.capacity {
            self.ticks.pop_front();
        }
        if self.capacity > 0 {
            self.ticks.push_back(tick);
        }
    }

    /// All ticks after `offset` in order, or `None` when some of them are already gone. `newest` is the last offset
    /// given out.
    pub(crate) fn after(&self, offset: u64, newest: u64) -> Option<impl Iterator<Item = &Arc<Published>>> {
        let missing = usize::try_from(newest.checked_sub(offset)?).ok()?;
        // Offsets are contiguous, so the count alone says whether the first missing tick is still here.
        let skip = self.ticks.len().checked_sub(missing)?;
        Some(self.ticks.range(skip..))
    }
}

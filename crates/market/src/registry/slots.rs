//! A hash index that stores only places in a list: looking up borrowed text costs no allocation, and no text is kept
//! twice. (The standard map would need an owned key per entry, 5 MB for the broker's whole list.)

use std::hash::{BuildHasher, Hash, RandomState};

const EMPTY: u32 = u32::MAX;

/// Open addressing with linear probing, never more than half full. Its hash is seeded per process, so a prepared list
/// cannot make it slow; no order depends on it.
pub(super) struct Slots {
    slots: Vec<u32>,
    seed: RandomState,
}

impl Slots {
    /// Room for `entries`; more must not be inserted.
    pub(super) fn with_capacity(entries: usize) -> Slots {
        let size = entries.saturating_add(1).saturating_mul(2).next_power_of_two();
        Slots { slots: vec![EMPTY; size], seed: RandomState::new() }
    }

    pub(super) fn hash(&self, key: impl Hash) -> u64 {
        self.seed.hash_one(key)
    }

    /// The place for which `is_it` says yes, among those inserted with this hash (or a colliding one).
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(usize) -> bool) -> Option<usize> {
        let mask = self.slots.len() - 1;
        // Only the low bits matter, so losing the high ones on a 32-bit machine is harmless.
        let mut at = hash as usize & mask;
        loop {
            match self.slots[at] {
                EMPTY => return None,
                place if is_it(place as usize) => return Some(place as usize),
                _ => at = (at + 1) & mask,
            }
        }
    }

    pub(super) fn insert(&mut self, hash: u64, place: u32) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != EMPTY {
            at = (at + 1) & mask;
        }
        self.slots[at] = place;
    }
}

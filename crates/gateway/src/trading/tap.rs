//! Ticks for paper accounts: every tick of the instruments that have working orders, in order, from the market's thread to the
//! deciding thread.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};

use market::Tick;

/// Bundles of ticks on their way. When it is full the market does not wait: the bundle is dropped and counted, and the next
/// tick of each instrument brings the matching up to date. Only fills in between are missed.
const TAP_QUEUE: usize = 1_024;

/// What the market's thread holds.
#[derive(Clone, Debug)]
pub struct TickTap {
    wanted: Arc<RwLock<HashSet<u32>>>,
    sender: SyncSender<Vec<Tick>>,
    dropped: Arc<AtomicU64>,
}

/// What the deciding thread holds.
#[derive(Debug)]
pub struct TickDrain {
    wanted: Arc<RwLock<HashSet<u32>>>,
    receiver: Receiver<Vec<Tick>>,
    dropped: Arc<AtomicU64>,
}

/// Both ends.
pub fn tap() -> (TickTap, TickDrain) {
    let (sender, receiver) = sync_channel(TAP_QUEUE);
    let wanted = Arc::new(RwLock::new(HashSet::new()));
    let dropped = Arc::new(AtomicU64::new(0));
    let tap = TickTap { wanted: Arc::clone(&wanted), sender, dropped: Arc::clone(&dropped) };
    (tap, TickDrain { wanted, receiver, dropped })
}

impl TickTap {
    /// Passes on what is wanted of `ticks`. Never waits.
    pub fn offer(&self, ticks: &[Tick]) {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        if wanted.is_empty() {
            return;
        }
        let bundle: Vec<Tick> = ticks.iter().filter(|tick| wanted.contains(&tick.token.0)).copied().collect();
        drop(wanted);
        let count = bundle.len() as u64;
        if count > 0
            && let Err(TrySendError::Full(_)) = self.sender.try_send(bundle)
        {
            self.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }
}

impl TickDrain {
    /// From now on these instruments, and no others.
    pub fn want(&self, tokens: &HashSet<u32>) {
        let mut wanted = self.wanted.write().unwrap_or_else(PoisonError::into_inner);
        if *wanted != *tokens {
            wanted.clone_from(tokens);
        }
    }

    /// What has come.
    pub fn drain(&self) -> impl Iterator<Item = Tick> {
        self.receiver.try_iter().flatten()
    }

    /// Ticks that were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

//! Ticks for the deciding thread: every good tick of the instruments in which paper orders work or an order waits for a price, in
//! order, from the market's thread.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};

use market::{Source, Tick, UnixNanos};

/// Bundles of ticks on their way. When it is full the market does not wait: the bundle is dropped and counted, and the next
/// tick of each instrument brings the matching up to date. Only fills in between are missed, and triggers that were touched
/// in between and not since.
const TAP_QUEUE: usize = 1_024;

/// Ticks that came together.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// When they reached this process, in machine time.
    pub received: UnixNanos,
    /// From where.
    pub source: Source,
    /// In their order.
    pub ticks: Vec<Tick>,
}

/// What the market's thread holds.
#[derive(Clone, Debug)]
pub struct TickTap {
    wanted: Arc<RwLock<HashSet<u32>>>,
    sender: SyncSender<Bundle>,
    dropped: Arc<AtomicU64>,
}

/// What the deciding thread holds.
#[derive(Debug)]
pub struct TickDrain {
    wanted: Arc<RwLock<HashSet<u32>>>,
    receiver: Receiver<Bundle>,
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
    pub fn offer(&self, ticks: &[Tick], source: Source, received: UnixNanos) {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        if wanted.is_empty() {
            return;
        }
        let ticks: Vec<Tick> = ticks.iter().filter(|tick| wanted.contains(&tick.token.0)).copied().collect();
        drop(wanted);
        let count = ticks.len() as u64;
        if count > 0
            && let Err(TrySendError::Full(_)) = self.sender.try_send(Bundle { received, source, ticks })
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
    pub fn drain(&self) -> impl Iterator<Item = Bundle> {
        self.receiver.try_iter()
    }

    /// Ticks that were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

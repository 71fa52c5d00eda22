//! What one reader has still to be sent. Bounded in both delivery modes; a full inbox affects only its reader (I-6).

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::poll_fn;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use market::{InstrumentToken, Mode};

use crate::position::{Epoch, Position};
use crate::published::Published;

/// How ticks reach a reader that is slower than the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The newest value per instrument: an unsent older one is replaced. Bounded by the number of subscriptions.
    Latest,
    /// Every tick. Bounded by [`EVERY_CAPACITY`]: a reader that falls further behind is closed and may resume.
    Every,
}

impl Delivery {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Delivery::Latest => "latest",
            Delivery::Every => "every",
        }
    }
}

/// The word is neither `latest` nor `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a delivery: use latest or every")]
pub struct UnknownDelivery;

impl FromStr for Delivery {
    type Err = UnknownDelivery;

    fn from_str(text: &str) -> Result<Delivery, UnknownDelivery> {
        match text {
            "latest" => Ok(Delivery::Latest),
            "every" => Ok(Delivery::Every),
            _ => Err(UnknownDelivery),
        }
    }
}

/// Ticks that an `every` reader may lag before it is closed. A shared tick costs a reader one pointer here.
pub const EVERY_CAPACITY: usize = 16_384;
/// Notices that may wait. A reader earns them one message at a time, so only one that never reads gets here.
pub const NOTICES_CAPACITY: usize = 1_024;

/// Something to tell the reader besides ticks; sent before the ticks of the same batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// These instruments are now delivered as said.
    Subscribed {
        /// Names, in the order asked.
        instruments: Vec<String>,
        /// How much of each tick.
        mode: Mode,
        /// How they are delivered.
        delivery: Delivery,
    },
    /// These are no longer delivered.
    Unsubscribed {
        /// Names, in the order asked.
        instruments: Vec<String>,
    },
    /// The stream goes on directly after the reader's own position.
    Resumed {
        /// Where it goes on.
        from: Position,
    },
    /// What lies between can no longer be told; current values follow.
    Gap {
        /// The reader's own position.
        from: Position,
        /// Where the stream is now.
        to: Position,
    },
}

/// One tick for one reader, in the mode it asked for.
#[derive(Clone, Debug)]
pub struct Due {
    /// The shared tick.
    pub tick: Arc<Published>,
    /// How much of it to send.
    pub mode: Mode,
}

/// Everything that was due at one moment.
#[derive(Debug)]
pub struct Batch {
    /// To be sent first.
    pub notices: Vec<Notice>,
    /// Then these, in order of publication.
    pub ticks: Vec<Due>,
    /// The reader's position before any tick of this batch is sent.
    pub start: Position,
    /// The reader's position once all of this is sent.
    pub position: Position,
    /// The reader fell behind and is to be closed after this batch, which has no ticks and is the last one.
    pub fell_behind: bool,
}

/// How far the hub has numbered; shared with every inbox.
#[derive(Clone, Debug)]
pub struct Numbering {
    epoch: Epoch,
    /// The last offset that has been offered to all its readers.
    newest: Arc<AtomicU64>,
}

impl Numbering {
    /// A new numbering that starts at 1.
    pub fn new(epoch: Epoch) -> Numbering {
        Numbering { epoch, newest: Arc::new(AtomicU64::new(0)) }
    }

    /// The epoch of all its positions.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// After the newest tick that all its readers were offered.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, offset: self.newest.load(Ordering::Acquire) }
    }

    pub(crate) fn advance_to(&self, offset: u64) {
        self.newest.store(offset, Ordering::Release);
    }
}

/// Between the hub and one reader.
#[derive(Debug)]
pub struct Inbox {
    numbering: Numbering,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    notices: Vec<Notice>,
    latest: HashMap<InstrumentToken, Due>,
    every: VecDeque<Due>,
    /// While a resumed reader has not subscribed yet, its position is still the one it came with.
    held_at: Option<Position>,
    /// Where the next batch starts from; `None` before the first.
    reached: Option<Position>,
    conflated: u64,
    fell_behind: bool,
    /// The reader has been told that it fell behind: nothing comes after that.
    told: bool,
    waker: Option<Waker>,
}

impl State {
    fn is_idle(&self) -> bool {
        let due = !(self.notices.is_empty() && self.latest.is_empty() && self.every.is_empty());
        self.told || !(due || self.fell_behind)
    }

    fn cut(&mut self) {
        self.fell_behind = true;
        self.latest.clear();
        self.every.clear();
    }
}

impl Inbox {
    /// An empty inbox of the hub that numbers with `numbering`.
    pub fn new(numbering: Numbering) -> Inbox {
        Inbox { numbering, state: Mutex::default() }
    }

    /// Everything that is due, as soon as there is anything. Cancel-safe: nothing is taken until it is returned.
    pub async fn next(&self) -> Batch {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.is_idle() {
                state.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(self.take(&mut state))
        })
        .await
    }

    /// Everything that is due now, or `None`.
    pub fn try_next(&self) -> Option<Batch> {
        let mut state = self.lock();
        if state.is_idle() { None } else { Some(self.take(&mut state)) }
    }

    /// Ticks that were replaced by newer ones before they could be sent.
    pub fn conflated(&self) -> u64 {
        self.lock().conflated
    }

    /// Ticks and notices waiting.
    pub fn waiting(&self) -> usize {
        let state = self.lock();
        state.notices.len() + state.latest.len() + state.every.len()
    }

    pub(crate) fn offer(&self, due: Due, delivery: Delivery) {
        let mut state = self.lock();
        state.offer(due, delivery);
        wake(state);
    }

    /// Notices and the ticks that belong to them, with no chance to take one without the other.
    pub(crate) fn tell(
        &self,
        notices: impl IntoIterator<Item = Notice>,
        dues: impl IntoIterator<Item = (Due, Delivery)>,
    ) {
        let mut state = self.lock();
        state.tell(notices, dues);
        wake(state);
    }

    /// As [`Inbox::tell`], after forgetting every tick that is due: the reader starts again from another position.
    pub(crate) fn restart(
        &self,
        from: Position,
        notices: impl IntoIterator<Item = Notice>,
        dues: impl IntoIterator<Item = (Due, Delivery)>,
    ) {
        let mut state = self.lock();
        state.reached = Some(from);
        state.latest.clear();
        state.every.clear();
        state.tell(notices, dues);
        wake(state);
    }

    /// A notice to a reader that has resumed at `position` and not subscribed yet.
    pub(crate) fn hold(&self, notice: Notice, position: Position) {
        let mut state = self.lock();
        state.held_at = Some(position);
        state.notify(notice);
        wake(state);
    }

    /// Forgets what is due of `tokens`, in one pass.
    pub(crate) fn forget(&self, tokens: &HashSet<InstrumentToken>) {
        let mut state = self.lock();
        state.latest.retain(|token, _| !tokens.contains(token));
        state.every.retain(|due| !tokens.contains(&due.tick.listed.token));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held left at worst one tick half offered; the queues themselves are whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, state: &mut State) -> Batch {
        let mut ticks: Vec<Due> =
            state.every.drain(..).chain(state.latest.drain().map(|(_, due)| due)).collect();
        ticks.sort_unstable_by_key(|due| due.tick.offset);
        let position = state.held_at.unwrap_or_else(|| {
            // The tick being offered at this moment may be here already although the hub has not moved on yet.
            let newest_here = ticks.last().map_or(0, |due| due.tick.offset);
            let position = self.numbering.position();
            Position { offset: position.offset.max(newest_here), ..position }
        });
        let start = state.reached.replace(position).unwrap_or(position);
        state.told = state.fell_behind;
        Batch {
            notices: std::mem::take(&mut state.notices),
            ticks,
            start: state.held_at.unwrap_or(start),
            position,
            fell_behind: state.fell_behind,
        }
    }
}

impl State {
    fn offer(&mut self, due: Due, delivery: Delivery) {
        if self.fell_behind {
            return;
        }
        match delivery {
            Delivery::Latest => {
                if self.latest.insert(due.tick.listed.token, due).is_some() {
                    self.conflated += 1;
                }
            }
            Delivery::Every if self.every.len() >= EVERY_CAPACITY => self.cut(),
            Delivery::Every => self.every.push_back(due),
        }
    }

    fn tell(
        &mut self,
        notices: impl IntoIterator<Item = Notice>,
        dues: impl IntoIterator<Item = (Due, Delivery)>,
    ) {
        self.held_at = None;
        notices.into_iter().for_each(|notice| self.notify(notice));
        dues.into_iter().for_each(|(due, delivery)| self.offer(due, delivery));
    }

    fn notify(&mut self, notice: Notice) {
        if self.notices.len() >= NOTICES_CAPACITY {
            self.cut();
        } else {
            self.notices.push(notice);
        }
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

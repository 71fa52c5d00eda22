//! The one owner of the latest values, the numbering and the wishes of all readers.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use market::{InstrumentToken, Mode, Source, Tick, UnixNanos};

use crate::inbox::{Delivery, Due, EVERY_CAPACITY, Inbox, Notice, Numbering};
use crate::position::{Epoch, Position};
use crate::published::{Listed, Published};
use crate::ring::Ring;

/// Names a reader among those of one hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReaderId(pub u64);

/// What a hub is made with.
#[derive(Clone, Copy, Debug)]
pub struct HubConfig {
    /// The numbering: random per process start until it is shared between instances.
    pub epoch: Epoch,
    /// Ticks kept for readers that come back; the oldest goes first.
    pub ring_capacity: usize,
}

/// What one message of a reader asks for.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Known instruments, in the order asked.
    pub instruments: Vec<Arc<Listed>>,
    /// How much of each tick.
    pub mode: Mode,
    /// How ticks are delivered.
    pub delivery: Delivery,
}

/// The newest tick of every instrument, for any thread to read.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    ticks: Arc<RwLock<HashMap<InstrumentToken, Arc<Published>>>>,
}

impl Latest {
    /// The newest tick of `token`; `None` when nothing was published yet.
    pub fn get(&self, token: InstrumentToken) -> Option<Arc<Published>> {
        self.ticks.read().unwrap_or_else(PoisonError::into_inner).get(&token).cloned()
    }
}

/// The tick ledger of one hub: offered = delivered + conflated + cut.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Ticks published.
    pub published: AtomicU64,
    /// Published ticks x readers subscribed at that moment.
    pub offered: AtomicU64,
}

/// See the module.
#[derive(Debug)]
pub struct Hub {
    numbering: Numbering,
    newest: u64,
    ring: Ring,
    slots: HashMap<InstrumentToken, Slot>,
    readers: HashMap<ReaderId, Reader>,
    latest: Latest,
    ledger: Arc<Ledger>,
}

#[derive(Debug)]
struct Slot {
    listed: Arc<Listed>,
    n: u64,
    newest: Option<Arc<Published>>,
    wishes: Vec<Wish>,
}

#[derive(Debug)]
struct Wish {
    reader: ReaderId,
    inbox: Arc<Inbox>,
    mode: Mode,
    delivery: Delivery,
}

#[derive(Debug)]
struct Reader {
    inbox: Arc<Inbox>,
    subscribed: HashMap<InstrumentToken, (Mode, Delivery)>,
    resume_from: Option<Position>,
}

impl Hub {
    /// A hub that has published nothing.
    pub fn new(config: HubConfig) -> Hub {
        Hub {
            numbering: Numbering::new(config.epoch),
            newest: 0,
            ring: Ring::new(config.ring_capacity),
            slots: HashMap::new(),
            readers: HashMap::new(),
            latest: Latest::default(),
            ledger: Arc::default(),
        }
    }

    /// Shared with inboxes: where the numbering stands.
    pub fn numbering(&self) -> Numbering {
        self.numbering.clone()
    }

    /// Shared with REST: the newest ticks.
    pub fn latest(&self) -> Latest {
        self.latest.clone()
    }

    /// Shared with metrics: what was published and offered.
    pub fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&self.ledger)
    }

    /// Gives a validated tick its numbers and offers it to every reader that wants it.
    pub fn publish(
        &mut self,
        listed: &Arc<Listed>,
        tick: &Tick,
        source: Source,
        received: UnixNanos,
        suspect: Option<&'static str>,
    ) {
        self.newest += 1;
        let slot = self.slots.entry(listed.token).or_insert_with(|| Slot::new(Arc::clone(listed)));
        slot.n += 1;
        let published = Arc::new(Published::new(
            Arc::clone(&slot.listed),
            *tick,
            (slot.n, self.newest),
            source,
            received,
            suspect,
        ));
        self.latest
            .ticks
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(listed.token, Arc::clone(&published));
        for wish in &slot.wishes {
            wish.inbox.offer(Due { tick: Arc::clone(&published), mode: wish.mode }, wish.delivery);
        }
        self.ledger.published.fetch_add(1, Ordering::Relaxed);
        self.ledger.offered.fetch_add(slot.wishes.len() as u64, Ordering::Relaxed);
        slot.newest = Some(Arc::clone(&published));
        self.ring.push(published);
        self.numbering.advance_to(self.newest);
    }

    /// Adds a reader. Its inbox must have been made with this hub's numbering.
    pub fn join(&mut self, reader: ReaderId, inbox: Arc<Inbox>) {
        self.readers.insert(reader, Reader { inbox, subscribed: HashMap::new(), resume_from: None });
    }

    /// Forgets a reader and its wishes.
    pub fn leave(&mut self, reader: ReaderId) {
        let Some(gone) = self.readers.remove(&reader) else { return };
        for token in gone.subscribed.keys() {
            if let Some(slot) = self.slots.get_mut(token) {
                slot.wishes.retain(|wish| wish.reader != reader);
            }
        }
    }

    /// Delivers `subscription` from now on, beginning with the current value of each instrument, or, directly after
    /// [`Hub::resume`], with what the reader has missed of them. Asking again with other words changes the mode or
    /// delivery; `latest` then repeats the current value in the new mode. Asking again with the same words changes
    /// nothing.
    pub fn subscribe(&mut self, reader: ReaderId, subscription: &Subscription) {
        let Some(state) = self.readers.get_mut(&reader) else { return };
        let asked = (subscription.mode, subscription.delivery);
        let mut fresh = Vec::new();
        let mut redelivered = HashSet::new();
        for listed in &subscription.instruments {
            let slot = self.slots.entry(listed.token).or_insert_with(|| Slot::new(Arc::clone(listed)));
            let Some(known) = state.subscribed.insert(listed.token, asked) else {
                let inbox = Arc::clone(&state.inbox);
                slot.wishes.push(Wish { reader, inbox, mode: asked.0, delivery: asked.1 });
                fresh.push(listed.token);
                continue;
            };
            if known == asked {
                continue;
            }
            if let Some(wish) = slot.wishes.iter_mut().find(|wish| wish.reader == reader) {
                (wish.mode, wish.delivery) = asked;
            }
            if known.1 != asked.1 {
                redelivered.insert(listed.token);
            }
            if known.1 != asked.1 || asked.1 == Delivery::Latest {
                fresh.push(listed.token);
            }
        }
        if !redelivered.is_empty() {
            state.inbox.forget(&redelivered);
        }
        let (inbox, resume_from) = (Arc::clone(&state.inbox), state.resume_from.take());
        let instruments = subscription.instruments.iter().map(|listed| listed.key.clone()).collect();
        let subscribed =
            Notice::Subscribed { instruments, mode: subscription.mode, delivery: subscription.delivery };
        let Some(from) = resume_from else {
            inbox.tell([subscribed], self.current(reader, &fresh));
            return;
        };
        match self.missed(from, reader, &fresh) {
            Some(dues) => inbox.tell([subscribed], dues),
            None => {
                let gap = Notice::Gap { from, to: self.numbering.position() };
                inbox.restart(from, [subscribed, gap], self.current(reader, &fresh));
            }
        }
    }

    /// Stops delivering `instruments`; those not subscribed are passed over.
    pub fn unsubscribe(&mut self, reader: ReaderId, instruments: &[Arc<Listed>]) {
        let Some(state) = self.readers.get_mut(&reader) else { return };
        let mut gone = HashSet::new();
        for listed in instruments {
            if state.subscribed.remove(&listed.token).is_some() {
                gone.insert(listed.token);
            }
        }
        for token in &gone {
            if let Some(slot) = self.slots.get_mut(token) {
                slot.wishes.retain(|wish| wish.reader != reader);
            }
        }
        state.inbox.forget(&gone);
        let instruments = instruments.iter().map(|listed| listed.key.clone()).collect();
        state.inbox.tell([Notice::Unsubscribed { instruments }], []);
    }

    /// Puts the reader back to `from`: what it has subscribed is sent again from there, or, when it has subscribed nothing
    /// yet, its next subscription begins there. When the ring no longer has everything since, or the epoch is another one, the reader gets an
    /// explicit gap and current values instead: never a partial recovery that looks whole.
    pub fn resume(&mut self, reader: ReaderId, from: Position) {
        let position = self.numbering.position();
        let Some(state) = self.readers.get_mut(&reader) else { return };
        let inbox = Arc::clone(&state.inbox);
        let subscribed: Vec<InstrumentToken> = state.subscribed.keys().copied().collect();
        match self.missed(from, reader, &subscribed) {
            Some(_) if subscribed.is_empty() => {
                inbox.hold(Notice::Resumed { from }, from);
                if let Some(state) = self.readers.get_mut(&reader) {
                    state.resume_from = Some(from);
                }
            }
            Some(dues) => inbox.restart(from, [Notice::Resumed { from }], dues),
            None => {
                let gap = Notice::Gap { from, to: position };
                inbox.restart(from, [gap], self.current(reader, &subscribed));
            }
        }
    }

    fn wish(&self, reader: ReaderId, token: InstrumentToken) -> Option<&Wish> {
        self.slots.get(&token)?.wishes.iter().find(|wish| wish.reader == reader)
    }

    /// The current value of each instrument that has one.
    fn current(&self, reader: ReaderId, tokens: &[InstrumentToken]) -> Vec<(Due, Delivery)> {
        tokens
            .iter()
            .filter_map(|token| {
                let wish = self.wish(reader, *token)?;
                let tick = self.slots.get(token)?.newest.as_ref()?;
                Some((Due { tick: Arc::clone(tick), mode: wish.mode }, wish.delivery))
            })
            .collect()
    }

    /// What a reader at `from` has missed of `tokens`, or `None` when that cannot be told whole: each tick since then
    /// for `every`, the current value for `latest` if it is newer.
    fn missed(
        &self,
        from: Position,
        reader: ReaderId,
        tokens: &[InstrumentToken],
    ) -> Option<Vec<(Due, Delivery)>> {
        let unsettled = from.is_unsettled() && self.newest > 0;
        if unsettled || from.epoch != self.numbering.epoch() {
            return None;
        }
        let mut latest = Vec::new();
        let mut every: HashMap<InstrumentToken, &Wish> = HashMap::new();
        for token in tokens {
            match self.wish(reader, *token) {
                Some(wish) if wish.delivery == Delivery::Every => drop(every.insert(*token, wish)),
                Some(_) => latest.push(*token),
                None => {}
            }
        }
        let mut dues = self.current(reader, &latest);
        dues.retain(|(due, _)| due.tick.offset > from.offset);
        dues.extend(self.ring.after(from.offset, self.newest)?.filter_map(|tick| {
            let wish = every.get(&tick.listed.token)?;
            Some((Due { tick: Arc::clone(tick), mode: wish.mode }, wish.delivery))
        }));
        (dues.len() <= EVERY_CAPACITY / 2).then_some(dues)
    }
}

impl Slot {
    fn new(listed: Arc<Listed>) -> Slot {
        Slot { listed, n: 0, newest: None, wishes: Vec::new() }
    }
}

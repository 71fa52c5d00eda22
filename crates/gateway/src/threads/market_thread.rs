//! The thread that drives the market: advance, validate, record, hand to the hub. It never waits for a client.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

use feed::Market;
use feed::candles::LiveCandles;
use feed::validate::{Validator, Verdict};
use market::time::NANOS_PER_SECOND;
use market::{Tick, UnixNanos};
use tokio::sync::{mpsc, oneshot};

use super::EndsProcessOnPanic;
use super::hub_thread::{HubCommand, Valid};
use crate::clock::{MarketClock, machine_now};
use crate::listing::{CurrentListing, Listing};
use crate::metrics::Metrics;
use crate::recording::Recording;
use crate::trading::tap::TickTap;

/// Longest sleep: how late the thread may notice that it should end.
const NAP: Duration = Duration::from_millis(50);
/// Market time made at once, in nanoseconds: little when it is full of ticks.
const STRIDE_MIN: i64 = NANOS_PER_SECOND / 10;
const STRIDE_MAX: i64 = 5 * NANOS_PER_SECOND;
/// A wall clock that is so far ahead, in nanoseconds, has leapt.
const SLEPT: i64 = 30 * NANOS_PER_SECOND;
/// More ticks than this at once make the next stride shorter, which bounds memory after a long sleep.
const TICKS_AT_ONCE: usize = 20_000;
/// Ticks handed to the hub at once, so that readers' commands get their turn in a burst.
const BATCH: usize = 1_024;

/// What the thread works with.
pub struct MarketThread {
    /// Where ticks come from.
    pub market: Box<dyn Market>,
    /// Whether they are believable.
    pub validator: Validator,
    /// What is listed; replaced when the market says so.
    pub listing: CurrentListing,
    /// Market time.
    pub clock: Arc<MarketClock>,
    /// Where valid ticks go.
    pub hub: mpsc::Sender<HubCommand>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Folds candles where the market cannot tell its own past.
    pub candles: Option<Arc<LiveCandles>>,
    /// Writes down what was received.
    pub recording: Option<Recording>,
    /// Passes on what paper accounts want.
    pub ticks: TickTap,
}

impl MarketThread {
    /// Publishes `first` and what is due at the start, answers `ready` when readers can see it, then runs until `stop` is
    /// dropped or the hub is gone.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn spawn(
        mut self,
        mut first: Vec<Tick>,
        ready: oneshot::Sender<()>,
        stop: Receiver<()>,
    ) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("market".into()).spawn(move || {
            let _fatal = EndsProcessOnPanic;
            // Not now: at a high speed that is far into the market already.
            let started = self.clock.beginning();
            // Before anything moves: midnight may fall into the very first step.
            let version = self.market.listing_version();
            self.market.advance(started, &mut first);
            let published = self.publish(&first, started, &stop);
            if published.is_ok() && self.hub.blocking_send(HubCommand::Reached(ready)).is_ok() {
                self.run(started, version, &stop);
            }
            if let Some(recording) = self.recording.take() {
                recording.finish();
            }
        })
    }

    fn run(&mut self, mut done: UnixNanos, mut version: u64, stop: &Receiver<()>) {
        let mut stride = STRIDE_MIN;
        let mut ticks = Vec::new();
        loop {
            let now = self.clock.now();
            done = next_step(done, now, stride, self.clock.is_wall());
            ticks.clear();
            self.market.advance(done, &mut ticks);
            if self.market.listing_version() != version {
                version = self.market.listing_version();
                self.relist(version, done);
                self.market.snapshot(&mut ticks);
            }
            stride = if ticks.len() > TICKS_AT_ONCE { stride / 2 } else { stride.saturating_mul(2) };
            stride = stride.clamp(STRIDE_MIN, STRIDE_MAX);
            if self.publish(&ticks, done, stop).is_err() {
                return;
            }
            let nap = match self.market.next_at() {
                _ if done < now => Duration::ZERO,
                Some(next) => self.clock.machine_time_until(next, self.clock.now()).min(NAP),
                None if self.clock.is_stopped() => NAP,
                None => {
                    self.clock.stop(now);
                    match self.market.failure() {
                        None => tracing::info!(at = now.to_rfc3339(), "market ended: prices stand still"),
                        Some(error) => {
                            tracing::error!(
                                error,
                                at = now.to_rfc3339(),
                                "market broke off: prices stand still"
                            );
                        }
                    }
                    NAP
                }
            };
            match stop.recv_timeout(nap) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn relist(&mut self, version: u64, now: UnixNanos) {
        let instruments = self.market.instruments();
        if let Some(recording) = &mut self.recording {
            recording.relist(&instruments, now);
        }
        self.listing.set(Listing::new(instruments));
        self.validator.relist(self.listing.get().registry.iter());
        tracing::info!(version, "listing changed");
    }

    /// Err when the hub is gone or the thread is to end.
    fn publish(&mut self, ticks: &[Tick], now: UnixNanos, stop: &Receiver<()>) -> Result<(), ()> {
        if ticks.is_empty() {
            return Ok(());
        }
        let received = machine_now();
        let source = self.market.source();
        let listing = self.listing.get();
        for chunk in ticks.chunks(BATCH) {
            if !matches!(stop.try_recv(), Err(TryRecvError::Empty)) {
                return Err(());
            }
            if let Some(recording) = &mut self.recording {
                recording.write(chunk, now);
            }
            let mut valid = Vec::with_capacity(chunk.len());
            let mut good = Vec::with_capacity(chunk.len());
            for tick in chunk {
                let verdict = self.validator.check(tick, now);
                self.metrics.tick_judged(verdict);
                let suspect = match verdict {
                    Verdict::Good => {
                        good.push(*tick);
                        None
                    }
                    Verdict::Suspect(reason) => Some(reason.code()),
                    Verdict::Rejected(_) => continue,
                };
                // The validator refuses instruments that are not listed, so a name is missing only for a moment
                // around a change of the listing.
                if let Some(listed) = listing.listed(tick.token) {
                    valid.push(Valid { listed: Arc::clone(listed), tick: *tick, suspect });
                }
                if let Some(candles) = &self.candles {
                    candles.observe(tick, now);
                }
            }
            self.metrics.batch_published(valid.len(), received.seconds());
            let command = HubCommand::Publish { ticks: valid, source, received };
            self.hub.blocking_send(command).map_err(drop)?;
            // Orders fill and fire only on ticks that nobody doubts.
            self.ticks.offer(&good, source, received);
        }
        Ok(())
    }
}

/// How far to go next from `done` towards `now`. A slow machine or a high speed is caught up in strides, so that nothing is
/// skipped and the order to end is seen in between. After the machine has slept the market that went on without us is
/// joined where it is.
fn next_step(done: UnixNanos, now: UnixNanos, stride: i64, wall: bool) -> UnixNanos {
    if wall && now.0.saturating_sub(done.0) > SLEPT {
        return now;
    }
    now.min(UnixNanos(done.0.saturating_add(stride)))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use feed::replay::Replay;
    use feed::sim::{Hours, Sim, SimConfig};
    use jiff::civil::datetime;

    use super::*;
    use crate::clock::mono_now;

    #[test]
    fn a_slow_machine_catches_up_and_one_that_slept_joins_the_market_where_it_is() {
        let at = UnixNanos::from_seconds;
        let second = NANOS_PER_SECOND;
        assert_eq!(next_step(at(10), at(10), second, true), at(10));
        assert_eq!(next_step(at(10), at(20), second, true), at(11));
        assert_eq!(next_step(at(10), at(30_000), second, true), at(30_000));
        assert_eq!(next_step(at(10), at(30_000), second, false), at(11), "a recording skips nothing");
    }

    #[test]
    fn a_recording_follows_the_listing_over_midnight() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("morning.mticks"), folder.path().join("morning.2.mticks"));
        let midnight = UnixNanos::from_ist(datetime(2026, 11, 25, 0, 0, 0, 0));
        let start = UnixNanos(midnight.0 - NANOS_PER_SECOND);
        let config = SimConfig { seed: 7, instruments: 300, rate: 600, hours: Hours::AroundTheClock };
        let mut sim = Sim::new(config, start).unwrap();
        let mut snapshot = Vec::new();
        sim.snapshot(&mut snapshot);
        let recording = Recording::start(&first, sim.source(), &sim.instruments(), start).unwrap();
        let listing = CurrentListing::new(Listing::new(sim.instruments()));
        let (hub, mut commands) = mpsc::channel(16);
        let thread = MarketThread {
            validator: Validator::new(Default::default(), listing.get().registry.iter()),
            market: Box::new(sim),
            listing: listing.clone(),
            clock: Arc::new(MarketClock::new(start, mono_now(), 10.0)),
            hub,
            metrics: Arc::new(Metrics::new("0", "sim")),
            candles: None,
            recording: Some(recording),
            ticks: crate::trading::tap::tap().0,
        };
        let (ready, _published) = oneshot::channel();
        let (stop, stopped) = sync_channel(1);
        let thread = thread.spawn(snapshot, ready, stopped).unwrap();
        let mut stop = Some(stop);
        while let Some(command) = commands.blocking_recv() {
            let HubCommand::Publish { ticks, .. } = command else { continue };
            if ticks.iter().any(|valid| valid.tick.exchange_time.nanos() > midnight) {
                stop = None;
            }
        }
        assert!(stop.is_none(), "it went on after midnight");
        thread.join().unwrap();
        let list = |path| Replay::open(path).unwrap().instruments();
        let expire_today = |list: &[market::Instrument]| {
            list.iter().filter(|row| row.expiry == Some(start.ist_date())).count()
        };
        assert!(expire_today(&list(&first)) > 0);
        assert_eq!(expire_today(&list(&second)), 0);
        assert_eq!(list(&second), listing.get().registry.iter().cloned().collect::<Vec<_>>());
    }
}

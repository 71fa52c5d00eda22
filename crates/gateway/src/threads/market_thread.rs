//! The thread that drives the market: advance, validate, record, hand to the hub. It never waits for a client.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
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

/// Longest sleep: how late the thread may notice that it should end.
const NAP: Duration = Duration::from_millis(50);
/// Market time made at once, in nanoseconds.
const STRIDE: i64 = 5 * NANOS_PER_SECOND;
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
            let started = self.clock.now();
            self.market.advance(started, &mut first);
            let published = self.publish(&first, started);
            if published.is_ok() && self.hub.blocking_send(HubCommand::Reached(ready)).is_ok() {
                self.run(&stop);
            }
            if let Some(recording) = self.recording.take() {
                recording.finish();
            }
        })
    }

    fn run(&mut self, stop: &Receiver<()>) {
        let mut version = self.market.listing_version();
        let mut done = self.clock.now();
        let mut ticks = Vec::new();
        loop {
            // A slow machine or a high speed is caught up in strides, so that nothing is skipped and the order to end
            // is seen in between.
            let now = self.clock.now();
            done = now.min(UnixNanos(done.0.saturating_add(STRIDE)));
            ticks.clear();
            self.market.advance(done, &mut ticks);
            if self.market.listing_version() != version {
                version = self.market.listing_version();
                self.relist(version);
                self.market.snapshot(&mut ticks);
            }
            if self.publish(&ticks, done).is_err() {
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

    fn relist(&mut self, version: u64) {
        self.listing.set(Listing::new(self.market.instruments()));
        self.validator.relist(self.listing.get().registry.iter());
        tracing::info!(version, "listing changed");
    }

    /// Err when the hub is gone.
    fn publish(&mut self, ticks: &[Tick], now: UnixNanos) -> Result<(), ()> {
        if ticks.is_empty() {
            return Ok(());
        }
        let received = machine_now();
        let source = self.market.source();
        let listing = self.listing.get();
        if let Some(recording) = &mut self.recording {
            recording.write(ticks, now);
        }
        for chunk in ticks.chunks(BATCH) {
            let mut valid = Vec::with_capacity(chunk.len());
            for tick in chunk {
                let verdict = self.validator.check(tick, now);
                self.metrics.tick_judged(verdict);
                let suspect = match verdict {
                    Verdict::Good => None,
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
        }
        Ok(())
    }
}

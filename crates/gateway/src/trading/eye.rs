//! The market as decisions see it: newest believable price, its age and source, sessions.

use std::sync::Arc;
use std::time::Duration;

use feed::sim::Hours;
use market::calendar::Group;
use market::{Instrument, InstrumentToken, UnixNanos};
use stream::hub::Latest;
use trade::Money;
use trade::contract::Contract;
use trade::view::{MarketView, Now, Quote, Trading};

use crate::clock::{MarketClock, machine_now};
use crate::listing::CurrentListing;

/// Looks at the running market.
#[derive(Clone)]
pub struct Eye {
    latest: Latest,
    listing: CurrentListing,
    clock: Arc<MarketClock>,
    hours: Hours,
    speed: f64,
}

impl Eye {
    /// `speed` is how many times as fast as machine time the market runs.
    pub const fn new(
        latest: Latest,
        listing: CurrentListing,
        clock: Arc<MarketClock>,
        hours: Hours,
        speed: f64,
    ) -> Eye {
        Eye { latest, listing, clock, hours, speed }
    }

    /// The two clocks now.
    pub fn now(&self) -> Now {
        Now { machine: machine_now().0, market: self.clock.now().0 }
    }

    /// The newest tick of an instrument.
    pub fn tick(&self, token: u32) -> Option<Arc<stream::Published>> {
        self.latest.get(InstrumentToken(token))
    }

    /// The newest price of an instrument.
    pub fn last(&self, token: u32) -> Option<Money> {
        let published = self.tick(token)?;
        Some(Money::from_price(published.tick.last, published.tick.decimals))
    }

    /// Machine time since `received`, times the speed of the market, in milliseconds.
    pub fn age_ms(&self, received: UnixNanos) -> u64 {
        let age = machine_now().0.saturating_sub(received.0).max(0);
        // A standing clock ages nothing; whether it trades is another question.
        let speed = if self.clock.is_stopped() { 0.0 } else { self.speed };
        (age as f64 / 1e6 * speed) as u64
    }

    /// What is listed under a name or a token.
    pub fn instrument(&self, name: &str) -> Option<Instrument> {
        self.listing.get().registry.resolve(name).cloned()
    }

    /// How long machine time takes to bring market time from `now` to `market`.
    pub fn machine_time_until(&self, market: i64, now: i64) -> Duration {
        self.clock.machine_time_until(UnixNanos(market), UnixNanos(now))
    }

    /// True while the instrument with this number is listed and in its session.
    pub fn is_trading(&self, token: u32) -> bool {
        let listing = self.listing.get();
        let instrument = listing.registry.by_token(InstrumentToken(token));
        !self.clock.is_stopped()
            && instrument.is_some_and(|instrument| self.in_session(instrument, self.clock.now()))
    }

    fn in_session(&self, instrument: &Instrument, now: UnixNanos) -> bool {
        let Hours::MarketHours(sessions) = &self.hours else { return true };
        let Some(group) = Group::of(instrument) else { return false };
        sessions(now.ist_date(), group).is_ok_and(|session| session.is_some_and(|open| open.contains(now)))
    }
}

impl MarketView for Eye {
    fn quote(&self, contract: &Contract) -> Option<Quote> {
        let published = self.tick(contract.token)?;
        let tick = &published.tick;
        let money = |price| Money::from_price(price, tick.decimals);
        let level = |level: &market::DepthLevel| (level.quantity > 0).then(|| money(level.price));
        Some(Quote {
            last: money(tick.last),
            bid: level(&tick.depth.buy[0]),
            ask: level(&tick.depth.sell[0]),
            age_ms: self.age_ms(published.received),
            source: published.source.into(),
            suspect: published.suspect.map(str::to_owned),
            band: None,
        })
    }

    fn trading(&self, contract: &Contract) -> Trading {
        let listing = self.listing.get();
        let Some(instrument) = listing.registry.by_token(InstrumentToken(contract.token)) else {
            return Trading::NotListed;
        };
        // A number is given to another contract some day.
        if instrument.key() != contract.name {
            return Trading::NotListed;
        }
        if self.clock.is_stopped() || !self.in_session(instrument, self.clock.now()) {
            return Trading::Closed;
        }
        Trading::Open
    }
}

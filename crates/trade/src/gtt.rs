//! Orders that wait here for a price: good till triggered (GTT).
//!
//! They are held by this program, whatever the account's class: the venue sees nothing of one before it fires, and nothing
//! fires while no instance runs. A leg's trigger lies above or below the last price at the time of its definition; it fires
//! when the last price has come as far. Of two legs the first to fire ends the other.
//!
//! Enters: definitions, prices. Leaves: which leg a price fires. Never here: whether the moment allows it
//! (`decide::trigger`), the fold (`apply`).

use std::sync::Arc;

use jiff::Span;
use market::UnixNanos;
use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::ids::{AccountId, GttId, OrderId};
use crate::money::Money;
use crate::reason::Reason;
use crate::request::OrderRequest;
use crate::view::Quote;

/// Active ones per account: one more is refused.
pub const GTTS_ACTIVE_MAX: usize = 250;

/// Ended ones that are kept per account: beyond that the one that ended first goes.
pub const GTTS_ENDED_KEPT: usize = 1_000;

/// Numbers left out when a journal was restored: more than anybody makes between a backup and its restore.
pub const GTTS_SKIPPED: u64 = 1_000_000;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gtts {
    /// Active ones, and the newest ended ones.
    pub kept: RedBlackTreeMapSync<GttId, Arc<Gtt>>,
    /// The highest number that was ever given.
    pub newest: u64,
    /// The row that last changed which are active, or what they wait for.
    pub seq: u64,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gtt {
    /// Its number.
    pub id: GttId,
    /// Whose.
    pub account: AccountId,
    /// What it waits for and what it then places.
    pub terms: GttTerms,
    /// Where it stands.
    pub stage: GttStage,
    /// When it was placed: machine time, unix nanoseconds.
    pub created: i64,
    /// The newest event about it: machine time, unix nanoseconds.
    pub updated: i64,
    /// From this moment on it does not fire: machine time, unix nanoseconds.
    pub expires: i64,
    /// The row of the newest command that it obeyed, or of its firing. A later command that is not this row was refused.
    pub seq: u64,
}

/// What it waits for and what it then places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GttTerms {
    /// Whose price.
    pub contract: Contract,
    /// The last price as its client saw it, in rupees: tells on which side of it a trigger lies.
    pub last_price: Money,
    /// One, or two with the lower trigger first.
    pub legs: Vec<GttLeg>,
}

/// A price and the order that it sets off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GttLeg {
    /// In rupees.
    pub trigger: Money,
    /// A limit order in the same contract.
    pub order: OrderRequest,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GttStage {
    /// It waits.
    Active,
    /// It fired.
    Triggered(Fired),
    /// Its client ended it.
    Deleted,
    /// Its time, or its contract's, was over.
    Expired,
    /// The journal was restored to a moment when it waited: it may have fired or been deleted since, so it does not fire.
    Disabled,
}

/// What fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// Which leg, from 0.
    pub leg: usize,
    /// At which last price, in rupees.
    pub price: Money,
    /// Machine time, unix nanoseconds.
    pub at: i64,
    /// The order that it set off.
    pub order: OrderId,
    /// Why that was denied, if it was.
    pub denied: Vec<Reason>,
}

/// A tick that nobody doubts, before the newest one: so that what was touched between two looks is not missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTick {
    /// When it reached this process: machine time, unix nanoseconds.
    pub received: i64,
    /// What it said.
    pub quote: Quote,
}

impl GttStage {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            GttStage::Active => "active",
            GttStage::Triggered(_) => "triggered",
            GttStage::Deleted => "deleted",
            GttStage::Expired => "expired",
            GttStage::Disabled => "disabled",
        }
    }
}

impl GttLeg {
    /// True when a last price of `price` fires it; `last_price` is that of the definition.
    fn is_fired_by(&self, price: Money, last_price: Money) -> bool {
        if self.trigger > last_price { price >= self.trigger } else { price <= self.trigger }
    }
}

impl Gtt {
    /// True while it may fire; `now` is machine time in unix nanoseconds.
    pub fn is_active(&self, now: i64) -> bool {
        self.stage == GttStage::Active && now < self.expires
    }

    /// Where it stands at `now`, machine time in unix nanoseconds: one whose time is over need not have been told.
    pub fn stage_at(&self, now: i64) -> &GttStage {
        if self.stage == GttStage::Active && now >= self.expires { &GttStage::Expired } else { &self.stage }
    }

    /// The leg that a last price of `price` fires.
    pub fn leg_at(&self, price: Money) -> Option<usize> {
        let terms = &self.terms;
        terms.legs.iter().position(|leg| leg.is_fired_by(price, terms.last_price))
    }

    /// The first of `ticks` (oldest first), or else the newest quote, that fires a leg: which leg, and which tick. Ticks from
    /// before its newest command were not meant.
    pub fn touched<'a>(
        &self,
        newest: Option<&Quote>,
        ticks: &'a [SeenTick],
    ) -> Option<(usize, Option<&'a SeenTick>)> {
        let meant = ticks.iter().filter(|tick| tick.received >= self.updated);
        meant
            .filter_map(|tick| Some((self.leg_at(tick.quote.last)?, Some(tick))))
            .next()
            .or_else(|| Some((self.leg_at(newest?.last)?, None)))
    }
}

/// The moment a year after `created`, both in machine time in unix nanoseconds: the same day and time in India.
pub fn expiry(created: i64) -> i64 {
    let at = UnixNanos(created).ist_datetime();
    UnixNanos::from_ist(at.saturating_add(Span::new().years(1))).0
}

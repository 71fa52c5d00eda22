//! Hand-made books and orders.

use broker::paper::{BookUpdate, Depth, Happening, LEVELS, Level, Matcher, MatcherConfig, Output, Terms};
use trade::{Money, OrderType, Side, Validity};

pub const TOKEN: u32 = 408_065;
pub const LATENCY: i64 = 1_000;

/// A book at `at` with whole rupees as prices.
pub fn book(at: i64, last: i64, volume: i64, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> BookUpdate {
    let levels = |side: &[(i64, i64)]| {
        let mut levels: [Level; LEVELS] = Default::default();
        for (level, (price, quantity)) in levels.iter_mut().zip(side) {
            *level = (Money::rupees(*price), *quantity);
        }
        levels
    };
    let depth = Some(Depth { bids: levels(bids), asks: levels(asks) });
    BookUpdate { token: TOKEN, at, last: Money::rupees(last), volume, depth }
}

/// An update without depth.
pub fn last_only(at: i64, last: i64) -> BookUpdate {
    BookUpdate { token: TOKEN, at, last: Money::rupees(last), volume: 0, depth: None }
}

pub fn market(side: Side, quantity: i64) -> Terms {
    Terms {
        token: TOKEN,
        side,
        order_type: OrderType::Market,
        quantity,
        price: None,
        trigger: None,
        validity: Validity::Day,
        expires_at: None,
    }
}

pub fn limit(side: Side, quantity: i64, price: i64) -> Terms {
    Terms { order_type: OrderType::Limit, price: Some(Money::rupees(price)), ..market(side, quantity) }
}

pub fn stop(side: Side, quantity: i64, trigger: i64) -> Terms {
    Terms {
        order_type: OrderType::StopMarket,
        trigger: Some(Money::rupees(trigger)),
        ..market(side, quantity)
    }
}

pub fn stop_limit(side: Side, quantity: i64, trigger: i64, price: i64) -> Terms {
    Terms {
        order_type: OrderType::StopLimit,
        trigger: Some(Money::rupees(trigger)),
        ..limit(side, quantity, price)
    }
}

/// A matcher and what it has said.
pub struct Stage {
    pub matcher: Matcher,
    pub now: i64,
}

impl Stage {
    pub fn new() -> Stage {
        Stage::with(MatcherConfig::default())
    }

    /// `config` with the latency of these tests.
    pub fn with(config: MatcherConfig) -> Stage {
        Stage { matcher: Matcher::new(MatcherConfig { latency_ns: LATENCY, ..config }), now: 0 }
    }

    /// Gives a book some time after everything else.
    pub fn book(&mut self, last: i64, volume: i64, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Vec<String> {
        self.now += 10 * LATENCY;
        self.update(&book(self.now, last, volume, bids, asks))
    }

    pub fn update(&mut self, update: &BookUpdate) -> Vec<String> {
        let mut out = Vec::new();
        self.matcher.on_book(update, &mut out);
        words(&out)
    }

    /// Places an order and lets it arrive.
    pub fn place(&mut self, key: u64, terms: Terms) -> Vec<String> {
        self.matcher.place(key, terms, self.now).unwrap();
        self.pass(LATENCY)
    }

    pub fn pass(&mut self, time: i64) -> Vec<String> {
        self.now += time;
        let mut out = Vec::new();
        self.matcher.advance(self.now, &mut out);
        words(&out)
    }
}

/// Outputs as short lines: `1 filled 50 @ 101.00`.
pub fn words(out: &[Output]) -> Vec<String> {
    let what = |what: &Happening| match what {
        Happening::Filled { quantity, price } => format!("filled {quantity} @ {price}"),
        Happening::Cancelled { requested: true } => "cancelled".to_owned(),
        Happening::Cancelled { requested: false } => "rest cancelled".to_owned(),
        Happening::Rejected { message } => format!("rejected: {message}"),
        Happening::ChangeRefused { message } => format!("change refused: {message}"),
        Happening::Opened => "opened".to_owned(),
        Happening::TriggerPending => "trigger pending".to_owned(),
        Happening::Completed => "completed".to_owned(),
        Happening::Expired => "expired".to_owned(),
        Happening::Modified => "modified".to_owned(),
    };
    out.iter().map(|output| format!("{} {}", output.key, what(&output.what))).collect()
}

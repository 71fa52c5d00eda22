//! What is listed on a day.
//!
//! Enters: a day, the underlyings and their closes, how many instruments are wanted. Leaves: that many contracts, in
//! listing order. Never here: prices of derivatives, ticks.
//!
//! Always there: the well-known underlyings and three monthly index futures each. The rest is filled by nearness:
//! strikes around the previous close, near expiries before far ones, index options before those on shares, round
//! strikes early; in large universes also far expiries and made-up shares.

use std::collections::HashSet;

use market::{Decimal, Exchange, Instrument, InstrumentToken, Segment};
use pricing::OptionKind;

use super::contract::{Contract, Expiry};
use super::roots::{Derivatives, Root, WELL_KNOWN};
use super::sessions::{Hours, date_of, days_since_tuesday};

/// Fewest instruments that leave room for options.
pub const INSTRUMENTS_MIN: usize = 100;
/// Most instruments.
pub const INSTRUMENTS_MAX: usize = 20_000;

/// Above this size a tenth of the growth is made-up shares.
const MADE_UP_FROM: usize = 2_000;
/// Furthest strike from the money, in strikes.
const INDEX_STRIKES_MAX: i64 = 100;
const SHARE_STRIKES_MAX: i64 = 14;

/// One listed contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Index into the underlyings.
    pub(crate) root: usize,
    pub(crate) contract: Contract,
    pub(crate) token: u32,
}

/// How many made-up shares a universe of this size has.
pub(crate) fn made_up_shares(instruments: usize) -> usize {
    instruments.saturating_sub(MADE_UP_FROM) / 10
}

/// The listing of `day`: exactly `instruments` contracts. `previous_close` gives each underlying's close, in paise,
/// of the calendar day before.
pub(crate) fn listing(
    hours: &Hours,
    roots: &[Root],
    day: i64,
    instruments: usize,
    previous_close: impl Fn(usize) -> i64,
) -> Vec<Listed> {
    let expiries = Expiries::new(hours, day);
    let mut listed =
        Listing { rows: Vec::with_capacity(instruments), seen: HashSet::new(), limit: instruments, roots };
    for root in 0..roots.len() {
        listed.push(root, Contract::Spot);
    }
    let mut candidates: Vec<(f64, usize, Contract)> = Vec::new();
    for (number, root) in roots.iter().enumerate() {
        let Some(terms) = root.derivatives else { continue };
        for (rank, &expiry) in expiries.monthly.iter().take(3).enumerate() {
            let cost = if root.is_index { -1.0 } else { 5.5 + rank as f64 * 1.5 };
            candidates.push((cost, number, Contract::Future(expiry)));
        }
        chains(root, &terms, number, &expiries, previous_close(number), &mut candidates);
    }
    // Stable: equal costs stay in the order of underlying, expiry and strike.
    candidates.sort_by(|left, right| left.0.total_cmp(&right.0));
    for (_, root, contract) in candidates {
        listed.push(root, contract);
    }
    let mut rows = listed.rows;
    rows.sort_by_key(|row| (row.contract != Contract::Spot, order(row)));
    rows
}

/// Underlyings as they come, then futures and options by underlying, expiry, strike, calls first.
fn order(row: &Listed) -> (usize, bool, Option<Expiry>, i64, bool) {
    let (strike, put) = match row.contract {
        Contract::Option(_, strike, kind) => (strike, kind == OptionKind::Put),
        Contract::Spot | Contract::Future(_) => (0, false),
    };
    (row.root, strike > 0, row.contract.expiry(), strike, put)
}

struct Listing<'a> {
    rows: Vec<Listed>,
    seen: HashSet<u32>,
    limit: usize,
    roots: &'a [Root],
}

impl Listing<'_> {
    fn push(&mut self, root: usize, contract: Contract) {
        let Some(underlying) = self.roots.get(root) else { return };
        let token = contract.token(underlying, underlying.derivatives.as_ref());
        if self.rows.len() < self.limit && self.seen.insert(token) {
            self.rows.push(Listed { root, contract, token });
        }
    }
}

/// Expiries from a day on, nearest first.
struct Expiries {
    /// Every Tuesday of the next nine weeks.
    weekly: Vec<Expiry>,
    /// The last Tuesdays of the next months: three in a row, then every third.
    monthly: Vec<Expiry>,
}

impl Expiries {
    fn new(hours: &Hours, day: i64) -> Expiries {
        let first = day + (7 - days_since_tuesday(day)) % 7;
        let expiry = |tuesday: i64| Expiry {
            day: hours.expiry_day(tuesday),
            tuesday,
            monthly: date_of(tuesday).month() != date_of(tuesday + 7).month(),
        };
        // A holiday may have brought this week's expiry forward to before today.
        let open = |expiry: &Expiry| expiry.day >= day;
        let weekly = (0..9).map(|week| expiry(first + 7 * week)).filter(open).collect();
        let is_last = |tuesday: &i64| date_of(*tuesday).month() != date_of(*tuesday + 7).month();
        let months = (0..160).map(|week| first + 7 * week).filter(is_last).map(expiry).filter(open);
        let monthly =
            months.enumerate().filter(|(rank, _)| *rank < 3 || rank % 3 == 2).map(|(_, e)| e).collect();
        Expiries { weekly, monthly }
    }
}

/// Options on one underlying, each with how far down the list it stands.
fn chains(
    root: &Root,
    terms: &Derivatives,
    number: usize,
    expiries: &Expiries,
    close: i64,
    out: &mut Vec<(f64, usize, Contract)>,
) {
    let money = (close as f64 / terms.strike_step as f64).round() as i64;
    let mut chain = |expiry: Expiry, base: f64, strikes: i64| {
        for away in -strikes..=strikes {
            let strike = (money + away) * terms.strike_step;
            // Round strikes are listed far from the money, as on the exchange.
            let round = root.is_index && strike % (20 * terms.strike_step) == 0;
            let close_enough = (strike - close).abs() * 100 <= close * 15;
            let distance =
                if round && close_enough { 4.0 } else { (away.abs() + i64::from(away < 0)) as f64 };
            if strike > 0 {
                for kind in [OptionKind::Call, OptionKind::Put] {
                    out.push((base + distance, number, Contract::Option(expiry, strike, kind)));
                }
            }
        }
    };
    if terms.weekly {
        for (rank, &expiry) in expiries.weekly.iter().filter(|expiry| !expiry.monthly).enumerate() {
            let base = if rank < 3 { 3.0 * rank as f64 } else { 20.0 + 10.0 * rank as f64 };
            chain(expiry, base, INDEX_STRIKES_MAX);
        }
    }
    let (first, step, far, strikes) = match (root.is_index, terms.weekly) {
        (true, true) => (1.0, 4.0, 60.0, INDEX_STRIKES_MAX),
        (true, false) => (2.0 + 8.0 * f64::from(terms.id.saturating_sub(1)), 4.0, 80.0, INDEX_STRIKES_MAX),
        (false, _) => (40.0 + f64::from(terms.id) / 4.0, 20.0, 0.0, SHARE_STRIKES_MAX),
    };
    let months = if root.is_index { expiries.monthly.len() } else { 3 };
    for (rank, &expiry) in expiries.monthly.iter().take(months).enumerate() {
        let beyond = if rank < 3 { 0.0 } else { far };
        chain(expiry, first + step * rank as f64 + beyond, strikes);
    }
}

/// The row of an instrument dump. Its last price is zero, as in the broker's dumps.
pub(crate) fn instrument(roots: &[Root], listed: &Listed) -> Option<Instrument> {
    let root = roots.get(listed.root)?;
    let terms = root.derivatives.as_ref();
    let contract = &listed.contract;
    let (segment, exchange, tick, lot) = match (contract, terms) {
        (Contract::Future(_), Some(terms)) => (Segment::NfoFut, Exchange::Nfo, terms.future_tick, terms.lot),
        (Contract::Option(..), Some(terms)) => (Segment::NfoOpt, Exchange::Nfo, terms.option_tick, terms.lot),
        _ if root.is_index => (Segment::Indices, root.exchange, root.tick, 1),
        _ => (Segment::Nse, root.exchange, root.tick, 1),
    };
    let (name, strike) = match (contract, terms) {
        (Contract::Future(_), Some(terms)) => (terms.symbol.to_owned(), 0),
        (Contract::Option(_, strike, _), Some(terms)) => (terms.symbol.to_owned(), *strike),
        _ => (root.name.clone(), 0),
    };
    Some(Instrument {
        token: InstrumentToken(listed.token),
        exchange_token: listed.token >> 8,
        tradingsymbol: contract.symbol(root, terms),
        name,
        last_price: rupees(0),
        expiry: contract.expiry().map(|expiry| date_of(expiry.day)),
        strike: rupees(strike),
        tick_size: rupees(tick),
        lot_size: lot,
        kind: contract.kind(),
        segment,
        exchange,
    })
}

/// Paise as rupees, with one digit after the point where one suffices: `24000.0`, `0.05`.
fn rupees(paise: i64) -> Decimal {
    let exact = if paise % 10 == 0 { Decimal::new(paise / 10, 1) } else { Decimal::new(paise, 2) };
    exact.unwrap_or(Decimal::ZERO)
}

const _: () = assert!(WELL_KNOWN + 9 < INSTRUMENTS_MIN);

//! What the simulated market promises, seen through the interface that the gateway uses.

use std::collections::HashMap;
use std::sync::Arc;

use feed::Market;
use feed::sim::{Hours, Sim, SimConfig};
use jiff::civil::{Date, DateTime, date, datetime, time};
use market::calendar::{Calendar, Session};
use market::{Decimal, Instrument, InstrumentToken, Tick, UnixNanos};

mod history;
mod listing;
mod surface;
mod ticks;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 1_440 * MINUTE;
const NIFTY: InstrumentToken = InstrumentToken(256_265);
const INFY: InstrumentToken = InstrumentToken(408_065);

fn ist(at: DateTime) -> UnixNanos {
    UnixNanos::from_ist(at)
}

/// A quiet Friday noon.
fn noon() -> UnixNanos {
    ist(datetime(2026, 11, 20, 12, 0, 0, 0))
}

fn config(seed: u64) -> SimConfig {
    SimConfig { seed, instruments: 300, rate: 600, hours: Hours::AroundTheClock }
}

fn weekdays() -> Hours {
    Hours::MarketHours(Arc::new(|day: Date, _| {
        let weekend = matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday);
        let holiday = day == date(2026, 11, 24);
        let at = |hour, minute| ist(day.to_datetime(time(hour, minute, 0, 0)));
        Ok((!weekend && !holiday).then(|| Session { open: at(9, 15), close: at(15, 30) }))
    }))
}

/// Those of the exchange: since August 2026 shares trade until 15:35, derivatives until 15:40.
fn exchange() -> Hours {
    let calendar = Calendar::nse().expect("built in");
    Hours::MarketHours(Arc::new(move |day, group| calendar.session(day, group)))
}

fn start(config: SimConfig, at: UnixNanos) -> Sim {
    Sim::new(config, at).expect("a market")
}

/// Ticks of `(from, to]`, asked for as a shell would: when they are due.
fn run(sim: &mut Sim, to: UnixNanos) -> Vec<Tick> {
    let mut ticks = Vec::new();
    while let Some(due) = sim.next_at().filter(|due| *due <= to) {
        sim.advance(due, &mut ticks);
    }
    sim.advance(to, &mut ticks);
    ticks
}

fn snapshot(sim: &mut Sim) -> Vec<Tick> {
    let mut ticks = Vec::new();
    sim.snapshot(&mut ticks);
    ticks
}

fn number(text: Decimal) -> f64 {
    text.to_string().parse().expect("a number")
}

fn after(at: UnixNanos, nanos: i64) -> UnixNanos {
    UnixNanos(at.0 + nanos)
}

fn by_symbol(sim: &Sim) -> HashMap<String, Instrument> {
    sim.instruments().into_iter().map(|instrument| (instrument.tradingsymbol.clone(), instrument)).collect()
}

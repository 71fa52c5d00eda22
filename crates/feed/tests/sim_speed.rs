//! What the simulated market costs. Ignored: run with `cargo test --release -p feed --test sim_speed -- --ignored --nocapture`.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::time::Instant;

use feed::Market;
use feed::sim::{Hours, Sim, SimConfig};
use jiff::civil::datetime;
use market::{InstrumentToken, Interval, UnixNanos};

const DAY: i64 = 86_400_000_000_000;

fn config(instruments: usize, rate: u32) -> SimConfig {
    SimConfig { seed: 1, instruments, rate, hours: Hours::AroundTheClock }
}

#[test]
#[ignore = "a measurement"]
fn costs() {
    let late = UnixNanos::from_ist(datetime(2026, 11, 24, 23, 58, 0, 0));
    for instruments in [100, 1_000, 20_000] {
        let begun = Instant::now();
        let mut sim = Sim::new(config(instruments, 2_000), late).expect("a market");
        let made = begun.elapsed();
        let mut ticks = Vec::new();
        sim.snapshot(&mut ticks);
        println!("{instruments} instruments: new {made:?}, with snapshot {:?}", begun.elapsed());
    }
    for (instruments, rate) in [(1_000, 2_000), (1_000, 200_000), (20_000, 200_000), (100, 200_000)] {
        let noon = UnixNanos::from_ist(datetime(2026, 11, 23, 12, 0, 0, 0));
        let mut sim = Sim::new(config(instruments, rate), noon).expect("a market");
        let mut ticks = Vec::with_capacity(3_000_000);
        let begun = Instant::now();
        for second in 1..=65 {
            ticks.clear();
            sim.advance(UnixNanos(noon.0 + second * 1_000_000_000), &mut ticks);
        }
        let each = ticks.len();
        let spent = begun.elapsed();
        println!(
            "{instruments} at {rate}/s: {:?} a market second, {each} ticks in the last, {:.0} ns a tick",
            spent / 65,
            spent.as_nanos() as f64 / 65.0 / each as f64
        );
    }
    let begun = Instant::now();
    let mut sum = 0.0;
    for i in 0..1_000_000u32 {
        let strike = 20_000.0 + f64::from(i % 8_000);
        sum += pricing::black76_price(pricing::OptionKind::Call, 24_000.0, strike, 0.03, 0.065, 0.14);
    }
    println!("{:.0} ns a price ({sum:.0})", begun.elapsed().as_nanos() as f64 / 1e6);
    let sim = Sim::new(config(1_000, 2_000), late).expect("a market");
    let history = sim.history();
    let option = sim
        .instruments()
        .into_iter()
        .find(|i| i.kind.is_option() && i.name == "NIFTY" && i.strike.mantissa() > 230_000)
        .expect("an option");
    for token in [InstrumentToken(408_065), option.token] {
        for (interval, days) in [
            (Interval::Minute, 60),
            (Interval::Minute5, 100),
            (Interval::Minute60, 400),
            (Interval::Day, 2_000),
        ] {
            let begun = Instant::now();
            let candles = history.candles(token, interval, UnixNanos(late.0 - days * DAY), late, late);
            println!("{token} {interval} {days} days: {} candles in {:?}", candles.len(), begun.elapsed());
        }
    }
}

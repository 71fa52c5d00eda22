//! Some seconds of the simulated market, made before anything is measured.

use anyhow::{Context, ensure};
use feed::Market;
use feed::sim::{Hours, Sim, SimConfig};
use jiff::civil::datetime;
use market::{Instrument, Tick, UnixNanos};

/// What one look at the market gave.
#[derive(Clone, Debug)]
pub struct Step {
    /// Market time of the look.
    pub received: UnixNanos,
    /// Ticks since the look before.
    pub ticks: Vec<Tick>,
}

/// A listing and its ticks in order.
#[derive(Clone, Debug)]
pub struct Course {
    /// What is listed.
    pub instruments: Vec<Instrument>,
    /// The snapshot of the start, then ten looks a second.
    pub steps: Vec<Step>,
}

/// At least `ticks` ticks of `instruments` instruments, from a Friday's noon on at 20,000 a second; always the same.
///
/// # Errors
/// When the simulated market refuses the number of instruments.
pub fn course(instruments: usize, ticks: usize) -> anyhow::Result<Course> {
    let noon = UnixNanos::from_ist(datetime(2026, 11, 20, 12, 0, 0, 0));
    let config = SimConfig { seed: 1, instruments, rate: 20_000, hours: Hours::AroundTheClock };
    let mut sim = Sim::new(config, noon).context("cannot simulate a market")?;
    let mut first = Vec::new();
    sim.snapshot(&mut first);
    ensure!(first.len() == instruments, "{} first prices for {instruments} instruments", first.len());
    let mut made = first.len();
    let mut steps = vec![Step { received: noon, ticks: first }];
    while made < ticks {
        let received = sim.next_at().context("the simulated market has ended")?;
        let mut ticks = Vec::new();
        sim.advance(received, &mut ticks);
        made += ticks.len();
        steps.push(Step { received, ticks });
    }
    Ok(Course { instruments: sim.instruments(), steps })
}

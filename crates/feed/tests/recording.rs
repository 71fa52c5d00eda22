//! A simulated market recorded and played again: the same ticks at the same times, all believable, with the same candles.

use std::collections::HashMap;
use std::io::Cursor;

use feed::candles::{Bounds, LiveCandles};
use feed::replay::Replay;
use feed::segment::{SegmentHeader, SegmentWriter, check};
use feed::sim::{Hours, Sim, SimConfig};
use feed::validate::{Config, Validator, Verdict};
use feed::{History, Market};
use jiff::civil::datetime;
use kite::ticker::message::Builder;
use market::{InstrumentToken, Interval, Mode, Source, Tick, TickKind, UnixNanos};

const SECOND: i64 = 1_000_000_000;
const INFY: InstrumentToken = InstrumentToken(408_065);

fn start() -> UnixNanos {
    UnixNanos::from_ist(datetime(2026, 11, 20, 12, 0, 0, 0))
}

fn sim(rate: u32, start: UnixNanos) -> Sim {
    let config = SimConfig { seed: 7, instruments: 300, rate, hours: Hours::AroundTheClock };
    Sim::new(config, start).expect("a market")
}

/// Everything due until `seconds` after the first tick, by due time.
fn run(market: &mut dyn Market, seconds: i64) -> Vec<(UnixNanos, Vec<Tick>)> {
    let end = UnixNanos(market.next_at().map_or(0, |first| first.0) + seconds * SECOND);
    let mut steps = Vec::new();
    while let Some(due) = market.next_at().filter(|due| *due <= end) {
        let mut ticks = Vec::new();
        market.advance(due, &mut ticks);
        if !ticks.is_empty() {
            steps.push((due, ticks));
        }
    }
    steps
}

fn record(market: &Sim, steps: &[(UnixNanos, Vec<Tick>)]) -> Vec<u8> {
    let header = SegmentHeader {
        source: Source::Sim,
        day: start().ist_date(),
        created: UnixNanos(1),
        market_start: start(),
    };
    let instruments = market.instruments();
    let mut writer = SegmentWriter::create(Vec::new(), &header, instruments.iter()).expect("a segment");
    for (at, ticks) in steps {
        let mut message = Builder::new();
        for tick in ticks {
            message.push_tick(tick, Mode::Full).expect("a packet");
        }
        writer.append(*at, &message.finish()).expect("a record");
    }
    writer.into_inner()
}

#[test]
fn a_recording_plays_the_same_market_again() {
    let mut market = sim(600, start());
    let steps = run(&mut market, 30);
    assert!(steps.iter().map(|(_, ticks)| ticks.len()).sum::<usize>() > 10_000);
    let bytes = record(&market, &steps);
    assert_eq!(check(&bytes[..]).unwrap().records, u64::try_from(steps.len()).unwrap());

    for _ in 0..2 {
        let mut replay = Replay::from_read(Cursor::new(bytes.clone())).unwrap();
        assert_eq!(replay.instruments(), market.instruments());
        assert_eq!(replay.start(), steps[0].0);
        let again = run(&mut replay, 30);
        assert!(again == steps, "other ticks, or other times");
        assert!(replay.failure().is_none() && !replay.is_open());
    }
    // One big step gives the same ticks as many small ones.
    let mut replay = Replay::from_read(Cursor::new(bytes)).unwrap();
    let mut all = Vec::new();
    replay.advance(UnixNanos(i64::MAX), &mut all);
    assert!(all == steps.into_iter().flat_map(|(_, ticks)| ticks).collect::<Vec<_>>());
}

#[test]
fn simulated_ticks_are_believable() {
    // A quiet noon, a flood of 200 times the instruments a second, the opening, and the last minutes of an expiry.
    let at = |day, hour, minute| UnixNanos::from_ist(datetime(2026, 11, day, hour, minute, 0, 0));
    let cases = [
        (600, 120, start()),
        (60_000, 5, start()),
        (3_000, 40, at(23, 9, 15)),
        (3_000, 40, at(24, 15, 29)),
        (600, 60, at(24, 23, 59)),
    ];
    for (rate, seconds, start) in cases {
        let mut market = sim(rate, start);
        let mut validator = Validator::new(Config::default(), &market.instruments());
        let mut bad: HashMap<Kind, u32> = HashMap::new();
        let mut examples = Vec::new();
        let mut version = market.listing_version();
        let end = UnixNanos(start.0 + seconds * SECOND);
        while let Some(at) = market.next_at().filter(|at| *at <= end) {
            let mut ticks = Vec::new();
            market.advance(at, &mut ticks);
            if market.listing_version() != version {
                version = market.listing_version();
                validator.relist(&market.instruments());
            }
            for tick in ticks {
                let verdict = validator.check(&tick, at);
                if verdict != Verdict::Good {
                    *bad.entry(Kind::of(verdict)).or_default() += 1;
                    if examples.len() < 3 && tick.kind != TickKind::Index {
                        examples.push((verdict, tick));
                    }
                }
            }
        }
        let good = validator.counts().good();
        assert!(bad.is_empty(), "at {rate}/s from {start:?}: {bad:?} beside {good} good; {examples:?}");
    }
}

/// A verdict as a key.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind(bool, &'static str);

impl Kind {
    fn of(verdict: Verdict) -> Kind {
        Kind(
            !matches!(verdict, Verdict::Rejected(_)),
            verdict.reason().map_or("good", |reason| reason.code()),
        )
    }
}

#[test]
fn candles_of_the_ticks_agree_with_the_market_s_own_history() {
    let mut market = sim(600, start());
    let candles = LiveCandles::new(Bounds::default());
    for (at, ticks) in run(&mut market, 150) {
        candles.observe_all(ticks.iter().map(|tick| (tick, at)));
    }
    let (from, now) = (UnixNanos(start().0 + 60 * SECOND), UnixNanos(start().0 + 150 * SECOND));
    let to = UnixNanos(start().0 + 119 * SECOND);
    let ours = candles.candles(INFY, Interval::Minute, from, to, now);
    let theirs = market.history().candles(INFY, Interval::Minute, from, to, now);
    assert_eq!(ours.len(), 1);
    assert_eq!(ours, theirs);
}

//! Ticks: the same for everyone, sane in every field, as many as asked.

use std::collections::HashMap;

use feed::Market;
use feed::sim::{Hours, SimConfig};
use feed::validate::{Config, Reason, Validator, Verdict};
use jiff::civil::datetime;
use market::{InstrumentToken, Source, Tick, TickKind, UnixNanos};
use proptest::prelude::*;

use crate::{DAY, MINUTE, SECOND, after, config, ist, noon, run, snapshot, start, weekdays};

/// Every field that must hold in every tick.
fn check_tick(tick: &Tick) {
    let ohlc = tick.ohlc;
    assert!(tick.last.mantissa() > 0 && ohlc.close.mantissa() > 0, "{tick:?}");
    assert!(ohlc.low <= tick.last && tick.last <= ohlc.high, "{tick:?}");
    assert!(ohlc.low <= ohlc.open && ohlc.open <= ohlc.high, "{tick:?}");
    let prices = [tick.last, tick.average, ohlc.open, ohlc.high, ohlc.low, ohlc.close, tick.change];
    assert!(prices.iter().all(|price| i32::try_from(price.mantissa()).is_ok()), "{tick:?}");
    let quantities = [
        tick.volume,
        tick.total_buy,
        tick.total_sell,
        tick.last_quantity,
        tick.open_interest,
        tick.open_interest_high,
        tick.open_interest_low,
    ];
    assert!(quantities.iter().all(|quantity| i32::try_from(*quantity).is_ok()), "{tick:?}");
    if tick.token.is_index() {
        assert_eq!(tick.kind, TickKind::Index);
        assert_eq!(tick.change.mantissa(), tick.last.mantissa() - ohlc.close.mantissa());
        assert_eq!((tick.volume, tick.total_buy, tick.last_trade_time.0), (0, 0, 0));
        return;
    }
    assert_eq!(tick.kind, TickKind::Tradable);
    assert!(ohlc.low <= tick.average && tick.average <= ohlc.high, "{tick:?}");
    assert!(tick.last_trade_time <= tick.exchange_time && tick.last_trade_time.0 > 0, "{tick:?}");
    assert!(tick.open_interest_low <= tick.open_interest && tick.open_interest <= tick.open_interest_high);
    let (bid, offer) = (tick.depth.buy[0], tick.depth.sell[0]);
    assert!(bid.quantity > 0 && offer.quantity > 0 && bid.price < offer.price, "{tick:?}");
    assert!(bid.price <= tick.last && tick.last <= offer.price, "{tick:?}");
    let seen = |levels: &[market::DepthLevel]| levels.iter().map(|level| level.quantity).sum::<u32>();
    assert!(tick.total_buy >= seen(&tick.depth.buy) && tick.total_sell >= seen(&tick.depth.sell));
}

#[test]
fn the_same_seed_gives_the_same_market_whenever_it_was_started() {
    let midnight = ist(datetime(2026, 11, 24, 0, 0, 0, 0));
    for (began, joined, until) in [
        // Within a minute, across minutes.
        (noon(), after(noon(), 150 * SECOND + 300_000_000), after(noon(), 200 * SECOND)),
        // Over midnight: the listing rolls while one of them runs.
        (after(midnight, -20 * SECOND), after(midnight, 65 * SECOND), after(midnight, 90 * SECOND)),
        // Over an expiry.
        (after(midnight, 929 * MINUTE), after(midnight, 931 * MINUTE), after(midnight, 932 * MINUTE)),
    ] {
        let mut early = start(config(9), began);
        run(&mut early, joined);
        let mut late = start(config(9), joined);
        assert_eq!(early.listing_version(), late.listing_version());
        assert_eq!(early.instruments(), late.instruments());
        assert_eq!(snapshot(&mut early), snapshot(&mut late));
        let (from_early, from_late) = (run(&mut early, until), run(&mut late, until));
        assert!(from_early.len() > 1_000);
        assert_eq!(from_early, from_late);
    }
}

#[test]
fn the_steps_of_a_call_do_not_matter() {
    let until = after(noon(), 9 * SECOND);
    let (mut one, mut two) = (start(config(4), noon()), start(config(4), noon()));
    let stepwise = run(&mut one, until);
    let mut at_once = Vec::new();
    two.advance(until, &mut at_once);
    assert_eq!(stepwise, at_once);
    let again = at_once.len();
    two.advance(until, &mut at_once);
    two.advance(noon(), &mut at_once);
    assert_eq!(at_once.len(), again, "no tick comes twice");
}

#[test]
fn another_seed_is_another_market() {
    let prices = |seed| -> Vec<i64> {
        snapshot(&mut start(config(seed), noon())).iter().map(|tick| tick.last.mantissa()).take(50).collect()
    };
    let (one, two) = (prices(1), prices(2));
    assert!(one.iter().zip(&two).filter(|(one, two)| one != two).count() > 45);
}

#[test]
fn after_a_pause_only_the_last_ten_seconds_are_made() {
    let mut sim = start(config(1), noon());
    let mut ticks = Vec::new();
    let later = after(noon(), DAY + 3 * 3_600 * SECOND);
    sim.advance(later, &mut ticks);
    assert!(ticks.len() < 15_000, "{} ticks", ticks.len());
    assert!(ticks.iter().all(|tick| tick.exchange_time.nanos().0 >= later.0 - 11 * SECOND));
    let mut fresh = start(config(1), later);
    assert_eq!(snapshot(&mut sim), snapshot(&mut fresh));
}

#[test]
fn ticks_are_consistent_in_every_field_and_volume_rises() {
    let mut sim = start(SimConfig { rate: 5_000, ..config(3) }, ist(datetime(2026, 11, 24, 15, 29, 40, 0)));
    assert_eq!(sim.source(), Source::Sim);
    let mut volumes: HashMap<InstrumentToken, u32> = HashMap::new();
    let mut extremes: HashMap<InstrumentToken, (i64, i64)> = HashMap::new();
    let first = snapshot(&mut sim);
    assert_eq!(first.len(), 300);
    let until = ist(datetime(2026, 11, 24, 15, 30, 20, 0));
    for tick in first.into_iter().chain(run(&mut sim, until)).chain(snapshot(&mut sim)) {
        check_tick(&tick);
        let volume = volumes.insert(tick.token, tick.volume);
        assert!(volume.is_none_or(|before| before <= tick.volume), "{tick:?}");
        let (high, low) = (tick.ohlc.high.mantissa(), tick.ohlc.low.mantissa());
        let before = extremes.insert(tick.token, (high, low));
        assert!(before.is_none_or(|(highest, lowest)| highest <= high && low <= lowest), "{tick:?}");
    }
}

#[test]
fn the_validator_believes_it() {
    for (from, hours) in [
        (datetime(2026, 11, 23, 9, 14, 50, 0), Hours::AroundTheClock),
        (datetime(2026, 11, 23, 9, 14, 50, 0), weekdays()),
        (datetime(2026, 11, 24, 15, 29, 45, 0), Hours::AroundTheClock),
        (datetime(2026, 11, 24, 23, 59, 50, 0), Hours::AroundTheClock),
    ] {
        let mut sim = start(SimConfig { hours, ..config(12) }, ist(from));
        let mut validator = Validator::new(Config::default(), &sim.instruments());
        let mut version = sim.listing_version();
        let mut ticks = snapshot(&mut sim);
        for step in 1..250 {
            let now = after(ist(from), step * SECOND / 10);
            sim.advance(now, &mut ticks);
            let relisted = sim.listing_version() != version;
            if relisted {
                version = sim.listing_version();
                validator.relist(&sim.instruments());
                sim.snapshot(&mut ticks);
            }
            for tick in ticks.drain(..) {
                let verdict = validator.check(&tick, now);
                // A snapshot repeats what has just been said of instruments that stay listed.
                let repeated = relisted && verdict == Verdict::Rejected(Reason::Duplicate);
                assert!(verdict == Verdict::Good || repeated, "{verdict:?}: {tick:?}");
            }
        }
        assert!(validator.counts().good() > 1_000);
    }
}

#[test]
fn rates_are_as_asked_and_bursts_ten_to_fifty_times_as_high() {
    let per_second = |rate: u32, at: UnixNanos, seconds: i64| {
        let mut sim = start(SimConfig { rate, instruments: 400, ..config(1) }, UnixNanos(at.0 - 1));
        run(&mut sim, UnixNanos(at.0 + seconds * SECOND - 1)).len() as f64 / seconds as f64
    };
    for rate in [100, 2_000, 20_000] {
        let got = per_second(rate, noon(), 20);
        assert!((got / f64::from(rate) - 1.0).abs() < 0.1, "{got} for {rate}");
    }
    let open = per_second(2_000, ist(datetime(2026, 11, 20, 9, 15, 0, 0)), 10);
    assert!((20_000.0..100_000.0).contains(&open), "{open} a second at the open");
    let expiry = per_second(2_000, ist(datetime(2026, 11, 24, 15, 29, 50, 0)), 10);
    assert!((20_000.0..100_000.0).contains(&expiry), "{expiry} a second before an expiry");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_seed_at_any_time_is_a_sane_market(
        seed: u64,
        seconds in 1_451_606_400i64..2_871_763_200,
        tenths in 0i64..10,
        around_the_clock: bool
    ) {
        let now = UnixNanos(seconds * SECOND + tenths * SECOND / 10);
        let hours = if around_the_clock { Hours::AroundTheClock } else { weekdays() };
        let mut sim = start(SimConfig { seed, instruments: 250, rate: 2_000, hours }, now);
        let mut ticks = snapshot(&mut sim);
        prop_assert_eq!(ticks.len(), 250);
        let prices: HashMap<InstrumentToken, i64> = ticks.iter().map(|tick| (tick.token, tick.last.mantissa())).collect();
        sim.advance(after(now, SECOND), &mut ticks);
        for tick in &ticks {
            check_tick(tick);
        }
        for option in sim.instruments().iter().filter(|row| row.kind.is_option()) {
            prop_assert!(sim.surface(option.token).is_some_and(|(_, vol)| vol > 0.02 && vol < 3.0));
            prop_assert!(option.expiry.is_some_and(|expiry| !around_the_clock || expiry.weekday() == jiff::civil::Weekday::Tuesday));
        }
        prop_assert!(prices.values().all(|price| *price > 0));
    }
}

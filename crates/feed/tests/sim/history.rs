//! Candles: folds of the ticks and of each other.

use std::collections::HashSet;

use feed::Market;
use feed::sim::{Hours, Sim, SimConfig};
use jiff::civil::datetime;
use market::{Instrument, InstrumentToken, Interval, Tick, UnixNanos};

use crate::{DAY, INFY, MINUTE, NIFTY, after, by_symbol, config, ist, noon, run, snapshot, start, weekdays};

/// The promise of every-second instruments: indices, INFY, RELIANCE, the near index futures.
fn every_second(sim: &Sim) -> Vec<InstrumentToken> {
    let near = ["NIFTY26NOVFUT", "BANKNIFTY26NOVFUT"];
    let wanted = |instrument: &Instrument| {
        instrument.is_index()
            || ["INFY", "RELIANCE"].contains(&instrument.tradingsymbol.as_str())
            || near.contains(&instrument.tradingsymbol.as_str())
    };
    sim.instruments()
        .iter()
        .filter(|instrument| wanted(instrument))
        .map(|instrument| instrument.token)
        .collect()
}

#[test]
fn candles_equal_the_fold_of_ticks() {
    let begin = noon();
    let minutes = 3;
    let mut sim = start(config(5), begin);
    let pulse = every_second(&sim);
    assert_eq!(pulse.len(), 8);
    // The tick at the very first step of a minute belongs to it; a market started at noon makes it in its snapshot.
    let mut ticks = snapshot(&mut sim);
    ticks.extend(run(&mut sim, UnixNanos(begin.0 + minutes * MINUTE - 1)));
    let history = sim.history();
    for instrument in sim.instruments() {
        let token = instrument.token;
        let now = after(begin, minutes * MINUTE);
        let candles = history.candles(token, Interval::Minute, begin, UnixNanos(now.0 - 1), now);
        assert_eq!(candles.len(), minutes as usize);
        let mut volume_before = None;
        for candle in candles {
            let own: Vec<&Tick> = ticks
                .iter()
                .filter(|tick| tick.token == token)
                .filter(|tick| (tick.exchange_time.nanos().0 - candle.start.0).div_euclid(MINUTE) == 0)
                .collect();
            let high = own.iter().map(|tick| tick.last).max();
            let low = own.iter().map(|tick| tick.last).min();
            assert!(
                high <= Some(candle.high) && low.is_none_or(|low| low >= candle.low),
                "{}",
                instrument.tradingsymbol
            );
            if pulse.contains(&token) {
                assert_eq!(
                    (high, low),
                    (Some(candle.high), Some(candle.low)),
                    "{}",
                    instrument.tradingsymbol
                );
                assert_eq!(own[0].last, candle.open);
                let last = own[own.len() - 1];
                assert_eq!(last.last, candle.close);
                if let Some(before) = volume_before {
                    assert_eq!(u64::from(last.volume - before), candle.volume);
                }
                volume_before = Some(last.volume);
                let seconds: HashSet<u32> = own.iter().map(|tick| tick.exchange_time.0).collect();
                assert_eq!(seconds.len(), 60, "{} ticks every second", instrument.tradingsymbol);
            }
        }
    }
}

#[test]
fn the_day_of_a_packet_is_the_day_candle_so_far() {
    for (hours, at) in [
        (Hours::AroundTheClock, datetime(2026, 11, 20, 21, 17, 42, 350_000_000)),
        (Hours::AroundTheClock, datetime(2026, 11, 24, 0, 0, 0, 0)),
        (Hours::AroundTheClock, datetime(2026, 11, 24, 18, 0, 0, 0)),
        (weekdays(), datetime(2026, 11, 20, 11, 1, 2, 0)),
        (weekdays(), datetime(2026, 11, 20, 20, 0, 0, 0)),
    ] {
        let mut sim = start(SimConfig { hours, ..config(11) }, ist(at));
        let history = sim.history();
        for tick in snapshot(&mut sim) {
            let midnight = UnixNanos::ist_midnight(at.date());
            let day = history.candles(tick.token, Interval::Day, midnight, ist(at), ist(at));
            let [day] = day[..] else { panic!("{} candles for {}", day.len(), tick.token) };
            assert_eq!(
                (day.open, day.high, day.low),
                (tick.ohlc.open, tick.ohlc.high, tick.ohlc.low),
                "{}",
                tick.token
            );
            assert_eq!((day.close, day.volume), (tick.last, u64::from(tick.volume)), "{}", tick.token);
            assert_eq!(day.open_interest, u64::from(tick.open_interest));
            let minutes = history.candles(tick.token, Interval::Minute, midnight, ist(at), ist(at));
            assert_eq!(minutes.iter().map(|minute| minute.high).max(), Some(day.high), "{}", tick.token);
            assert_eq!(minutes.iter().map(|minute| minute.low).min(), Some(day.low), "{}", tick.token);
            assert_eq!(minutes.iter().map(|minute| minute.volume).sum::<u64>(), day.volume);
            assert_eq!(minutes.last().map(|minute| minute.close), Some(day.close));
        }
    }
}

#[test]
fn longer_candles_are_folds_of_minutes_for_the_whole_past() {
    let now = noon();
    let sim = start(config(2), now);
    let history = sim.history();
    let option =
        by_symbol(&sim).into_values().find(|instrument| instrument.kind.is_option()).expect("an option");
    for token in [NIFTY, INFY, option.token] {
        let from = after(now, -9 * DAY);
        let minutes = history.candles(token, Interval::Minute, from, now, now);
        assert!(minutes.windows(2).all(|pair| pair[0].start < pair[1].start));
        for interval in Interval::ALL {
            let candles = history.candles(token, interval, from, now, now);
            assert!(!candles.is_empty());
            for candle in candles.iter().filter(|candle| candle.start >= from) {
                let end = after(candle.start, i64::from(interval.minutes()) * MINUTE);
                let place = |at| minutes.partition_point(|minute| minute.start < at);
                let parts = &minutes[place(candle.start)..place(end)];
                assert_eq!(Some(candle.open), parts.first().map(|minute| minute.open), "{token} {interval}");
                assert_eq!(Some(candle.close), parts.last().map(|minute| minute.close));
                assert_eq!(Some(candle.high), parts.iter().map(|minute| minute.high).max());
                assert_eq!(Some(candle.low), parts.iter().map(|minute| minute.low).min());
                assert_eq!(candle.volume, parts.iter().map(|minute| minute.volume).sum::<u64>());
            }
        }
    }
    let days = history.candles(INFY, Interval::Day, after(now, -2_000 * DAY), now, now);
    assert_eq!(days.len(), 2_000);
    assert!(days.windows(2).all(|pair| pair[0].close == pair[1].open), "a market without nights has no gaps");
    assert_eq!(
        history.candles(NIFTY, Interval::Minute, after(now, -60 * DAY), now, now).len(),
        60 * 1_440 + 1
    );
    assert!(history.candles(InstrumentToken(1), Interval::Day, after(now, -DAY), now, now).is_empty());
    assert!(history.candles(INFY, Interval::Day, now, after(now, -DAY), now).is_empty());
    let everything = history.candles(INFY, Interval::Minute, UnixNanos(i64::MIN), UnixNanos(i64::MAX), now);
    assert!(everything.len() <= 62 * 1_440 && everything.last().is_some_and(|last| last.start <= now));
    assert!(
        history.candles(INFY, Interval::Day, UnixNanos(0), UnixNanos(i64::MAX), UnixNanos(i64::MAX)).len()
            <= 2_002
    );
}

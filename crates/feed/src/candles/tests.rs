use jiff::civil::{DateTime, datetime};
use market::{EpochSeconds, Mode, Price, TickKind};
use proptest::prelude::*;

use super::*;

const INFY: InstrumentToken = InstrumentToken(408_065);
const NIFTY: InstrumentToken = InstrumentToken(256_265);
const USDINR: InstrumentToken = InstrumentToken(259);

fn at(hour: i8, minute: i8, second: i8) -> DateTime {
    datetime(2026, 11, 20, hour, minute, second, 0)
}

fn tick(token: InstrumentToken, when: DateTime, price: i64, volume: u32) -> Tick {
    let mut tick = Tick::ltp(token, Price::from_mantissa(price));
    tick.mode = Mode::Full;
    tick.exchange_time = UnixNanos::from_ist(when).epoch_seconds();
    if tick.kind == TickKind::Tradable {
        tick.last_trade_time = tick.exchange_time;
        (tick.volume, tick.last_quantity, tick.open_interest) = (volume, 5, volume / 2);
    }
    tick
}

fn folded(ticks: &[Tick]) -> LiveCandles {
    let candles = LiveCandles::new(Bounds::default());
    candles.observe_all(ticks.iter().map(|tick| (tick, UnixNanos(0))));
    candles
}

const FROM: UnixNanos = UnixNanos(i64::MIN);
const TO: UnixNanos = UnixNanos(i64::MAX);

/// `HH:MM open high low close volume` of every candle.
fn show(candles: &LiveCandles, token: InstrumentToken, interval: Interval) -> Vec<String> {
    show_between(candles, token, interval, FROM, TO, TO)
}

fn show_between(
    candles: &LiveCandles,
    token: InstrumentToken,
    interval: Interval,
    from: UnixNanos,
    to: UnixNanos,
    now: UnixNanos,
) -> Vec<String> {
    let list = candles.candles(token, interval, from, to, now);
    list.iter()
        .map(|c| {
            let prices = [c.open, c.high, c.low, c.close].map(|p| p.mantissa().to_string()).join(" ");
            format!("{} {prices} {}", c.start.ist_datetime().strftime("%H:%M"), c.volume)
        })
        .collect()
}

#[test]
fn trades_make_minutes() {
    let candles = folded(&[
        tick(INFY, at(9, 15, 0), 100, 1_000),
        tick(INFY, at(9, 15, 20), 120, 1_010),
        tick(INFY, at(9, 15, 40), 90, 1_030),
        tick(INFY, at(9, 16, 30), 90, 1_030),
        tick(INFY, at(9, 18, 0), 110, 1_031),
    ]);
    let expected = ["09:15 100 120 90 90 35", "09:18 110 110 110 110 1"];
    assert_eq!(show(&candles, INFY, Interval::Minute), expected, "09:16 and 09:17 had no trade");
    assert!(show(&candles, NIFTY, Interval::Minute).is_empty());
    let oi = candles.candles(INFY, Interval::Minute, FROM, TO, TO)[0].open_interest;
    assert_eq!(oi, 515);
}

#[test]
fn an_index_has_candles_without_volume() {
    let candles = folded(&[tick(NIFTY, at(9, 15, 0), 7, 0), tick(NIFTY, at(9, 16, 0), 7, 0)]);
    assert_eq!(show(&candles, NIFTY, Interval::Minute), ["09:15 7 7 7 7 0", "09:16 7 7 7 7 0"]);
}

#[test]
fn longer_intervals_begin_with_the_exchange() {
    let minutes = [(9, 10), (9, 15), (9, 24), (9, 25), (9, 44), (9, 45), (10, 14), (10, 15), (15, 29)];
    let ticks = |token| -> Vec<Tick> {
        let volumes = (1..).map(|n| n * 10);
        minutes.iter().zip(volumes).map(|(&(h, m), volume)| tick(token, at(h, m, 0), 50, volume)).collect()
    };
    let candles = folded(&[ticks(INFY), ticks(USDINR)].concat());
    let starts = |token, interval: &str| -> String {
        let list = show(&candles, token, interval.parse().unwrap());
        list.iter().map(|line| &line[..5]).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(starts(INFY, "10minute"), "09:05 09:15 09:25 09:35 09:45 10:05 10:15 15:25");
    assert_eq!(starts(INFY, "30minute"), "08:45 09:15 09:45 10:15 15:15");
    assert_eq!(starts(INFY, "60minute"), "08:15 09:15 10:15 15:15");
    assert_eq!(starts(USDINR, "60minute"), "09:00 10:00 15:00");
    assert_eq!(starts(INFY, "day"), "00:00");
    let day = &candles.candles(INFY, Interval::Day, FROM, TO, TO)[0];
    assert_eq!((day.volume, day.start), (85, UnixNanos::ist_midnight(at(0, 0, 0).date())));
}

#[test]
fn only_what_was_asked_for_and_nothing_after_now() {
    let ticks: Vec<Tick> =
        (0..10).map(|m| tick(INFY, at(10, m, 0), 50 + i64::from(m), 10 + m.unsigned_abs() as u32)).collect();
    let candles = folded(&ticks);
    let t = |h, m, s| UnixNanos::from_ist(at(h, m, s));
    let between = |interval, from, to, now| show_between(&candles, INFY, interval, from, to, now);
    assert_eq!(between(Interval::Minute, t(10, 3, 0), t(10, 4, 59), TO).len(), 2);
    assert_eq!(between(Interval::Minute, t(10, 3, 1), t(10, 3, 59), TO).len(), 0);
    assert_eq!(between(Interval::Minute, FROM, TO, t(10, 3, 30)).len(), 4);
    let day = between(Interval::Day, FROM, TO, t(10, 3, 30));
    assert_eq!(day, ["00:00 50 53 50 53 8"], "the day as far as it got");
    assert!(between(Interval::Minute, TO, FROM, TO).is_empty());
}

#[test]
fn a_closed_candle_does_not_change() {
    let candles = folded(&[
        tick(INFY, at(10, 0, 59), 100, 10),
        tick(INFY, at(10, 1, 0), 101, 12),
        tick(INFY, at(10, 0, 59), 500, 13),
    ]);
    assert_eq!(
        show(&candles, INFY, Interval::Minute),
        ["10:00 100 100 100 100 5", "10:01 101 500 101 500 3"]
    );
}

#[test]
fn the_first_tick_of_a_watched_day_counts_in_full() {
    let next = |when: DateTime| when.checked_add(jiff::Span::new().days(1)).unwrap();
    let candles = folded(&[tick(INFY, at(10, 0, 0), 100, 9_999), tick(INFY, next(at(9, 15, 1)), 101, 40)]);
    assert_eq!(show(&candles, INFY, Interval::Day), ["00:00 100 100 100 100 5", "00:00 101 101 101 101 40"]);
}

#[test]
fn a_snapshot_of_an_old_trade_makes_no_candle() {
    let mut snapshot = tick(INFY, at(10, 0, 0), 100, 10);
    snapshot.last_trade_time = EpochSeconds(snapshot.exchange_time.0 - 300);
    assert!(show(&folded(&[snapshot]), INFY, Interval::Minute).is_empty());
}

#[test]
fn ticks_without_time_belong_to_their_receive_time() {
    let candles = LiveCandles::new(Bounds::default());
    candles.observe(&Tick::ltp(INFY, Price::from_mantissa(7)), UnixNanos::from_ist(at(11, 11, 11)));
    assert_eq!(show(&candles, INFY, Interval::Minute), ["11:11 7 7 7 7 0"]);
}

#[test]
fn what_no_packet_carries_has_no_candle() {
    let candles = LiveCandles::default();
    candles.observe(&Tick::ltp(INFY, Price::from_mantissa(1 << 31)), UnixNanos::from_ist(at(10, 0, 0)));
    candles.observe(&Tick::ltp(INFY, Price::from_mantissa(1)), UnixNanos(-1));
    candles.observe(&Tick::ltp(INFY, Price::from_mantissa(1)), UnixNanos(i64::MIN));
    assert_eq!(candles.left_out(), 3);
    assert!(show(&candles, INFY, Interval::Minute).is_empty());
}

#[test]
fn memory_is_bounded_by_days_and_instruments() {
    let candles = LiveCandles::new(Bounds { days: 2, instruments: 2 });
    let days = |n| at(10, 0, 0).checked_add(jiff::Span::new().days(n)).unwrap();
    for day in 0..5u32 {
        candles.observe(&tick(INFY, days(day), 100, 10 * (day + 1)), UnixNanos(0));
    }
    assert_eq!(show(&candles, INFY, Interval::Day).len(), 2);
    candles.observe(&tick(NIFTY, days(4), 1, 0), UnixNanos(0));
    candles.observe(&tick(USDINR, days(4), 1, 0), UnixNanos(0));
    assert_eq!(candles.left_out(), 1);
    assert!(show(&candles, USDINR, Interval::Day).is_empty());
    candles.observe(&tick(NIFTY, days(6), 1, 0), UnixNanos(0));
    candles.observe(&tick(USDINR, days(6), 1, 0), UnixNanos(0));
    assert_eq!(show(&candles, USDINR, Interval::Day).len(), 1, "what stopped ticking made room");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Volume is conserved and the range holds, whatever the interval.
    #[test]
    fn folds_agree(steps in proptest::collection::vec((0u32..200, 1i64..1_000, 0u32..50), 1..200)) {
        let (mut second, mut volume) = (0, 0);
        let start = UnixNanos::from_ist(at(9, 0, 0)).epoch_seconds().0;
        let ticks: Vec<Tick> = steps.iter().map(|&(seconds, price, quantity)| {
            second += seconds;
            volume += quantity;
            let mut tick = tick(INFY, at(9, 0, 0), price, volume);
            tick.exchange_time = EpochSeconds(start + second);
            tick.last_trade_time = tick.exchange_time;
            tick.last_quantity = 0;
            tick
        }).collect();
        let candles = folded(&ticks);
        for interval in Interval::ALL {
            let list = candles.candles(INFY, interval, FROM, TO, TO);
            let total: u64 = list.iter().map(|c| c.volume).sum();
            prop_assert_eq!(total, u64::from(volume - ticks[0].volume));
            prop_assert!(list.is_sorted_by(|a, b| a.start < b.start));
            for candle in list {
                prop_assert!(candle.low <= candle.open && candle.open <= candle.high);
                prop_assert!(candle.low <= candle.close && candle.close <= candle.high);
            }
        }
    }
}

//! What is listed, when it ends, when the market is open.

use std::collections::HashSet;
use std::sync::Arc;

use feed::Market;
use feed::sim::{Hours, INSTRUMENTS_MAX, INSTRUMENTS_MIN, Sim, SimConfig, SimError};
use jiff::civil::{date, datetime, time};
use market::calendar::Session;
use market::{Instrument, InstrumentKind, InstrumentToken, Interval, Tick, UnixNanos};

use crate::{
    DAY, INFY, NIFTY, SECOND, after, by_symbol, config, exchange, ist, noon, run, snapshot, start, weekdays,
};

#[test]
fn listings_have_the_asked_size_and_no_two_names_or_tokens_alike() {
    for (instruments, at) in [
        (INSTRUMENTS_MIN, noon()),
        (1_000, noon()),
        (1_000, ist(datetime(2031, 12, 31, 23, 0, 0, 0))),
        (5_000, ist(datetime(2027, 12, 28, 9, 0, 0, 0))),
        (INSTRUMENTS_MAX, noon()),
    ] {
        let mut sim = start(SimConfig { instruments, ..config(1) }, at);
        let listed = sim.instruments();
        assert_eq!(listed.len(), instruments);
        assert_eq!(snapshot(&mut sim).len(), instruments, "every instrument has a price before anyone asks");
        let tokens: HashSet<InstrumentToken> = listed.iter().map(|instrument| instrument.token).collect();
        let keys: HashSet<String> = listed.iter().map(Instrument::key).collect();
        assert_eq!((tokens.len(), keys.len()), (instruments, instruments));
        for instrument in &listed {
            assert!(instrument.token.0 < 1 << 31 && instrument.exchange_token == instrument.token.0 >> 8);
            assert!(instrument.exchange_token > 0);
            let segment = if instrument.is_index() {
                9
            } else if instrument.kind == InstrumentKind::Equity {
                1
            } else {
                2
            };
            assert_eq!(instrument.token.segment_number(), segment, "{}", instrument.tradingsymbol);
            assert!(instrument.expiry.is_none_or(|expiry| expiry >= at.ist_date()));
        }
        for (key, token) in [
            ("NSE:INFY", 408_065),
            ("NSE:RELIANCE", 738_561),
            ("NSE:NIFTY 50", 256_265),
            ("NSE:NIFTY BANK", 260_105),
        ] {
            assert!(
                listed.iter().any(|instrument| instrument.key() == key && instrument.token.0 == token),
                "{key}"
            );
        }
        assert!(listed.iter().filter(|instrument| instrument.kind.is_option()).count() >= 30);
    }
}

#[test]
fn symbols_and_lots_are_those_of_the_exchange() {
    let sim = start(SimConfig { instruments: 1_000, ..config(1) }, noon());
    let symbols = by_symbol(&sim);
    let future = &symbols["NIFTY26NOVFUT"];
    assert_eq!(
        (future.lot_size, future.tick_size.to_string(), future.expiry),
        (65, "0.1".into(), Some(date(2026, 11, 24)))
    );
    assert_eq!(symbols["BANKNIFTY26DECFUT"].lot_size, 30);
    assert_eq!(symbols["INFY26NOVFUT"].lot_size, 400);
    assert!(symbols.contains_key("NIFTY27JANFUT"));
    let options = |prefix: &str| {
        symbols.keys().filter(|symbol| symbol.starts_with(prefix) && symbol.ends_with("CE")).count()
    };
    assert!(options("NIFTY26NOV") > 10 && options("BANKNIFTY26NOV") > 10, "monthly");
    assert!(options("NIFTY26D01") > 10 && options("NIFTY26D08") > 5, "weekly");
    assert_eq!(symbols["NIFTY26NOV24000CE"].strike.to_string(), "24000.0");
}

#[test]
fn tokens_belong_to_contracts_not_to_days() {
    let today = by_symbol(&start(config(1), noon()));
    let later = by_symbol(&start(config(2), after(noon(), 3 * DAY)));
    let shared: Vec<_> = today.iter().filter_map(|(symbol, one)| Some((one, later.get(symbol)?))).collect();
    assert!(shared.len() > 100);
    assert!(shared.iter().all(|(one, two)| one.token == two.token && one.expiry == two.expiry));
}

#[test]
fn contracts_end_at_half_past_three_and_leave_the_listing_at_midnight() {
    let expiry = date(2026, 11, 24);
    let bell = ist(expiry.to_datetime(time(15, 30, 0, 0)));
    let mut sim = start(config(6), after(bell, -20 * SECOND));
    let ending: HashSet<InstrumentToken> =
        sim.instruments().iter().filter(|row| row.expiry == Some(expiry)).map(|row| row.token).collect();
    assert!(ending.len() > 20);
    let version = sim.listing_version();
    let ticks = run(&mut sim, after(bell, 30 * SECOND));
    let (before, later): (Vec<&Tick>, Vec<&Tick>) =
        ticks.iter().partition(|tick| tick.exchange_time.nanos() < bell);
    assert!(before.iter().any(|tick| ending.contains(&tick.token)));
    assert!(!later.is_empty() && later.iter().all(|tick| !ending.contains(&tick.token)));
    let settled = snapshot(&mut sim);
    assert!(
        settled
            .iter()
            .filter(|tick| ending.contains(&tick.token))
            .all(|tick| tick.exchange_time.nanos() < bell)
    );
    // A future converges to its underlying.
    let price = |token: InstrumentToken| {
        settled.iter().find(|tick| tick.token == token).map(|tick| tick.last.mantissa())
    };
    let symbols = by_symbol(&sim);
    let spot_then =
        before.iter().rfind(|tick| tick.token == NIFTY).map(|tick| tick.last.mantissa()).expect("an index");
    let future = price(symbols["NIFTY26NOVFUT"].token).expect("a price");
    assert!((future - spot_then).abs() <= 500, "{future} and {spot_then}");
    let midnight = UnixNanos::ist_midnight(date(2026, 11, 25));
    let mut out = Vec::new();
    sim.advance(UnixNanos(midnight.0 - 1), &mut out);
    assert_eq!(sim.listing_version(), version);
    sim.advance(midnight, &mut out);
    assert!(sim.listing_version() > version);
    assert!(sim.instruments().iter().all(|row| row.expiry.is_none_or(|day| day > expiry)));
    assert!(by_symbol(&sim).keys().any(|symbol| symbol.starts_with("NIFTY26D01")));
}

#[test]
fn market_hours_follow_the_calendar() {
    // Friday evening: the market is closed, prices stand where they closed.
    let evening = ist(datetime(2026, 11, 20, 18, 0, 0, 0));
    let mut sim = start(SimConfig { hours: weekdays(), ..config(7) }, evening);
    assert!(!sim.is_open());
    let closing = snapshot(&mut sim);
    assert_eq!(closing.len(), 300);
    let bell = ist(datetime(2026, 11, 20, 15, 30, 0, 0));
    assert!(closing.iter().all(|tick| tick.exchange_time.nanos().0 == bell.0 - SECOND));
    // It wakes at each midnight for the listing, and on Monday at the open.
    let mut due = Vec::new();
    let mut ticks = Vec::new();
    while ticks.is_empty() {
        let next = sim.next_at().expect("markets open again");
        due.push(next.ist_datetime());
        sim.advance(next, &mut ticks);
    }
    assert_eq!(
        due,
        [
            datetime(2026, 11, 21, 0, 0, 0, 0),
            datetime(2026, 11, 22, 0, 0, 0, 0),
            datetime(2026, 11, 23, 0, 0, 0, 0),
            datetime(2026, 11, 23, 9, 15, 0, 0)
        ]
    );
    assert!(sim.is_open());
    let monday = snapshot(&mut sim);
    let find = |ticks: &[Tick], token| *ticks.iter().find(|tick| tick.token == token).expect("listed");
    assert_eq!(find(&monday, NIFTY).ohlc.close, find(&closing, NIFTY).last, "the previous close is Friday's");
    assert_eq!(find(&monday, INFY).ohlc.close, find(&closing, INFY).last);
    // Tuesday is a holiday, so this week's contracts expire on Monday, under the name of their Tuesday's month.
    let future = &by_symbol(&sim)["NIFTY26NOVFUT"];
    assert_eq!(future.expiry, Some(date(2026, 11, 23)));
    let mut out = Vec::new();
    sim.advance(ist(datetime(2026, 11, 23, 15, 29, 59, 0)), &mut out);
    assert!(sim.is_open());
    sim.advance(ist(datetime(2026, 11, 23, 15, 30, 0, 0)), &mut out);
    assert!(!sim.is_open());
    let candles = sim.history().candles(
        INFY,
        Interval::Minute60,
        ist(datetime(2026, 11, 20, 0, 0, 0, 0)),
        ist(datetime(2026, 11, 25, 0, 0, 0, 0)),
        ist(datetime(2026, 11, 23, 18, 0, 0, 0)),
    );
    assert_eq!(candles.len(), 14, "seven a session, the last one short");
    assert_eq!(candles[0].start.ist_datetime(), datetime(2026, 11, 20, 9, 15, 0, 0));
}

#[test]
fn shares_close_before_derivatives() {
    let at = |day, hour, minute| ist(datetime(2026, 11, day, hour, minute, 0, 0));
    let config = SimConfig { hours: exchange(), rate: 3_000, ..config(7) };
    let mut sim = start(config, at(19, 15, 34));
    let derivatives: HashSet<InstrumentToken> =
        sim.instruments().iter().filter(|row| row.expiry.is_some()).map(|row| row.token).collect();
    let shares = |ticks: &[Tick]| ticks.iter().filter(|tick| !derivatives.contains(&tick.token)).count();
    let before = run(&mut sim, UnixNanos(at(19, 15, 35).0 - 1));
    assert!(shares(&before) > 0 && shares(&before) < before.len());
    let auction = run(&mut sim, UnixNanos(at(19, 15, 40).0 - 1));
    assert_eq!(shares(&auction), 0, "the closing auction ends at 15:35");
    assert!(auction.len() > 1_000, "derivatives trade until 15:40");
    assert!(sim.is_open());
    let closing = snapshot(&mut sim);
    assert!(run(&mut sim, at(19, 18, 0)).is_empty() && !sim.is_open());
    let find = |ticks: &[Tick], token| *ticks.iter().find(|tick| tick.token == token).expect("listed");
    let future = by_symbol(&sim)["NIFTY26DECFUT"].token;
    for (token, last, minutes) in
        [(NIFTY, at(19, 15, 35), 380), (INFY, at(19, 15, 35), 380), (future, at(19, 15, 40), 385)]
    {
        let stands = find(&closing, token);
        assert_eq!(stands.exchange_time.nanos().0, last.0 - SECOND, "{token}");
        let candles =
            |interval| sim.history().candles(token, interval, at(19, 0, 0), at(19, 23, 59), at(19, 23, 59));
        assert_eq!(candles(Interval::Minute).len(), minutes, "{token}");
        assert_eq!(candles(Interval::Day)[0].close, stands.last, "{token}");
        assert_eq!(candles(Interval::Day)[0].volume, u64::from(stands.volume), "{token}");
    }
    let mut sim = start(SimConfig { hours: exchange(), ..self::config(7) }, at(20, 10, 0));
    let next = snapshot(&mut sim);
    for token in [NIFTY, INFY, future] {
        assert_eq!(
            find(&next, token).ohlc.close,
            find(&closing, token).last,
            "{token} closed where it last traded"
        );
    }
}

#[test]
fn weeklies_beyond_the_calendar_keep_their_day() {
    let at = ist(datetime(2026, 11, 20, 12, 0, 0, 0));
    let sim = start(SimConfig { hours: exchange(), instruments: INSTRUMENTS_MAX, ..config(1) }, at);
    let weekly = |code: &str| {
        let row = sim.instruments().into_iter().find(|row| row.tradingsymbol.starts_with(code));
        row.and_then(|row| row.expiry)
    };
    assert_eq!(weekly("NIFTY27105"), Some(date(2027, 1, 5)), "not known, so not moved");
    assert_eq!(weekly("NIFTY26D31"), None, "the calendar's end is no run of holidays");
    assert_eq!(weekly("NIFTY26NOV"), Some(date(2026, 11, 23)), "a known holiday moves it");
}

#[test]
fn a_calendar_that_runs_out_ends_the_market() {
    let mut sim =
        start(SimConfig { hours: exchange(), ..config(1) }, ist(datetime(2026, 12, 31, 15, 39, 0, 0)));
    assert!(!run(&mut sim, ist(datetime(2026, 12, 31, 23, 59, 0, 0))).is_empty());
    assert_eq!(sim.failure(), None);
    assert_eq!(sim.next_at(), Some(ist(datetime(2027, 1, 1, 0, 0, 0, 0))));
    let standing = snapshot(&mut sim);
    assert!(run(&mut sim, ist(datetime(2027, 3, 1, 12, 0, 0, 0))).is_empty());
    let failure = sim.failure().expect("ended");
    assert!(failure.contains("2027-01-01") || failure.contains("2027-03-01"), "{failure}");
    assert!(failure.contains("it covers 2025-01-01 to 2026-12-31; give a newer calendar file"), "{failure}");
    assert_eq!((sim.next_at(), sim.is_open()), (None, false));
    assert_eq!(snapshot(&mut sim), standing, "prices stand still");
    // Nor does one start there, however near the last session is.
    let refused =
        Sim::new(SimConfig { hours: exchange(), ..config(1) }, ist(datetime(2027, 1, 1, 9, 0, 0, 0)));
    assert!(matches!(refused, Err(SimError::NotCovered(unknown)) if unknown.date == date(2027, 1, 1)));
    // A single unknown day is passed over.
    let mut sim =
        start(SimConfig { hours: exchange(), ..config(1) }, ist(datetime(2026, 11, 8, 12, 0, 0, 0)));
    assert!(!sim.is_open() && sim.failure().is_none());
    assert!(!run(&mut sim, ist(datetime(2026, 11, 9, 9, 15, 1, 0))).is_empty());
}

#[test]
fn a_calendar_without_sessions_is_refused() {
    let never = Hours::MarketHours(Arc::new(|_, _| Ok(None)));
    assert_eq!(Sim::new(SimConfig { hours: never, ..config(1) }, noon()).err(), Some(SimError::NoSession));
    let odd = Hours::MarketHours(Arc::new(|_, _| {
        Ok(Some(Session { open: UnixNanos(i64::MAX), close: UnixNanos(i64::MIN) }))
    }));
    assert_eq!(Sim::new(SimConfig { hours: odd, ..config(1) }, noon()).err(), Some(SimError::NoSession));
    let error = Sim::new(SimConfig { instruments: 7, ..config(1) }, noon()).expect_err("refused");
    assert_eq!(error.to_string(), "instruments: 7 is outside 100..=20000: choose a number within");
    assert!(matches!(Sim::new(SimConfig { rate: 0, ..config(1) }, noon()), Err(SimError::Rate { given: 0 })));
    for now in [UnixNanos(0), UnixNanos(i64::MIN), UnixNanos(i64::MAX)] {
        assert_eq!(Sim::new(config(1), now).err(), Some(SimError::Now));
    }
}

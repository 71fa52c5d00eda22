use jiff::civil::{date, datetime};
use market::{
    Decimal, DepthLevel, EpochSeconds, Exchange, InstrumentKind, Mode, Ohlc, Price, Segment, Tick, UnixNanos,
};
use proptest::prelude::*;

use super::*;

const INFY: InstrumentToken = InstrumentToken(408_065);
const CALL: InstrumentToken = InstrumentToken(11_556_098);

fn instrument(token: InstrumentToken, kind: InstrumentKind) -> Instrument {
    let option = kind.is_option();
    Instrument {
        token,
        exchange_token: token.0 >> 8,
        tradingsymbol: format!("T{token}"),
        name: String::new(),
        last_price: Decimal::ZERO,
        expiry: option.then(|| date(2026, 11, 24)),
        strike: Decimal::ZERO,
        tick_size: "0.05".parse().unwrap(),
        lot_size: 1,
        kind,
        segment: if option { Segment::NfoOpt } else { Segment::Nse },
        exchange: if option { Exchange::Nfo } else { Exchange::Nse },
    }
}

fn validator() -> Validator {
    let list = [instrument(INFY, InstrumentKind::Equity), instrument(CALL, InstrumentKind::Call)];
    Validator::new(Config::default(), &list)
}

fn morning() -> u32 {
    UnixNanos::from_ist(datetime(2026, 11, 20, 10, 0, 0, 0)).epoch_seconds().0
}

/// A believable full tick `second` seconds after 10:00, at `paise`.
fn tick(second: u32, paise: i64) -> Tick {
    let price = Price::from_mantissa;
    let mut tick = Tick::ltp(INFY, price(paise));
    tick.mode = Mode::Full;
    tick.exchange_time = EpochSeconds(morning() + second);
    tick.last_trade_time = tick.exchange_time;
    tick.last_quantity = 10;
    tick.volume = 1_000 + second;
    tick.average = price(paise);
    tick.ohlc = Ohlc {
        open: price(150_000),
        high: price(paise.max(160_000)),
        low: price(paise.min(140_000)),
        close: price(150_000),
    };
    for level in 0..5i64 {
        let offset = 5 * (level + 1);
        let at = usize::try_from(level).unwrap();
        tick.depth.buy[at] = DepthLevel { quantity: 100, price: price(paise - offset), orders: 2 };
        tick.depth.sell[at] = DepthLevel { quantity: 100, price: price(paise + offset), orders: 2 };
    }
    tick
}

fn is_published(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Rejected(_))
}

impl Validator {
    /// Received in the second in which the exchange saw it.
    fn see(&mut self, tick: &Tick) -> Verdict {
        self.check(tick, UnixNanos::from_seconds(i64::from(tick.exchange_time.0.max(morning()))))
    }
}

/// After one good tick at 1,500.00, what a tick changed by `change` gets.
#[track_caller]
fn check(expected: Verdict, change: impl FnOnce(&mut Tick)) {
    let mut validator = validator();
    assert_eq!(validator.see(&tick(0, 150_000)), Verdict::Good);
    let mut next = tick(1, 150_005);
    change(&mut next);
    assert_eq!(validator.see(&next), expected);
    assert_eq!(validator.counts().of(expected), if expected == Verdict::Good { 2 } else { 1 });
    let published = is_published(expected);
    // A rejected tick leaves no trace: the unchanged one is as good as ever.
    if !published {
        assert_eq!(validator.see(&tick(1, 150_005)), Verdict::Good);
    }
}

#[test]
fn a_believable_tick_is_good() {
    check(Verdict::Good, |_| {});
    check(Verdict::Good, |tick| tick.depth.buy[1..].fill(DepthLevel::default()));
    check(Verdict::Good, |tick| tick.depth = Default::default());
    check(Verdict::Good, |tick| *tick = Tick::ltp(INFY, Price::from_mantissa(150_010)));
}

#[test]
fn impossible_values_are_rejected() {
    let rejected = Verdict::Rejected;
    check(rejected(Reason::UnknownInstrument), |tick| tick.token = InstrumentToken(1));
    for wrong in [0, -1, i64::MIN, 1 << 31, i64::MAX] {
        check(rejected(Reason::ImpossiblePrice), |tick| tick.last = Price::from_mantissa(wrong));
    }
    check(rejected(Reason::ImpossiblePrice), |tick| tick.ohlc.close = Price::from_mantissa(-1));
    check(rejected(Reason::ImpossiblePrice), |tick| tick.depth.buy[4].price = Price::ZERO);
    check(rejected(Reason::ImpossibleQuantity), |tick| tick.volume = u32::MAX);
    check(rejected(Reason::ImpossibleQuantity), |tick| tick.depth.sell[2].quantity = 1 << 31);
}

#[test]
fn time_and_volume_only_rise_within_a_day() {
    let rejected = Verdict::Rejected;
    check(rejected(Reason::TimeBackwards), |tick| tick.exchange_time.0 -= 3);
    check(Verdict::Good, |tick| tick.exchange_time.0 -= 2);
    check(rejected(Reason::VolumeBackwards), |tick| tick.volume = 999);
    check(rejected(Reason::Duplicate), |next| *next = tick(0, 150_000));

    let mut validator = validator();
    let received = UnixNanos::from_seconds(i64::from(morning()));
    assert_eq!(validator.check(&tick(61, 150_000), received), rejected(Reason::TimeAhead));
    assert_eq!(validator.check(&tick(60, 150_000), received), Verdict::Good);
}

#[test]
fn a_strange_book_is_suspect() {
    let suspect = Verdict::Suspect;
    check(suspect(Reason::CrossedBook), |tick| tick.depth.buy[0].price = tick.depth.sell[0].price);
    check(suspect(Reason::LevelsOutOfOrder), |tick| tick.depth.buy.swap(1, 2));
    check(suspect(Reason::LevelsOutOfOrder), |tick| tick.depth.sell[3] = DepthLevel::default());
    check(suspect(Reason::OutsideDayRange), |tick| tick.ohlc.high = Price::from_mantissa(150_000));
}

#[test]
fn a_fallen_volume_is_believed_when_it_insists() {
    let mut validator = validator();
    let mut wrong = tick(0, 150_000);
    wrong.volume = 2_000_000;
    assert_eq!(validator.see(&wrong), Verdict::Good);
    for second in 1..=3 {
        assert_eq!(validator.see(&tick(second, 150_000)), Verdict::Rejected(Reason::VolumeBackwards));
    }
    assert_eq!(validator.see(&tick(4, 150_000)), Verdict::Suspect(Reason::VolumeBackwards));
    assert_eq!(validator.see(&tick(5, 150_000)), Verdict::Good);
}

#[test]
fn a_jump_is_rejected_until_several_ticks_agree() {
    let mut validator = validator();
    assert_eq!(validator.see(&tick(0, 150_000)), Verdict::Good);
    let jump = Verdict::Rejected(Reason::Jump);
    assert_eq!(validator.see(&tick(1, 175_000)), jump);
    assert_eq!(validator.see(&tick(2, 150_000)), Verdict::Good, "a single spike is forgotten");
    for second in 3..6 {
        assert_eq!(validator.see(&tick(second, 175_000)), jump);
    }
    assert_eq!(validator.see(&tick(6, 175_010)), Verdict::Suspect(Reason::Jump));
    assert_eq!(validator.see(&tick(7, 175_005)), Verdict::Good, "the new level is the level");
    assert_eq!(validator.see(&tick(8, 150_000)), jump, "and the old one is a jump now");
}

#[test]
fn wild_ticks_do_not_lock_an_instrument_out() {
    let mut validator = validator();
    assert_eq!(validator.see(&tick(0, 150_000)), Verdict::Good);
    let wild = (1..100).map(|n| tick(n, if n % 2 == 0 { 300_000 } else { 800_000 }));
    let verdicts: Vec<_> = wild.map(|tick| validator.see(&tick)).collect();
    assert_eq!(verdicts.iter().position(|v| is_published(*v)), Some(29), "ten times relevel_after");
}

#[test]
fn news_after_a_silence_is_no_jump() {
    let mut validator = validator();
    assert_eq!(validator.see(&tick(0, 150_000)), Verdict::Good);
    assert_eq!(validator.see(&tick(61, 175_000)), Verdict::Good);
}

#[test]
fn options_may_multiply() {
    let mut validator = validator();
    let option = |second, paise| Tick { token: CALL, ohlc: Ohlc::default(), ..tick(second, paise) };
    assert_eq!(validator.see(&option(0, 100)), Verdict::Good);
    assert_eq!(validator.see(&option(1, 1_500)), Verdict::Good, "fourteen rupees more");
    assert_eq!(validator.see(&option(2, 4_500)), Verdict::Good, "three times");
    assert_eq!(validator.see(&option(3, 45_000)), Verdict::Rejected(Reason::Jump));
}

#[test]
fn a_band_holds_for_its_day() {
    let price = Price::from_mantissa;
    let band = |day| Some(Band { day, low: price(149_000), high: price(151_000) });
    let mut validator = validator();
    assert!(!validator.set_band(InstrumentToken(1), band(date(2026, 11, 20))));
    assert!(validator.set_band(INFY, band(date(2026, 11, 20))));
    assert_eq!(validator.see(&tick(0, 151_000)), Verdict::Good);
    assert_eq!(validator.see(&tick(1, 151_005)), Verdict::Rejected(Reason::OutsideBand));
    assert_eq!(validator.see(&tick(86_400, 151_005)), Verdict::Good, "another day");
    validator.set_band(INFY, band(date(2026, 11, 21)));
    assert_eq!(validator.see(&tick(86_401, 148_995)), Verdict::Rejected(Reason::OutsideBand));
    validator.set_band(INFY, None);
    assert_eq!(validator.see(&tick(86_402, 148_995)), Verdict::Good);
}

#[test]
fn far_from_the_close_is_suspect_for_shares_only() {
    let mut validator = validator();
    assert_eq!(validator.see(&tick(0, 180_000)), Verdict::Good);
    assert_eq!(validator.see(&tick(1, 180_005)), Verdict::Suspect(Reason::FarFromClose));
    let option = Tick { token: CALL, ..tick(1, 180_005) };
    assert_eq!(validator.see(&option), Verdict::Good);
}

#[test]
fn a_new_day_starts_afresh() {
    let mut validator = validator();
    let mut late = tick(0, 150_000);
    late.volume = 5_000_000;
    assert_eq!(validator.see(&late), Verdict::Good);
    let mut next = tick(86_400, 178_000);
    next.volume = 0;
    assert_eq!(validator.see(&next), Verdict::Good, "gap and volume belong to another day");
    assert_eq!(validator.see(&late), Verdict::Rejected(Reason::TimeBackwards));
}

#[test]
fn a_new_list_keeps_the_past_of_those_that_stay() {
    let mut validator = validator();
    assert_eq!(validator.see(&tick(5, 150_000)), Verdict::Good);
    validator.relist(&[instrument(INFY, InstrumentKind::Equity)]);
    assert_eq!(validator.see(&tick(0, 150_000)), Verdict::Rejected(Reason::TimeBackwards));
    let mut renamed = instrument(INFY, InstrumentKind::Equity);
    renamed.tradingsymbol = "OTHER".into();
    validator.relist(&[renamed]);
    assert_eq!(validator.see(&tick(0, 150_000)), Verdict::Good, "a reused token is another contract");
    validator.relist(&[]);
    assert_eq!(validator.see(&tick(9, 150_000)), Verdict::Rejected(Reason::UnknownInstrument));
    let counts = validator.counts();
    assert_eq!((counts.good(), counts.suspect(), counts.rejected()), (2, 0, 2));
    assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), 4);
}

/// Any tick at all of the two listed instruments, or of none.
fn any_tick() -> impl Strategy<Value = (Tick, i64)> {
    let price = prop_oneof![Just(0i64), -5i64..200_000, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
    let token = prop_oneof![Just(INFY.0), Just(CALL.0), any::<u32>()];
    let prices = proptest::collection::vec(price, 17);
    let words = proptest::collection::vec(prop_oneof![Just(0u32), any::<u32>(), Just(morning())], 18);
    (token, prices, words, 0usize..3, any::<i64>()).prop_map(|(token, p, w, mode, received)| {
        let price = |at: usize| Price::from_mantissa(p[at]);
        let mut tick = Tick::ltp(InstrumentToken(token), price(0));
        tick.mode = Mode::ALL[mode];
        (tick.last_quantity, tick.volume, tick.open_interest) = (w[0], w[1], w[2]);
        (tick.exchange_time, tick.last_trade_time) = (EpochSeconds(w[3]), EpochSeconds(w[4]));
        tick.average = price(1);
        tick.ohlc = Ohlc { open: price(2), high: price(3), low: price(4), close: price(5) };
        for at in 0..5 {
            tick.depth.buy[at] = DepthLevel { quantity: w[5 + at], price: price(6 + at), orders: 1 };
            tick.depth.sell[at] = DepthLevel { quantity: w[10 + at], price: price(11 + at), orders: 1 };
        }
        (tick, received)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_ticks_are_judged_without_a_panic(ticks in proptest::collection::vec(any_tick(), 1..30)) {
        let mut validator = validator();
        validator.set_band(CALL, Some(Band { day: date(2026, 11, 20), low: Price::from_mantissa(i64::MAX), high: Price::from_mantissa(i64::MIN) }));
        for (tick, received) in &ticks {
            validator.check(tick, UnixNanos(*received));
        }
        let counts = validator.counts();
        prop_assert_eq!(counts.good() + counts.suspect() + counts.rejected(), u64::try_from(ticks.len()).unwrap());
    }

    /// Whatever came before, believable ticks are published again after a bounded number of them.
    #[test]
    fn nothing_locks_an_instrument_out(before in proptest::collection::vec(any_tick(), 0..30)) {
        let mut validator = validator();
        for (tick, received) in &before {
            // Received at plausible times, or the wrong stamps would be believed.
            let received = received.rem_euclid(1_000_000_000);
            validator.check(tick, UnixNanos(i64::from(morning()) * 1_000_000_000 + received));
        }
        // Stamps may have run ahead by the tolerance; each rule needs at most a few more ticks.
        let published = (0..80).map(|n| validator.see(&tick(62 + n, 150_000 + i64::from(n)))).filter(|v| is_published(*v));
        prop_assert!(published.count() >= 40);
    }

    /// Small steps forward in price, time and volume stay good for ever.
    #[test]
    fn a_good_sequence_stays_good(steps in proptest::collection::vec((-50i64..=50, 0u32..3, 0u32..100), 1..300)) {
        let mut validator = validator();
        let (mut paise, mut second, mut volume) = (150_000i64, 0, 1_000);
        for (index, (step, seconds, quantity)) in steps.into_iter().enumerate() {
            paise += step;
            second += seconds;
            volume += quantity + 1;
            let mut tick = tick(second, paise);
            tick.volume = volume;
            prop_assert_eq!(validator.see(&tick), Verdict::Good, "tick {}", index);
        }
    }
}

/// Run with `--release -- --ignored --nocapture` on a quiet machine.
#[test]
#[ignore = "a measurement: needs a release build"]
#[expect(clippy::disallowed_methods, reason = "measures elapsed time")]
fn measure_decoding_and_validating_full_packets() {
    use kite::ticker::packet;
    let tokens: Vec<_> = (0..3_000u32).map(|n| InstrumentToken(((n * 37 + 1000) << 8) | 1)).collect();
    let list: Vec<_> = tokens.iter().map(|token| instrument(*token, InstrumentKind::Equity)).collect();
    let mut packets = Vec::new();
    for second in 0..20u32 {
        for (token, n) in tokens.iter().zip(0i64..) {
            let tick = Tick { token: *token, ..tick(second, 150_000 + (n * 7 + i64::from(second) * 3) % 50) };
            packets.push(packet::Encoded::of(&tick, Mode::Full).unwrap().as_bytes().to_vec());
        }
    }
    let received = UnixNanos::from_seconds(i64::from(morning()) + 30);
    for round in 0..5 {
        let mut validator = Validator::new(Config::default(), &list);
        let start = std::time::Instant::now();
        for packet in &packets {
            std::hint::black_box(packet::decode(packet).unwrap());
        }
        let decode = start.elapsed().as_nanos() as f64 / packets.len() as f64;
        let start = std::time::Instant::now();
        for packet in &packets {
            let tick = packet::decode(packet).unwrap();
            std::hint::black_box(validator.check(&tick, received));
        }
        let both = start.elapsed().as_nanos() as f64 / packets.len() as f64;
        assert_eq!(validator.counts().good(), u64::try_from(packets.len()).unwrap());
        println!(
            "round {round}: decode {decode:.1} ns, decode and validate {both:.1} ns = {:.1} million/s; state {} bytes",
            1e3 / both,
            std::mem::size_of::<State>()
        );
    }
}

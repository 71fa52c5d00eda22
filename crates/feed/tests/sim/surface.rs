//! Futures, options and the volatility surface agree.

use std::collections::HashMap;

use feed::Market;
use feed::sim::{RATE, SimConfig};
use jiff::civil::date;
use market::{InstrumentKind, InstrumentToken, Tick};
use pricing::{OptionKind, black76_implied_vol, black76_price, years_to_expiry};

use crate::{by_symbol, config, noon, number, snapshot, start};

#[test]
fn futures_options_and_parity_agree() {
    let now = noon();
    let mut sim = start(SimConfig { instruments: 1_500, ..config(8) }, now);
    let prices: HashMap<InstrumentToken, i64> =
        snapshot(&mut sim).iter().map(|tick| (tick.token, tick.last.mantissa())).collect();
    let symbols = by_symbol(&sim);
    let price = |symbol: &str| prices[&symbols[symbol].token] as f64 / 100.0;
    let days = 4.0;
    let fair = price("NIFTY 50") * (RATE * days / 365.0).exp();
    assert!((price("NIFTY26NOVFUT") - fair).abs() <= 0.0501, "{} for {fair}", price("NIFTY26NOVFUT"));
    let (mut pairs, mut solved) = (0, 0);
    for call in symbols.values().filter(|instrument| instrument.kind == InstrumentKind::Call) {
        // The listing ends at a given size, which may fall between the two of a strike.
        let put = format!("{}PE", call.tradingsymbol.trim_end_matches("CE"));
        let Some(put) = symbols.get(&put) else { continue };
        let expiry = call.expiry.expect("options expire");
        let years = years_to_expiry(now, expiry);
        let (forward, vol) = sim.surface(call.token).expect("an option");
        assert_eq!(sim.surface(put.token), Some((forward, vol)), "one surface for calls and puts");
        let (forward, strike) = (forward as f64 / 100.0, number(call.strike));
        let future = format!("{}26NOVFUT", call.name);
        if expiry == date(2026, 11, 24) {
            assert!((price(&future) - forward).abs() < 1e-9, "{}", call.tradingsymbol);
        }
        let discount = (-RATE * years).exp();
        let [c, p] = [call, put].map(|option| prices[&option.token] as f64 / 100.0);
        assert!(
            (c - p - discount * (forward - strike)).abs() <= 0.1 + 1e-9,
            "parity of {}",
            call.tradingsymbol
        );
        pairs += 1;
        // Near the money a tick is worth so much volatility at most; solve from the last price and from the mid.
        let v = vol * years.sqrt();
        if ((strike / forward).ln() / v).abs() < 1.5 {
            for (kind, option, paid) in [(OptionKind::Call, call, c), (OptionKind::Put, put, p)] {
                let up = black76_price(kind, forward, strike, years, RATE, vol + 1e-4);
                let down = black76_price(kind, forward, strike, years, RATE, vol - 1e-4);
                let vega = (up - down) / 2e-4;
                let got =
                    black76_implied_vol(kind, forward, strike, years, RATE, paid).expect("a volatility");
                let bound = 0.5 * number(option.tick_size) / vega * 1.05 + 1e-9;
                assert!(
                    (got - vol).abs() <= bound,
                    "{}: {got} for {vol}, bound {bound}",
                    option.tradingsymbol
                );
                solved += 1;
            }
        }
    }
    assert!(pairs > 300 && solved > 200, "{pairs} pairs, {solved} solved");
}

#[test]
fn mids_near_the_money_return_the_surface() {
    let mut sim = start(config(8), noon());
    let ticks: HashMap<InstrumentToken, Tick> =
        snapshot(&mut sim).into_iter().map(|tick| (tick.token, tick)).collect();
    let mut checked = 0;
    for option in sim
        .instruments()
        .iter()
        .filter(|instrument| instrument.kind.is_option() && instrument.name == "NIFTY")
    {
        let (forward, vol) = sim.surface(option.token).expect("an option");
        let (forward, strike) = (forward as f64 / 100.0, number(option.strike));
        if (strike - forward).abs() > 100.0 {
            continue;
        }
        let kind = if option.kind == InstrumentKind::Call { OptionKind::Call } else { OptionKind::Put };
        let years = years_to_expiry(noon(), option.expiry.expect("options expire"));
        let book = ticks[&option.token].depth;
        let mid = (book.buy[0].price.mantissa() + book.sell[0].price.mantissa()) as f64 / 200.0;
        let got = black76_implied_vol(kind, forward, strike, years, RATE, mid).expect("a volatility");
        // A tick of spread and half a tick of rounding: the mid is at most one tick away.
        let vega = forward * (years / std::f64::consts::TAU).sqrt();
        assert!((got - vol).abs() <= 0.05 / vega * 1.2, "{}: {got} for {vol}", option.tradingsymbol);
        checked += 1;
    }
    assert!(checked >= 20, "{checked}");
}

use super::*;
use crate::dump;
use jiff::civil::date;

const DUMP: &str = "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
408065,1594,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE
128053508,500209,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,BSE,BSE
1026,4,NIFTY26DECFUT,NIFTY,0.0,2026-12-29,0.0,0.1,65,FUT,NFO-FUT,NFO
770,3,NIFTY26NOVFUT,NIFTY,0.0,2026-11-24,0.0,0.1,65,FUT,NFO-FUT,NFO
1282,5,NIFTY26NOV24100PE,NIFTY,0.0,2026-11-24,24100,0.05,65,PE,NFO-OPT,NFO
1538,6,NIFTY26NOV24000PE,NIFTY,0.0,2026-11-24,24000.0,0.05,65,PE,NFO-OPT,NFO
1794,7,NIFTY26NOV24000CE,NIFTY,0.0,2026-11-24,24000,0.05,65,CE,NFO-OPT,NFO
2050,8,NIFTY26DEC24000CE,NIFTY,0.0,2026-12-29,24000.0,0.05,65,CE,NFO-OPT,NFO
2306,9,NIFTY26NOV9000CE,NIFTY,0.0,2026-11-24,9000.0,0.05,65,CE,NFO-OPT,NFO
408065,1595,OTHER,OTHER,0.0,,0.0,0.05,1,EQ,NSE,NSE
2562,10,INFY,AGAIN,0.0,,0.0,0.05,1,EQ,NSE,NSE
oops
";

fn registry() -> (Registry, Vec<BadLine>) {
    Registry::from_dump(dump::read(DUMP.as_bytes()).unwrap())
}

fn symbols<'a>(list: impl IntoIterator<Item = &'a Instrument>) -> Vec<&'a str> {
    list.into_iter().map(|i| i.tradingsymbol.as_str()).collect()
}

#[test]
fn finds_by_token_and_by_name() {
    let (registry, _) = registry();
    let name = |found: Option<&Instrument>| found.map(Instrument::key);
    assert_eq!(name(registry.by_token(InstrumentToken(408_065))).as_deref(), Some("NSE:INFY"));
    assert_eq!(name(registry.by_key("BSE:INFY")).as_deref(), Some("BSE:INFY"));
    assert_eq!(
        name(registry.by_symbol(Exchange::Nfo, "NIFTY26NOVFUT")).as_deref(),
        Some("NFO:NIFTY26NOVFUT")
    );
    assert_eq!(name(registry.resolve("770")).as_deref(), Some("NFO:NIFTY26NOVFUT"));
    assert_eq!(name(registry.resolve("NSE:INFY")).as_deref(), Some("NSE:INFY"));
    for unknown in
        ["", ":", "INFY", "NSE:", "NSE:infy", "nse:INFY", "99999999999", "7", "XXX:INFY", "NSE:INFY "]
    {
        assert!(registry.resolve(unknown).is_none(), "{unknown:?}");
    }
}

#[test]
fn keeps_the_order_of_the_dump_and_names_duplicates() {
    let (registry, bad) = registry();
    assert_eq!(registry.len(), 9);
    assert_eq!(symbols(&registry)[..3], ["INFY", "INFY", "NIFTY26DECFUT"]);
    let bad: Vec<String> = bad.iter().map(ToString::to_string).collect();
    assert_eq!(
        bad,
        [
            "line 11: instrument_token `408065` was on an earlier line; NSE:OTHER is left out",
            "line 12: tradingsymbol `NSE:INFY` was on an earlier line with another token; this line is left out",
            "line 13: line `oops` has 1 fields, the header has 12",
        ]
    );
}

#[test]
fn derivatives_by_underlying_expiry_and_strike() {
    let (registry, _) = registry();
    let all: Vec<_> = registry.underlyings().map(|u| (u.exchange, u.name)).collect();
    assert_eq!(all, [(Exchange::Nfo, "NIFTY")]);
    let expiries = registry.expiries(Exchange::Nfo, "NIFTY");
    assert_eq!(expiries, [date(2026, 11, 24), date(2026, 12, 29)]);
    assert_eq!(symbols(registry.futures(Exchange::Nfo, "NIFTY")), ["NIFTY26NOVFUT", "NIFTY26DECFUT"]);

    let chain = registry.chain(Exchange::Nfo, "NIFTY", expiries[0]);
    let lines: Vec<_> =
        chain.iter().map(|s| (s.strike.to_string(), s.call.is_some(), s.put.is_some())).collect();
    let line = |strike: &str, call, put| (strike.to_owned(), call, put);
    assert_eq!(lines, [line("9000.0", true, false), line("24000", true, true), line("24100", false, true)]);

    assert!(registry.chain(Exchange::Nfo, "NIFTY", date(2026, 11, 25)).is_empty());
    assert!(registry.chain(Exchange::Bfo, "NIFTY", expiries[0]).is_empty());
    assert!(registry.expiries(Exchange::Nfo, "NIFT").is_empty());
    assert!(registry.futures(Exchange::Nse, "INFOSYS").is_empty(), "shares are no derivatives");
}

#[test]
fn an_empty_list_is_a_registry_too() {
    let (registry, duplicates) = Registry::new(Vec::new());
    assert!(registry.is_empty() && duplicates.is_empty());
    assert_eq!(registry.underlyings().count(), 0);
    assert!(registry.by_key("NSE:INFY").is_none());
    assert!(registry.search("infy", 10).is_empty());
}

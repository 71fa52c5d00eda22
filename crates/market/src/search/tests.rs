use crate::dump;
use crate::instrument::Exchange;
use crate::registry::Registry;

const DUMP: &str = "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
408065,1594,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE
128053508,500209,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,BSE,BSE
519937,2031,M&M,MAHINDRA & MAHINDRA,0.0,,0.0,0.05,1,EQ,NSE,NSE
256265,1001,NIFTY 50,NIFTY 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE
260105,1016,NIFTY BANK,NIFTY BANK,0.0,,0.0,0.0,0,EQ,INDICES,NSE
2708225,10579,NIFTYBEES,NIP IND ETF NIFTY BEES,0.0,,0.0,0.01,1,EQ,NSE,NSE
1026,4,NIFTY26DECFUT,NIFTY,0.0,2026-12-29,0.0,0.1,65,FUT,NFO-FUT,NFO
770,3,NIFTY26NOVFUT,NIFTY,0.0,2026-11-24,0.0,0.1,65,FUT,NFO-FUT,NFO
514,2,BANKNIFTY26NOVFUT,BANKNIFTY,0.0,2026-11-24,0.0,0.1,35,FUT,NFO-FUT,NFO
1282,5,NIFTY26NOV24100PE,NIFTY,0.0,2026-11-24,24100.0,0.05,65,PE,NFO-OPT,NFO
1538,6,NIFTY26NOV24000PE,NIFTY,0.0,2026-11-24,24000.0,0.05,65,PE,NFO-OPT,NFO
1794,7,NIFTY26NOV24000CE,NIFTY,0.0,2026-11-24,24000.0,0.05,65,CE,NFO-OPT,NFO
2050,8,NIFTY26DEC24000CE,NIFTY,0.0,2026-12-29,24000.0,0.05,65,CE,NFO-OPT,NFO
2306,9,NIFTY26D0124000CE,NIFTY,0.0,2026-12-01,24000.0,0.05,65,CE,NFO-OPT,NFO
2562,10,BANKNIFTY26NOV24000CE,BANKNIFTY,0.0,2026-11-24,24000.0,0.05,35,CE,NFO-OPT,NFO
";

fn registry() -> Registry {
    let (registry, bad) = Registry::from_dump(dump::read(DUMP.as_bytes()).unwrap());
    assert_eq!(bad, []);
    registry
}

#[track_caller]
fn check(query: &str, expected: &[&str]) {
    let registry = registry();
    let found: Vec<String> = registry.search(query, 4).iter().map(|i| i.key()).collect();
    assert_eq!(found, expected, "{query}");
}

#[test]
fn what_people_type() {
    check("infy", &["NSE:INFY", "BSE:INFY"]);
    check("infy bse", &["BSE:INFY"]);
    check("NSE:INFY", &["NSE:INFY"]);
    check("infos", &["NSE:INFY", "BSE:INFY"]);
    check("fosy", &["NSE:INFY", "BSE:INFY"]);
    check("408065", &["NSE:INFY"]);
    check("m&m", &["NSE:M&M"]);
    check("m & m", &["NSE:M&M"]);
    check("nifty 50", &["NSE:NIFTY 50"]);
    check("nifty50", &["NSE:NIFTY 50"]);
    check("Nifty Bank", &["NSE:NIFTY BANK", "NFO:BANKNIFTY26NOVFUT", "NFO:BANKNIFTY26NOV24000CE"]);
    check("nifty", &["NSE:NIFTY 50", "NSE:NIFTY BANK", "NFO:NIFTY26NOVFUT", "NFO:NIFTY26NOV24000CE"]);
    check("nifty index", &["NSE:NIFTY 50", "NSE:NIFTY BANK"]);
    check("nifty fut", &["NFO:NIFTY26NOVFUT", "NFO:NIFTY26DECFUT", "NFO:BANKNIFTY26NOVFUT"]);
}

#[test]
fn strikes_and_expiries() {
    let calls = [
        "NFO:NIFTY26NOV24000CE",
        "NFO:NIFTY26D0124000CE",
        "NFO:NIFTY26DEC24000CE",
        "NFO:BANKNIFTY26NOV24000CE",
    ];
    check("nifty 24000 ce", &calls);
    check("NIFTY 24000CE", &calls);
    check("nifty 24000.00 call", &calls);
    check("nifty dec 24000 ce", &["NFO:NIFTY26D0124000CE", "NFO:NIFTY26DEC24000CE"]);
    check("nifty 1 dec", &["NFO:NIFTY26D0124000CE"]);
    check("nifty 1 dec 2026 ce", &["NFO:NIFTY26D0124000CE"]);
    check("nifty 2026-12-29", &["NFO:NIFTY26DECFUT", "NFO:NIFTY26DEC24000CE"]);
    check("nifty 26nov pe", &["NFO:NIFTY26NOV24000PE", "NFO:NIFTY26NOV24100PE"]);
    check("nifty 24nov 24100", &["NFO:NIFTY26NOV24100PE"]);
    check("nifty26nov24000pe", &["NFO:NIFTY26NOV24000PE"]);
    check("nifty 26nov 24000 pe", &["NFO:NIFTY26NOV24000PE"]);
    check("nfo-fut banknifty", &["NFO:BANKNIFTY26NOVFUT"]);
    check("241", &["NFO:NIFTY26NOV24100PE"]);
}

#[test]
fn nothing_matches_and_nothing_breaks() {
    for query in [
        "zzzz",
        "infy zzzz",
        "nifty 99999",
        "é",
        "\u{0}",
        "----",
        "ce-",
        "%",
        &"x".repeat(1000),
        &"a ".repeat(49),
    ] {
        assert_eq!(registry().find(query, None, 10).total, 0, "{query:?}");
    }
    let words: Vec<String> = (10..30).map(|n| n.to_string()).collect();
    assert_eq!(registry().find(&words.join(" "), None, 10).total, 0, "too many words");
}

#[test]
fn an_empty_query_lists_in_the_order_of_the_dump() {
    let registry = registry();
    for query in ["", "  ", " : "] {
        let found = registry.find(query, None, 3);
        assert_eq!(found.total, registry.len());
        assert_eq!(found.instruments, registry.iter().take(3).collect::<Vec<_>>());
    }
    let found = registry.find("", Some(Exchange::Bse), 3);
    assert_eq!((found.total, found.instruments[0].key().as_str()), (1, "BSE:INFY"));
    assert_eq!(registry.find("nifty", None, 0).instruments.len(), 0);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    /// Asking for fewer gives the beginning of what asking for more gives, and any text is a query.
    #[test]
    fn a_limit_only_shortens(query in "[a-z0-9 .:&-]{0,12}|.{0,120}", limit in 0usize..20) {
        let registry = registry();
        let all = registry.find(&query, None, usize::MAX);
        let some = registry.find(&query, None, limit);
        proptest::prop_assert_eq!(all.instruments.len(), all.total);
        proptest::prop_assert_eq!(some.total, all.total);
        proptest::prop_assert_eq!(&some.instruments[..], &all.instruments[..limit.min(all.total)]);
    }
}

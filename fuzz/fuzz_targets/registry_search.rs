//! What people type to find an instrument. The first byte says how many they want to see.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use market::registry::Registry;
use market::{Exchange, Instrument, dump};

const DUMP: &[u8] = b"instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
408065,1594,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE
128053508,500209,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,BSE,BSE
256265,1001,NIFTY 50,NIFTY 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE
260105,1016,NIFTY BANK,NIFTY BANK,0.0,,0.0,0.0,0,EQ,INDICES,NSE
519937,2031,M&M,MAHINDRA & MAHINDRA,0.0,,0.0,0.05,1,EQ,NSE,NSE
8976898,35066,NIFTY26NOVFUT,NIFTY,0.0,2026-11-24,0.0,0.1,65,FUT,NFO-FUT,NFO
10000130,39063,NIFTY26NOV24000CE,NIFTY,0.0,2026-11-24,24000.0,0.05,65,CE,NFO-OPT,NFO
10000386,39064,NIFTY26NOV24000PE,NIFTY,0.0,2026-11-24,24000.0,0.05,65,PE,NFO-OPT,NFO
10000642,39065,NIFTY26DEC24050.5CE,NIFTY,0.0,2026-12-29,24050.5,0.05,65,CE,NFO-OPT,NFO
";
static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let (registry, bad) = Registry::from_dump(dump::read(DUMP).expect("a dump"));
    assert!(bad.is_empty() && registry.len() == 9, "{bad:?}");
    registry
});

fuzz_target!(|asked: (u8, &str)| {
    let (limit, query) = (usize::from(asked.0), asked.1);
    let all = REGISTRY.find(query, None, REGISTRY.len());
    assert_eq!(all.total, all.instruments.len());

    let fewer = REGISTRY.find(query, None, limit);
    assert_eq!(fewer.total, all.total);
    assert_eq!(
        fewer.instruments,
        all.instruments[..limit.min(all.total)],
        "the best come first, whatever the limit"
    );

    for exchange in Exchange::ALL {
        let here: Vec<&Instrument> =
            all.instruments.iter().copied().filter(|instrument| instrument.exchange == *exchange).collect();
        assert_eq!(REGISTRY.find(query, Some(*exchange), REGISTRY.len()).instruments, here);
    }
    if let Some(instrument) = REGISTRY.resolve(query) {
        let digits = query.bytes().all(|b| b.is_ascii_digit());
        assert!(
            digits || query.split_once(':').is_some_and(|(_, symbol)| symbol == instrument.tradingsymbol)
        );
    }
});

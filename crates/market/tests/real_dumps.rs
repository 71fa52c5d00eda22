//! The broker's own dumps: read, written again, indexed and searched. Needs `MERIDIAN_FIXTURES`.

use std::path::PathBuf;

use jiff::civil::date;
use market::dump::{self, LineEnd};
use market::registry::Registry;
use market::{Exchange, InstrumentKind};

/// The bytes of a fixture; `None` (and a note) when there are none on this machine.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn fixture(path: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("MERIDIAN_FIXTURES") else {
        println!("skipped: no fixtures");
        return None;
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join(folder).join(path);
    Some(std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

const NFO: &str = "market/nse/kite_instruments_NFO_2026-08.csv";

#[test]
fn dumps_come_back_byte_for_byte() {
    for (path, end) in [("kite/instruments_all.csv", LineEnd::Crlf), (NFO, LineEnd::Lf)] {
        let Some(bytes) = fixture(path) else { return };
        let dump = dump::read(&bytes).unwrap();
        assert_eq!(dump.bad, [], "{path}");
        let mut again = Vec::new();
        dump::write(dump.instruments.iter(), end, &mut again);
        assert!(again == bytes, "{path} differs after reading and writing");
    }
}

#[test]
fn the_real_option_list_is_indexed() {
    let Some(bytes) = fixture(NFO) else { return };
    let (registry, bad) = Registry::from_dump(dump::read(&bytes).unwrap());
    assert_eq!(bad, []);
    assert_eq!(registry.len(), 34_764);
    for instrument in &registry {
        assert_eq!(registry.by_token(instrument.token), Some(instrument));
        assert_eq!(registry.by_key(&instrument.key()), Some(instrument));
    }
    let expiries = registry.expiries(Exchange::Nfo, "NIFTY");
    assert_eq!(expiries.len(), 18, "{expiries:?}");
    assert!(expiries.is_sorted());
    let options: usize = expiries
        .iter()
        .flat_map(|expiry| registry.chain(Exchange::Nfo, "NIFTY", *expiry))
        .map(|line| usize::from(line.call.is_some()) + usize::from(line.put.is_some()))
        .sum();
    assert_eq!(options, 1_714);
    assert_eq!(registry.futures(Exchange::Nfo, "NIFTY").len(), 3);
    let first = registry.search("nifty fut", 1)[0];
    assert_eq!((first.kind, first.expiry), (InstrumentKind::Future, Some(date(2026, 8, 25))));
    let calls = registry.search("nifty 24000 ce", 5);
    assert!(calls.iter().all(|i| i.name == "NIFTY" && i.kind == InstrumentKind::Call));
    assert!(calls.iter().all(|i| i.strike.to_string() == "24000.0"), "{calls:?}");
    assert!(calls.is_sorted_by_key(|i| i.expiry));
}

/// Run with `--release -- --ignored --nocapture` on a quiet machine.
#[test]
#[ignore = "a measurement: needs a release build"]
#[expect(clippy::disallowed_methods, reason = "measures elapsed time")]
fn measure_loading_and_searching() {
    use std::time::Instant;
    let Some(bytes) = fixture(NFO) else { return };
    for _ in 0..5 {
        let start = Instant::now();
        let dump = dump::read(&bytes).unwrap();
        let read = start.elapsed();
        let (registry, _) = Registry::from_dump(dump);
        println!("read {read:?}, with registry and search index {:?}", start.elapsed());
        drop(registry);
    }
    let (registry, _) = Registry::from_dump(dump::read(&bytes).unwrap());
    let long = "ni if ft ty 26 nov o n e 24 40 00";
    for query in [
        "nifty 24000 ce",
        "n",
        "e",
        "ce",
        "2",
        "zzzzzz",
        "nifty",
        "26nov",
        "fty 0c",
        "reliance fut",
        "",
        "00",
        long,
    ] {
        let mut times: Vec<_> = (0..200)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(registry.search(query, 20));
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("{query:>16?}: p50 {:?} p99 {:?}", times[100], times[198]);
    }
    let keys: Vec<String> = registry.iter().map(|i| i.key()).collect();
    let start = Instant::now();
    for key in &keys {
        std::hint::black_box(registry.by_key(key));
    }
    println!("by_key: {:?} each", start.elapsed() / u32::try_from(keys.len()).unwrap());
}

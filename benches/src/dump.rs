//! How long the broker's real list of derivatives takes to load, and how long a search in it takes.

use std::hint::black_box;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use market::dump;
use market::registry::Registry;

use crate::clock::{milliseconds, timed};
use crate::machine::CoreShare;
use crate::options::Size;
use crate::report::{Bar, Report, Row};
use crate::run::Measured;
use crate::spread::percentile;

const FILE: &str = "market/nse/kite_instruments_NFO_2026-08.csv";
const ROWS: usize = 34_764;
const LOAD_BAR_MS: f64 = 100.0;
const SEARCH_BAR_MS: f64 = 5.0;
/// What people type, and what costs most: words that fit almost everything, nothing, or only the middle of a symbol.
const QUERIES: [&str; 13] = [
    "nifty 24000 ce",
    "nifty",
    "reliance fut",
    "banknifty 26nov fut",
    "infy",
    "26nov",
    "n",
    "2",
    "00",
    "fty 0c",
    "zzzzzz",
    "",
    "ni if ft ty 26 nov o n e 24 40 00",
];
const LIMIT: usize = 20;

/// Measures, unless there are no fixtures.
///
/// # Errors
/// When the fixture cannot be read or is not the one expected.
pub fn measure(size: Size) -> anyhow::Result<Measured> {
    let Some(folder) = std::env::var_os("MERIDIAN_FIXTURES") else {
        return Ok(Measured::Skipped("no fixtures"));
    };
    // A relative folder is meant from the root of the repository.
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(folder).join(FILE);
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;

    let rounds = size.pick(15, 7, 1);
    let repeats = size.pick(40, 10, 1);
    let mut report = Report::begin("bench-dump", rounds);
    let (mut loads, mut splits, mut scans) = (Vec::new(), Vec::new(), Vec::new());
    // A search waits for nobody, so a slow round tells of the machine: the median of the rounds is judged.
    let mut p99s = Vec::new();
    let mut searched = 0;
    let mut by_query: [Vec<f64>; QUERIES.len()] = Default::default();
    let mut slowest: [Vec<f64>; QUERIES.len()] = Default::default();
    let share = CoreShare::begin();
    for number in 0..=rounds {
        let (loaded, load) = timed(|| dump::read(&bytes).map(Registry::from_dump));
        let (registry, bad) = loaded?;
        ensure!(registry.len() == ROWS && bad.is_empty(), "{} rows, {} bad", registry.len(), bad.len());
        let (fields, split) = timed(|| split(&bytes));
        ensure!(fields == 12 * (ROWS + 1), "{fields} fields");
        let (_, scan) = timed(|| black_box(scan(&registry)));

        let mut searches = Vec::with_capacity(repeats * QUERIES.len());
        for (query, (times, slowest)) in QUERIES.iter().zip(by_query.iter_mut().zip(&mut slowest)) {
            let search = || milliseconds(timed(|| drop(black_box(registry.search(query, LIMIT)))).1);
            let round: Vec<f64> = (0..repeats).map(|_| search()).collect();
            if number > 0 {
                slowest.push(round.iter().copied().fold(0.0, f64::max));
                times.extend_from_slice(&round);
            }
            searches.extend(round);
        }
        if number > 0 {
            loads.push(milliseconds(load));
            splits.push(milliseconds(split));
            scans.push(milliseconds(scan));
            searches.sort_by(f64::total_cmp);
            p99s.push(percentile(&searches, 990));
            searched += searches.len();
        }
    }
    let split = Row::of("baseline: split into Strings", "ms", &splits);
    let scan = Row::of("baseline: one word in every symbol", "ms", &scans);
    let load = Row::of("read, registry, index", "ms", &loads);
    report.push(load.against("split", &split).bar(Bar::Below(LOAD_BAR_MS)));
    report.push(split);
    let search = Row::of("search, p99 of a round", "ms", &p99s);
    report.push(search.against("one word", &scan).bar(Bar::Below(SEARCH_BAR_MS)));
    let by_query = by_query.into_iter().zip(slowest).zip(QUERIES).map(|((mut times, slowest), query)| {
        times.sort_by(f64::total_cmp);
        (percentile(&times, 500), slowest, query)
    });
    // By the median: which query had the slowest answer is chance, which one costs most is not.
    if let Some((_, slowest, query)) = by_query.max_by(|a, b| a.0.total_cmp(&b.0)) {
        let row = Row::of(format!("costliest query {query:?}, slowest of a round"), "ms", &slowest);
        report.push(row.against("one word", &scan).bar(Bar::Below(SEARCH_BAR_MS)));
    }
    report.push(scan);
    report.note(format!(
        "{ROWS} rows, {} kB; {} searches of {} kinds",
        bytes.len() / 1_000,
        searched,
        QUERIES.len()
    ));
    report.note(share.text());
    Ok(Measured::Found(report))
}

/// The least that reading could mean: every field of every line a String. Nothing is checked or found afterwards.
fn split(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<Vec<String>> =
        text.lines().map(|line| line.split(',').map(str::to_string).collect()).collect();
    black_box(&lines).iter().map(Vec::len).sum()
}

/// The least that searching could mean.
fn scan(registry: &Registry) -> usize {
    registry.iter().filter(|instrument| instrument.tradingsymbol.contains("24000")).count()
}

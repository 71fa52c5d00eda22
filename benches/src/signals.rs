//! How long a signal takes from the moment it is due until its order's intent is durable and handed to the venue.
//!
//! Measured from outside: the answer to `POST /v1/signals` comes after the commit that holds receipt, decision and intent, so
//! its time is an upper bound, HTTP and the client's wake-up included. The reference is as little as a durable order can cost:
//! one row of the same size committed to SQLite (WAL, FULL) on the same disk, at the same rate, in the same run, in turns.
//! Raw `fdatasync` stands beside it.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use rusqlite::Connection as Sqlite;
use serde_json::{Value, json};

use crate::gateway_process::{GatewayProcess, program};
use crate::http::{self, Connection};
use crate::open_loop::drive;
use crate::options::Size;
use crate::report::{Bar, Report, Row};
use crate::run::Measured;
use crate::spread::percentile;

/// The dossier's plan is 10 a second.
const SLOW_RATES: [u32; 4] = [10, 20, 50, 100];
const RATE: u32 = 1_000;
const CONNECTIONS: usize = 32;
/// What the rows of one signal's commit take in the journal, in bytes.
const ROW_BYTES: usize = 1_800;
const P50_BAR: f64 = 2.5;
const P99_BAR: f64 = 3.0;
/// A rate is sustained while its p99 stays below this, in milliseconds.
const SUSTAINED_MS: f64 = 100.0;

/// Measures.
///
/// # Errors
/// When the gateway cannot be started or answers anything but a decision.
pub fn measure(size: Size) -> anyhow::Result<Measured> {
    let rounds = 5;
    let per_round = size.pick(2_000, 500, 20);
    let slow_seconds = size.pick(4, 1, 0);
    let program = program()?;
    let mut report = Report::begin("bench-signals", rounds);
    let gateway = GatewayProcess::start(&program, &[])?;
    let mut load = Load::new(&gateway)?;
    let folder = tempfile::Builder::new().prefix("meridian-bench-").tempdir()?;
    let mut reference = Reference::new(folder.path())?;
    load.signals(200, RATE)?;

    let mut taken = Samples::default();
    let mut commits = Samples::default();
    let mut syncs = Samples::default();
    for _ in 0..rounds {
        commits.add(reference.commits(per_round, RATE)?);
        taken.add(load.signals(per_round, RATE)?);
        syncs.add(reference.syncs(per_round / 4, RATE)?);
    }
    for (name, per_mille) in [("p50", 500), ("p95", 950), ("p99", 990), ("max", 1_000)] {
        let commit = commits.row(&format!("baseline: one-row commit {name}"), per_mille);
        report.push(taken.row(&format!("1,000 signals/s {name}"), per_mille).against("commit", &commit));
        report.push(commit);
        report.push(syncs.row(&format!("baseline: fdatasync {name}"), per_mille));
    }
    for (name, per_mille, bar) in [("p50", 500, P50_BAR), ("p99", 990, P99_BAR)] {
        let ratio = percentile(&taken.all, per_mille) / percentile(&commits.all, per_mille);
        let each: Vec<f64> = taken
            .rounds
            .iter()
            .zip(&commits.rounds)
            .map(|(taken, commit)| percentile(taken, per_mille) / percentile(commit, per_mille))
            .collect();
        // The bar is "at most"; the figure is printed with three digits.
        let row = Row::of(format!("ratio at {name}"), "x", &each).with_figure(ratio);
        report.push(row.bar(Bar::Below(bar + 0.005)));
    }
    for rate in SLOW_RATES {
        let count = usize::try_from(rate)? * slow_seconds;
        let samples = load.signals(count.max(10), rate)?;
        for (name, per_mille) in [("p50", 500), ("p95", 950), ("p99", 990), ("max", 1_000)] {
            report.push(Row::of(
                format!("{rate} signals/s {name}"),
                "ms",
                &[percentile(&samples, per_mille)],
            ));
        }
    }
    let mut sustained = 0;
    for rate in [2_000, 3_000, 4_000, 6_000, 8_000, 12_000, 16_000] {
        let samples = load.signals(usize::try_from(rate)? * size.pick(2, 1, 0) + 100, rate)?;
        if percentile(&samples, 990) >= SUSTAINED_MS {
            break;
        }
        sustained = rate;
    }
    report.push(Row::of("highest rate tried with p99 < 100 ms", "signals/s", &[f64::from(sustained)]));
    report.note(format!(
        "random one-lot market orders on the paper account over {CONNECTIONS} connections; the plan of the users: p50 100 ms, p99 1 s at 10/s"
    ));
    Ok(Measured::Found(report))
}

/// Signals on their way to a gateway.
struct Load {
    connections: Vec<Connection>,
    address: std::net::SocketAddr,
    token: String,
    lots: Vec<(String, u64)>,
    sent: usize,
}

impl Load {
    fn new(gateway: &GatewayProcess) -> anyhow::Result<Load> {
        let token = gateway.admin_token()?;
        let address = gateway.native();
        let mut connection = Connection::open(address)?;
        let request = http::get(address, "/v1/instruments?limit=1000", Some(&token));
        let listed: Value = serde_json::from_slice(connection.exchange(&request)?.body)?;
        let rows = listed["instruments"].as_array().context("no instruments in the answer")?;
        let lot = |row: &Value| Some((row["instrument"].as_str()?.to_owned(), row["lot_size"].as_u64()?));
        let lots: Vec<_> =
            rows.iter().filter(|row| row["segment"].as_str() != Some("INDICES")).filter_map(lot).collect();
        ensure!(!lots.is_empty(), "no instrument can be traded");
        let connections =
            (0..CONNECTIONS).map(|_| Connection::open(address)).collect::<anyhow::Result<_>>()?;
        Ok(Load { connections, address, token, lots, sent: 0 })
    }

    fn signals(&mut self, count: usize, rate: u32) -> anyhow::Result<Vec<f64>> {
        let (first, address, token, lots) = (self.sent, self.address, &self.token, &self.lots);
        self.sent += count;
        let bodies: Vec<Vec<u8>> = (first..first + count)
            .map(|k| {
                let mixed = k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
                let (instrument, lot) = &lots[mixed % lots.len()];
                let side = if mixed.is_multiple_of(2) { "buy" } else { "sell" };
                let signal = json!({"id": format!("b-{k}"), "strategy": "bench", "instrument": instrument,
                    "side": side, "quantity": lot, "wait_ms": 5_000});
                http::post(address, "/v1/signals", token, &signal.to_string())
            })
            .collect();
        let bodies = &bodies;
        let mut workers: Vec<_> = self
            .connections
            .iter_mut()
            .map(|connection| {
                move |k: usize| {
                    let answer = connection.exchange(&bodies[k])?;
                    let decided = answer.body.windows(10).any(|text| text == b"\"accepted\"");
                    ensure!(
                        answer.status == 200 && decided,
                        "{}: {}",
                        answer.status,
                        String::from_utf8_lossy(answer.body)
                    );
                    Ok(())
                }
            })
            .collect();
        drive(&mut workers, count, Duration::from_secs(1) / rate)
    }
}

/// What the disk and SQLite take by themselves.
struct Reference {
    sqlite: Sqlite,
    file: File,
}

impl Reference {
    fn new(folder: &Path) -> anyhow::Result<Reference> {
        let sqlite = Sqlite::open(folder.join("reference.db"))?;
        sqlite.pragma_update(None, "journal_mode", "WAL")?;
        sqlite.pragma_update(None, "synchronous", "FULL")?;
        // As the journal has it: the log only grows while it is measured.
        sqlite.pragma_update(None, "wal_autocheckpoint", 0)?;
        sqlite.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)", ())?;
        Ok(Reference { sqlite, file: File::create(folder.join("reference.bin"))? })
    }

    fn commits(&mut self, count: usize, rate: u32) -> anyhow::Result<Vec<f64>> {
        let body = vec![7u8; ROW_BYTES];
        let sqlite = &mut self.sqlite;
        let work = move |_| {
            let transaction = sqlite.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            transaction.prepare_cached("INSERT INTO rows (body) VALUES (?1)")?.execute([&body])?;
            Ok(transaction.commit()?)
        };
        drive(&mut [work], count, Duration::from_secs(1) / rate)
    }

    fn syncs(&mut self, count: usize, rate: u32) -> anyhow::Result<Vec<f64>> {
        let body = vec![7u8; ROW_BYTES];
        let file = &mut self.file;
        ensure!(file.metadata()?.nlink() == 1, "the file is gone");
        let work = move |_| {
            file.write_all(&body)?;
            Ok(file.sync_data()?)
        };
        drive(&mut [work], count, Duration::from_secs(1) / rate)
    }
}

#[derive(Default)]
struct Samples {
    rounds: Vec<Vec<f64>>,
    all: Vec<f64>,
}

impl Samples {
    fn add(&mut self, ascending: Vec<f64>) {
        self.all.extend_from_slice(&ascending);
        self.all.sort_by(f64::total_cmp);
        self.rounds.push(ascending);
    }

    fn row(&self, what: &str, per_mille: usize) -> Row {
        let rounds: Vec<f64> = self.rounds.iter().map(|round| percentile(round, per_mille)).collect();
        Row::of(what, "ms", &rounds).with_figure(percentile(&self.all, per_mille))
    }
}

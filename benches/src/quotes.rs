//! How long native quotes take at a fixed rate, beside 5,000 ticks a second.
//!
//! Open loop: request k is due at the start plus k milliseconds, whatever became of those before it; whichever connection
//! is free takes the next one, and its time counts from the moment at which it was due. A stall of the gateway is thereby
//! charged to every request that it delayed. So is a late wake-up of this program, which is why that has a line too.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::clock::{self, milliseconds};
use crate::gateway_process::{GatewayProcess, program};
use crate::http::{self, Connection};
use crate::machine;
use crate::options::Size;
use crate::report::{Bar, Report, Row};
use crate::run::Measured;
use crate::spread::percentile;

const BAR_MS: f64 = 5.0;
const CONNECTIONS: usize = 16;
/// Between two requests: 1,000 a second.
const INTERVAL: Duration = Duration::from_millis(1);
const INSTRUMENTS_PER_REQUEST: usize = 5;
const TICKS_PER_SECOND: f64 = 5_000.0;
/// Time for the connections' threads to start before the first request is due.
const LEAD: Duration = Duration::from_millis(20);

/// One answered request, in milliseconds.
#[derive(Clone, Copy)]
struct Sample {
    /// From the moment it was due until its last byte was here.
    latency: f64,
    /// From the moment it was due until it was sent.
    late: f64,
}

/// What must hold of an answer's body.
type Expected = fn(&[u8]) -> bool;

/// Measures.
///
/// # Errors
/// When the gateway cannot be started or answers anything but what was asked.
pub fn measure(size: Size) -> anyhow::Result<Measured> {
    let rounds = 5;
    // Three seconds of quotes and one and a half of the baseline, five times.
    let quotes_per_round = size.pick(3_000, 600, 50);
    let baseline_per_round = size.pick(1_500, 300, 50);
    let program = program()?;
    let mut report = Report::begin("bench-quotes", rounds);
    let gateway = GatewayProcess::start(&program, &["--rate", "5000"])?;
    let token = gateway.admin_token()?;
    let requests = quote_requests(&gateway, &token)?;
    let livez = [http::get(gateway.native(), "/livez", None)];
    let mut connections =
        (0..CONNECTIONS).map(|_| Connection::open(gateway.native())).collect::<anyhow::Result<Vec<_>>>()?;

    let is_whole: Expected =
        |body| body.starts_with(b"{\"quotes\":{\"") && body.ends_with(b"\"missing\":[]}");
    let is_there: Expected = |body| !body.is_empty();
    // Unmeasured: the first requests open what is opened lazily on both sides.
    drive(&mut connections, &requests, 500, is_whole)?;
    let mut quotes = Rounds::default();
    let mut baseline = Rounds::default();
    let (mut cpu, mut others, mut ticks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        baseline.add(drive(&mut connections, &livez, baseline_per_round, is_there)?);
        let (published_before, before) = (published(&gateway)?, Use::now(gateway.pid()));
        quotes.add(drive(&mut connections, &requests, quotes_per_round, is_whole)?);
        let used = Use::now(gateway.pid()).since(&before);
        ticks.push((published(&gateway)? - published_before) / used.seconds);
        cpu.push(used.percent(used.gateway));
        // Interrupts are among the others, and idle time is counted in hundredths: near zero means nobody.
        let all = used.seconds * machine::cores() as f64;
        others.push(used.percent(all - used.idle - used.gateway - used.bench).max(0.0));
    }

    for (name, per_mille) in [("p50", 500), ("p99", 990), ("p99.9", 999), ("max", 1_000)] {
        let livez = baseline.row(&format!("baseline: livez {name}"), per_mille);
        let quotes = quotes.row(&format!("quotes {name}"), per_mille).against("livez", &livez);
        report.push(if per_mille == 990 { quotes.bar(Bar::Below(BAR_MS)) } else { quotes });
        report.push(livez);
    }
    report.push(Row::of("of which sent late, p99", "ms", &quotes.late_p99));
    report.push(Row::of("gateway's time on cores", "%", &cpu));
    report.push(Row::of("others' time on cores", "%", &others));
    // Without the ticks the bar would say nothing, so they have one too; bursts come on top.
    report.push(Row::of("ticks meanwhile", "ticks/s", &ticks).bar(Bar::AtLeast(0.9 * TICKS_PER_SECOND)));
    report.note(format!(
        "{} requests of {INSTRUMENTS_PER_REQUEST} instruments at 1,000 a second over {CONNECTIONS} connections; \
         figures are over all samples, spread over rounds",
        quotes.all.len(),
    ));
    Ok(Measured::Found(report))
}

/// Seconds on cores; not a number when unknown.
struct Use {
    /// On the clock.
    seconds: f64,
    gateway: f64,
    bench: f64,
    /// Of all cores.
    idle: f64,
    at: Instant,
}

impl Use {
    fn now(gateway: u32) -> Use {
        let seconds = |used: Option<Duration>| used.map_or(f64::NAN, |used| used.as_secs_f64());
        Use {
            seconds: 0.0,
            gateway: seconds(machine::process_cpu(gateway)),
            bench: seconds(machine::process_cpu(std::process::id())),
            idle: seconds(machine::idle()),
            at: clock::now(),
        }
    }

    fn since(&self, before: &Use) -> Use {
        Use {
            seconds: self.at.saturating_duration_since(before.at).as_secs_f64(),
            gateway: self.gateway - before.gateway,
            bench: self.bench - before.bench,
            idle: self.idle - before.idle,
            at: self.at,
        }
    }

    fn percent(&self, used: f64) -> f64 {
        100.0 * used / self.seconds
    }
}

/// Requests that together name every listed instrument.
fn quote_requests(gateway: &GatewayProcess, token: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut connection = Connection::open(gateway.native())?;
    let request = http::get(gateway.native(), "/v1/instruments?limit=1000", Some(token));
    let answer = connection.exchange(&request)?;
    ensure!(answer.status == 200, "/v1/instruments answers {}", answer.status);
    let listed: Value = serde_json::from_slice(answer.body)?;
    let rows = listed["instruments"].as_array().context("no instruments in the answer")?;
    let names: Vec<String> = rows.iter().filter_map(|row| row["instrument"].as_str()).map(escaped).collect();
    ensure!(names.len() >= INSTRUMENTS_PER_REQUEST, "{} instruments", names.len());
    // Neighbours in the list are contracts of one underlying; a reader's list is not.
    let requests = names.len() / INSTRUMENTS_PER_REQUEST;
    let request = |first: usize| {
        let wanted: Vec<&str> = names.iter().skip(first).step_by(requests).map(String::as_str).collect();
        let target = format!("/v1/quotes?instruments={}", wanted[..INSTRUMENTS_PER_REQUEST].join(","));
        http::get(gateway.native(), &target, Some(token))
    };
    Ok((0..requests).map(request).collect())
}

/// As a query's value: names hold letters, digits, `:`, `-`, `&` and spaces.
fn escaped(name: &str) -> String {
    name.replace('%', "%25").replace('&', "%26").replace(' ', "%20").replace('+', "%2B")
}

/// Ticks published so far.
fn published(gateway: &GatewayProcess) -> anyhow::Result<f64> {
    let mut connection = Connection::open(gateway.native())?;
    let answer = connection.exchange(&http::get(gateway.native(), "/metrics", None))?;
    let text = std::str::from_utf8(answer.body)?;
    let line = text.lines().find_map(|line| line.strip_prefix("meridian_ticks_published_total "));
    line.context("no meridian_ticks_published_total in /metrics")?.parse().context("not a number")
}

/// Sends `count` requests on schedule and waits for all answers.
fn drive(
    connections: &mut [Connection],
    requests: &[Vec<u8>],
    count: usize,
    expected: Expected,
) -> anyhow::Result<Vec<Sample>> {
    let next = AtomicUsize::new(0);
    let start = clock::now() + LEAD;
    let next = &next;
    std::thread::scope(|scope| {
        let loads: Vec<_> = connections
            .iter_mut()
            .map(|connection| {
                scope.spawn(move || {
                    let mut samples = Vec::with_capacity(2 * count / CONNECTIONS);
                    loop {
                        let k = next.fetch_add(1, Ordering::Relaxed);
                        if k >= count {
                            return Ok(samples);
                        }
                        let due = start + INTERVAL * u32::try_from(k)?;
                        std::thread::sleep(due.saturating_duration_since(clock::now()));
                        let late = clock::now().saturating_duration_since(due);
                        let answer = connection.exchange(&requests[k % requests.len()])?;
                        let latency = clock::now().saturating_duration_since(due);
                        if answer.status != 200 || !expected(answer.body) {
                            bail!("{}: {}", answer.status, String::from_utf8_lossy(answer.body));
                        }
                        samples.push(Sample { latency: milliseconds(latency), late: milliseconds(late) });
                    }
                })
            })
            .collect();
        let mut samples = Vec::with_capacity(count);
        for load in loads {
            match load.join() {
                Ok(taken) => samples.extend(taken?),
                Err(_) => bail!("a connection's thread panicked"),
            }
        }
        Ok(samples)
    })
}

/// The samples of some rounds.
#[derive(Default)]
struct Rounds {
    /// Latencies of each round, ascending.
    rounds: Vec<Vec<f64>>,
    /// Latencies of all rounds, ascending.
    all: Vec<f64>,
    late_p99: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, samples: Vec<Sample>) {
        let ascending = |of: fn(&Sample) -> f64| {
            let mut values: Vec<f64> = samples.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let latencies = ascending(|sample| sample.latency);
        self.late_p99.push(percentile(&ascending(|sample| sample.late), 990));
        self.all.extend_from_slice(&latencies);
        self.all.sort_by(f64::total_cmp);
        self.rounds.push(latencies);
    }

    fn row(&self, what: &str, per_mille: usize) -> Row {
        let rounds: Vec<f64> = self.rounds.iter().map(|round| percentile(round, per_mille)).collect();
        Row::of(what, "ms", &rounds).with_figure(percentile(&self.all, per_mille))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// A stall is charged to the requests that were due meanwhile, not only to the one that met it.
    #[test]
    fn a_stall_is_charged_to_all_it_delayed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answered in 0..100 {
                let mut request = [0; 1_024];
                let mut got = 0;
                while !request[..got].ends_with(b"\r\n\r\n") {
                    got += stream.read(&mut request[got..]).unwrap();
                }
                if answered == 20 {
                    std::thread::sleep(Duration::from_millis(40));
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
            }
        });
        let mut connections = vec![Connection::open(address).unwrap()];
        let request = [http::get(address, "/", None)];
        let samples = drive(&mut connections, &request, 100, |body| body == b"ok").unwrap();
        server.join().unwrap();
        assert_eq!(samples.len(), 100);
        let stalled = samples.iter().filter(|sample| sample.latency >= 10.0).count();
        assert!(stalled >= 20, "{stalled} requests were charged for a stall of 40 intervals");
    }

    #[test]
    fn a_wrong_answer_fails() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1_024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 503 Full\r\ncontent-length: 4\r\n\r\nfull").unwrap();
        });
        let mut connections = vec![Connection::open(address).unwrap()];
        let error = drive(&mut connections, &[http::get(address, "/", None)], 1, |_| true).map(drop);
        assert_eq!(error.unwrap_err().to_string(), "503: full");
        server.join().unwrap();
    }
}

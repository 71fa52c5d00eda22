//! The evaluator and a real Prometheus say the same about the same samples.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::date;
use release::calendar::Calendars;
use release::slo::evaluate::{Evaluator, Room, Sample};
use release::slo::{Objective, objectives};
use release::{Length, Loaded};

const START: i64 = 1_800_000_000;
const SCRAPE: i64 = 30;
const HOURS: i64 = 75;

/// A difference of 1 % or of 0.0003 is allowed: a quarter of what `slo/evaluate.rs` promises at the edges of bursts.
const RELATIVE: f64 = 0.01;
const ABSOLUTE: f64 = 0.0003;

/// What was scraped at one moment: name, labels, value.
type Scrape = (i64, Vec<(&'static str, Vec<(&'static str, &'static str)>, f64)>);

/// Three days of two instances with bursts of errors, quiet nights, a reset, a gap, uneven scrapes.
fn scrapes() -> Vec<Scrape> {
    let (mut good, mut late, mut bad) = ([1_000.0, 50.0], [5.0, 0.0], [3.0, 0.0]);
    let mut noise = 7_u64;
    let mut all = Vec::new();
    for step in 0..HOURS * 3_600 / SCRAPE {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = (noise >> 40) as f64 / (1_u64 << 24) as f64;
        let second = step * SCRAPE;
        let hour = second as f64 / 3_600.0;
        let night = (hour % 24.0) > 18.0;
        let burst = matches!(hour, 30.0..30.4 | 52.0..53.5 | 71.0..71.2);
        let pace = if night { 2.0 } else { 40.0 + 40.0 * random };
        let errors = if burst { 0.3 } else { 0.002 * random };
        for instance in 0..2 {
            good[instance] += pace * (1.0 - errors);
            bad[instance] += pace * errors;
            late[instance] += pace * errors * 2.0;
        }
        // One instance starts anew; nothing is scraped for a quarter of an hour.
        if step == 45 * 120 {
            (good[1], bad[1], late[1]) = (0.0, 0.0, 0.0);
        }
        if (60.0..60.25).contains(&hour) {
            continue;
        }
        let mut samples = Vec::new();
        for (number, instance) in ["a", "b"].into_iter().enumerate() {
            let base = vec![("job", "desk"), ("instance", instance)];
            let with = |label| [base.clone(), vec![label]].concat();
            samples.push(("http_requests_total", with(("status", "200")), good[number].floor()));
            samples.push(("http_requests_total", with(("status", "503")), bad[number].floor()));
            let all = (good[number] + bad[number]).floor();
            let fast = (all - late[number].floor()).max(0.0);
            samples.push(("http_request_duration_seconds_bucket", with(("le", "0.5")), fast));
            samples.push(("http_request_duration_seconds_count", base.clone(), all));
        }
        let up = if burst && step % 3 == 0 { 0.0 } else { 1.0 };
        samples.push(("meridian_probe_success", vec![("check", "health")], up));
        all.push((START + second + i64::from(random > 0.9), samples));
    }
    all
}

/// Samples of one series have to stand together.
fn openmetrics(scrapes: &[Scrape]) -> String {
    let mut text = String::new();
    for place in 0..scrapes[0].1.len() {
        for (at, samples) in scrapes {
            let (name, labels, value) = &samples[place];
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
            writeln!(text, "{name}{{{}}} {value} {at}", labels.join(",")).unwrap();
        }
    }
    text.push_str("# EOF\n");
    text
}

struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(program: &Path, directory: &Path) -> Server {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        std::fs::write(directory.join("prometheus.yml"), "scrape_configs: []\n").unwrap();
        let child = Command::new(program)
            .args([
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                "--storage.tsdb.retention.time=100y",
            ])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { child, address };
        for _ in 0..600 {
            if server.is_ready() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("Prometheus does not get ready");
    }

    fn is_ready(&self) -> bool {
        self.get("/-/ready").is_some_and(|answer| answer.contains(" 200 "))
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The only value of a query's answer; `None` when it has no series.
    fn ask(&self, query: &str, at: i64) -> Option<f64> {
        let query: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = self.get(&format!("/api/v1/query?time={at}&query={query}")).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["status"], "success", "{body}");
        let value = body.pointer("/data/result/0/value/1")?;
        Some(value.as_str().unwrap().parse().unwrap())
    }
}

#[test]
fn the_evaluator_says_what_prometheus_says() {
    let promtool = support::program("MERIDIAN_PROMTOOL", "promtool");
    let prometheus = support::program("MERIDIAN_PROMETHEUS", "prometheus");
    let (Some(promtool), Some(prometheus)) = (promtool, prometheus) else {
        println!("skipped: no prometheus");
        return;
    };
    let scrapes = scrapes();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("samples.txt"), openmetrics(&scrapes)).unwrap();
    let made = Command::new(&promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", "samples.txt", "data"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let server = Server::start(&prometheus, directory.path());

    let policy = Loaded::parse(include_str!("../testdata/slo/desk.toml")).unwrap().policy;
    let all = objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap();
    let (mut compared, mut empty, mut widest) = (0, 0, 0.0_f64);
    for objective in all.iter().filter(|one| ["availability", "fast", "up"].contains(&one.slo.id.as_str())) {
        for (at, window, ours) in evaluated(objective, &scrapes) {
            let theirs = server.ask(&objective.signal.error_ratio(window), at);
            let hour = (at - START) as f64 / 3_600.0;
            let agree = match (ours, theirs) {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() <= (RELATIVE * theirs).max(ABSOLUTE),
                (ours, theirs) => ours.is_none() == theirs.is_none(),
            };
            assert!(
                agree,
                "{} over {window} at {hour} h: {ours:?}, Prometheus says {theirs:?}",
                objective.slo.id
            );
            let (ours, theirs) = (ours.unwrap_or(0.0), theirs.unwrap_or(0.0));
            widest = widest.max((ours - theirs).abs() / (RELATIVE * theirs).max(ABSOLUTE));
            compared += 1;
            empty += i32::from(theirs == 0.0);
        }
    }
    println!("{compared} ratios, {empty} of them nothing; widest difference {widest:.2} of what is allowed");
    assert!(empty < compared / 3, "most of them have to say something");
}

/// Ratios per window at some moments: in and after each burst, when its edges leave a window, at night, after the
/// reset, in and after the gap.
fn evaluated(objective: &Objective, scrapes: &[Scrape]) -> Vec<(i64, Length, Option<f64>)> {
    let hours =
        [0.01, 5.0, 30.2, 31.0, 36.05, 44.9, 45.1, 52.7, 54.05, 54.37, 58.03, 59.48, 60.2, 60.3, 71.15, 74.9];
    let mut moments = hours.map(|hours| START + (hours * 3_600.0) as i64).into_iter().peekable();
    let mut evaluator = Evaluator::new(objective.clone(), Room::new(10_000_000));
    let mut found = Vec::new();
    for (at, samples) in scrapes {
        while let Some(moment) = moments.next_if(|moment| moment < at) {
            let status = evaluator.evaluate(Timestamp::from_second(moment).unwrap());
            found.extend(status.ratios.into_iter().map(|(window, ratio)| (moment, window, ratio)));
        }
        let samples: Vec<Sample<'_>> =
            samples.iter().map(|(name, labels, value)| Sample { name, labels, value: *value }).collect();
        evaluator.ingest(Timestamp::from_second(*at).unwrap(), &samples);
    }
    found
}

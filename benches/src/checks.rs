//! How much longer than its slowest check a readiness list takes when all of it is asked at once.
//!
//! 500 HTTP checks of a server on loopback that takes 200 ms for every answer, each over a connection of its own.
//! Server and checks share the machine, and the time that the server is late is part of the slowest check.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use control::cancel::Cancel;
use control::clock::MachineClock;
use control::probe::{Context, Outcome, Verdict, run_all};
use release::policy::Check;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::clock::{milliseconds, now};
use crate::options::Size;
use crate::report::{Bar, Report, Row};
use crate::run::Measured;

const ANSWER_AFTER: Duration = Duration::from_millis(200);
const BAR: f64 = 1.2;
/// A thread of the server only sleeps.
const STACK_BYTES: usize = 128 * 1024;

/// Measures.
///
/// # Errors
/// When a check does not pass: then the figures would be of something else.
pub fn measure(size: Size) -> anyhow::Result<Measured> {
    let rounds = size.pick(9, 3, 1);
    let count = size.pick(500, 500, 20);
    allow_open_files()?;
    let mut report = Report::begin("bench-checks", rounds);
    let (checks, context) = checks(count, serve()?)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let (mut ratios, mut whole, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    // The first round opens what stays open and is thrown away.
    for round in 0..=rounds {
        let begun = now();
        let outcomes = runtime.block_on(ask(&checks, &context));
        let took = begun.elapsed();
        let wrong = outcomes.iter().find(|outcome| outcome.result != Verdict::Pass);
        ensure!(wrong.is_none(), "a check did not pass: {:?}", wrong.map(|outcome| &outcome.result));
        let longest = outcomes.iter().map(|outcome| outcome.took).max().context("no check")?;
        if round > 0 {
            ratios.push(took.as_secs_f64() / longest.as_secs_f64());
            whole.push(milliseconds(took));
            slowest.push(milliseconds(longest));
        }
    }
    let baseline = Row::of("baseline: the slowest check", "ms", &slowest);
    report.push(Row::of("all checks over the slowest", "times", &ratios).bar(Bar::Below(BAR)));
    report.push(Row::of("all checks", "ms", &whole).against("slowest", &baseline));
    report.push(baseline);
    report.note(format!(
        "{count} HTTP checks at once, each answered after {} ms, every one passed",
        ANSWER_AFTER.as_millis()
    ));
    Ok(Measured::Found(report))
}

async fn ask(checks: &[Check], context: &Arc<Context>) -> Vec<Outcome> {
    let (_canceller, cancel) = Cancel::pair();
    let at_once = NonZeroUsize::new(checks.len()).unwrap_or(NonZeroUsize::MIN);
    run_all(checks, context, at_once, &cancel, |_| ()).await
}

fn checks(count: usize, address: SocketAddr) -> anyhow::Result<(Vec<Check>, Arc<Context>)> {
    let check =
        |number| format!("[[check]]\nid = \"c{number}\"\nprobe.http = {{ url = \"http://{address}/\" }}\n");
    let checks: String = (0..count).map(check).collect();
    let text = format!("format = 1\nservice = {{ name = \"bench\" }}\n{checks}");
    let loaded = release::Loaded::parse(&text).map_err(|fault| anyhow::anyhow!("{fault:?}"))?;
    let checks = loaded.policy.checks.clone();
    let here = Path::new(".").to_owned();
    let context = Context::new(loaded.policy, here, "bench".to_owned(), Arc::new(MachineClock));
    Ok((checks, Arc::new(context)))
}

/// A server that answers every connection in a thread of its own, late.
fn serve() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = move || -> std::io::Result<()> {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                while reader.read_line(&mut line)? > 2 {
                    line.clear();
                }
                std::thread::sleep(ANSWER_AFTER);
                reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            };
            // A check without an answer does not pass, and the bench says so.
            let _ = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(answer);
        }
    });
    Ok(address)
}

/// Both ends of every connection are ours: more files than a process may open at first.
fn allow_open_files() -> anyhow::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).context("cannot open more files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_small() {
        let Measured::Found(report) = measure(Size::Tiny).unwrap() else { panic!("skipped") };
        assert_eq!(report.rows().len(), 3);
        assert!(report.rows()[0].figure() >= 1.0);
    }
}

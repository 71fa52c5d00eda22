use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use control::cancel::Cancel;
use control::clock::{Clock as _, MachineClock};
use control::probe::{Progress, Verdict, run_all};

use crate::setup::{ask_in, context, request, respond, serve};

#[tokio::test(flavor = "multi_thread")]
async fn all_run_at_once_as_far_as_they_may() {
    let address = serve(|mut stream| {
        request(&mut stream);
        std::thread::sleep(Duration::from_millis(200));
        respond(&mut stream, "200 OK", "");
    });
    let checks: String = (0..200)
        .map(|n| format!("[[check]]\nid = \"c{n}\"\nprobe.http = {{ url = \"http://{address}/\" }}\n"))
        .collect();
    let (checks, context) = context(&checks, Path::new("."));
    let context = Arc::new(context);
    let (_canceller, cancel) = Cancel::pair();
    for concurrency in [200, 50] {
        let (mut running, mut most, mut told) = (0, 0, Vec::new());
        let began = MachineClock.mono();
        let outcomes =
            run_all(&checks, &context, NonZeroUsize::new(concurrency).unwrap(), &cancel, |progress| {
                match progress {
                    Progress::Started { .. } => {
                        running += 1;
                        most = most.max(running);
                    }
                    Progress::Finished { number, of, .. } => {
                        running -= 1;
                        told.push((number, of));
                    }
                }
            })
            .await;
        let took = MachineClock.mono() - began;
        assert!(
            outcomes
                .iter()
                .zip(&checks)
                .all(|(outcome, check)| outcome.check == *check && outcome.result == Verdict::Pass)
        );
        assert_eq!(most, concurrency);
        assert_eq!(told, (1..=200).map(|number| (number, 200)).collect::<Vec<_>>());
        let slowest = outcomes.iter().map(|outcome| outcome.took).max().unwrap();
        let ratio = took.as_secs_f64() / slowest.as_secs_f64();
        println!("200 checks, {concurrency} at once: {took:?}, {ratio:.2} times the slowest");
    }
}

#[tokio::test]
async fn what_only_people_and_the_journal_know_is_not_run() {
    let kinds = [
        "attest = { by = \"qa\", text = \"looked at\" }",
        "measured = { target = { metric = \"debt\", is = \"<\", value = 1 }, stated = 0 }",
        "backup-restored = {}",
        "failover-rehearsed = {}",
        "rollback-rehearsed = {}",
        "replay-gate = {}",
        "alert-delivered = {}",
        "flag-exercised = {}",
    ];
    let checks: String =
        kinds.map(|kind| format!("[[check]]\nid = \"x\"\nprobe.{kind}\ncontrol.{kind}\n")).concat();
    let outcomes = ask_in(Path::new("."), &checks).await;
    for outcome in outcomes {
        assert!(matches!(&outcome.result, Verdict::NotRun { why } if !why.is_empty()), "{outcome:?}");
        assert!(outcome.control.is_none());
    }
}

#[tokio::test]
async fn a_peer_that_drips_is_stopped_in_time() {
    let address = serve(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-A: b\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let check =
        format!("[[check]]\nid = \"x\"\ntimeout = \"1s\"\nprobe.http = {{ url = \"http://{address}/\" }}\n");
    let outcome = ask_in(Path::new("."), &check).await.remove(0);
    assert!(!matches!(outcome.result, Verdict::Pass), "{outcome:?}");
    assert!(outcome.took < Duration::from_secs(3), "{:?}", outcome.took);
}

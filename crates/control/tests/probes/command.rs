use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use control::cancel::Cancel;
use control::probe::{KEPT_BYTES_MAX, Outcome, Progress, Verdict, run_all};

use crate::setup::{ask_in, ask_one, context, failed, unknown};

/// A shell script as the program: it says which process group it is in.
fn shell(timeout: &str, script: &str) -> String {
    format!(
        "[[check]]\nid = \"x\"\ntimeout = \"{timeout}\"\nprobe.command.run = [\"sh\", \"-c\", 'echo group $$; {script}']\n"
    )
}

async fn run(timeout: &str, script: &str) -> Outcome {
    ask_one(Path::new("."), &shell(timeout, script)).await
}

fn group(outcome: &Outcome) -> u32 {
    let line = outcome.output.lines().find_map(|line| line.strip_prefix("group "));
    line.unwrap_or_else(|| panic!("{outcome:?}")).parse().unwrap()
}

/// Processes of a group that still run; those that nobody has collected yet do not.
fn alive(group: u32) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    let of_group = |stat: &String| {
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let words: Vec<_> = after_name.split(' ').collect();
        words.get(2).is_some_and(|id| *id == group.to_string()) && words[0] != "Z" && words[0] != "X"
    };
    stats.filter(of_group).collect()
}

/// A killed process may take a moment to be gone.
fn assert_gone(group: u32) {
    for _ in 0..200 {
        if alive(group).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("still there: {:?}", alive(group));
}

#[tokio::test]
async fn what_ends_with_zero_and_says_the_word_passes() {
    let here = Path::new(".");
    let check = |rest: &str| format!("[[check]]\nid = \"x\"\n[check.probe.command]\n{rest}");
    let pass = check(
        "run = [\"echo\", \"node/production-1 $HOME {version}\"]\ncontains = \"$HOME 1.2.3\"\nlacks = \"panic\"",
    );
    let outcome = ask_one(here, &pass).await;
    assert_eq!(outcome.result, Verdict::Pass, "no shell has touched the words: {outcome:?}");
    assert!(
        failed(&ask_one(here, &check("run = [\"sh\", \"-c\", \"exit 3\"]")).await).contains("ended with 3")
    );
    assert!(
        failed(&ask_one(here, &check("run = [\"sh\", \"-c\", \"kill -9 $$\"]")).await).contains("signal 9")
    );
    assert!(
        failed(&ask_one(here, &check("run = [\"echo\", \"no\"]\ncontains = \"yes\"")).await)
            .contains("`yes`")
    );
    assert!(
        failed(&ask_one(here, &check("run = [\"sh\", \"-c\", \"echo panic >&2\"]\nlacks = \"panic\"")).await)
            .contains("`panic`")
    );
    assert!(
        unknown(&ask_one(here, &check("run = [\"no-such-program-anywhere\"]")).await)
            .contains("cannot be run")
    );
    assert!(unknown(&ask_one(here, &check("run = []")).await).contains("no program"));
}

#[tokio::test]
async fn a_path_counts_from_the_policy_and_the_environment_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("show");
    fs::write(&program, "#!/bin/sh\nenv\npwd\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    // The program was just written: a child of another test may hold it open for a moment, and then it cannot be run.
    let check = "[[check]]\nid = \"x\"\nretries = 5\n[check.probe.command]\nrun = [\"./show\"]\n\
                 variables = { TOKEN = \"secret:token\", STAGE = \"{version}\" }";
    let outcome = ask_one(folder.path(), check).await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
    let names: Vec<_> =
        outcome.output.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    let known = ["PATH", "LANG", "TOKEN", "STAGE", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    assert!(
        outcome.output.contains("STAGE=1.2.3") && outcome.inputs.contains("TOKEN=secret:token"),
        "{outcome:?}"
    );
    assert!(
        outcome.output.contains("TOKEN=[redacted]") && !outcome.output.contains("sesame"),
        "{}",
        outcome.output
    );
    assert!(outcome.output.contains(folder.path().file_name().unwrap().to_str().unwrap()));
}

#[tokio::test]
async fn what_hangs_and_ignores_signals_is_killed_in_time() {
    let scripts = [
        "sleep 100",
        "trap \"\" TERM INT HUP; while :; do sleep 100; done",
        "sleep 100 & sleep 100 & wait",
        // It multiplies.
        "n() { for i in 1 2 3 4 5 6; do (sleep 0.05; [ $1 -gt 0 ] && n $(($1-1)); sleep 100) & done; wait; }; n 2",
    ];
    for outcome in ask_in(Path::new("."), &scripts.map(|script| shell("2s", script)).concat()).await {
        assert!(unknown(&outcome).contains("was killed"), "{outcome:?}");
        assert!(outcome.took < Duration::from_secs(8), "{:?}", outcome.took);
        assert_gone(group(&outcome));
    }
}

#[tokio::test]
async fn children_that_outlive_their_parent_hold_nothing_up() {
    for script in ["sleep 100 &", "(sleep 100 & sleep 100) & exit 0", "trap \"\" TERM; sleep 100 & :"] {
        let outcome = run("60s", script).await;
        assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
        assert!(outcome.took < Duration::from_secs(20), "{script}: {:?}", outcome.took);
        assert_gone(group(&outcome));
    }
}

#[tokio::test]
async fn what_leaves_its_group_loses_its_pipes_only() {
    let outcome = run("20s", "setsid sleep 7 & sleep 0.2").await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
    assert!(outcome.took < Duration::from_secs(5), "{:?}", outcome.took);
}

#[tokio::test]
async fn a_flood_neither_blocks_nor_fills_memory() {
    // With both pipes full, either may have the room for what is kept.
    let floods = ["yes & yes", "yes & yes error >&2"].map(|script| shell("2s", script)).concat();
    let outcomes = ask_in(Path::new("."), &floods).await;
    for outcome in &outcomes {
        assert!(unknown(outcome).contains("was killed"), "{outcome:?}");
        assert!(outcome.output.len() <= KEPT_BYTES_MAX && outcome.output.contains("bytes are left out"));
    }
    assert_gone(group(&outcomes[0]));
    // Without any line break, and to an end of its own.
    let outcome = run("20s", "head -c 20000000 /dev/zero").await;
    assert_eq!(outcome.result, Verdict::Pass);
    assert!(outcome.output.len() <= KEPT_BYTES_MAX);
    // The word is in the middle of what is left out.
    let check = "[[check]]\nid = \"x\"\n[check.probe.command]\ncontains = \"needle\"\nkeep = 100\n\
                 run = [\"sh\", \"-c\", \"seq 200000; echo needle; seq 200000\"]";
    let outcome = ask_one(Path::new("."), check).await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
    assert!(!outcome.output.contains("needle") && outcome.output.len() <= 100);
}

#[tokio::test]
async fn the_digest_is_of_everything_that_was_said() {
    let check = "[[check]]\nid = \"x\"\nprobe.command = { run = [\"printf\", \"abc\"], keep = 0 }";
    let outcome = ask_one(Path::new("."), check).await;
    assert_eq!(outcome.output_digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[tokio::test]
async fn a_cancel_stops_all_children_and_keeps_what_is_done() {
    let hanging = (0..20).map(|_| shell("100s", "sleep 100 & sleep 100"));
    let tables: String = std::iter::once(shell("100s", "exit 0")).chain(hanging).collect();
    let (checks, context) = context(&tables, Path::new("."));
    let (canceller, cancel) = Cancel::pair();
    let mut started = 0;
    let outcomes =
        run_all(&checks, &Arc::new(context), NonZeroUsize::new(12).unwrap(), &cancel, |progress| {
            match progress {
                Progress::Started { number, of, .. } => {
                    started = number;
                    assert_eq!(of, 21);
                }
                Progress::Finished { outcome, number, .. } => {
                    if number == 1 {
                        assert_eq!(outcome.result, Verdict::Pass);
                        canceller.cancel();
                    }
                }
            }
        })
        .await;
    assert_eq!(outcomes.len(), 21);
    assert_eq!(outcomes[0].result, Verdict::Pass);
    assert_eq!(started, 12);
    for outcome in &outcomes[1..] {
        assert_eq!(outcome.result, Verdict::NotRun { why: "cancelled".to_owned() });
        assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
        // Those that never started, and those that had not said anything yet, have no group that is known.
        if outcome.output.starts_with("group") {
            assert_gone(group(outcome));
        }
    }
}

#[tokio::test]
async fn dropped_in_the_middle_it_leaves_no_child() {
    let folder = tempfile::tempdir().unwrap();
    let check = "[[check]]\nid = \"x\"\ntimeout = \"100s\"\nprobe.command.run = [\"sh\", \"-c\", \"echo $$ > id; sleep 100 & sleep 100\"]";
    let (checks, context) = context(check, folder.path());
    let (_canceller, cancel) = Cancel::pair();
    let context = Arc::new(context);
    let running = run_all(&checks, &context, NonZeroUsize::MIN, &cancel, |_| ());
    let file = folder.path().join("id");
    let written = async {
        while fs::read_to_string(&file).map_or(0, |text| text.len()) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = running => panic!("it ended"),
        () = written => {}
    }
    // The aborted task is dropped when its turn comes.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_gone(fs::read_to_string(&file).unwrap().trim().parse().unwrap());
}

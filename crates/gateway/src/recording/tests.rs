use std::collections::HashSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use feed::Market;
use feed::replay::Replay;
use feed::sim::{Hours, Sim, SimConfig};
use feed::validate::{Reason, Validator, Verdict};
use jiff::civil::datetime;
use market::{InstrumentToken, Price};

use super::*;

/// Midnight after an expiry.
fn midnight() -> UnixNanos {
    UnixNanos::from_ist(datetime(2026, 11, 25, 0, 0, 0, 0))
}

fn after(at: UnixNanos, seconds: i64) -> UnixNanos {
    UnixNanos(at.0 + seconds * 1_000_000_000)
}

fn sim(start: UnixNanos) -> Sim {
    let config = SimConfig { seed: 7, instruments: 300, rate: 600, hours: Hours::AroundTheClock };
    Sim::new(config, start).unwrap()
}

/// Plays a file to its end: its instruments, its ticks, and how many of them it does not know.
fn played(path: &Path) -> (Vec<Instrument>, Vec<Tick>, usize) {
    let mut replay = Replay::open(path).unwrap();
    let instruments = replay.instruments();
    let mut validator = Validator::new(Default::default(), &instruments);
    let (mut ticks, mut unknown) = (Vec::new(), 0);
    while let Some(at) = replay.next_at() {
        let from = ticks.len();
        replay.advance(at, &mut ticks);
        let verdicts = ticks[from..].iter().map(|tick| validator.check(tick, at));
        unknown +=
            verdicts.filter(|verdict| *verdict == Verdict::Rejected(Reason::UnknownInstrument)).count();
    }
    assert!(replay.failure().is_none());
    (instruments, ticks, unknown)
}

#[test]
fn a_day_that_ends_is_played_again_in_full() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("morning.mticks"), folder.path().join("morning.2.mticks"));
    let start = after(midnight(), -2);
    let mut sim = sim(start);
    let old: HashSet<InstrumentToken> = sim.instruments().iter().map(|row| row.token).collect();
    let mut recording = Recording::start(&first, sim.source(), &sim.instruments(), start).unwrap();
    let (mut version, mut received) = (sim.listing_version(), Vec::new());
    while let Some(at) = sim.next_at().filter(|at| *at <= after(midnight(), 2)) {
        let from = received.len();
        sim.advance(at, &mut received);
        if sim.listing_version() != version {
            version = sim.listing_version();
            recording.relist(&sim.instruments(), at);
            sim.snapshot(&mut received);
        }
        recording.write(&received[from..], at);
    }
    recording.finish();

    let (instruments, mut ticks, unknown) = played(&first);
    assert!(instruments.iter().all(|row| old.contains(&row.token)) && !ticks.is_empty());
    assert_eq!(unknown, 0);
    let (instruments, more, unknown) = played(&second);
    assert_eq!(instruments, sim.instruments());
    assert!(more.iter().any(|tick| !old.contains(&tick.token)), "new contracts have ticks");
    assert_eq!(unknown, 0);
    ticks.extend(more);
    assert!(ticks == received, "the two files hold every tick, in order");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn no_file_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("morning.mticks"), folder.path().join("morning.2.mticks"));
    let (start, list) = (midnight(), sim(midnight()).instruments());
    fs::write(&second, "precious").unwrap();
    let refused = Recording::start(&first, Source::Sim, &list, start).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    assert!(refused.to_string().contains("morning.2.mticks") && !first.exists(), "{refused}");
    fs::remove_file(&second).unwrap();

    // Someone else's file that came while recording ends the recording, whole as far as it is.
    let mut recording = Recording::start(&first, Source::Sim, &list, start).unwrap();
    fs::write(&second, "precious").unwrap();
    let tick = Tick::ltp(InstrumentToken(408_065), Price::from_mantissa(150_000));
    recording.write(&[tick], after(start, 1));
    recording.relist(&list, after(start, 2));
    recording.write(&[tick], after(start, 3));
    recording.finish();
    assert_eq!(fs::read_to_string(&second).unwrap(), "precious");
    assert_eq!(played(&first).1.len(), 1);
    assert!(Recording::start(&first, Source::Sim, &list, start).is_err());
}

#[test]
fn what_came_a_second_ago_is_on_the_disk_however_busy_the_market() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.mticks");
    let list = sim(midnight()).instruments();
    let files = Files::create(&path, Source::Sim, &list, midnight()).unwrap();
    // A queue without room: a batch is taken only when the one before it is done with.
    let (queue, entries) = sync_channel(0);
    let (base, seconds) = (mono_now(), Arc::new(AtomicU64::new(0)));
    let passed = Arc::clone(&seconds);
    let now = move || base + Duration::from_secs(passed.load(Ordering::SeqCst));
    let writer = std::thread::spawn(move || write(files, &entries, now));
    let tick = Tick::ltp(InstrumentToken(408_065), Price::from_mantissa(150_000));
    for second in 1..=5 {
        seconds.store(second, Ordering::SeqCst);
        for _ in 0..3 {
            queue.send(Entry::Ticks(vec![tick], after(midnight(), 1))).unwrap();
        }
        // All but what came last, without a moment of silence.
        let written = played(&path).1.len() as u64;
        assert!(written + 3 >= 3 * second, "{written} ticks on the disk after {second} seconds");
    }
    drop(queue);
    assert_eq!(writer.join().unwrap().unwrap(), (15, 1));
    assert_eq!(played(&path).1.len(), 15);
}

#[test]
fn further_files_are_numbered_before_the_extension() {
    for (first, second) in [
        ("morning.mticks", "morning.2.mticks"),
        ("a/b.c/morning.mticks", "a/b.c/morning.2.mticks"),
        ("a.b/morning", "a.b/morning.2"),
        ("20.11.mticks", "20.11.2.mticks"),
        (".mticks", ".mticks.2"),
    ] {
        assert_eq!(numbered(Path::new(first), 2), Path::new(second));
    }
}

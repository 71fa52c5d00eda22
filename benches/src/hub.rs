//! How many ticks a second the hub numbers and keeps, without readers and with many.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use market::{InstrumentToken, Mode, Source, Tick, UnixNanos};
use stream::{Delivery, Epoch, Hub, HubConfig, Inbox, Listed, ReaderId, Subscription};

use crate::clock::{rate, timed};
use crate::options::Size;
use crate::report::{Bar, Report, Row};
use crate::run::Measured;
use crate::{machine, simulated};

const INSTRUMENTS: usize = 3_000;
const BAR: f64 = 1e6;
/// As many as the gateway keeps.
const RING_CAPACITY: usize = 65_536;
const READERS: usize = 200;
const EACH: usize = 100;
/// What a market of 5,000 ticks a second hands over ten times a second: readers take between two of these.
const BATCH: usize = 500;

/// A tick with its published name.
type Named = (Arc<Listed>, Tick);

/// Measures.
///
/// # Errors
/// When the simulated market refuses, or readers do not get what they were offered.
pub fn measure(size: Size) -> anyhow::Result<Measured> {
    let rounds = size.pick(9, 5, 1);
    // More than the ring holds, so that each publication also frees the oldest tick.
    let publications = size.pick(20, 6, 1);
    let mut report = Report::begin("bench-hub", rounds);
    let (names, ticks) = named(simulated::course(INSTRUMENTS, size.pick(50_000, 50_000, 5_000))?)?;

    let mut alone = hub();
    let mut crowded = hub();
    let inboxes = join(&mut crowded, &names);
    let mut map: HashMap<InstrumentToken, Arc<Tick>> = HashMap::new();
    let (mut published, mut inserted) = (Vec::new(), Vec::new());
    let (mut fanned, mut drained, mut conflated) = (Vec::new(), Vec::new(), Vec::new());
    let share = machine::CoreShare::begin();
    for round in 0..=rounds {
        let publishing = timed(|| (0..publications).for_each(|_| publish(&mut alone, &ticks))).1;
        let inserting = timed(|| (0..publications).for_each(|_| insert(&mut map, &ticks))).1;
        let crowd = serve(&mut crowded, &inboxes, &ticks)?;
        if round > 0 {
            published.push(rate(ticks.len() * publications, publishing));
            inserted.push(rate(ticks.len() * publications, inserting));
            fanned.push(rate(ticks.len(), crowd.publishing));
            drained.push(rate(crowd.delivered, crowd.draining));
            conflated.push(100.0 * (1.0 - crowd.delivered as f64 / crowd.offered as f64));
        }
    }

    let map = Row::of("baseline: HashMap insert of an Arc", "ticks/s", &inserted);
    report.push(
        Row::of("publish, no readers", "ticks/s", &published).against("insert", &map).bar(Bar::AtLeast(BAR)),
    );
    report.push(Row::of("publish, 200 readers x 100", "ticks/s", &fanned).against("insert", &map));
    report.push(map);
    report.push(Row::of("taken from 200 inboxes", "ticks/s", &drained));
    report.push(Row::of("conflated meanwhile", "%", &conflated));
    report.note(share.text());
    report.note(format!(
        "{INSTRUMENTS} instruments, {} ticks, ring of {RING_CAPACITY}; one thread; readers take after every {BATCH} ticks, \
         latest delivery; an instrument has {:.1} readers",
        ticks.len(),
        (READERS * EACH) as f64 / INSTRUMENTS as f64,
    ));
    Ok(Measured::Found(report))
}

fn named(course: simulated::Course) -> anyhow::Result<(Vec<Arc<Listed>>, Vec<Named>)> {
    let names: Vec<Arc<Listed>> = course
        .instruments
        .iter()
        .map(|instrument| {
            let tradingsymbol = instrument.tradingsymbol.clone();
            Arc::new(Listed { token: instrument.token, key: instrument.key(), tradingsymbol })
        })
        .collect();
    let by_token: HashMap<InstrumentToken, &Arc<Listed>> =
        names.iter().map(|listed| (listed.token, listed)).collect();
    let ticks = course.steps.into_iter().flat_map(|step| step.ticks);
    let ticks: Option<Vec<Named>> =
        ticks.map(|tick| Some((Arc::clone(by_token.get(&tick.token)?), tick))).collect();
    let ticks = ticks.context("a tick of an instrument that is not listed")?;
    Ok((names, ticks))
}

fn hub() -> Hub {
    Hub::new(HubConfig { epoch: Epoch(1), ring_capacity: RING_CAPACITY })
}

fn publish(hub: &mut Hub, ticks: &[Named]) {
    for (listed, tick) in ticks {
        hub.publish(listed, tick, Source::Sim, UnixNanos(1), None);
    }
}

fn insert(map: &mut HashMap<InstrumentToken, Arc<Tick>>, ticks: &[Named]) {
    for (listed, tick) in ticks {
        black_box(map.insert(listed.token, Arc::new(*tick)));
    }
}

/// Readers who want a hundred instruments each, spread over the whole list.
fn join(hub: &mut Hub, names: &[Arc<Listed>]) -> Vec<Arc<Inbox>> {
    let mut inboxes = Vec::with_capacity(READERS);
    for (id, reader) in (0u64..).zip(0..READERS) {
        let inbox = Arc::new(Inbox::new(hub.numbering()));
        // 31 and the number of instruments have no common divisor, so no instrument comes twice.
        let wanted = (0..EACH).filter_map(|i| names.get((reader * 17 + i * 31) % names.len().max(1)));
        let instruments = wanted.cloned().collect();
        hub.join(ReaderId(id), Arc::clone(&inbox));
        hub.subscribe(
            ReaderId(id),
            &Subscription { instruments, mode: Mode::Full, delivery: Delivery::Latest },
        );
        inboxes.push(inbox);
    }
    inboxes
}

#[derive(Default)]
struct Crowd {
    publishing: Duration,
    draining: Duration,
    offered: usize,
    delivered: usize,
}

/// Publishes everything once; all readers take what is due after each batch.
fn serve(hub: &mut Hub, inboxes: &[Arc<Inbox>], ticks: &[Named]) -> anyhow::Result<Crowd> {
    use std::sync::atomic::Ordering::Relaxed;

    let mut crowd = Crowd::default();
    let ledger = hub.ledger();
    let offered = ledger.offered.load(Relaxed);
    let conflated = |inboxes: &[Arc<Inbox>]| inboxes.iter().map(|inbox| inbox.conflated()).sum::<u64>();
    let conflated_before = conflated(inboxes);
    for batch in ticks.chunks(BATCH) {
        crowd.publishing += timed(|| publish(hub, batch)).1;
        let (taken, took) = timed(|| {
            let batches = inboxes.iter().filter_map(|inbox| inbox.try_next());
            batches.map(|batch| black_box(batch).ticks.len()).sum::<usize>()
        });
        crowd.draining += took;
        crowd.delivered += taken;
    }
    crowd.offered = usize::try_from(ledger.offered.load(Relaxed) - offered)?;
    let conflated = usize::try_from(conflated(inboxes) - conflated_before)?;
    ensure!(crowd.offered == crowd.delivered + conflated, "offered is not delivered + conflated");
    Ok(crowd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_small() {
        let Measured::Found(report) = measure(Size::Tiny).unwrap() else { panic!("skipped") };
        assert_eq!(report.rows().len(), 5);
        assert!(report.rows()[0].figure() > 0.0);
    }
}

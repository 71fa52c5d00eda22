//! The same random history on both implementations: the same answers, the same rows.

use journal::DbError;
use journal::events::{Append, Batch, Claim, Journal, NewRow, Stream, check};
use proptest::prelude::*;

use super::{Disk, Memory, World, decision, fact};

const HANDLES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Register { name: u8, reads: u32 },
    End { number: u32 },
    Take { stream: usize, holder: u32, off: u64 },
    TakeExpired { lease: usize, holder: u32, off: u64 },
    Renew { holder: u32, streams: Vec<usize> },
    Append { rows: Vec<NewRowPlan>, off: Off, control: Option<u64> },
    Changed,
}

#[derive(Clone, Debug)]
struct NewRowPlan {
    stream: usize,
    key: u8,
    schema: u32,
}

/// What is wrong with a batch; mostly nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Off {
    epoch: u64,
    expected: u64,
    unclaimed: bool,
}

fn stream(index: usize) -> Stream {
    match index {
        0 => Stream::intake(),
        1 => Stream::control(),
        2 => Stream::venue("A"),
        3 => Stream::account("A"),
        4 => Stream::account("B"),
        _ => Stream::feed("nse"),
    }
}

fn rarely() -> impl Strategy<Value = u64> {
    prop_oneof![9 => Just(0_u64), 1 => 1..3_u64]
}

fn step() -> impl Strategy<Value = Step> {
    let row = (0..6_usize, 0..40_u8, prop_oneof![8 => Just(1_u32), 2 => 2..4_u32])
        .prop_map(|(stream, key, schema)| NewRowPlan { stream, key, schema });
    let off = (rarely(), rarely(), prop::bool::weighted(0.05)).prop_map(|(epoch, expected, unclaimed)| Off {
        epoch,
        expected,
        unclaimed,
    });
    prop_oneof![
        2 => (0..12_u8, 0..4_u32).prop_map(|(name, reads)| Step::Register { name, reads }),
        1 => (1..6_u32).prop_map(|number| Step::End { number }),
        4 => (0..6_usize, 1..4_u32, rarely()).prop_map(|(stream, holder, off)| Step::Take { stream, holder, off }),
        1 => (0..3_usize, 1..4_u32, rarely())
            .prop_map(|(lease, holder, off)| Step::TakeExpired { lease, holder, off }),
        2 => (1..4_u32, prop::collection::vec(0..6_usize, 0..4))
            .prop_map(|(holder, streams)| Step::Renew { holder, streams }),
        12 => (prop::collection::vec(row, 0..5), off, prop::option::of(rarely()))
            .prop_map(|(rows, off, control)| Step::Append { rows, off, control }),
        3 => Just(Step::Changed),
    ]
}

/// What a caller can tell apart, as text.
fn seen<T: std::fmt::Debug>(result: Result<T, DbError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(DbError::Constraint(_)) => "constraint".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

fn run(journal: &mut impl Journal, id: u64, step: &Step) -> String {
    match step {
        Step::Register { name, reads } => seen(journal.register(&format!("name-{name}"), 1, *reads)),
        Step::End { number } => seen(journal.mark_ended(*number)),
        Step::Take { stream: index, holder, off } => {
            let epoch = journal.leases().unwrap().into_iter().find(|lease| lease.stream == stream(*index));
            let from = epoch.map_or(0, |lease| lease.epoch) + off;
            seen(journal.take_lease(&stream(*index), *holder, from))
        }
        Step::TakeExpired { lease, holder, off } => match journal.leases().unwrap().get_mut(*lease) {
            Some(lease) => {
                lease.renewals += off;
                seen(journal.take_expired(lease, *holder))
            }
            None => "no lease".to_owned(),
        },
        Step::Renew { holder, streams } => {
            let streams: Vec<_> = streams.iter().map(|index| stream(*index)).collect();
            seen(journal.renew(*holder, &streams))
        }
        Step::Append { rows, off, control } => {
            let batch = batch(journal, id, rows, *off, *control);
            match journal.append(&batch) {
                Append::Failed(error) => seen::<()>(Err(error)),
                answer => format!("{answer:?}"),
            }
        }
        Step::Changed => seen(journal.changed()),
    }
}

fn batch(journal: &mut impl Journal, id: u64, plan: &[NewRowPlan], off: Off, control: Option<u64>) -> Batch {
    let rows: Vec<_> = plan
        .iter()
        .map(|row| {
            let stream = stream(row.stream);
            let new = match stream.is_fact() {
                true => fact(stream, &format!("key-{}", row.key)),
                false => decision(stream),
            };
            NewRow { schema: row.schema, subject: (row.key % 3 == 0).then(|| "s".to_owned()), ..new }
        })
        .collect();
    let leases = journal.leases().unwrap();
    let mut claims: Vec<Claim> = Vec::new();
    for row in rows.iter().filter(|row| !row.stream.is_fact()) {
        if claims.iter().all(|claim| claim.stream != row.stream) && !off.unclaimed {
            let lease = leases.iter().find(|lease| lease.stream == row.stream);
            let epoch = lease.map_or(1, |lease| lease.epoch) + off.epoch;
            let expected = journal.stream_head(&row.stream).unwrap() + off.expected;
            claims.push(Claim { stream: row.stream.clone(), epoch, expected });
        }
    }
    let head = journal.head().unwrap().seq;
    let control_seen = control.map(|back| head.saturating_sub(3 * back));
    Batch { id, time: 5, rows, claims, control_seen }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn disk_and_memory_cannot_be_told_apart(
        steps in prop::collection::vec((0..HANDLES, step()), 1..60),
    ) {
        let (disk, memory) = (Disk::new(), Memory::new());
        let mut on_disk: Vec<_> = (0..HANDLES).map(|_| disk.open()).collect();
        let mut in_memory: Vec<_> = (0..HANDLES).map(|_| memory.open()).collect();
        let start = [(0, Step::Register { name: 0, reads: 2 }), (1, Step::Register { name: 1, reads: 3 })];
        for (id, (handle, step)) in (1..).zip(start.iter().chain(&steps)) {
            let left = run(&mut on_disk[*handle], id, step);
            let right = run(&mut in_memory[*handle], id, step);
            prop_assert_eq!(left, right, "step {} is {:?}", id, step);
        }
        let (left, right) = (&mut on_disk[0], &mut in_memory[0]);
        prop_assert_eq!(left.read(0, 1_000).unwrap(), right.read(0, 1_000).unwrap());
        prop_assert_eq!(left.leases().unwrap(), right.leases().unwrap());
        prop_assert_eq!(left.instances().unwrap(), right.instances().unwrap());
        prop_assert_eq!(left.write_schema().unwrap(), right.write_schema().unwrap());
        prop_assert_eq!(left.by_subject("s", 7).unwrap(), right.by_subject("s", 7).unwrap());
        prop_assert_eq!(check(left).unwrap(), check(right).unwrap());
    }
}

//! The hub against a slow, obvious model: every tick ever published, and what each reader must therefore see.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::collections::HashMap;
use std::sync::Arc;

use market::{InstrumentToken, Mode, Price, Source, Tick, UnixNanos};
use proptest::prelude::*;
use stream::inbox::{EVERY_CAPACITY, NOTICES_CAPACITY};
use stream::native::messages::TICK_BYTES_MAX;
use stream::native::{self, Format};
use stream::{
    Batch, Delivery, Epoch, Hub, HubConfig, Inbox, Listed, Notice, Position, ReaderId, Subscription,
};

const EPOCH: Epoch = Epoch(7);

fn listed(number: u32) -> Arc<Listed> {
    let token = InstrumentToken(number * 256 + 1);
    Arc::new(Listed { token, key: format!("NSE:S{number}"), tradingsymbol: format!("S{number}") })
}

fn hub(ring_capacity: usize) -> Hub {
    Hub::new(HubConfig { epoch: EPOCH, ring_capacity })
}

fn publish(hub: &mut Hub, number: u32, price: i64) {
    let listed = listed(number);
    let tick = Tick::ltp(listed.token, Price::from_mantissa(price));
    hub.publish(&listed, &tick, Source::Sim, UnixNanos(0), None);
}

fn join(hub: &mut Hub, id: u64) -> Arc<Inbox> {
    let inbox = Arc::new(Inbox::new(hub.numbering()));
    hub.join(ReaderId(id), Arc::clone(&inbox));
    inbox
}

fn subscribe(hub: &mut Hub, id: u64, numbers: &[u32], mode: Mode, delivery: Delivery) {
    let instruments = numbers.iter().map(|number| listed(*number)).collect();
    hub.subscribe(ReaderId(id), &Subscription { instruments, mode, delivery });
}

fn numbers(batch: &Batch) -> Vec<(u32, u64)> {
    batch.ticks.iter().map(|due| (due.tick.tick.token.0 >> 8, due.tick.n)).collect()
}

#[test]
fn a_new_reader_gets_the_current_value_at_once_and_only_what_it_asked_for() {
    let mut hub = hub(16);
    publish(&mut hub, 1, 100);
    publish(&mut hub, 2, 200);
    let inbox = join(&mut hub, 1);
    subscribe(&mut hub, 1, &[1, 3], Mode::Quote, Delivery::Latest);
    let batch = inbox.try_next().unwrap();
    assert_eq!(
        batch.notices,
        [Notice::Subscribed {
            instruments: vec!["NSE:S1".into(), "NSE:S3".into()],
            mode: Mode::Quote,
            delivery: Delivery::Latest
        }]
    );
    assert_eq!(numbers(&batch), [(1, 1)]);
    publish(&mut hub, 2, 201);
    assert!(inbox.try_next().is_none());
    publish(&mut hub, 3, 300);
    assert_eq!(numbers(&inbox.try_next().unwrap()), [(3, 1)]);
}

#[test]
fn latest_keeps_one_value_per_instrument_and_counts_the_rest() {
    let mut hub = hub(16);
    let inbox = join(&mut hub, 1);
    subscribe(&mut hub, 1, &[1, 2], Mode::Ltp, Delivery::Latest);
    inbox.try_next();
    for price in 1..=1_000 {
        publish(&mut hub, 1, price);
    }
    publish(&mut hub, 2, 5);
    assert_eq!(inbox.waiting(), 2);
    assert_eq!(inbox.conflated(), 999);
    let batch = inbox.try_next().unwrap();
    assert_eq!(numbers(&batch), [(1, 1_000), (2, 1)]);
    assert_eq!(batch.position, Position { epoch: EPOCH, offset: 1_001 });
}

#[test]
fn an_every_reader_that_falls_behind_is_cut_and_holds_no_memory() {
    let mut hub = hub(16);
    let slow = join(&mut hub, 1);
    let other = join(&mut hub, 2);
    subscribe(&mut hub, 1, &[1], Mode::Ltp, Delivery::Every);
    subscribe(&mut hub, 2, &[1], Mode::Ltp, Delivery::Every);
    let mut seen = 0;
    for price in 0..i64::try_from(EVERY_CAPACITY).unwrap() + 1 {
        publish(&mut hub, 1, price);
        seen += other.try_next().map_or(0, |batch| batch.ticks.len());
    }
    let batch = slow.try_next().unwrap();
    assert!(batch.fell_behind);
    assert!(batch.ticks.is_empty());
    assert_eq!(seen, EVERY_CAPACITY + 1, "another reader is not affected");
}

#[test]
fn unsubscribing_takes_back_what_was_not_yet_sent() {
    let mut hub = hub(16);
    let inbox = join(&mut hub, 1);
    subscribe(&mut hub, 1, &[1, 2], Mode::Full, Delivery::Every);
    publish(&mut hub, 1, 1);
    publish(&mut hub, 2, 1);
    hub.unsubscribe(ReaderId(1), &[listed(1)]);
    publish(&mut hub, 1, 2);
    assert_eq!(numbers(&inbox.try_next().unwrap()), [(2, 1)]);
}

#[test]
fn a_change_of_mode_repeats_the_current_value_and_the_same_wish_does_not() {
    let mut hub = hub(16);
    publish(&mut hub, 1, 1);
    let inbox = join(&mut hub, 1);
    subscribe(&mut hub, 1, &[1], Mode::Quote, Delivery::Latest);
    inbox.try_next();
    subscribe(&mut hub, 1, &[1], Mode::Quote, Delivery::Latest);
    assert!(inbox.try_next().unwrap().ticks.is_empty());
    subscribe(&mut hub, 1, &[1], Mode::Full, Delivery::Latest);
    let batch = inbox.try_next().unwrap();
    assert_eq!((numbers(&batch), batch.ticks[0].mode), (vec![(1, 1)], Mode::Full));
}

#[test]
fn another_epoch_or_a_ring_that_moved_on_gives_a_gap_and_current_values() {
    let mut hub = hub(4);
    for price in 1..=10 {
        publish(&mut hub, 1, price);
    }
    for (id, epoch, offset) in [(1, Epoch(8), 9), (2, EPOCH, 2), (3, EPOCH, 11), (4, EPOCH, 0)] {
        let from = Position { epoch, offset };
        let inbox = join(&mut hub, id);
        subscribe(&mut hub, id, &[1], Mode::Full, Delivery::Every);
        inbox.try_next();
        hub.resume(ReaderId(id), from);
        let batch = inbox.try_next().unwrap();
        assert_eq!(batch.notices, [Notice::Gap { from, to: Position { epoch: EPOCH, offset: 10 } }]);
        assert_eq!(numbers(&batch), [(1, 10)]);
    }
}

#[test]
fn a_whole_resume_sends_exactly_what_was_missed_in_either_order() {
    let mut hub = hub(100);
    for price in 1..=10 {
        publish(&mut hub, 1, price);
        publish(&mut hub, 2, price);
    }
    let from = Position { epoch: EPOCH, offset: 16 };
    let first = join(&mut hub, 1);
    hub.resume(ReaderId(1), from);
    let held = first.try_next().unwrap();
    assert_eq!((held.notices, held.position), (vec![Notice::Resumed { from }], from));
    subscribe(&mut hub, 1, &[1], Mode::Full, Delivery::Every);
    assert_eq!(numbers(&first.try_next().unwrap()), [(1, 9), (1, 10)]);

    let after = join(&mut hub, 2);
    subscribe(&mut hub, 2, &[1], Mode::Full, Delivery::Every);
    hub.resume(ReaderId(2), from);
    assert_eq!(numbers(&after.try_next().unwrap()), [(1, 9), (1, 10)]);
}

#[test]
fn a_resumed_latest_reader_gets_the_values_that_are_newer() {
    let mut hub = hub(100);
    publish(&mut hub, 1, 1);
    publish(&mut hub, 2, 1);
    publish(&mut hub, 2, 2);
    let inbox = join(&mut hub, 1);
    subscribe(&mut hub, 1, &[1, 2], Mode::Full, Delivery::Latest);
    hub.resume(ReaderId(1), Position { epoch: EPOCH, offset: 1 });
    assert_eq!(numbers(&inbox.try_next().unwrap()), [(2, 2)]);
}

#[test]
fn a_resume_that_cannot_be_whole_any_more_at_the_subscription_says_so() {
    let mut hub = hub(4);
    publish(&mut hub, 1, 1);
    let from = Position { epoch: EPOCH, offset: 1 };
    let inbox = join(&mut hub, 1);
    hub.resume(ReaderId(1), from);
    for price in 2..=10 {
        publish(&mut hub, 1, price);
    }
    subscribe(&mut hub, 1, &[1], Mode::Full, Delivery::Every);
    let batch = inbox.try_next().unwrap();
    let to = Position { epoch: EPOCH, offset: 10 };
    assert_eq!(batch.notices.last(), Some(&Notice::Gap { from, to }));
    assert_eq!(numbers(&batch), [(1, 10)]);
}

#[test]
fn a_later_subscription_of_a_resumed_reader_begins_with_current_values() {
    let mut hub = hub(100);
    publish(&mut hub, 1, 1);
    publish(&mut hub, 2, 1);
    publish(&mut hub, 1, 2);
    let inbox = join(&mut hub, 1);
    hub.resume(ReaderId(1), Position { epoch: EPOCH, offset: 2 });
    subscribe(&mut hub, 1, &[1], Mode::Full, Delivery::Latest);
    subscribe(&mut hub, 1, &[2], Mode::Full, Delivery::Latest);
    assert_eq!(numbers(&inbox.try_next().unwrap()), [(2, 1), (1, 2)]);
}

#[test]
fn a_change_of_mode_loses_nothing_of_every_tick() {
    let mut hub = hub(100);
    let inbox = join(&mut hub, 1);
    subscribe(&mut hub, 1, &[1], Mode::Full, Delivery::Every);
    publish(&mut hub, 1, 1);
    publish(&mut hub, 1, 2);
    subscribe(&mut hub, 1, &[1], Mode::Ltp, Delivery::Every);
    publish(&mut hub, 1, 3);
    assert_eq!(numbers(&inbox.try_next().unwrap()), [(1, 1), (1, 2), (1, 3)]);
}

#[test]
fn a_reader_that_only_asks_and_never_takes_is_told_once_and_costs_nothing_after() {
    let mut hub = hub(16);
    let inbox = join(&mut hub, 1);
    for _ in 0..NOTICES_CAPACITY + 1 {
        subscribe(&mut hub, 1, &[1], Mode::Full, Delivery::Latest);
    }
    assert!(inbox.try_next().unwrap().fell_behind);
    publish(&mut hub, 1, 1);
    assert!(inbox.try_next().is_none(), "a task that waits for more must be able to sleep");
}

#[test]
fn unsubscribing_the_same_name_many_times_is_one_unsubscription() {
    let mut hub = hub(16);
    let inbox = join(&mut hub, 1);
    subscribe(&mut hub, 1, &[1, 2], Mode::Full, Delivery::Latest);
    publish(&mut hub, 1, 1);
    publish(&mut hub, 2, 1);
    hub.unsubscribe(ReaderId(1), &vec![listed(1); 5_000]);
    publish(&mut hub, 1, 2);
    assert_eq!(numbers(&inbox.try_next().unwrap()), [(2, 1)]);
}

#[test]
fn messages_are_cut_by_bytes_and_say_where_they_leave_the_reader() {
    let mut hub = hub(2_000);
    let inbox = join(&mut hub, 1);
    let all: Vec<u32> = (1..=1_000).collect();
    subscribe(&mut hub, 1, &all, Mode::Full, Delivery::Every);
    all.iter().for_each(|number| publish(&mut hub, *number, 100));
    let messages = native::encode_batch(&inbox.try_next().unwrap(), Format::Json);
    let ticks: Vec<_> = messages.iter().skip(1).collect();
    assert!(ticks.len() > 1);
    assert!(ticks.iter().all(|message| message.bytes.len() < TICK_BYTES_MAX + 200));
    assert_eq!(ticks.last().unwrap().position, hub.numbering().position().to_string());
    let count: usize = ticks
        .iter()
        .map(|message| serde_json::from_slice::<serde_json::Value>(&message.bytes).unwrap())
        .map(|message| message["data"].as_array().unwrap().len())
        .sum();
    assert_eq!(count, 1_000);
}

#[test]
fn both_formats_say_the_same() {
    let mut hub = hub(16);
    publish(&mut hub, 1, 151_050);
    let inbox = join(&mut hub, 1);
    subscribe(&mut hub, 1, &[1], Mode::Full, Delivery::Every);
    let batch = inbox.try_next().unwrap();
    let text: Vec<serde_json::Value> = native::encode_batch(&batch, Format::Json)
        .iter()
        .map(|message| serde_json::from_slice(&message.bytes).unwrap())
        .collect();
    let packed: Vec<serde_json::Value> = native::encode_batch(&batch, Format::MessagePack)
        .iter()
        .map(|message| rmp_serde::from_slice(&message.bytes).unwrap())
        .collect();
    assert_eq!(text, packed);
    assert_eq!(text[0]["type"], "subscribed");
    assert_eq!(text[1]["type"], "tick");
    assert_eq!(text[1]["data"][0]["instrument"], "NSE:S1");
    assert_eq!(text[1]["data"][0]["last"], "1510.50");
    assert_eq!(text[1]["data"][0]["source"], "sim");
    assert_eq!(text[1]["position"], "m1-0000000000000007-1");
}

#[derive(Clone, Debug)]
enum Step {
    Publish(u32),
    Take,
    /// The connection is cut after this many messages of what is due, and comes back with its last position.
    Cut(usize, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4u32).prop_map(Step::Publish),
        2 => Just(Step::Take),
        1 => (0..4usize, any::<bool>()).prop_map(|(messages, resume_first)| Step::Cut(messages, resume_first)),
    ]
}

/// What a client keeps: its position and, per instrument, the last `n`.
#[derive(Default)]
struct Client {
    position: Option<Position>,
    n: HashMap<u64, u64>,
}

impl Client {
    fn read(&mut self, bytes: &[u8], delivery: Delivery) -> Result<(), TestCaseError> {
        let message: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        match message["type"].as_str().unwrap() {
            "gap" => self.n.clear(),
            "tick" => {
                for tick in message["data"].as_array().unwrap() {
                    let (token, n) =
                        (tick["instrument_token"].as_u64().unwrap(), tick["n"].as_u64().unwrap());
                    if let Some(last) = self.n.insert(token, n) {
                        match delivery {
                            Delivery::Every => prop_assert_eq!(n, last + 1),
                            Delivery::Latest => {
                                prop_assert!(n >= last, "stepped back from {} to {}", last, n)
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        self.position = Some(message["position"].as_str().unwrap().parse().unwrap());
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// I-7 and the resume promise: whatever is cut and wherever, an `every` reader sees `n` rise by exactly one or an
    /// explicit gap, a `latest` reader sees it rise, and both end at the hub's own values.
    #[test]
    fn nothing_missed_nothing_twice(
        steps in prop::collection::vec(step(), 1..200),
        every in any::<bool>(),
        ring in prop_oneof![Just(8usize), Just(4096usize)],
    ) {
        let delivery = if every { Delivery::Every } else { Delivery::Latest };
        let mut hub = hub(ring);
        let all = [0, 1, 2, 3];
        let mut client = Client::default();
        let mut id = 1;
        let mut inbox = join(&mut hub, id);
        subscribe(&mut hub, id, &all, Mode::Full, delivery);
        let mut price = 0;
        for step in steps.into_iter().chain([Step::Cut(9, true), Step::Take]) {
            match step {
                Step::Publish(number) => {
                    price += 1;
                    publish(&mut hub, number, price);
                }
                Step::Take => {
                    for message in inbox.try_next().iter().flat_map(|b| native::encode_batch(b, Format::Json)) {
                        client.read(&message.bytes, delivery)?;
                    }
                }
                Step::Cut(messages, resume_first) => {
                    let due: Vec<_> =
                        inbox.try_next().iter().flat_map(|b| native::encode_batch(b, Format::Json)).collect();
                    for message in due.iter().take(messages) {
                        client.read(&message.bytes, delivery)?;
                    }
                    hub.leave(ReaderId(id));
                    id += 1;
                    inbox = join(&mut hub, id);
                    let Some(position) = client.position else {
                        subscribe(&mut hub, id, &all, Mode::Full, delivery);
                        continue;
                    };
                    if resume_first {
                        hub.resume(ReaderId(id), position);
                        subscribe(&mut hub, id, &all, Mode::Full, delivery);
                    } else {
                        subscribe(&mut hub, id, &all, Mode::Full, delivery);
                        hub.resume(ReaderId(id), position);
                    }
                }
            }
        }
        for number in all {
            let token = listed(number).token;
            if let Some(newest) = hub.latest().get(token) {
                prop_assert_eq!(client.n.get(&u64::from(token.0)), Some(&newest.n));
            }
        }
    }
}

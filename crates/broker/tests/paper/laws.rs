//! What holds whatever happens.

use std::collections::{BTreeMap, VecDeque};

use broker::paper::{BookUpdate, Happening, Matcher, MatcherConfig, Output, Terms};
use proptest::prelude::*;
use trade::request::Changes;
use trade::{Money, OrderType, Side, Validity};

use crate::stage::{TOKEN, book, last_only};

#[derive(Clone, Debug)]
enum Step {
    Place(Terms),
    Modify(u64, Changes),
    Cancel(u64),
    Book(Box<BookUpdate>),
    Advance,
    EndOfDay,
}

fn prices() -> impl Strategy<Value = i64> {
    95..106i64
}

fn terms() -> impl Strategy<Value = Terms> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let validity = prop_oneof![4 => Just(Validity::Day), 1 => Just(Validity::Ioc)];
    let expiry = proptest::option::weighted(0.2, 0..200_000i64);
    let prices = (proptest::option::weighted(0.95, prices()), proptest::option::weighted(0.95, prices()));
    (0..2u32, side, 0..4usize, -1..60i64, prices, validity, expiry).prop_map(
        |(token, side, order_type, quantity, (price, trigger), validity, expires_at)| {
            let order_type = OrderType::ALL[order_type];
            Terms {
                token: TOKEN + token,
                side,
                order_type,
                quantity,
                price: price.map(Money::rupees).filter(|_| order_type.has_price()),
                trigger: trigger.map(Money::rupees).filter(|_| order_type.has_trigger()),
                validity,
                expires_at,
            }
        },
    )
}

fn changes() -> impl Strategy<Value = Changes> {
    let quantity = proptest::option::of(-1..80i64);
    let kinds = (proptest::option::weighted(0.3, 0..4usize), proptest::option::weighted(0.2, 0..2usize));
    (quantity, proptest::option::of(prices()), proptest::option::of(prices()), kinds).prop_map(
        |(quantity, price, trigger, (order_type, validity))| Changes {
            quantity,
            price: price.map(Money::rupees),
            trigger_price: trigger.map(Money::rupees),
            order_type: order_type.map(|index| OrderType::ALL[index]),
            validity: validity.map(|index| Validity::ALL[index]),
        },
    )
}

/// A book around a middle; the volume is what trades on top of the last one.
fn books() -> impl Strategy<Value = BookUpdate> {
    let sizes = || proptest::collection::vec(0..40i64, 0..6);
    (0..2u32, 97..103i64, -3..4i64, 0..50i64, sizes(), sizes(), any::<u8>()).prop_map(
        |(token, middle, off, volume, bids, asks, depthless)| {
            if depthless < 20 {
                return BookUpdate { token: TOKEN + token, ..last_only(0, middle + off) };
            }
            let side = |sizes: &[i64], step: i64| -> Vec<(i64, i64)> {
                (1..).zip(sizes).map(|(n, size)| (middle + n * step, *size)).collect()
            };
            let update = book(0, middle + off, volume, &side(&bids, -1), &side(&asks, 1));
            BookUpdate { token: TOKEN + token, ..update }
        },
    )
}

/// `backwards`: how far the caller's clock may step back.
fn steps(backwards: i64) -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        5 => terms().prop_map(Step::Place),
        2 => (0..40u64, changes()).prop_map(|(key, changes)| Step::Modify(key, changes)),
        1 => (0..40u64).prop_map(Step::Cancel),
        6 => books().prop_map(|update| Step::Book(Box::new(update))),
        2 => Just(Step::Advance),
        1 => proptest::bool::weighted(0.1).prop_map(|end| if end { Step::EndOfDay } else { Step::Advance }),
    ];
    proptest::collection::vec((-backwards..3_000i64, step), 0..120).prop_map(|mut steps| {
        let (mut now, mut volumes) = (0, BTreeMap::new());
        for (time, step) in &mut steps {
            now += *time;
            *time = now;
            if let Step::Book(update) = step {
                update.at = now;
                if update.depth.is_some() {
                    let volume = volumes.entry(update.token).or_insert(1_000);
                    *volume += update.volume;
                    update.volume = *volume;
                }
            }
        }
        steps
    })
}

fn config() -> MatcherConfig {
    MatcherConfig { latency_ns: 1_000, reject_per_million: 50_000, ..MatcherConfig::default() }
}

/// One output list per step. `often`: time is also let pass on the way.
fn run(steps: &[(i64, Step)], often: bool) -> Vec<Vec<Output>> {
    let mut matcher = Matcher::new(config());
    let (mut key, mut before) = (0, 0);
    let mut one = |(now, step): &(i64, Step)| {
        let mut out = Vec::new();
        if often {
            matcher.advance(before + (now - before) / 2, &mut out);
        }
        before = *now;
        match step {
            Step::Place(terms) => {
                matcher.place(key, *terms, *now).unwrap();
                key += 1;
            }
            Step::Modify(key, changes) => matcher.modify(*key, changes, *now).unwrap(),
            Step::Cancel(key) => matcher.cancel(*key, *now).unwrap(),
            Step::Book(update) => matcher.on_book(update, &mut out),
            Step::Advance => matcher.advance(*now, &mut out),
            Step::EndOfDay => matcher.end_of_day(*now, |_| true, &mut out),
        }
        out
    };
    let mut outputs: Vec<Vec<Output>> = steps.iter().map(&mut one).collect();
    let mut rest = Vec::new();
    matcher.end_of_day(1_000_000, |_| true, &mut rest);
    outputs.push(rest);
    assert_eq!(matcher.open().count(), 0, "an order outlived the day");
    assert_eq!((matcher.next_due(), matcher.wanted()), (None, Vec::new()));
    outputs
}

/// An order as its owner follows it.
struct Followed {
    terms: Terms,
    filled: i64,
    has_ended: bool,
}

impl Followed {
    fn modify(&mut self, changes: Changes) {
        let order_type = changes.order_type.unwrap_or(self.terms.order_type);
        self.terms = Terms {
            order_type,
            quantity: changes.quantity.unwrap_or(self.terms.quantity),
            price: changes.price.or(self.terms.price).filter(|_| order_type.has_price()),
            ..self.terms
        };
        assert!(self.terms.quantity > self.filled);
    }

    fn fill(&mut self, quantity: i64, price: Money) {
        assert!(quantity > 0);
        self.filled += quantity;
        assert!(self.filled <= self.terms.quantity, "more filled than ordered");
        if let Some(limit) = self.terms.price {
            let beyond = (price - limit) * self.terms.side.sign();
            assert!(beyond <= Money::ZERO, "worse than the limit");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn fills_keep_to_quantity_and_limit_and_every_order_ends_once(steps in steps(500)) {
        let mut orders: Vec<Followed> = Vec::new();
        // Modifications and cancellations (`None`) without an answer: answered in the order of handing over.
        let mut asked: BTreeMap<u64, VecDeque<Option<Changes>>> = BTreeMap::new();
        let mut newest = i64::MIN;
        let outputs = run(&steps, false);
        let at_the_end = (0, Step::Advance);
        for ((_, step), out) in steps.iter().chain([&at_the_end]).zip(&outputs) {
            match step {
                Step::Place(terms) => orders.push(Followed { terms: *terms, filled: 0, has_ended: false }),
                Step::Modify(key, changes) => asked.entry(*key).or_default().push_back(Some(changes.clone())),
                Step::Cancel(key) => asked.entry(*key).or_default().push_back(None),
                _ => {}
            }
            for output in out {
                prop_assert!(output.at >= newest, "time ran backwards");
                newest = output.at;
                let mut answered = || asked.get_mut(&output.key).and_then(VecDeque::pop_front);
                if let Happening::ChangeRefused { .. } = output.what {
                    prop_assert!(answered().is_some());
                    continue;
                }
                let order = &mut orders[output.key as usize];
                prop_assert!(!order.has_ended, "something happened after the end");
                match output.what {
                    Happening::Filled { quantity, price } => order.fill(quantity, price),
                    Happening::Completed => prop_assert_eq!(order.filled, order.terms.quantity),
                    Happening::Rejected { .. } => prop_assert_eq!(order.filled, 0),
                    Happening::Cancelled { requested } => {
                        prop_assert!(order.filled < order.terms.quantity);
                        prop_assert!(!requested || answered() == Some(None));
                    }
                    Happening::Modified => order.modify(answered().flatten().unwrap()),
                    _ => {}
                }
                order.has_ended = matches!(
                    output.what,
                    Happening::Completed
                        | Happening::Rejected { .. }
                        | Happening::Cancelled { .. }
                        | Happening::Expired
                );
            }
        }
        prop_assert!(orders.iter().all(|order| order.has_ended), "an order was left");
        prop_assert!(asked.values().all(VecDeque::is_empty), "a change was left without an answer");
    }

    #[test]
    fn the_same_inputs_give_the_same_outputs_however_often_time_passes(steps in steps(0)) {
        let outputs = run(&steps, false);
        prop_assert_eq!(&outputs, &run(&steps, false));
        prop_assert_eq!(outputs.concat(), run(&steps, true).concat());
    }

    /// All our fills between two updates of an instrument come out of what the market showed and traded.
    #[test]
    fn no_more_is_taken_than_the_market_had(steps in steps(0)) {
        let mut tokens: Vec<u32> = Vec::new();
        let mut had: BTreeMap<u32, (i64, bool)> = BTreeMap::new();
        let mut newest: BTreeMap<u32, BookUpdate> = BTreeMap::new();
        let mut clock = 0;
        for ((now, step), out) in steps.iter().zip(run(&steps, false)) {
            if let Step::Place(terms) = step {
                tokens.push(terms.token);
            }
            clock = clock.max(*now);
            let mut parts = out.into_iter().peekable();
            let mut settle = |had: &mut BTreeMap<u32, (i64, bool)>, before: Option<i64>| {
                // Without `before` all that is left; with it what happened before that moment met the older book.
                while let Some(output) = parts.next_if(|output| before.is_none_or(|before| output.at < before)) {
                    if let Happening::Filled { quantity, .. } = output.what {
                        let (left, is_bounded) = had.entry(tokens[output.key as usize]).or_default();
                        *left -= quantity;
                        assert!(*left >= 0 || !*is_bounded, "more was taken than there was");
                    }
                }
            };
            if let Step::Book(update) = step {
                settle(&mut had, Some(clock));
                if newest.get(&update.token) != Some(update.as_ref()) {
                    let shown = update.depth.map_or(0, |depth| {
                        depth.bids.iter().chain(&depth.asks).map(|level| level.1).sum()
                    });
                    let before = newest.get(&update.token).map_or(update.volume, |before| before.volume);
                    let traded = (update.volume - before).max(0);
                    // An arrival at this very moment may still have met the older book: leave that to it.
                    let rest = had.get(&update.token).map_or(0, |(left, _)| *left).max(0);
                    let is_bounded = update.depth.is_some() && had.get(&update.token).is_none_or(|had| had.1);
                    had.insert(update.token, (shown + traded + rest, is_bounded));
                    newest.insert(update.token, **update);
                }
            }
            settle(&mut had, None);
        }
    }
}

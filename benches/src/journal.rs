//! How fast a journal is checked, and how long a start takes that has to fold it.
//!
//! The rows are those of a day of paper trading: a signal, its verdict, a call, its end, a report and a trade, again and
//! again, with the bodies that the gateway writes.

use anyhow::{Context, bail, ensure};
use engine::snapshot::Snapshot;
use engine::{Config, Engine};
use journal::DataDirectory;
use journal::events::{
    Append, Batch, BatchIds, Claim, Head, Journal, SqliteJournal, Stream, check, hash_row,
};
use trade::event::{
    AccountAdded, Answer, Call, CallAnswered, Cause, Class, Decided, Inputs, Intended, JournalBegan,
    SignalReceived, TradeReported, VenueReported, VenueStatus, Verdict,
};
use trade::signal::{Child, OrderShape, Target};
use trade::view::{PriceSource, Quote, Trading};
use trade::{
    AccountId, Contract, Event, IntentId, Limits, Money, Now, OrderId, OrderIds, OrderRequest, OrderType,
    Product, SCHEMA, Side, Signal, SignalId, Strategy, Validity,
};

use crate::clock::{rate, timed};
use crate::options::Size;
use crate::report::{Bar, Report, Row};
use crate::run::Measured;

const CHECK_ROWS_PER_SECOND: f64 = 200_000.0;
const START_SECONDS: f64 = 15.0;
const SNAPSHOT_SECONDS: f64 = 3.0;
/// Rows that a gateway may have to fold after its newest snapshot.
const AFTER_SNAPSHOT: usize = 200_000;
/// Rows of one signal from receipt to trade.
const PER_SIGNAL: usize = 6;
/// Signals of one append.
const SIGNALS: usize = 100;
/// 2026-11-20T10:00:00+05:30, and the distance of one append to the next.
const BEGAN: i64 = 1_795_149_000_000_000_000;
const STEP: i64 = 20_000_000;

/// Measures.
///
/// # Errors
/// When the journal cannot be made or read.
pub fn measure(size: Size) -> anyhow::Result<Measured> {
    let rows = size.pick(1_000_000, 100_000, 3_000);
    let rounds = size.pick(5, 3, 1);
    let folder = tempfile::tempdir()?;
    let directory = DataDirectory::open_or_create(&folder.path().join("data"))?;
    let mut report = Report::begin("bench-journal", rounds);
    let (made, took) = timed(|| make(&directory, rows));
    let (rows, instance) = made?;
    report.note(format!("{rows} rows, written at {:.0} rows/s", rate(rows, took)));

    let mut journal = SqliteJournal::open(&directory)?;
    let sample = journal.read(0, 4_096)?;
    let (mut checks, mut hashes) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (hashed, took) = timed(|| sample.iter().filter(|row| hash_row(row) == row.hash).count());
        ensure!(hashed == sample.len(), "a row of the sample has another hash");
        hashes.push(rate(hashed, took));
        let (checked, took) = timed(|| check(&mut journal));
        ensure!(checked?.events == rows as u64, "not every row was checked");
        checks.push(rate(rows, took));
    }
    let hashes = Row::of("baseline: hashing alone", "rows/s", &hashes);
    let checks = Row::of("check of the chain", "rows/s", &checks);
    report.push(checks.against("hashing", &hashes).bar(Bar::AtLeast(CHECK_ROWS_PER_SECOND)));
    report.push(hashes);

    let (mut from_zero, mut from_snapshot) = (Vec::new(), Vec::new());
    let early = snapshot(&directory, rows.saturating_sub(AFTER_SNAPSHOT) as u64)?;
    for _ in 0..rounds {
        let (opened, took) = timed(|| open(&directory, instance, None));
        ensure!(opened?.state().seq == rows as u64, "not every row was folded");
        from_zero.push(took.as_secs_f64());
        let (opened, took) = timed(|| open(&directory, instance, Some(Snapshot::from_bytes(&early)?)));
        ensure!(opened?.state().seq == rows as u64, "not every row after the snapshot was folded");
        from_snapshot.push(took.as_secs_f64());
    }
    let zero = Row::of("start from the first row", "s", &from_zero).bar(Bar::Below(START_SECONDS));
    let name = format!("start from a snapshot {AFTER_SNAPSHOT} rows ago");
    let snapshot = Row::of(name, "s", &from_snapshot).against("first row", &zero);
    report.push(zero);
    report.push(snapshot.bar(Bar::Below(SNAPSHOT_SECONDS)));
    Ok(Measured::Found(report))
}

fn open(
    directory: &DataDirectory,
    instance: u32,
    snapshot: Option<Snapshot>,
) -> anyhow::Result<Engine<SqliteJournal>> {
    Ok(Engine::open(SqliteJournal::open(directory)?, Config::new(instance), snapshot)?)
}

/// The state after row `seq` as a gateway writes it.
fn snapshot(directory: &DataDirectory, seq: u64) -> anyhow::Result<Vec<u8>> {
    let mut journal = SqliteJournal::open(directory)?;
    let (mut state, mut hash) = (trade::State::default(), Head::EMPTY.hash);
    while state.seq < seq {
        for row in journal.read(state.seq, 4_096)?.into_iter().take_while(|row| row.seq <= seq) {
            let event = engine::rows::event(&row)?;
            let folded =
                trade::apply::Row { seq: row.seq, stream_seq: row.stream_seq, time: row.time, event: &event };
            trade::apply::apply(&mut state, folded);
            hash = row.hash;
        }
    }
    Ok(Snapshot::to_bytes(&state, hash)?)
}

/// Writes at least `rows` rows and answers how many, and the instance that wrote them.
fn make(directory: &DataDirectory, rows: usize) -> anyhow::Result<(usize, u32)> {
    let mut journal = SqliteJournal::open(directory)?;
    let instance = journal.register("bench", BEGAN, SCHEMA)?;
    let account: AccountId = "paper".parse().ok().context("an account")?;
    let stream = Stream::account(account.as_str());
    journal.take_lease(&stream, instance, 0)?;
    let mut ids = BatchIds::new(instance);
    let mut orders = OrderIds::new(1, instance);
    let began = Event::JournalBegan(JournalBegan { incarnation: 1, restored_at: None });
    let added = Event::AccountAdded(AccountAdded {
        account: account.clone(),
        class: Class::Paper,
        funds: Money::rupees(10_000_000),
        url: String::new(),
        api_key: String::new(),
        limits: Limits::default(),
        by: "bench".into(),
    });
    let mut expected = 0;
    let mut append = |events: Vec<Event>, time: i64| {
        let decisions = events.iter().filter(|event| engine::rows::decider(event).is_some()).count() as u64;
        let id = ids.next_id();
        let rows = events
            .iter()
            .enumerate()
            .map(|(number, event)| engine::rows::row(event, &format!("{id}-{number}")))
            .collect();
        let claims = vec![Claim { stream: stream.clone(), epoch: 1, expected }];
        expected += decisions;
        match journal.append(&Batch { id, time, rows, claims, control_seen: None }) {
            Append::Durable { head, .. } => Ok(head.seq as usize),
            other => bail!("the journal took no rows: {other:?}"),
        }
    };
    let mut written = append(vec![began, added], BEGAN)?;
    let (mut number, mut time) = (0, BEGAN);
    while written < rows {
        time += STEP;
        let mut events = Vec::with_capacity(SIGNALS * PER_SIGNAL);
        for _ in 0..SIGNALS {
            number += 1;
            events.extend(one_signal(number, orders.draw(), &account, time, written as u64)?);
        }
        written = append(events, time)?;
    }
    Ok((written, instance))
}

/// From a signal to its trade.
fn one_signal(
    number: u64,
    order: OrderId,
    account: &AccountId,
    now: i64,
    seen: u64,
) -> anyhow::Result<[Event; PER_SIGNAL]> {
    let contract = Contract {
        name: format!("NSE:SHARE{}", number % 200),
        token: 100_000 + (number % 200) as u32,
        lot: 1,
        tick: Money::paise(5),
        kind: trade::contract::Kind::Equity,
        expiry: None,
    };
    let side = if number % 400 < 200 { Side::Buy } else { Side::Sell };
    let id: SignalId = format!("breakout-{number}").parse().ok().context("a signal id")?;
    let strategy: Strategy = "breakout".parse().ok().context("a strategy")?;
    let target = Target::Trade { side, quantity: 10 };
    let price = Money::paise(150_000 + i64::try_from(number % 1_000)? * 5);
    let signal = Signal {
        id: id.clone(),
        strategy,
        contract: contract.clone(),
        target,
        order: OrderShape {
            order_type: OrderType::Market,
            price: None,
            trigger_price: None,
            validity: Validity::Day,
            product: Product::Mis,
        },
        ttl_ms: Some(5_000),
        children: vec![Child { account: account.clone(), target }],
    };
    let request = OrderRequest {
        contract,
        side,
        quantity: 10,
        order_type: OrderType::Market,
        price: None,
        trigger_price: None,
        validity: Validity::Day,
        product: Product::Mis,
    };
    let (intent, account) = (IntentId { order, n: 1 }, account.clone());
    let quote = Quote {
        last: price,
        bid: Some(price),
        ask: Some(price),
        age_ms: 12,
        source: PriceSource::Sim,
        suspect: None,
        band: None,
    };
    Ok([
        Event::SignalReceived(SignalReceived {
            signal,
            digest: format!("{number:064x}"),
            by: "benchkey00000001".into(),
        }),
        Event::Decided(Decided {
            account: account.clone(),
            cause: Cause::Signal(id.clone()),
            verdict: Verdict::Accepted,
            reasons: Vec::new(),
            orders: vec![order],
            inputs: Inputs {
                seen,
                now: Now { machine: now, market: now },
                quote: Some(quote),
                trading: Some(Trading::Open),
                marks: Vec::new(),
            },
        }),
        Event::Intended(Intended {
            intent,
            account: account.clone(),
            call: Call::Place(request),
            signal: Some(id),
            tag: None,
            kite: None,
            send_by: now + 1_000_000_000,
            day: jiff::civil::date(2026, 11, 20),
        }),
        Event::CallAnswered(CallAnswered {
            intent,
            account: account.clone(),
            answer: Answer::Acknowledged { venue_order_id: format!("P{number}") },
        }),
        Event::TradeReported(TradeReported {
            trade_id: format!("T{number}"),
            order,
            account: account.clone(),
            quantity: 10,
            price,
            at: now,
        }),
        Event::VenueReported(VenueReported {
            order,
            account,
            venue_order_id: format!("P{number}"),
            status: VenueStatus::Complete,
            filled: 10,
            terms: None,
            message: None,
            revision: "2".into(),
            at: now,
        }),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_a_day_of_trading() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&folder.path().join("data")).unwrap();
        let (rows, instance) = make(&directory, 3_000).unwrap();
        let engine = open(&directory, instance, None).unwrap();
        let state = engine.state();
        assert_eq!(state.seq, rows as u64);
        assert!(
            state.orders.values().all(|order| order.filled == 10 && order.stage.is_ended()),
            "all are filled"
        );
        let Measured::Found(report) = measure(Size::Tiny).unwrap() else { panic!("nothing was measured") };
        assert_eq!(report.rows().len(), 4);
    }
}

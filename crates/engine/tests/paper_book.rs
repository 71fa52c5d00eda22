//! A paper book lives in the memory of the instance that holds the account. After a pause two of them can exist for a moment:
//! only what the holder's says has happened.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use engine::{Config, Engine, Input, Output, Ticket, Times};
use journal::events::{Journal, MemoryJournal};
use trade::event::{AccountAdded, Answer, CallAnswered, Class, JournalBegan, TradeReported};
use trade::view::{Quote, Trading};
use trade::{AccountId, Contract, Event, IntentId, Limits, MarketView, Money, Now, OrderId, SCHEMA};

struct NoMarket;

impl MarketView for NoMarket {
    fn quote(&self, _: &Contract) -> Option<Quote> {
        None
    }

    fn trading(&self, _: &Contract) -> Trading {
        Trading::Open
    }
}

const TIMES: Times =
    Times { now: Now { machine: 1_000_000_000, market: 1_000_000_000 }, mono: 1_000_000_000 };

fn paper() -> AccountId {
    "paper".parse().unwrap()
}

fn start(journal: &MemoryJournal, name: &str) -> Engine<MemoryJournal> {
    let mut journal = journal.clone();
    let number = journal.register(name, 0, SCHEMA).unwrap();
    Engine::open(journal, Config::new(number), None).unwrap()
}

fn order() -> OrderId {
    OrderId::new(1_000_000_000_000_000_001).unwrap()
}

fn fill(trade_id: &str) -> Input {
    Input::Venue(Box::new(Event::TradeReported(TradeReported {
        trade_id: trade_id.into(),
        order: order(),
        account: paper(),
        quantity: 3,
        price: Money::rupees(100),
        at: 0,
    })))
}

fn kinds(journal: &MemoryJournal) -> Vec<String> {
    journal.clone().read(0, 100).unwrap().into_iter().map(|row| row.kind).collect()
}

#[test]
fn a_book_that_moved_with_the_lease_says_nothing_more_where_it_was() {
    let journal = MemoryJournal::new();
    let mut paused = start(&journal, "paused");
    let began = Event::JournalBegan(JournalBegan { incarnation: 1, restored_at: None });
    let added = Event::AccountAdded(AccountAdded {
        account: paper(),
        class: Class::Paper,
        funds: Money::rupees(1_000),
        url: String::new(),
        api_key: String::new(),
        limits: Limits::default(),
        by: "test".into(),
    });
    let control = |event| Input::Control { event: Box::new(event), made_at: None, ticket: Ticket(1) };
    paused.step(vec![control(began), control(added)], &NoMarket, TIMES).unwrap();
    assert!(matches!(paused.keep_leases(TIMES).unwrap()[..], [Output::Gained(_)]));
    let mut holder = start(&journal, "holder");
    holder.note_dead([paused.instance()], TIMES.mono);
    assert!(matches!(holder.keep_leases(TIMES).unwrap()[..], [Output::Gained(_)]));

    // It does not know yet that it holds the account no longer.
    assert!(paused.holds(&paper(), TIMES));
    let outputs = paused.step(vec![fill("a")], &NoMarket, TIMES).unwrap();
    assert!(matches!(outputs[..], [Output::Lost(_)]), "{outputs:?}");
    assert!(!kinds(&journal).contains(&"trade_reported".to_owned()), "{:?}", kinds(&journal));

    // That a call never left the book that is gone is for its maker to say, whoever holds the account.
    let answer = Answer::NeverLeft { why: "too late".into() };
    let intent = IntentId { order: order(), n: 1 };
    let answered = Event::CallAnswered(CallAnswered { intent, account: paper(), answer });
    paused.step(vec![Input::Venue(Box::new(answered))], &NoMarket, TIMES).unwrap();
    holder.step(vec![fill("b")], &NoMarket, TIMES).unwrap();
    let said = kinds(&journal);
    assert_eq!(said[said.len() - 2..], ["call_answered", "trade_reported"], "{said:?}");
}

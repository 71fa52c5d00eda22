//! Beside a running instance of an older version nothing is written that it could not fold: who asks for it is told, and
//! everything else goes on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use engine::{Config, Engine, Input, Output, Reply, Ticket, Times};
use journal::events::{Journal, MemoryJournal};
use trade::contract::Kind;
use trade::conversion::{Conversion, Part};
use trade::event::{AccountAdded, Class, ConversionCommanded, FlagSet, JournalBegan};
use trade::view::{Quote, Trading};
use trade::{Contract, Event, Limits, MarketView, Money, Now, Product, SCHEMA, Side};

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

fn control(event: Event, ticket: u64) -> Input {
    Input::Control { event: Box::new(event), made_at: None, ticket: Ticket(ticket) }
}

fn flag(ticket: u64) -> Input {
    let (name, why, by) = (format!("flag-{ticket}"), String::new(), "test".to_owned());
    control(Event::FlagSet(FlagSet { name, on: true, why, by }), ticket)
}

fn conversion(ticket: u64) -> Input {
    let contract = Contract {
        name: "NSE:INFY".into(),
        token: 1,
        lot: 1,
        tick: Money::paise(5),
        kind: Kind::Equity,
        expiry: None,
    };
    let (side, quantity, part) = (Side::Buy, 1, Part::Day);
    let what = Conversion { contract, side, quantity, part, from: Product::Mis, to: Product::Cnc };
    let account = "paper".parse().unwrap();
    let conversion = ConversionCommanded { conversion: ticket, account, what, by: "test".into() };
    Input::Conversion { conversion: Box::new(conversion), ticket: Ticket(ticket) }
}

#[test]
fn what_an_older_version_cannot_fold_is_refused_to_who_asks() {
    let mut journal = MemoryJournal::new();
    let older = journal.register("older", 0, 1).unwrap();
    let number = journal.register("newer", 0, SCHEMA).unwrap();
    let mut engine = Engine::open(journal.clone(), Config::new(number), None).unwrap();
    let began = Event::JournalBegan(JournalBegan { incarnation: 1, restored_at: None });
    let added = Event::AccountAdded(AccountAdded {
        account: "paper".parse().unwrap(),
        class: Class::Paper,
        funds: Money::rupees(1_000),
        url: String::new(),
        api_key: String::new(),
        limits: Limits::default(),
        by: "test".into(),
    });
    engine.step(vec![control(began, 1), control(added, 2)], &NoMarket, TIMES).unwrap();
    engine.keep_leases(TIMES).unwrap();

    let outputs = engine.step(vec![flag(3), conversion(4), flag(5)], &NoMarket, TIMES).unwrap();
    let (mut refused, mut recorded) = (Vec::new(), Vec::new());
    for output in outputs {
        match output {
            Output::Reply(ticket, Reply::OlderInstance) => refused.push(ticket),
            Output::Reply(ticket, Reply::Recorded { .. }) => recorded.push(ticket),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(recorded, [Ticket(3), Ticket(5)]);
    assert_eq!(refused, [Ticket(4)]);
    assert!(engine.state().accounts.values().all(|account| account.pending.is_empty()));

    // Once it has ended the same is taken, and from then on it cannot come back.
    journal.mark_ended(older).unwrap();
    let outputs = engine.step(vec![conversion(6)], &NoMarket, TIMES).unwrap();
    assert!(matches!(outputs[..], [Output::Reply(Ticket(6), Reply::Recorded { .. })]), "{outputs:?}");
    assert!(journal.register("older again", 0, 1).is_err());
}

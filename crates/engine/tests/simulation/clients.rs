//! Clients: what they ask for, what they remember of the answers.

use engine::{Reply, Ticket, rows};
use trade::event::{
    CommandedAct, FlagSet, GttAct, GttCommanded, Halted, LimitsSet, OrderCommanded, Resumed, SignalReceived,
};
use trade::gtt::{GttLeg, GttTerms};
use trade::request::{Changes, Product};
use trade::signal::{Child, OrderShape, Signal, Target};
use trade::state::State;
use trade::{
    AccountId, Contract, Event, GttId, Limits, Money, OrderId, OrderRequest, OrderType, Side, Validity,
    allocation,
};

use crate::market::Market;
use crate::oracle::{Checked, Oracle, RECORDED, violated};
use crate::random::Random;

/// One thing that a client wants, and how far it came.
#[derive(Clone, Debug)]
pub struct Post {
    pub event: Event,
    pub attempts: u32,
    pub replied: bool,
}

/// A post on its way through one instance.
#[derive(Clone, Debug)]
pub struct Asked {
    pub post: usize,
    pub event: Event,
    pub number: u32,
    /// The journal's head when it was asked for the first time; `None` when it is asked again.
    pub after: Option<u64>,
}

pub fn new_ticket(used: &mut u64) -> Ticket {
    *used += 1;
    Ticket(*used)
}

fn prices(
    random: &mut Random,
    contract: &Contract,
    last: Money,
) -> (OrderType, Option<Money>, Option<Money>) {
    let near = |random: &mut Random| last + contract.tick * random.between(-40, 40);
    match random.index(10) {
        0..4 => (OrderType::Market, None, None),
        4..9 => (OrderType::Limit, Some(near(random)), None),
        _ => {
            let trigger = last + contract.tick * random.between(5, 60);
            (OrderType::StopLimit, Some(trigger), Some(trigger))
        }
    }
}

fn quantity(random: &mut Random, contract: &Contract) -> i64 {
    let lots = random.between(1, 6);
    // Now and then no whole number of lots, or far too much.
    let odd = i64::from(random.chance(40) && contract.lot > 1);
    if random.chance(20) { 1_000_000 * i64::from(contract.lot) } else { lots * i64::from(contract.lot) + odd }
}

fn side(random: &mut Random) -> Side {
    random.pick(&[Side::Buy, Side::Sell])
}

fn digest(random: &mut Random) -> String {
    format!("{:064x}", random.next())
}

pub fn signal(random: &mut Random, market: &Market, accounts: &[AccountId], name: usize) -> Event {
    let contract = market.contracts[random.index(market.contracts.len())].clone();
    let target = if random.chance(250) {
        Target::Position(random.between(-200, 200))
    } else {
        Target::Trade { side: side(random), quantity: quantity(random, &contract) }
    };
    let (order_type, price, trigger_price) = prices(random, &contract, market.last(&contract));
    let weights: Vec<(AccountId, u32)> = accounts
        .iter()
        .filter(|_| accounts.len() == 1 || random.clone().chance(1_000))
        .map(|account| (account.clone(), 1))
        .collect();
    let many = random.chance(400);
    let one = vec![(accounts[random.index(accounts.len())].clone(), 1)];
    let weights = if many { weights } else { one };
    let children = allocation::split(target, &weights, contract.lot)
        .unwrap_or_else(|_| vec![Child { account: weights[0].0.clone(), target }]);
    Event::SignalReceived(SignalReceived {
        signal: Signal {
            id: format!("s-{name}").parse().unwrap(),
            strategy: "walk".parse().unwrap(),
            contract,
            target,
            order: OrderShape {
                order_type,
                price,
                trigger_price,
                validity: random.pick(&[Validity::Day, Validity::Day, Validity::Ioc]),
                product: random.pick(&[Product::Mis, Product::Nrml]),
            },
            ttl_ms: random.pick(&[None, Some(10_000), Some(300), Some(2_000)]),
            children,
        },
        digest: digest(random),
        by: "key-1".to_owned(),
    })
}

pub fn request(random: &mut Random, market: &Market) -> OrderRequest {
    let contract = market.contracts[random.index(market.contracts.len())].clone();
    let (order_type, price, trigger_price) = prices(random, &contract, market.last(&contract));
    OrderRequest {
        side: side(random),
        quantity: quantity(random, &contract),
        order_type,
        price,
        trigger_price,
        validity: random.pick(&[Validity::Day, Validity::Day, Validity::Ioc]),
        product: random.pick(&[Product::Mis, Product::Nrml]),
        contract,
    }
}

pub fn place(random: &mut Random, market: &Market, account: AccountId, order: OrderId, name: usize) -> Event {
    Event::OrderCommanded(OrderCommanded {
        order,
        command: 1,
        account,
        what: CommandedAct::Place(request(random, market)),
        client_id: random.chance(500).then(|| format!("c-{name}").parse().unwrap()),
        digest: digest(random),
        tag: Some("tag".to_owned()),
        kite: None,
        may_slice: random.chance(400),
        by: "key-2".to_owned(),
    })
}

/// A change or the end of some order, mostly of an open one.
pub fn change(random: &mut Random, state: &State, fresh: OrderId, name: usize) -> Option<Event> {
    let open: Vec<&OrderId> = state.accounts.values().flat_map(|account| account.open.iter()).collect();
    let any: Vec<&OrderId> = state.orders.keys().collect();
    let from = if random.chance(850) { &open } else { &any };
    let known = from.get(random.index(from.len())).and_then(|id| state.orders.get(id));
    let account = match known {
        Some(order) => order.account.clone(),
        None => state.accounts.keys().next()?.clone(),
    };
    let order = known.filter(|_| !random.chance(30)).map_or(fresh, |order| order.id);
    let what = if random.chance(500) {
        CommandedAct::Cancel
    } else {
        let request = known.map(|order| &order.request);
        let lot = request.map_or(1, |request| i64::from(request.contract.lot));
        let tick = request.map_or(Money::paise(5), |request| request.contract.tick);
        let price =
            request.and_then(|request| request.price).map(|price| price + tick * random.between(-9, 9));
        CommandedAct::Modify(Changes {
            quantity: random.chance(500).then(|| lot * random.between(1, 8)),
            price,
            ..Changes::default()
        })
    };
    Some(Event::OrderCommanded(OrderCommanded {
        order,
        command: 1_000 + name as u64,
        account,
        what,
        client_id: None,
        digest: String::new(),
        tag: None,
        kite: None,
        may_slice: false,
        by: "key-2".to_owned(),
    }))
}

fn terms(random: &mut Random, market: &Market) -> GttTerms {
    let contract = market.contracts[random.index(market.contracts.len())].clone();
    let last_price = market.last(&contract);
    let away = |random: &mut Random, sign: i64| contract.tick * (sign * random.between(1, 60));
    let triggers = match random.index(3) {
        0 => vec![last_price + away(random, -1)],
        1 => vec![last_price + away(random, 1)],
        _ => vec![last_price + away(random, -1), last_price + away(random, 1)],
    };
    let mut leg = |trigger: Money| GttLeg {
        trigger,
        order: OrderRequest {
            contract: contract.clone(),
            side: side(random),
            quantity: quantity(random, &contract),
            order_type: OrderType::Limit,
            price: Some(trigger + contract.tick * random.between(-9, 9)),
            trigger_price: None,
            validity: Validity::Day,
            product: random.pick(&[Product::Mis, Product::Nrml]),
        },
    };
    let legs = triggers.into_iter().map(&mut leg).collect();
    GttTerms { contract, last_price, legs }
}

/// An order that waits for a price, new or changed. Numbers are drawn as an instance would: now and then two draw the same.
pub fn gtt(random: &mut Random, market: &Market, state: &State, account: AccountId, name: usize) -> Event {
    let command = 2_000_000 + name as u64;
    let known: Vec<(&GttId, &AccountId)> =
        state.gtts.kept.iter().map(|(id, gtt)| (id, &gtt.account)).collect();
    let old = known.get(random.index(known.len())).map(|(id, account)| (**id, (*account).clone()));
    let (gtt, account, what) = match (random.index(10), old) {
        (0..2, Some((id, account))) => (id, account, GttAct::Replace(terms(random, market))),
        (2..4, Some((id, account))) => (id, account, GttAct::Delete),
        _ => (GttId(state.gtts.newest + 1), account, GttAct::Place(terms(random, market))),
    };
    Event::GttCommanded(GttCommanded { gtt, command, account, what, by: "key-3".to_owned() })
}

/// The end of everything that still waits for a price.
pub fn delete_all(state: &State, name: usize) -> Vec<Event> {
    let active = state
        .accounts
        .iter()
        .flat_map(|(account, held)| held.gtts_active.iter().map(move |id| (id, account)));
    let delete = |(place, (id, account)): (usize, (&GttId, &AccountId))| {
        Event::GttCommanded(GttCommanded {
            gtt: *id,
            command: 2_000_000 + (name + place) as u64,
            account: account.clone(),
            what: GttAct::Delete,
            by: "key-3".to_owned(),
        })
    };
    active.enumerate().map(delete).collect()
}

pub fn control(random: &mut Random, accounts: &[AccountId], name: usize) -> Event {
    let account = random.chance(600).then(|| accounts[random.index(accounts.len())].clone());
    let (why, by) = (format!("control {name}"), "operator".to_owned());
    match random.index(10) {
        0..2 => Event::Halted(Halted { account, why, cancel_open: random.chance(500), by }),
        2..7 => Event::Resumed(Resumed { account, why, by }),
        7..9 => Event::LimitsSet(LimitsSet {
            account: accounts[random.index(accounts.len())].clone(),
            limits: limits(random),
            by: why,
        }),
        _ => Event::FlagSet(FlagSet { name: "flag".to_owned(), on: random.chance(500), why, by }),
    }
}

pub fn limits(random: &mut Random) -> Limits {
    Limits {
        orders_per_second: random.chance(300).then_some(2),
        orders_per_minute: random.chance(200).then_some(40),
        position_quantity: random.chance(200).then_some(2_000),
        margin_percent: random.chance(150).then_some(20),
        daily_loss: random.chance(150).then_some(Money::rupees(50_000)),
        duplicate_window_ms: random.chance(200).then_some(1_000),
        freeze_quantity: random.chance(400).then(|| random.pick(&[2, 50, 80, 160])),
        ..Limits::default()
    }
}

/// The same request with other content under the same name.
pub fn altered(random: &mut Random, event: &Event) -> Event {
    let mut altered = event.clone();
    match &mut altered {
        Event::SignalReceived(body) => body.digest = digest(random),
        Event::OrderCommanded(body) if body.client_id.is_some() => body.digest = digest(random),
        Event::GttCommanded(body) => body.by = digest(random),
        _ => {}
    }
    altered
}

/// The name under which a signal or an order is unique.
pub fn key(event: &Event) -> Option<String> {
    let is_named =
        matches!(event, Event::SignalReceived(_) | Event::OrderCommanded(_) | Event::GttCommanded(_));
    rows::row(event, "").key.filter(|_| is_named)
}

fn content(event: &Event) -> &str {
    match event {
        Event::SignalReceived(body) => &body.digest,
        Event::OrderCommanded(body) => &body.digest,
        _ => "",
    }
}

/// Whether a reply is true at the moment when it goes out.
pub fn judge(reply: &Reply, asked: &Asked, oracle: &Oracle) -> Checked {
    let says = |seq: u64, what: &str| {
        violated(
            RECORDED,
            format!("{reply:?} {what} for {:?}; the row is {:?}", asked.event, oracle.event(seq)),
        )
    };
    match reply {
        Reply::Recorded { seq } if oracle.event(*seq) != Some(&asked.event) => says(*seq, "is not true"),
        Reply::Known { seq } | Reply::Conflict { seq } => {
            let Some(row) = oracle.event(*seq) else { return says(*seq, "names no row") };
            if key(row) != key(&asked.event) {
                return says(*seq, "names another row");
            }
            let same = match row {
                Event::GttCommanded(_) => *row == asked.event,
                row => content(row) == content(&asked.event),
            };
            if same == matches!(reply, Reply::Known { .. }) { Ok(()) } else { says(*seq, "compares wrongly") }
        }
        Reply::Unavailable { .. } => {
            let Some(from) = asked.after.and_then(|after| usize::try_from(after).ok()) else { return Ok(()) };
            let mut later = oracle.rows[from..].iter().zip(&oracle.events[from..]);
            let own = later
                .find(|(row, event)| row.batch >> 32 == u64::from(asked.number) && **event == asked.event);
            own.map_or(Ok(()), |(row, _)| says(row.seq, "is not true"))
        }
        _ => Ok(()),
    }
}

//! The market that decisions see: prices walk at random, and are now and then missing, old, doubted or out of session.

use engine::Input;
use trade::contract::{Contract, Kind};
use trade::gtt::SeenTick;
use trade::view::{PriceSource, Quote, Trading};
use trade::{MarketView, Money};

use crate::random::Random;

const TICK_PAISE: i64 = 5;

/// How the price of one instrument is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Good,
    Missing,
    Stale,
    Suspect,
    Closed,
}

#[derive(Debug)]
pub struct Market {
    pub contracts: Vec<Contract>,
    ticks: Vec<i64>,
    moods: Vec<Mood>,
}

impl Market {
    pub fn new(random: &mut Random) -> Market {
        let contract = |name: &str, token, lot, kind| Contract {
            name: name.to_owned(),
            token,
            lot,
            tick: Money::paise(TICK_PAISE),
            kind,
            expiry: None,
        };
        let contracts = vec![
            contract("NSE:INFY", 408_065, 1, Kind::Equity),
            contract("NFO:NIFTY26DECFUT", 15_001, 75, Kind::Future),
            contract("NFO:NIFTY26DEC25000CE", 15_002, 75, Kind::Call),
        ];
        let ticks = contracts.iter().map(|_| random.between(2_000, 40_000)).collect();
        let moods = vec![Mood::Good; contracts.len()];
        Market { contracts, ticks, moods }
    }

    pub fn walk(&mut self, random: &mut Random, calm: bool) {
        for (ticks, mood) in self.ticks.iter_mut().zip(&mut self.moods) {
            *ticks = (*ticks + random.between(-20, 20)).max(100);
            if calm {
                *mood = Mood::Good;
            } else if random.chance(if *mood == Mood::Good { 30 } else { 300 }) {
                *mood = random.pick(&[
                    Mood::Good,
                    Mood::Good,
                    Mood::Missing,
                    Mood::Stale,
                    Mood::Suspect,
                    Mood::Closed,
                ]);
            }
        }
    }

    /// Now and then a tick that came and went since the last look.
    pub fn touched(&self, random: &mut Random, now: i64) -> Option<Input> {
        if !random.chance(100) {
            return None;
        }
        let contract = &self.contracts[random.index(self.contracts.len())];
        let away = contract.tick * random.between(-60, 60);
        let received = now - random.between(0, 300) * 1_000_000;
        let quote =
            Quote { age_ms: 20, suspect: None, last: self.last(contract) + away, ..self.quote(contract)? };
        Some(Input::Seen { token: contract.token, tick: Box::new(SeenTick { received, quote }) })
    }

    pub fn last(&self, contract: &Contract) -> Money {
        Money::paise(self.place(contract).map_or(100, |place| self.ticks[place]) * TICK_PAISE)
    }

    fn place(&self, contract: &Contract) -> Option<usize> {
        self.contracts.iter().position(|known| known.token == contract.token)
    }
}

impl MarketView for Market {
    fn quote(&self, contract: &Contract) -> Option<Quote> {
        let mood = self.moods[self.place(contract)?];
        if mood == Mood::Missing {
            return None;
        }
        let last = self.last(contract);
        Some(Quote {
            last,
            bid: Some(last - contract.tick),
            ask: Some(last + contract.tick),
            age_ms: if mood == Mood::Stale { 60_000 } else { 120 },
            source: PriceSource::Kite,
            suspect: (mood == Mood::Suspect).then(|| "jump".to_owned()),
            band: None,
        })
    }

    fn trading(&self, contract: &Contract) -> Trading {
        match self.place(contract).map(|place| self.moods[place]) {
            None => Trading::NotListed,
            Some(Mood::Closed) => Trading::Closed,
            Some(_) => Trading::Open,
        }
    }
}

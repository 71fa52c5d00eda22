//! Options and futures sorted by underlying, expiry and strike: chains are slices of one sorted list.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use jiff::civil::Date;

use super::is_derivative;
use crate::decimal::{Decimal, SCALE_MAX};
use crate::instrument::{Exchange, Instrument, InstrumentKind};

/// A name that has derivatives at an exchange. The same name at two exchanges is two underlyings, as the contracts
/// differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Underlying<'r> {
    /// Where its derivatives trade: NFO, BFO, MCX...
    pub exchange: Exchange,
    /// As the `name` column of the dump says: `NIFTY`.
    pub name: &'r str,
}

/// One line of an option chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike<'r> {
    /// The strike price, as the dump writes it.
    pub strike: Decimal,
    /// The call, when one is listed.
    pub call: Option<&'r Instrument>,
    /// The put, when one is listed.
    pub put: Option<&'r Instrument>,
}

pub(super) struct Derivatives {
    /// Places in the list, sorted by exchange, name, expiry, futures before options, strike, call before put, place.
    sorted: Vec<u32>,
    /// Where each underlying begins in `sorted`, in the same order, with the end as the last entry.
    starts: Vec<usize>,
}

/// Comparable across scales: `24000` and `24000.0` are one strike.
fn strike_key(instrument: &Instrument) -> i128 {
    let strike = instrument.strike;
    i128::from(strike.mantissa()) * 10i128.pow(u32::from(SCALE_MAX - strike.scale()))
}

impl Derivatives {
    pub(super) fn new(instruments: &[Instrument]) -> Derivatives {
        // Comparing names once per underlying instead of once per row halves the time to build.
        let mut ranks: HashMap<(Exchange, &str), u32> = HashMap::new();
        for instrument in instruments.iter().filter(|i| is_derivative(i)) {
            ranks.insert((instrument.exchange, &instrument.name), 0);
        }
        let mut names: Vec<(Exchange, &str)> = ranks.keys().copied().collect();
        names.sort_unstable();
        for (name, rank) in names.iter().zip(0..) {
            ranks.insert(*name, rank);
        }

        let mut rows: Vec<_> = (0u32..)
            .zip(instruments)
            .filter(|(_, instrument)| is_derivative(instrument))
            .map(|(place, i)| {
                let rank = ranks.get(&(i.exchange, i.name.as_str())).copied().unwrap_or(0);
                (rank, i.expiry, i.kind.is_option(), strike_key(i), i.kind, place)
            })
            .collect();
        rows.sort_unstable();
        let mut starts: Vec<usize> = Vec::with_capacity(names.len() + 1);
        let mut previous = None;
        for (index, row) in rows.iter().enumerate() {
            if previous.replace(row.0) != Some(row.0) {
                starts.push(index);
            }
        }
        starts.push(rows.len());
        Derivatives { sorted: rows.into_iter().map(|row| row.5).collect(), starts }
    }

    fn row<'r>(&self, all: &'r [Instrument], index: usize) -> &'r Instrument {
        &all[self.sorted[index] as usize]
    }

    pub(super) fn underlyings<'r>(&'r self, all: &'r [Instrument]) -> impl Iterator<Item = Underlying<'r>> {
        let starts = self.starts.split_last().map_or(&[][..], |(_, starts)| starts);
        starts.iter().map(|&start| {
            let first = self.row(all, start);
            Underlying { exchange: first.exchange, name: &first.name }
        })
    }

    fn range(&self, all: &[Instrument], exchange: Exchange, name: &str) -> Range<usize> {
        let starts = self.starts.split_last().map_or(&[][..], |(_, starts)| starts);
        let found = starts.binary_search_by(|&start| {
            let first = self.row(all, start);
            first.exchange.cmp(&exchange).then_with(|| first.name.as_str().cmp(name))
        });
        match found {
            Ok(index) => self.starts[index]..self.starts[index + 1],
            Err(_) => 0..0,
        }
    }

    pub(super) fn expiries(&self, all: &[Instrument], exchange: Exchange, name: &str) -> Vec<Date> {
        let mut dates: Vec<Date> =
            self.range(all, exchange, name).filter_map(|index| self.row(all, index).expiry).collect();
        dates.dedup();
        dates
    }

    pub(super) fn futures<'r>(
        &self,
        all: &'r [Instrument],
        exchange: Exchange,
        name: &str,
    ) -> Vec<&'r Instrument> {
        let rows = self.range(all, exchange, name).map(|index| self.row(all, index));
        rows.filter(|row| row.kind == InstrumentKind::Future).collect()
    }

    pub(super) fn chain<'r>(
        &self,
        all: &'r [Instrument],
        exchange: Exchange,
        name: &str,
        expiry: Date,
    ) -> Vec<Strike<'r>> {
        let range = self.range(all, exchange, name);
        let rows = &self.sorted[range];
        let at = |place: &u32| all[*place as usize].expiry.map_or(Ordering::Less, |date| date.cmp(&expiry));
        let from = rows.partition_point(|place| at(place) == Ordering::Less);
        let to = rows.partition_point(|place| at(place) != Ordering::Greater);
        let mut chain: Vec<Strike<'r>> = Vec::new();
        for place in &rows[from..to] {
            let option = &all[*place as usize];
            if !option.kind.is_option() {
                continue;
            }
            let same = chain.last().is_some_and(|last| last.strike.same_value(option.strike));
            if !same {
                chain.push(Strike { strike: option.strike, call: None, put: None });
            }
            let Some(line) = chain.last_mut() else { continue };
            let side = if option.kind == InstrumentKind::Call { &mut line.call } else { &mut line.put };
            // Two contracts with the same terms under different names: the first in the dump stands.
            side.get_or_insert(option);
        }
        chain
    }
}

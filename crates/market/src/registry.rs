//! The instruments of one dump, immutable and indexed: by token, by name, by underlying, expiry and strike, by words.
//!
//! Enters: instruments in the order of a dump. Leaves: references to them. A new dump makes a new registry; whoever
//! shares one swaps it whole, so that a reader never sees half of two lists.
//! Never here: files, clocks, prices.

use std::fmt;

use jiff::civil::Date;

use crate::dump::{BadLine, Dump};
use crate::instrument::{Exchange, Instrument, InstrumentKind};
use crate::search::{Found, SearchIndex};
use crate::token::InstrumentToken;

mod derivatives;
mod slots;

pub use derivatives::{Strike, Underlying};

use derivatives::Derivatives;
use slots::Slots;

/// An immutable, indexed list of instruments.
pub struct Registry {
    instruments: Vec<Instrument>,
    tokens: Slots,
    keys: Slots,
    derivatives: Derivatives,
    search: SearchIndex,
}

/// An instrument left out of a registry because an earlier one has its token or its name; the first is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Its place in the list that was given, from 0.
    pub index: usize,
    /// The instrument itself.
    pub instrument: Instrument,
    /// What it shares with an earlier one.
    pub shared: Shared,
}

/// What two instruments of one list must not share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// The instrument token.
    Token,
    /// Exchange and trading symbol.
    Key,
}

impl Registry {
    /// Indexes `instruments`, and says which ones were left out as duplicates. Beyond `u32::MAX - 1` entries (fifty
    /// thousand times the broker's list) the rest is ignored.
    pub fn new(instruments: Vec<Instrument>) -> (Registry, Vec<Duplicate>) {
        let mut kept: Vec<Instrument> = Vec::with_capacity(instruments.len());
        let mut duplicates = Vec::new();
        let mut tokens = Slots::with_capacity(instruments.len());
        let mut keys = Slots::with_capacity(instruments.len());
        for (index, instrument) in instruments.into_iter().enumerate() {
            let Ok(place) = u32::try_from(kept.len()) else { break };
            let token_hash = tokens.hash(instrument.token);
            let key_hash = keys.hash((instrument.exchange, instrument.tradingsymbol.as_str()));
            let same_token = |i: usize| kept[i].token == instrument.token;
            let same_key = |i: usize| {
                kept[i].exchange == instrument.exchange && kept[i].tradingsymbol == instrument.tradingsymbol
            };
            if tokens.find(token_hash, same_token).is_some() {
                duplicates.push(Duplicate { index, instrument, shared: Shared::Token });
            } else if keys.find(key_hash, same_key).is_some() {
                duplicates.push(Duplicate { index, instrument, shared: Shared::Key });
            } else {
                tokens.insert(token_hash, place);
                keys.insert(key_hash, place);
                kept.push(instrument);
            }
        }
        let derivatives = Derivatives::new(&kept);
        let search = SearchIndex::new(&kept);
        (Registry { instruments: kept, tokens, keys, derivatives, search }, duplicates)
    }

    /// The registry of a dump, and its bad lines together with those left out as duplicates.
    pub fn from_dump(mut dump: Dump) -> (Registry, Vec<BadLine>) {
        let (registry, duplicates) = Registry::new(std::mem::take(&mut dump.instruments));
        for duplicate in duplicates {
            let line = dump.lines.get(duplicate.index).copied().unwrap_or(0);
            dump.add_bad(|| duplicate.describe(line));
        }
        dump.bad.sort_by_key(|bad| bad.line);
        (registry, dump.bad)
    }

    /// How many instruments there are.
    pub fn len(&self) -> usize {
        self.instruments.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.instruments.is_empty()
    }

    /// All instruments, in the order of the dump.
    pub fn iter(&self) -> std::slice::Iter<'_, Instrument> {
        self.instruments.iter()
    }

    /// The instrument with this token.
    pub fn by_token(&self, token: InstrumentToken) -> Option<&Instrument> {
        let place = self.tokens.find(self.tokens.hash(token), |i| self.instruments[i].token == token)?;
        self.instruments.get(place)
    }

    /// The instrument that an exchange calls `tradingsymbol`, in the exchange's spelling.
    pub fn by_symbol(&self, exchange: Exchange, tradingsymbol: &str) -> Option<&Instrument> {
        let place = self.keys.find(self.keys.hash((exchange, tradingsymbol)), |i| {
            self.instruments[i].exchange == exchange && self.instruments[i].tradingsymbol == tradingsymbol
        })?;
        self.instruments.get(place)
    }

    /// The instrument named `EXCHANGE:TRADINGSYMBOL`, as in `NSE:INFY`.
    pub fn by_key(&self, key: &str) -> Option<&Instrument> {
        let (exchange, tradingsymbol) = key.split_once(':')?;
        self.by_symbol(exchange.parse().ok()?, tradingsymbol)
    }

    /// The instrument that a request names, either `EXCHANGE:TRADINGSYMBOL` or the token in digits.
    pub fn resolve(&self, text: &str) -> Option<&Instrument> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return self.by_key(text);
        }
        self.by_token(InstrumentToken(text.parse().ok()?))
    }

    /// Every name that has derivatives, sorted by exchange and name.
    pub fn underlyings(&self) -> impl Iterator<Item = Underlying<'_>> {
        self.derivatives.underlyings(&self.instruments)
    }

    /// Expiry dates of the options and futures on `name` (`NIFTY`) at `exchange`, ascending.
    pub fn expiries(&self, exchange: Exchange, name: &str) -> Vec<Date> {
        self.derivatives.expiries(&self.instruments, exchange, name)
    }

    /// The option chain of `name` at `exchange` for one expiry, by ascending strike.
    pub fn chain(&self, exchange: Exchange, name: &str, expiry: Date) -> Vec<Strike<'_>> {
        self.derivatives.chain(&self.instruments, exchange, name, expiry)
    }

    /// The futures of `name` at `exchange`, nearest expiry first.
    pub fn futures(&self, exchange: Exchange, name: &str) -> Vec<&Instrument> {
        self.derivatives.futures(&self.instruments, exchange, name)
    }

    /// Instruments that match what a person typed, best first, at most `limit`. See [`crate::search`].
    pub fn search(&self, query: &str, limit: usize) -> Vec<&Instrument> {
        self.find(query, None, limit).instruments
    }

    /// As [`Registry::search`], within one exchange if given, and with the number of all matches.
    pub fn find(&self, query: &str, exchange: Option<Exchange>, limit: usize) -> Found<'_> {
        self.search.find(&self.instruments, query, exchange, limit)
    }
}

impl Duplicate {
    fn describe(&self, line: u32) -> BadLine {
        let instrument = &self.instrument;
        match self.shared {
            Shared::Token => BadLine {
                line,
                field: "instrument_token",
                value: instrument.token.to_string(),
                problem: format!("was on an earlier line; {} is left out", instrument.key()),
            },
            Shared::Key => BadLine {
                line,
                field: "tradingsymbol",
                value: instrument.key(),
                problem: "was on an earlier line with another token; this line is left out".to_owned(),
            },
        }
    }
}

impl<'a> IntoIterator for &'a Registry {
    type Item = &'a Instrument;
    type IntoIter = std::slice::Iter<'a, Instrument>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("instruments", &self.len()).finish_non_exhaustive()
    }
}

/// Options and futures; shares and indices are not derivatives of anything here.
fn is_derivative(instrument: &Instrument) -> bool {
    instrument.kind != InstrumentKind::Equity && instrument.expiry.is_some()
}

#[cfg(test)]
mod tests;

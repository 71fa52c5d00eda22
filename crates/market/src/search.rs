//! Finding instruments the way people type: `nifty 24000 ce`, `infy`, `banknifty 26nov fut`, `reliance nse eq`.
//!
//! Enters: a query. Leaves: matching instruments, best first, in an order that depends on nothing but the list and the
//! query. Never here: prices, popularity, a clock (expired contracts are simply no longer listed).
//!
//! A query is cut into words at spaces, commas, colons and slashes; case does not matter (ASCII). An instrument matches
//! when *every* word does. A word matches
//! - the trading symbol (spaces ignored): whole, its beginning, or from two characters on any part of it;
//! - the name: whole, the beginning of one of its words, or from three characters on any part of it;
//! - exchange or segment: `nfo`, `nfo-opt`; kind: `ce call pe put opt fut eq index`;
//! - the strike: `24000`, also with the kind: `24000ce`;
//! - the expiry: `nov`, `november`, `26nov` (the 26th, or the year 26), `nov26`, `24nov2026`, `24 nov`, `2026-11`,
//!   `2026-11-24`;
//! - the instrument token in digits.
//!
//! Order: exact symbol, then exact underlying, then beginnings of symbols, then of names, then parts; within these what
//! does not expire, then the nearest expiry, then the lowest strike, calls before puts, then the order of the dump.
//!
//! Cost: one pass over a compact table, about 30 ns per instrument and word. [`QUERY_BYTES_MAX`] and [`WORDS_MAX`]
//! bound it whatever is typed.

use std::collections::HashMap;

use crate::decimal::{Decimal, SCALE_MAX};
use crate::instrument::{Exchange, Instrument};

mod expiry;
mod word;

use word::{KindSet, Word};

/// Longest query, in bytes. A longer one finds nothing; refuse it before, with a message.
pub const QUERY_BYTES_MAX: usize = 100;

/// Most words of a query. More find nothing.
pub const WORDS_MAX: usize = 12;

/// What a query found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'r> {
    /// The best matches, at most as many as asked for.
    pub instruments: Vec<&'r Instrument>,
    /// How many match altogether.
    pub total: usize,
}

/// How well a word fits; smaller is better. The row's class is that of its worst word.
type Class = u8;
const EXACT: Class = 0;
const UNDERLYING: Class = 1;
const PREFIX: Class = 2;
const NAME_PREFIX: Class = 3;
const PART: Class = 4;
const NAME_PART: Class = 5;
const NONE: Class = u8::MAX;

/// What a query looks at, prepared once per list.
pub(crate) struct SearchIndex {
    rows: Vec<Row>,
    /// Trading symbols in lower case without spaces, one after the other.
    symbols: Vec<u8>,
    /// Distinct names in lower case: a chain of a thousand options has one.
    names: Vec<Vec<u8>>,
    /// Distinct strikes, ascending, comparable across scales.
    strikes: Vec<i128>,
}

/// The columns of one instrument that a query compares.
struct Row {
    /// Where its symbol begins in `symbols`.
    symbol_start: u32,
    symbol_len: u8,
    /// Length of the symbol's first word, for `nifty` in `NIFTY 50`.
    first_word_len: u8,
    kind: KindSet,
    exchange: Exchange,
    /// Index into `names`.
    name: u32,
    /// Index into `strikes`.
    strike: u32,
    /// Packed by [`expiry::pack`]; zero without expiry.
    expiry: u32,
    token: u32,
    /// Which pairs of neighbouring characters the symbol has, hashed to 64 bits: rules out most searches for a part.
    pairs: u64,
}

fn pairs(text: &[u8]) -> u64 {
    text.windows(2).fold(0, |set, pair| set | 1 << ((u32::from(pair[0]) * 37 + u32::from(pair[1])) % 64))
}

fn strike_key(strike: Decimal) -> i128 {
    i128::from(strike.mantissa()) * 10i128.pow(u32::from(SCALE_MAX - strike.scale()))
}

impl SearchIndex {
    pub(crate) fn new(instruments: &[Instrument]) -> SearchIndex {
        let mut strikes: Vec<i128> = instruments.iter().map(|i| strike_key(i.strike)).collect();
        strikes.sort_unstable();
        strikes.dedup();
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut name_ids: HashMap<&str, u32> = HashMap::new();
        let mut symbols = Vec::with_capacity(instruments.len() * 20);
        let mut rows = Vec::with_capacity(instruments.len());
        for instrument in instruments {
            let name = *name_ids.entry(&instrument.name).or_insert_with(|| {
                names.push(instrument.name.to_ascii_lowercase().into_bytes());
                narrow(names.len() - 1)
            });
            let start = symbols.len();
            let letters = instrument.tradingsymbol.bytes().filter(|b| *b != b' ');
            symbols.extend(letters.map(|b| b.to_ascii_lowercase()));
            let symbol = &symbols[start..];
            let first_word = instrument.tradingsymbol.split(' ').next().unwrap_or_default();
            rows.push(Row {
                symbol_start: narrow(start),
                symbol_len: u8::try_from(symbol.len()).unwrap_or(u8::MAX),
                first_word_len: u8::try_from(first_word.len()).unwrap_or(u8::MAX),
                kind: KindSet::of(instrument),
                exchange: instrument.exchange,
                name,
                strike: narrow(strikes.partition_point(|s| *s < strike_key(instrument.strike))),
                expiry: instrument.expiry.map_or(0, expiry::pack),
                token: instrument.token.0,
                pairs: pairs(symbol),
            });
        }
        SearchIndex { rows, symbols, names, strikes }
    }

    pub(crate) fn find<'r>(
        &self,
        instruments: &'r [Instrument],
        query: &str,
        exchange: Option<Exchange>,
        limit: usize,
    ) -> Found<'r> {
        let Some(words) = word::words(query, self) else {
            return Found { instruments: Vec::new(), total: 0 };
        };
        let joined: Vec<u8> = if words.len() > 1 { word::joined(query) } else { Vec::new() };
        let mut ranks: Vec<u128> = Vec::new();
        for (place, row) in (0u32..).zip(&self.rows) {
            if exchange.is_some_and(|wanted| wanted != row.exchange) {
                continue;
            }
            let class = self.class(row, &words, &joined);
            if class != NONE {
                ranks.push(row.rank(class, place, words.is_empty()));
            }
        }
        let total = ranks.len();
        let limit = limit.min(total);
        if limit > 0 && limit < total {
            ranks.select_nth_unstable(limit - 1);
        }
        ranks.truncate(limit);
        ranks.sort_unstable();
        // The place is the low half of a rank.
        let places = ranks.into_iter().map(|rank| (rank & u128::from(u32::MAX)) as usize);
        Found { instruments: places.filter_map(|place| instruments.get(place)).collect(), total }
    }

    fn symbol(&self, row: &Row) -> &[u8] {
        let start = row.symbol_start as usize;
        &self.symbols[start..start + usize::from(row.symbol_len)]
    }

    fn class(&self, row: &Row, words: &[Word], joined: &[u8]) -> Class {
        let symbol = self.symbol(row);
        if !joined.is_empty() && symbol.starts_with(joined) {
            return if symbol.len() == joined.len() { EXACT } else { PREFIX };
        }
        let mut worst = EXACT;
        for (index, word) in words.iter().enumerate() {
            let class = word_class(row, symbol, word, index == 0);
            if class == NONE {
                return NONE;
            }
            worst = worst.max(class);
        }
        worst
    }
}

fn word_class(row: &Row, symbol: &[u8], word: &Word, first: bool) -> Class {
    let by_facts = word.matches_facts(row);
    // People type the name first; what only narrows it down ranks all rows alike.
    if by_facts && !first {
        return EXACT;
    }
    let mut class = word.name_classes[row.name as usize];
    if symbol.starts_with(&word.text) {
        class = if symbol.len() == word.text.len() {
            EXACT
        } else if usize::from(row.first_word_len) == word.text.len() {
            class.min(UNDERLYING)
        } else {
            class.min(PREFIX)
        };
    }
    if by_facts {
        class = class.min(if word.token == Some(row.token) { EXACT } else { NAME_PREFIX });
    }
    if class > PART && word.pairs != 0 && row.pairs & word.pairs == word.pairs && contains(symbol, &word.text)
    {
        class = PART;
    }
    class
}

/// How well `word` fits a name, leaving the trading symbol aside.
fn name_class(name: &[u8], word: &[u8]) -> Class {
    if name == word {
        UNDERLYING
    } else if name.split(|b| !b.is_ascii_alphanumeric()).any(|part| part.starts_with(word)) {
        NAME_PREFIX
    } else if word.len() >= 3 && contains(name, word) {
        NAME_PART
    } else {
        NONE
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len().max(1)).any(|window| window == part)
}

impl Row {
    /// Sorts as the module header says. `listing` keeps the order of the dump: nothing was asked, so nothing ranks.
    fn rank(&self, class: Class, place: u32, listing: bool) -> u128 {
        if listing {
            return u128::from(place);
        }
        let parts = [
            (u128::from(class), 4),
            (u128::from(self.expiry), 24),
            (u128::from(self.strike), 24),
            (u128::from(self.kind.order()), 4),
            (self.exchange as u128, 8),
            (u128::from(self.symbol_len), 8),
            (u128::from(place), 32),
        ];
        parts.into_iter().fold(0, |rank, (value, bits)| rank << bits | value.min((1 << bits) - 1))
    }
}

/// Lists beyond 32 bits do not exist; a registry stops there.
fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

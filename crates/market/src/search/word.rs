//! One word of a query and everything it may mean.

use super::expiry::{self, Pattern};
use super::{Class, QUERY_BYTES_MAX, Row, SearchIndex, WORDS_MAX, name_class, pairs, strike_key};
use crate::instrument::{Exchange, Instrument, InstrumentKind};

/// A set of instrument kinds; indices count as a kind of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct KindSet(u8);

impl KindSet {
    const INDEX: KindSet = KindSet(1);
    const EQUITY: KindSet = KindSet(2);
    const FUTURE: KindSet = KindSet(4);
    const CALL: KindSet = KindSet(8);
    const PUT: KindSet = KindSet(16);
    const OPTION: KindSet = KindSet(8 | 16);

    pub(super) fn of(instrument: &Instrument) -> KindSet {
        match instrument.kind {
            InstrumentKind::Equity if instrument.is_index() => KindSet::INDEX,
            InstrumentKind::Equity => KindSet::EQUITY,
            InstrumentKind::Future => KindSet::FUTURE,
            InstrumentKind::Call => KindSet::CALL,
            InstrumentKind::Put => KindSet::PUT,
        }
    }

    fn named(word: &str) -> Option<KindSet> {
        Some(match word {
            "index" | "indices" => KindSet::INDEX,
            "eq" | "equity" | "stock" | "share" => KindSet::EQUITY,
            "fut" | "future" | "futures" => KindSet::FUTURE,
            "ce" | "call" | "calls" => KindSet::CALL,
            "pe" | "put" | "puts" => KindSet::PUT,
            "opt" | "option" | "options" => KindSet::OPTION,
            _ => return None,
        })
    }

    const fn overlaps(self, other: KindSet) -> bool {
        self.0 & other.0 != 0
    }

    /// Indices, shares, futures, calls, puts.
    pub(super) const fn order(self) -> u32 {
        self.0.trailing_zeros()
    }
}

/// A word, lower case, with its possible meanings looked up.
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    /// Zero for one letter, which is never looked for inside a symbol.
    pub(super) pairs: u64,
    /// How well it fits each distinct name.
    pub(super) name_classes: Vec<Class>,
    pub(super) token: Option<u32>,
    kinds: Option<KindSet>,
    exchange: Option<Exchange>,
    /// Index of the strike, and which options it is asked of.
    strike: Option<(u32, KindSet)>,
    expiries: Vec<Pattern>,
}

impl Word {
    fn new(text: &str, index: &SearchIndex) -> Word {
        let (digits, options) = match (text.strip_suffix("ce"), text.strip_suffix("pe")) {
            (Some(digits), _) => (digits, KindSet::CALL),
            (_, Some(digits)) => (digits, KindSet::PUT),
            _ => (text, KindSet::OPTION),
        };
        let strike = digits.parse().ok().and_then(|d| index.strikes.binary_search(&strike_key(d)).ok());
        let upper = text.to_ascii_uppercase();
        let (exchange, kinds) = match upper.split_once('-') {
            Some((exchange, kind)) => match (exchange.parse(), kind) {
                (Ok(exchange), "FUT") => (Some(exchange), Some(KindSet::FUTURE)),
                (Ok(exchange), "OPT") => (Some(exchange), Some(KindSet::OPTION)),
                _ => (None, None),
            },
            None => (upper.parse().ok(), KindSet::named(text)),
        };
        let (token, expiries) = (text.parse().ok(), expiry::patterns(text));
        let text = text.as_bytes();
        Word {
            name_classes: index.names.iter().map(|name| name_class(name, text)).collect(),
            pairs: pairs(text),
            token,
            text: text.to_vec(),
            kinds,
            exchange,
            strike: strike.and_then(|at| Some((u32::try_from(at).ok()?, options))),
            expiries,
        }
    }

    /// True when the word means something about the instrument other than its names.
    pub(super) fn matches_facts(&self, row: &Row) -> bool {
        if self.kinds.is_some() || self.exchange.is_some() {
            return self.kinds.is_none_or(|kinds| kinds.overlaps(row.kind))
                && self.exchange.is_none_or(|exchange| exchange == row.exchange);
        }
        self.strike.is_some_and(|(at, options)| at == row.strike && options.overlaps(row.kind))
            || self.expiries.iter().any(|pattern| pattern.matches(row.expiry))
            || self.token == Some(row.token)
    }
}

fn cut(query: &str) -> impl Iterator<Item = &str> {
    query.split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '/')).filter(|word| !word.is_empty())
}

/// The query without its separators, for symbols that people type with spaces: `nifty 26nov fut`.
pub(super) fn joined(query: &str) -> Vec<u8> {
    cut(query).flat_map(str::bytes).map(|b| b.to_ascii_lowercase()).collect()
}

/// The words of a query, each once; `None` when it is too long to be one.
pub(super) fn words(query: &str, index: &SearchIndex) -> Option<Vec<Word>> {
    if query.len() > QUERY_BYTES_MAX {
        return None;
    }
    let mut texts: Vec<String> = Vec::new();
    for piece in cut(query) {
        let piece = piece.to_ascii_lowercase();
        match texts.last_mut() {
            Some(last) if continues_date(last, &piece) => last.push_str(&piece),
            _ => texts.push(piece),
        }
    }
    let mut distinct: Vec<String> = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    if distinct.len() > WORDS_MAX {
        return None;
    }
    Some(distinct.iter().map(|text| Word::new(text, index)).collect())
}

/// `24 nov 2026` is one date: a day before a month, or a whole year after day and month.
fn continues_date(last: &str, piece: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let month = |text: &str| expiry::month(text).is_some();
    let after_month = month(last.trim_start_matches(|c: char| c.is_ascii_digit()));
    (digits(last) && last.len() <= 2 && month(piece))
        || (after_month && digits(piece) && piece.len() == 4 && piece.starts_with("20"))
}

//! One row: twelve texts become an [`Instrument`], or the first column that is wrong is named.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use jiff::civil::Date;

use super::line::Fields;
use super::{BadLine, COLUMNS, Columns};
use crate::decimal::Decimal;
use crate::instrument::{Instrument, InstrumentKind};
use crate::token::InstrumentToken;

/// Longest trading symbol, in bytes. Real ones have up to 30.
const SYMBOL_BYTES_MAX: usize = 64;
/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 256;
/// How much of a wrong value is repeated, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// What is wrong with a row; [`Problem::at`] adds the line number.
pub(super) struct Problem {
    field: &'static str,
    value: String,
    problem: Cow<'static, str>,
}

impl Problem {
    pub(super) fn line(line: &[u8], problem: &'static str) -> Problem {
        Problem { field: "line", value: shorten(line), problem: Cow::Borrowed(problem) }
    }

    pub(super) fn at(self, line: u32) -> BadLine {
        BadLine { line, field: self.field, value: self.value, problem: self.problem.into_owned() }
    }
}

/// The beginning of `value`, without anything that could disturb a terminal or a log.
pub(super) fn shorten(value: &[u8]) -> String {
    let head = &value[..value.len().min(SHOWN_CHARS_MAX * 4)];
    let text = String::from_utf8_lossy(head);
    let mut shown: String =
        text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(SHOWN_CHARS_MAX).collect();
    if shown.chars().count() < text.chars().count() || head.len() < value.len() {
        shown.push_str("...");
    }
    shown
}

pub(super) fn parse(columns: &Columns, fields: &Fields<'_>) -> Result<Instrument, Problem> {
    if fields.len() != columns.count {
        return Err(Problem {
            field: "line",
            value: shorten(fields.get(0)),
            problem: Cow::Owned(format!("has {} fields, the header has {}", fields.len(), columns.count)),
        });
    }
    let row = Row { columns, fields };
    let instrument = Instrument {
        token: InstrumentToken(row.number(0)?),
        exchange_token: row.number(1)?,
        tradingsymbol: row.label(2, SYMBOL_BYTES_MAX)?,
        name: row.label(3, NAME_BYTES_MAX)?,
        last_price: row.parsed(4)?,
        expiry: row.date(5)?,
        strike: row.parsed(6)?,
        tick_size: row.parsed(7)?,
        lot_size: row.number(8)?,
        kind: row.parsed(9)?,
        segment: row.parsed(10)?,
        exchange: row.parsed(11)?,
    };
    row.check(&instrument)?;
    Ok(instrument)
}

struct Row<'r> {
    columns: &'r Columns,
    fields: &'r Fields<'r>,
}

impl Row<'_> {
    fn raw(&self, column: usize) -> &[u8] {
        self.fields.get(self.columns.at[column])
    }

    fn wrong(&self, column: usize, problem: impl Into<Cow<'static, str>>) -> Problem {
        Problem { field: COLUMNS[column], value: shorten(self.raw(column)), problem: problem.into() }
    }

    fn text(&self, column: usize) -> Result<&str, Problem> {
        std::str::from_utf8(self.raw(column)).map_err(|_| self.wrong(column, "is not UTF-8 text"))
    }

    fn parsed<T: FromStr<Err: Display>>(&self, column: usize) -> Result<T, Problem> {
        self.text(column)?.parse().map_err(|error: T::Err| self.wrong(column, error.to_string()))
    }

    /// Digits only: the standard library would also take a leading plus.
    fn number(&self, column: usize) -> Result<u32, Problem> {
        let text = self.text(column)?;
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.wrong(column, "is not a whole number"));
        }
        text.parse().map_err(|_| self.wrong(column, "is larger than 4294967295"))
    }

    /// Control characters are refused: these texts go into logs, pages and URLs.
    fn label(&self, column: usize, bytes_max: usize) -> Result<String, Problem> {
        let text = self.text(column)?;
        if text.len() > bytes_max {
            return Err(self.wrong(column, "is too long"));
        }
        if text.bytes().any(|b| b < b' ' || b == 0x7f) {
            return Err(self.wrong(column, "has a control character"));
        }
        Ok(text.to_owned())
    }

    /// `yyyy-mm-dd`, or empty for none.
    fn date(&self, column: usize) -> Result<Option<Date>, Problem> {
        let wrong = || self.wrong(column, "is not a date like 2026-11-24");
        let digit = |b: u8| if b.is_ascii_digit() { Ok(i16::from(b - b'0')) } else { Err(wrong()) };
        let two = |a: u8, b: u8| Ok(digit(a)? * 10 + digit(b)?);
        match *self.raw(column) {
            [] => Ok(None),
            [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => {
                let year = two(y1, y2)? * 100 + two(y3, y4)?;
                let month = i8::try_from(two(m1, m2)?).map_err(|_| wrong())?;
                let day = i8::try_from(two(d1, d2)?).map_err(|_| wrong())?;
                Date::new(year, month, day).map(Some).map_err(|_| wrong())
            }
            _ => Err(wrong()),
        }
    }

    /// What no single column shows.
    fn check(&self, instrument: &Instrument) -> Result<(), Problem> {
        if instrument.tradingsymbol.is_empty() {
            return Err(self.wrong(2, "is empty"));
        }
        if instrument.strike.mantissa() < 0 {
            return Err(self.wrong(6, "is negative"));
        }
        if instrument.tick_size.mantissa() < 0 {
            return Err(self.wrong(7, "is negative"));
        }
        if instrument.kind.is_option() && instrument.strike.same_value(Decimal::ZERO) {
            return Err(self.wrong(6, "is no strike, but this is an option"));
        }
        let derivative = instrument.kind != InstrumentKind::Equity;
        if derivative && instrument.expiry.is_none() {
            return Err(self.wrong(5, "is empty, but a derivative must expire"));
        }
        Ok(())
    }
}

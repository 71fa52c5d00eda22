//! Candles: an array of arrays, `["2026-11-20T09:15:00+0530", open, high, low, close, volume]`, with open interest as a
//! seventh element when it was asked for.
//!
//! Enters: the query of `GET /instruments/historical/...` and candles (a server), answers (a client). Leaves: the
//! reverse. Never here: which candles exist, how long a span may be ([`market::Interval::days_per_request_max`]).

use std::fmt::{self, Write};

use market::{Candle, Decimals, PriceError, UnixNanos};
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::number::Number;
use super::session::MissingField;
use crate::form::Form;
use crate::ist::{self, NotAMoment};

/// Answer of `GET /instruments/historical/...` as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// In ascending order of time.
    pub candles: Vec<Row>,
}

/// One candle as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Start, `yyyy-mm-ddTHH:MM:SS+0530`.
    pub time: String,
    /// First price.
    pub open: Number,
    /// Highest price.
    pub high: Number,
    /// Lowest price.
    pub low: Number,
    /// Last price.
    pub close: Number,
    /// Quantity traded.
    pub volume: Number,
    /// Open interest, when it was asked for.
    pub open_interest: Option<Number>,
}

/// Why a row is no candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CandleError {
    /// Its time.
    #[error("the time of candle {index} {source}")]
    Time {
        /// Which row, from 0.
        index: usize,
        /// Why.
        source: NotAMoment,
    },
    /// One of its prices.
    #[error("the {field} price of candle {index} {source}")]
    Price {
        /// Which row, from 0.
        index: usize,
        /// Which price.
        field: &'static str,
        /// Why.
        source: PriceError,
    },
    /// Volume or open interest is no whole number from 0.
    #[error("the {field} of candle {index} is not a count")]
    Count {
        /// Which row, from 0.
        index: usize,
        /// Which count.
        field: &'static str,
    },
}

impl History {
    /// The rows as candles with prices of `decimals` digits; open interest is zero where there is none.
    ///
    /// # Errors
    /// [`CandleError`] naming the first row and field that is no candle. A price with finer digits is an error, not
    /// rounded: it would mean that the decimals are wrong.
    pub fn to_candles(&self, decimals: Decimals) -> Result<Vec<Candle>, CandleError> {
        self.candles.iter().enumerate().map(|(index, row)| row.to_candle(index, decimals)).collect()
    }
}

impl Row {
    fn to_candle(&self, index: usize, decimals: Decimals) -> Result<Candle, CandleError> {
        let price = |field, number: &Number| {
            number.to_price(decimals).map_err(|source| CandleError::Price { index, field, source })
        };
        let count = |field, number: &Number| {
            number.to_i64().and_then(|n| u64::try_from(n).ok()).ok_or(CandleError::Count { index, field })
        };
        Ok(Candle {
            start: ist::parse_candle(&self.time).map_err(|source| CandleError::Time { index, source })?,
            open: price("open", &self.open)?,
            high: price("high", &self.high)?,
            low: price("low", &self.low)?,
            close: price("close", &self.close)?,
            volume: count("volume", &self.volume)?,
            open_interest: self.open_interest.as_ref().map_or(Ok(0), |oi| count("open interest", oi))?,
        })
    }
}

/// `{"candles":[...]}` with the open interest in each row if `with_oi`. Written straight into text: a long answer has
/// tens of thousands of rows and clients give up after seven seconds.
pub fn encode(candles: &[Candle], decimals: Decimals, with_oi: bool) -> String {
    let mut out = String::with_capacity(16 + candles.len() * 80);
    out.push_str("{\"candles\":[");
    for (index, candle) in candles.iter().enumerate() {
        out.push_str(if index == 0 { "[\"" } else { ",[\"" });
        ist::push_candle(&mut out, candle.start);
        out.push('"');
        for price in [candle.open, candle.high, candle.low, candle.close] {
            // Writing to a string cannot fail.
            let _ = write!(out, ",{}", Number::from_price(price, decimals));
        }
        let _ = write!(out, ",{}", candle.volume);
        if with_oi {
            let _ = write!(out, ",{}", candle.open_interest);
        }
        out.push(']');
    }
    out.push_str("]}");
    out
}

/// The whole body of an answer: [`encode`] in its envelope.
pub fn reply(candles: &[Candle], decimals: Decimals, with_oi: bool) -> Vec<u8> {
    let data = encode(candles, decimals, with_oi);
    [r#"{"status":"success","data":"#, &data, "}"].concat().into_bytes()
}

/// What a client asks of `GET /instruments/historical/...` besides the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// First moment.
    pub from: UnixNanos,
    /// Last moment, itself included. A bare date means all of that day.
    pub to: UnixNanos,
    /// Join the series of expired futures.
    pub continuous: bool,
    /// Add open interest.
    pub oi: bool,
}

/// Why a query asks for no history. The texts are fit for an `InputException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// `from` or `to` is not there.
    #[error(transparent)]
    Missing(#[from] MissingField),
    /// `from` or `to` is no moment.
    #[error("`{field}` {source}")]
    NotAMoment {
        /// Which.
        field: &'static str,
        /// What would be right.
        source: NotAMoment,
    },
    /// They are the wrong way round.
    #[error("`from` is after `to`")]
    Backwards,
}

impl Query {
    /// From the query string; the path variables that clients repeat in it are ignored.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn from_form(form: &Form<'_>) -> Result<Query, QueryError> {
        let moment = |field| {
            let text = form.get(field).filter(|text| !text.is_empty()).ok_or(MissingField(field))?;
            ist::parse(text.trim()).map_err(|source| QueryError::NotAMoment { field, source })
        };
        let (from, to) = (moment("from")?.first(), moment("to")?.last());
        if from > to {
            return Err(QueryError::Backwards);
        }
        Ok(Query { from, to, continuous: form.flag("continuous"), oi: form.flag("oi") })
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_seq(Some(6 + usize::from(self.open_interest.is_some())))?;
        row.serialize_element(&self.time)?;
        for number in [&self.open, &self.high, &self.low, &self.close, &self.volume] {
            row.serialize_element(number)?;
        }
        if let Some(open_interest) = &self.open_interest {
            row.serialize_element(open_interest)?;
        }
        row.end()
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Row, D::Error> {
        deserializer.deserialize_seq(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a candle of six or seven elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
        let missing = |at| A::Error::invalid_length(at, &RowVisitor);
        let row = Row {
            time: seq.next_element()?.ok_or_else(|| missing(0))?,
            open: seq.next_element()?.ok_or_else(|| missing(1))?,
            high: seq.next_element()?.ok_or_else(|| missing(2))?,
            low: seq.next_element()?.ok_or_else(|| missing(3))?,
            close: seq.next_element()?.ok_or_else(|| missing(4))?,
            volume: seq.next_element()?.ok_or_else(|| missing(5))?,
            open_interest: seq.next_element()?,
        };
        // A newer broker may add elements, as it once added open interest.
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::envelope;
    use market::Price;
    use proptest::prelude::*;

    fn candle(minute: i64, price: i64) -> Candle {
        Candle {
            start: UnixNanos::from_seconds(1_795_146_300 + 60 * minute),
            open: Price::from_mantissa(price),
            high: Price::from_mantissa(price + 5),
            low: Price::from_mantissa(price - 50),
            close: Price::from_mantissa(price),
            volume: 2499,
            open_interest: 12,
        }
    }

    #[test]
    fn candles_are_arrays() {
        let candles = [candle(0, 170_450), candle(1, 170_000)];
        assert_eq!(
            encode(&candles, Decimals::TWO, true),
            r#"{"candles":[["2026-11-20T09:15:00+0530",1704.5,1704.55,1704,1704.5,2499,12],["2026-11-20T09:16:00+0530",1700,1700.05,1699.5,1700,2499,12]]}"#
        );
        assert_eq!(encode(&[], Decimals::TWO, false), r#"{"candles":[]}"#);
        let history: History = envelope::decode(&reply(&candles, Decimals::TWO, true)).unwrap();
        assert_eq!(history.to_candles(Decimals::TWO).unwrap(), candles);
        let without: History = serde_json::from_str(&encode(&candles, Decimals::TWO, false)).unwrap();
        assert_eq!(without.to_candles(Decimals::TWO).unwrap()[0].open_interest, 0);
    }

    #[test]
    fn a_bad_row_is_named() {
        let error = |row: &str| {
            let text = format!(r#"{{"candles":[["2026-11-20T09:15:00+0530",1,1,1,1,1],{row}]}}"#);
            match serde_json::from_str::<History>(&text) {
                Ok(history) => history.to_candles(Decimals::TWO).unwrap_err().to_string(),
                Err(error) => error.to_string(),
            }
        };
        assert!(error(r#"["2026-11-20 09:15:00",1,1,1,1,1]"#).starts_with("the time of candle 1"));
        assert_eq!(
            error(r#"["2026-11-20T09:15:00+0530",1,1,1.005,1,1]"#),
            "the low price of candle 1 has more than 2 decimals"
        );
        assert_eq!(
            error(r#"["2026-11-20T09:15:00+0530",1,1,1,1,-1]"#),
            "the volume of candle 1 is not a count"
        );
        assert!(error(r#"["2026-11-20T09:15:00+0530",1,1,1,1]"#).contains("six or seven"));
        assert!(error("{}").contains("six or seven"));
    }

    #[test]
    fn a_query_reads_moments_and_flags() {
        let read = |text| Query::from_form(&Form::parse(text).unwrap());
        let query =
            read("from=2026-11-20+09%3A15%3A00&to=2026-11-21&interval=minute&oi=1&continuous=0").unwrap();
        assert_eq!(ist::format(query.from), "2026-11-20 09:15:00");
        assert_eq!(ist::format(query.to), "2026-11-21 23:59:59");
        assert!(query.oi && !query.continuous);
        assert_eq!(read("from=2026-11-20").unwrap_err().to_string(), "Missing or empty field `to`");
        assert!(read("from=x&to=y").unwrap_err().to_string().starts_with("`from` is not a moment"));
        assert_eq!(read("from=2026-11-21&to=2026-11-20"), Err(QueryError::Backwards));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn candles_come_back(
            start in 0i64..4_000_000_000,
            prices: [i64; 4],
            volume in 0..=i64::MAX as u64,
            open_interest in 0..=i64::MAX as u64,
            digits in 0u8..=9,
        ) {
            let [open, high, low, close] = prices.map(Price::from_mantissa);
            let start = UnixNanos::from_seconds(start);
            let candles = [Candle { start, open, high, low, close, volume, open_interest }];
            let decimals = Decimals::new(digits).unwrap();
            let history: History = serde_json::from_str(&encode(&candles, decimals, true)).unwrap();
            prop_assert_eq!(history.to_candles(decimals).unwrap(), candles);
        }
    }
}

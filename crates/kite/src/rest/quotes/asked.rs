//! Which instruments a request for quotes names.
//!
//! Enters: the form of the request. Leaves: names as they were asked, since the answer is keyed by that very text.
//! Never here: whether such an instrument exists.

use market::InstrumentToken;

use crate::form::Form;

/// One instrument as a client names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// `NSE:INFY`: exchange and trading symbol. The symbol may contain blanks, `&` and `-`.
    Key(&'a str, &'a str),
    /// A bare number.
    Token(InstrumentToken),
}

/// Takes one asked name apart; `None` when it is neither form, which is the same to a client as an unknown name.
pub fn named(asked: &str) -> Option<Named<'_>> {
    match asked.split_once(':') {
        Some((exchange, symbol)) if !exchange.is_empty() && !symbol.is_empty() => {
            Some(Named::Key(exchange, symbol))
        }
        Some(_) => None,
        None if asked.bytes().all(|byte| byte.is_ascii_digit()) => {
            asked.parse().ok().map(|token| Named::Token(InstrumentToken(token)))
        }
        None => None,
    }
}

/// Why a query names no list of instruments. The texts are fit for an `InputException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No `i` at all.
    #[error("Missing or empty field `i`")]
    Missing,
    /// More than the route allows.
    #[error("Too many instruments: at most {max} in one request")]
    TooMany {
        /// What is allowed.
        max: usize,
    },
}

/// The names behind the repeated key `i`, in order, empty ones left out.
///
/// # Errors
/// [`QueryError`].
pub fn asked<'f>(form: &'f Form<'_>, max: usize) -> Result<Vec<&'f str>, QueryError> {
    let names: Vec<&str> =
        form.all("i").filter(|name| !name.is_empty()).take(max.saturating_add(1)).collect();
    match names.len() {
        0 => Err(QueryError::Missing),
        count if count > max => Err(QueryError::TooMany { max }),
        _ => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_two_forms() {
        assert_eq!(named("NSE:NIFTY 50"), Some(Named::Key("NSE", "NIFTY 50")));
        assert_eq!(named("408065"), Some(Named::Token(InstrumentToken(408_065))));
        for text in ["", "INFY", "NSE:", ":INFY", "-1", "99999999999"] {
            assert_eq!(named(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_query_is_counted() {
        let form = Form::parse("i=NSE%3AINFY&x=1&i=&i=408065").unwrap();
        assert_eq!(asked(&form, 2).unwrap(), ["NSE:INFY", "408065"]);
        assert_eq!(asked(&form, 1), Err(QueryError::TooMany { max: 1 }));
        assert_eq!(asked(&Form::parse("i=&j=1").unwrap(), 1), Err(QueryError::Missing));
    }
}

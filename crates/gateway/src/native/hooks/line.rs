//! An alert as one line of text: `buy 10 NSE:INFY @ market`, `NSE:INFY buy 10 limit 1510.50`.

use trade::Money;
use trade::request::Side;
use trade::signal::Target;

use super::alert::Alert;
use super::{plain, ticker};
use crate::api_error::ApiError;
use crate::native::fields::shorten;
use crate::native::signals::shape::Scene;
use crate::native::terms;

/// Words of a line: more are refused unread.
const WORDS_MAX: usize = 12;

#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    side: Side,
    quantity: i64,
    instrument: &'a str,
    /// A market order has none.
    price: Option<Money>,
}

/// Reads a line.
///
/// # Errors
/// What is wrong or missing.
pub fn read(text: &str, scene: &Scene<'_>) -> Result<Alert, ApiError> {
    let line = parse(text)?;
    let (instrument, contract) = ticker(scene, line.instrument, None, "instrument")?;
    let fitting = |price| terms::fit("price".to_owned(), price, instrument.decimals());
    let price = line.price.map(fitting).transpose()?;
    Ok(Alert {
        id: None,
        strategy: None,
        contract,
        target: Target::Trade { side: line.side, quantity: line.quantity },
        order: plain(&instrument, price),
        account: scene.account(None, "account")?,
    })
}

fn parse(text: &str) -> Result<Line<'_>, ApiError> {
    let refuse = |field: &'static str, words: String| {
        Err(ApiError::bad_field(field, "bad_alert", words)
            .hint("write it like: buy 10 NSE:INFY @ market, or: NSE:INFY buy 10 limit 1510.50"))
    };
    let (mut side, mut quantity, mut instrument, mut price) = (None, None, None, None);
    let mut words = text.split_whitespace();
    for _ in 0..WORDS_MAX {
        let Some(word) = words.next() else { break };
        let (field, again) = match word.to_ascii_lowercase().as_str() {
            "@" => continue,
            "buy" => ("action", side.replace(Side::Buy).is_some()),
            "sell" => ("action", side.replace(Side::Sell).is_some()),
            "market" => ("order", price.replace(None).is_some()),
            "limit" => {
                let found: Option<Money> = words.next().and_then(|price| price.parse().ok());
                if found.is_none() {
                    return refuse("price", "limit is followed by no price".into());
                }
                ("order", price.replace(found).is_some())
            }
            _ if word.bytes().all(|byte| byte.is_ascii_digit()) && quantity.is_none() => {
                match word.parse().ok().filter(|units| (1..=terms::QUANTITY_MAX).contains(units)) {
                    Some(units) => ("quantity", quantity.replace(units).is_some()),
                    None => {
                        let words =
                            format!("quantity must be a whole number from 1 to {}", terms::QUANTITY_MAX);
                        return refuse("quantity", words);
                    }
                }
            }
            _ if word.bytes().any(|byte| byte.is_ascii_alphabetic()) => {
                ("instrument", instrument.replace(word).is_some())
            }
            _ => return refuse("body", format!("{:?} means nothing here", shorten(word))),
        };
        if again {
            return refuse(field, format!("{field} is there twice"));
        }
    }
    if words.next().is_some() {
        return refuse("body", format!("the alert has more than {WORDS_MAX} words"));
    }
    match (side, quantity, instrument) {
        (Some(side), Some(quantity), Some(instrument)) => {
            Ok(Line { side, quantity, instrument, price: price.flatten() })
        }
        (None, ..) => refuse("action", "the alert says neither buy nor sell".into()),
        (_, None, _) => refuse("quantity", "the alert says no quantity".into()),
        (.., None) => refuse("instrument", "the alert names no instrument".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_of_words() {
        let line = |price| Line { side: Side::Buy, quantity: 10, instrument: "NSE:INFY", price };
        assert_eq!(parse("buy 10 NSE:INFY @ market"), Ok(line(None)));
        assert_eq!(parse("  BUY 10 NSE:INFY\n"), Ok(line(None)));
        assert_eq!(parse("NSE:INFY buy 10 limit 1510.50"), Ok(line(Some(Money::paise(151_050)))));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_field() {
        for (text, field) in [
            ("", "action"),
            ("10 NSE:INFY", "action"),
            ("buy NSE:INFY", "quantity"),
            ("buy 10", "instrument"),
            ("buy sell 10 NSE:INFY", "action"),
            ("buy 0 NSE:INFY", "quantity"),
            ("buy 99999999999999999999 NSE:INFY", "quantity"),
            ("buy 10 NSE:INFY NSE:RELIANCE", "instrument"),
            ("buy 10 NSE:INFY limit", "price"),
            ("buy 10 NSE:INFY limit NaN", "price"),
            ("buy 10 NSE:INFY market limit 5", "order"),
            ("buy 10 20 NSE:INFY", "body"),
            ("buy 1.5 NSE:INFY", "body"),
            ("a b c d e f g h i j k l m n", "instrument"),
        ] {
            let error = parse(text).unwrap_err().to_value().to_string();
            assert!(error.contains(&format!("\"field\":\"{field}\"")), "{text:?}: {error}");
        }
    }
}

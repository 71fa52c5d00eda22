//! Rupees as the broker's JSON numbers, and the prices that positions are valued at.

use kite::rest::number::Number;
use trade::Money;
use trade::position::Position;

use crate::trading::eye::Eye;

/// An amount or a price, with the digits it needs.
pub fn number(amount: Money) -> Number {
    let text = amount.to_string();
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // An amount is digits, at most one point and a sign: it always is a number.
    text.parse().unwrap_or_default()
}

/// `part` of `whole` in percent, to four decimals; zero of nothing.
pub fn percentage(part: Money, whole: Money) -> Number {
    let hundredth = whole.abs().billionths() / 100;
    if hundredth == 0 {
        return Number::ZERO;
    }
    number(Money::from_billionths(part.billionths().saturating_mul(10_000) / hundredth * 100_000))
}

/// What one position is valued at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The last price. Where the market has told none, the price at which the position is in the books, so that no profit
    /// is made up.
    pub last: Money,
    /// The previous close; the last price where none is known.
    pub close: Money,
}

impl Marks {
    /// From the newest tick.
    pub fn of(position: &Position, eye: &Eye) -> Marks {
        let tick = eye.tick(position.contract.token);
        let of_tick = |price| tick.as_ref().map(|tick| Money::from_price(price, tick.tick.decimals));
        let told = tick.as_ref().and_then(|tick| of_tick(tick.tick.last));
        let known = position.overnight_price.unwrap_or_else(|| position.average_price().abs());
        let last = told.unwrap_or(known);
        let close =
            tick.as_ref().and_then(|tick| of_tick(tick.tick.ohlc.close)).filter(|close| !close.is_zero());
        let carried = position.overnight_price.filter(|_| position.overnight != 0);
        Marks { last, close: carried.or(close).unwrap_or(last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_they_need() {
        for (amount, text) in
            [("1510.50", "1510.5"), ("100", "100"), ("0", "0"), ("-0.05", "-0.05"), ("2000.00", "2000")]
        {
            assert_eq!(number(amount.parse().unwrap()).to_string(), text);
        }
    }

    #[test]
    fn percentages_keep_their_sign() {
        let rupees = Money::rupees;
        assert_eq!(percentage(rupees(-1), rupees(4)).to_string(), "-25");
        assert_eq!(percentage(rupees(1), rupees(3)).to_string(), "33.3333");
        assert_eq!(percentage(rupees(5), Money::ZERO).to_string(), "0");
    }
}

//! Where a reader is in the numbered stream.

use std::fmt;
use std::str::FromStr;

/// One numbering: positions compare only within an epoch. Until numbering is shared between instances it is drawn at
/// random at each start, so a position from before a restart is recognised as foreign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

/// Everything published up to and including `offset` of `epoch` has been delivered or superseded.
///
/// Clients get it as opaque text and send it back unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The numbering.
    pub epoch: Epoch,
    /// The last offset seen; the first tick of an epoch has 1.
    pub offset: u64,
}

impl Position {
    /// Of a reader that has subscribed and not got all current values yet: nothing can be resumed from here.
    pub const fn unsettled(epoch: Epoch) -> Position {
        Position { epoch, offset: 0 }
    }

    /// True when nothing can be resumed from here.
    pub const fn is_unsettled(self) -> bool {
        self.offset == 0
    }
}

/// The text was not made by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a position: send back the text of the last message unchanged")]
pub struct PositionError;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m1-{:016x}-{:x}", self.epoch.0, self.offset)
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Position, PositionError> {
        let mut parts = text.split('-');
        let (Some("m1"), Some(epoch), Some(offset), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(PositionError);
        };
        if epoch.len() != 16 || offset.is_empty() || offset.len() > 16 {
            return Err(PositionError);
        }
        let hex = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            if plain { u64::from_str_radix(text, 16).map_err(|_| PositionError) } else { Err(PositionError) }
        };
        Ok(Position { epoch: Epoch(hex(epoch)?), offset: hex(offset)? })
    }
}

/// The position of a message about orders: that of the ticks before it, if there were any, and the row of the journal that
/// it tells.
pub fn joined(ticks: Option<&str>, orders: u64) -> String {
    match ticks {
        Some(ticks) => format!("{ticks}+{ORDERS}{orders:x}"),
        None => format!("{ORDERS}{orders:x}"),
    }
}

/// The reverse, for messages of either kind: the position in the ticks and the row of the orders.
///
/// # Errors
/// [`PositionError`] for a text that was not made by us.
pub fn read_joined(text: &str) -> Result<(Option<Position>, Option<u64>), PositionError> {
    let (ticks, orders) = match text.split_once('+') {
        Some((ticks, orders)) => (Some(ticks), Some(orders)),
        None if text.starts_with(ORDERS) => (None, Some(text)),
        None => (Some(text), None),
    };
    let row = |orders: &str| {
        let digits = orders.strip_prefix(ORDERS).filter(|digits| is_hex(digits) && digits.len() <= 16);
        digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(PositionError)
    };
    Ok((ticks.map(str::parse).transpose()?, orders.map(row).transpose()?))
}

/// How the part about orders begins.
const ORDERS: &str = "o1-";

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_from_its_text() {
        let position = Position { epoch: Epoch(0xfeed), offset: 881 };
        assert_eq!(position.to_string(), "m1-000000000000feed-371");
        assert_eq!(position.to_string().parse(), Ok(position));
    }

    #[test]
    fn positions_of_orders_come_back_with_that_of_the_ticks() {
        let position = Position { epoch: Epoch(0xfeed), offset: 881 };
        let ticks = position.to_string();
        assert_eq!(read_joined(&ticks), Ok((Some(position), None)));
        assert_eq!(read_joined(&joined(None, 42)), Ok((None, Some(42))));
        assert_eq!(read_joined(&joined(Some(&ticks), u64::MAX)), Ok((Some(position), Some(u64::MAX))));
        for text in
            ["", "o1-", "o1-+", "+o1-1", "o1-1+o1-1", "o1-10000000000000000", "m1-000000000000feed-1+"]
        {
            assert_eq!(read_joined(text), Err(PositionError), "{text:?}");
        }
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "",
            "m1",
            "m1--",
            "m1-feed-1",
            "m2-000000000000feed-1",
            "m1-000000000000feed-",
            "1-2-3",
            "m1-000000000000feed-1-",
            "m1-000000000000FEED-1",
            "m1-+00000000000feed-1",
        ] {
            assert_eq!(text.parse::<Position>(), Err(PositionError), "{text:?}");
        }
    }
}

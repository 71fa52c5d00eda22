//! From instrument token to a place in a list, in a few nanoseconds.

use market::InstrumentToken;

const EMPTY: u32 = u32::MAX;

/// Open addressing with linear probing, at most a quarter full. The hash is a plain multiplication: the tokens come from
/// the broker's list, not from strangers, and this lookup happens for every tick.
#[derive(Clone, Debug, Default)]
pub(super) struct TokenTable {
    slots: Vec<(u32, u32)>,
    shift: u32,
}

impl TokenTable {
    /// Places are those in `tokens`; of equal tokens the first counts.
    pub(super) fn new(tokens: &[InstrumentToken]) -> TokenTable {
        let size = tokens.len().saturating_mul(4).next_power_of_two().max(16);
        let shift = 64 - size.trailing_zeros();
        let mut table = TokenTable { slots: vec![(0, EMPTY); size], shift };
        for (token, place) in tokens.iter().zip(0u32..EMPTY) {
            let mut at = table.home(*token);
            while table.slots[at].1 != EMPTY && table.slots[at].0 != token.0 {
                at = (at + 1) & (size - 1);
            }
            if table.slots[at].1 == EMPTY {
                table.slots[at] = (token.0, place);
            }
        }
        table
    }

    #[inline]
    fn home(&self, token: InstrumentToken) -> usize {
        // The high bits of the product depend on all bits of the token. The shift leaves fewer bits than a usize has.
        (u64::from(token.0).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    #[inline]
    pub(super) fn get(&self, token: InstrumentToken) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.home(token);
        loop {
            match self.slots[at] {
                (_, EMPTY) => return None,
                (found, place) if found == token.0 => return Some(place as usize),
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        assert_eq!(TokenTable::default().get(InstrumentToken(0)), None);
        assert_eq!(TokenTable::new(&[]).get(InstrumentToken(0)), None);
        let tokens: Vec<_> = (0..10_000u32).map(|n| InstrumentToken(n.wrapping_mul(256 * 7) + 1)).collect();
        let table = TokenTable::new(&tokens);
        for (place, token) in tokens.iter().enumerate() {
            assert_eq!(table.get(*token), Some(place));
            assert_eq!(table.get(InstrumentToken(token.0 + 1)), None);
        }
        let twice = TokenTable::new(&[InstrumentToken(5), InstrumentToken(5)]);
        assert_eq!(twice.get(InstrumentToken(5)), Some(0));
    }
}

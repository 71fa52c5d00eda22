//! From a tick to the bytes of its packet.
//!
//! Enters: a tick and the mode that a reader asked for. Leaves: bytes on the stack, or an error. Never here: a clamped
//! value: what does not fit is refused.

use market::{Mode, Price, Tick, TickKind};

use super::FULL_BYTES;

/// Why a tick has no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A price beyond 31 bits and a sign. It is refused rather than clamped: a clamped price is an invented one.
    #[error("{field} {mantissa} does not fit the 32 bits of a packet")]
    PriceTooLarge {
        /// Which price.
        field: &'static str,
        /// Its value in the instrument's smallest unit.
        mantissa: i64,
    },
    /// The packet does not carry its decimals, readers derive them from the token; these would be read wrongly.
    #[error("prices with {decimals} decimals, but readers assume {expected} for this instrument")]
    Decimals {
        /// What the tick has.
        decimals: u8,
        /// What the token's segment implies.
        expected: u8,
    },
}

/// The bytes of one packet, on the stack.
#[derive(Clone, Copy)]
pub struct Encoded {
    bytes: [u8; FULL_BYTES],
    length: usize,
}

/// Appends the packet of `tick` at `mode` to `out`; a tick that carries less than `mode` is encoded at what it
/// carries. Index or tradable goes by [`Tick::kind`]. The padding of depth levels is zero.
///
/// # Errors
/// [`EncodeError`]; then `out` is unchanged.
pub fn encode(tick: &Tick, mode: Mode, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.extend_from_slice(Encoded::of(tick, mode)?.as_bytes());
    Ok(())
}

impl Encoded {
    /// See [`encode`].
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn of(tick: &Tick, mode: Mode) -> Result<Encoded, EncodeError> {
        let expected = tick.token.decimals();
        if tick.decimals != expected {
            return Err(EncodeError::Decimals {
                decimals: tick.decimals.digits(),
                expected: expected.digits(),
            });
        }
        let mut writer = Writer { bytes: [0; FULL_BYTES], at: 0 };
        writer.u32(tick.token.0);
        writer.price("last price", tick.last)?;
        match (tick.kind, mode.min(tick.mode)) {
            (_, Mode::Ltp) => {}
            (TickKind::Index, Mode::Quote) => writer.index(tick)?,
            (TickKind::Index, Mode::Full) => {
                writer.index(tick)?;
                writer.u32(tick.exchange_time.0);
            }
            (TickKind::Tradable, Mode::Quote) => writer.tradable(tick)?,
            (TickKind::Tradable, Mode::Full) => {
                writer.tradable(tick)?;
                writer.full(tick)?;
            }
        }
        Ok(Encoded { bytes: writer.bytes, length: writer.at })
    }

    /// As they go on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Encoded").field(&self.as_bytes()).finish()
    }
}

struct Writer {
    bytes: [u8; FULL_BYTES],
    at: usize,
}

impl Writer {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        // The longest sequence of writes is one full packet, exactly the array's length.
        self.bytes[self.at..self.at + N].copy_from_slice(&bytes);
        self.at += N;
    }

    #[inline(always)]
    fn u32(&mut self, value: u32) {
        self.put(value.to_be_bytes());
    }

    #[inline(always)]
    fn price(&mut self, field: &'static str, price: Price) -> Result<(), EncodeError> {
        let mantissa = price.mantissa();
        let wire = i32::try_from(mantissa).map_err(|_| EncodeError::PriceTooLarge { field, mantissa })?;
        self.put(wire.to_be_bytes());
        Ok(())
    }

    fn index(&mut self, tick: &Tick) -> Result<(), EncodeError> {
        self.price("high", tick.ohlc.high)?;
        self.price("low", tick.ohlc.low)?;
        self.price("open", tick.ohlc.open)?;
        self.price("close", tick.ohlc.close)?;
        self.price("change", tick.change)
    }

    fn tradable(&mut self, tick: &Tick) -> Result<(), EncodeError> {
        self.u32(tick.last_quantity);
        self.price("average price", tick.average)?;
        self.u32(tick.volume);
        self.u32(tick.total_buy);
        self.u32(tick.total_sell);
        self.price("open", tick.ohlc.open)?;
        self.price("high", tick.ohlc.high)?;
        self.price("low", tick.ohlc.low)?;
        self.price("close", tick.ohlc.close)
    }

    fn full(&mut self, tick: &Tick) -> Result<(), EncodeError> {
        self.u32(tick.last_trade_time.0);
        self.u32(tick.open_interest);
        self.u32(tick.open_interest_high);
        self.u32(tick.open_interest_low);
        self.u32(tick.exchange_time.0);
        for level in tick.depth.buy.iter().chain(&tick.depth.sell) {
            self.u32(level.quantity);
            self.price("depth price", level.price)?;
            self.put(level.orders.to_be_bytes());
            self.put([0, 0]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::LTP_BYTES;
    use super::*;
    use market::{Decimals, InstrumentToken};

    fn price(paise: i64) -> Price {
        Price::from_mantissa(paise)
    }

    #[test]
    fn a_tick_never_gains_what_it_did_not_carry() {
        let tick = Tick::ltp(InstrumentToken(408_065), price(151_050));
        assert_eq!(Encoded::of(&tick, Mode::Full).unwrap().as_bytes().len(), LTP_BYTES);
    }

    #[test]
    fn refuses_prices_that_do_not_fit() {
        let mut tick = Tick::ltp(InstrumentToken(408_065), price(1 << 31));
        let mut out = Vec::new();
        assert_eq!(
            encode(&tick, Mode::Ltp, &mut out),
            Err(EncodeError::PriceTooLarge { field: "last price", mantissa: 1 << 31 })
        );
        tick.last = Price::ZERO;
        tick.mode = Mode::Full;
        tick.depth.sell[4].price = price(i64::MIN);
        assert!(matches!(
            encode(&tick, Mode::Full, &mut out),
            Err(EncodeError::PriceTooLarge { field: "depth price", .. })
        ));
        tick.decimals = Decimals::FOUR;
        assert_eq!(
            encode(&tick, Mode::Ltp, &mut out),
            Err(EncodeError::Decimals { decimals: 4, expected: 2 })
        );
        assert!(out.is_empty(), "a refused packet leaves nothing behind");
    }
}

//! What an instrument, a price, a tick, a session and a calendar are.
//!
//! Enters: text and bytes of instrument dumps and calendar files. Leaves: checked values.
//! Never here: sockets, files, clocks, async. Money and prices are integers; a float appears only when a caller asks
//! for one to compute Greeks or to print a chart.

pub mod calendar;
pub mod candle;
pub mod decimal;
pub mod dump;
pub mod instrument;
pub mod mode;
pub mod price;
pub mod registry;
pub mod search;
pub mod source;
pub mod tick;
pub mod time;
pub mod token;

pub use candle::{Candle, Interval};
pub use decimal::{Decimal, DecimalError};
pub use instrument::{Exchange, Instrument, InstrumentKind, Segment};
pub use mode::Mode;
pub use price::{Decimals, Price, PriceError};
pub use source::Source;
pub use tick::{Depth, DepthLevel, Ohlc, Tick, TickKind};
pub use time::{EpochSeconds, UnixNanos};
pub use token::InstrumentToken;

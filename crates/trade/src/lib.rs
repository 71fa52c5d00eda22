//! Given state and a command, what is decided; given events, what is the state.
//!
//! Enters: events, commands, what the market says, the time. Leaves: events, and the state that they add up to.
//! Never here: I/O, clocks, randomness, async. The same inputs give the same answers on every machine, for ever.

pub mod allocation;
pub mod apply;
pub mod budget;
pub mod contract;
pub mod conversion;
pub mod decide;
pub mod event;
pub mod gtt;
pub mod ids;
pub mod limits;
pub mod money;
pub mod order;
pub mod position;
pub mod projection;
pub mod reason;
pub mod request;
pub mod signal;
pub mod slices;
pub mod state;
pub mod transitions;
pub mod view;

pub use contract::Contract;
pub use event::{Event, SCHEMA};
pub use ids::{AccountId, ClientId, GttId, IntentId, OrderId, OrderIds, SignalId, Strategy};
pub use limits::Limits;
pub use money::Money;
pub use order::{Order, Stage};
pub use reason::{Code, Reason};
pub use request::{OrderRequest, OrderType, Product, Side, Validity};
pub use signal::Signal;
pub use state::State;
pub use view::{MarketView, Now};

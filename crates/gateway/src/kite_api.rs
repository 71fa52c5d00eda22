//! The Kite-compatible listener: REST at the origin's root and the ticker socket at `/`, as the official clients expect.

mod broker_limits;
mod figures;
mod gtt;
mod guard;
mod history;
mod instruments;
mod later;
mod login;
mod margins;
mod orders;
mod owner;
mod portfolio;
mod quotes;
mod reply;
mod routes;
mod session;
mod ticker;
mod user;

pub use broker_limits::BrokerLimits;
pub use orders::refusals::Refusals;
pub use routes::router;
pub use ticker::TickerPlaces;

//! What an option is worth and what volatility a price implies, under Black-76 and Black-Scholes-Merton.
//!
//! Enters: forward or spot, strike, time, rates, volatility or price, all as doubles. Leaves: doubles and named
//! refusals. Never here: clocks, ticks, money (a premium becomes money only when a caller rounds it to a tick),
//! allocation. Nothing here panics, whatever the doubles hold.
//!
//! Conventions, the same everywhere: rates are continuously compounded per year, volatility is per square root of a
//! year, time is ACT/365 on the clock ([`years_to_expiry`]). `testdata/README.md` has the formulas and the accuracy
//! that the tests hold us to.

mod black;
mod erfcx;
mod expiry;
mod implied;

pub use black::{OptionKind, black76_price, bsm_price};
pub use expiry::{expiry_moment, years_to_expiry};
pub use implied::{ImpliedVolError, black76_implied_vol, bsm_implied_vol};

//! The two threads behind the listeners: one drives the market, one owns the hub. They share no executor with HTTP.

pub mod hub_thread;
pub mod market_thread;

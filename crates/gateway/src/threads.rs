//! The two threads behind the listeners: one drives the market, one owns the hub. They share no executor with HTTP.

pub mod hub_thread;
pub mod market_thread;

/// Held by a thread without which prices would stand still: should it panic, the process ends, since a gateway that has
/// died inside must not look like a quiet market. Whoever supervises it starts another.
pub(crate) struct EndsProcessOnPanic;

impl Drop for EndsProcessOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("a thread that must not fail has failed: ending the process");
            std::process::abort();
        }
    }
}

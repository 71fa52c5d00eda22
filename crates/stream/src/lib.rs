//! Who wants which instrument and what is sent next.
//!
//! Enters: validated ticks, wishes of readers. Leaves: numbered ticks in each reader's inbox, encoded once per wire
//! format. Never here: sockets, HTTP, feeds, clocks, threads.
//!
//! One owner drives the [`Hub`]; a reader takes from its own [`Inbox`] in any task. Invariants: I-6 (a slow reader
//! affects only itself: its inbox is bounded by its subscriptions or by a fixed capacity), I-7 (a position is never
//! used twice in an epoch).

pub mod hub;
pub mod inbox;
pub mod native;
pub mod position;
pub mod predecessor;
pub mod published;
mod ring;

pub use hub::{Hub, HubConfig, ReaderId, Subscription};
pub use inbox::{Batch, Delivery, Inbox, Notice};
pub use position::{Epoch, Position, PositionError};
pub use published::{Listed, Published};

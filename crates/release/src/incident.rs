//! Incidents: who has to be called now, which clocks are broken, how long it took.
//!
//! Enters: severities and the escalation chain of a policy, rows about incidents, a moment. Leaves: pages to send and
//! breaches to write ([`due()`]), whether a release may begin ([`blocks_release()`]), figures ([`measures()`],
//! [`alert_quality()`]), texts ([`timeline()`], [`retrospective()`], [`status_entries()`], [`message`]). Never here:
//! sending, a clock, addresses and keys of people.
//!
//! The shell's loop: ask [`due()`], write that a page is tried, send it under its key, write that it was sent or
//! failed. A process that dies in between sends it again, under the same key, and the receiver drops it: at least once,
//! seen once. [`wakes_at()`] says when to ask again. When somebody answers, or it is over, [`tellings()`] are told to
//! whoever may have a page.
//!
//! An incident goes from open by acknowledged and mitigated (service is back) to resolved (nothing is left to do),
//! and may be reopened: each opening has its own clocks and its own pages. Whoever mitigates or resolves has
//! acknowledged, too.

mod alerts;
mod apply;
mod calling;
mod clock;
mod due;
pub mod event;
mod key;
mod measure;
pub mod message;
mod retro;
mod state;
mod status;
mod tell;
mod timeline;

pub use alerts::{AlertWeek, alert_quality};
pub use apply::Nonsense;
pub use clock::{ClockState, blocks_release, clocks};
pub use due::{Breach, Due, MOST_ATTEMPTS, Page, ROUNDS, due, is_calling, role, wakes_at};
pub use event::{Clock, Event, OpenedBy, Word};
pub use key::{NotAKey, PageKey};
pub use measure::{Figures, Measures, measures};
pub(crate) use retro::plain;
pub use retro::retrospective;
pub use state::{Alert, Incident, Incidents, Opening, PageState, Status, Test};
pub use status::{Condition, StatusEntry, Update, status_entries};
pub use tell::{TOLD_FOR, Telling, tellings};
pub(crate) use timeline::one_line;
pub use timeline::{newest, timeline};

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

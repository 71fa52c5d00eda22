//! The documents of a release, from its rows alone: its decision, its rehearsals, the reports of its operation.
//!
//! Enters: control's journal, folded; which release or service; a moment; a way to verify signatures. Leaves: Markdown and HTML. Never
//! here: a clock, a file, a socket, words that neither the policy nor the rows say.
//!
//! The same rows and the same moment give the same bytes, so that whoever holds the rows can compute every document again. A document
//! is a [`Document`] first, computed once: Markdown and HTML are two ways to write it and cannot disagree.
//!
//! - [`mod@decision`]: what is decided about a release, and everything that it rests on.
//! - [`mod@rehearsals`]: how long runs of runbooks took, beside their budgets.
//! - [`operation`]: a day and a week of a service.
//! - [`retrospective`]: an incident, told from its rows.
//! - [`document`], [`chart`], [`prose`], [`write`](mod@write): what documents are made of, and how they are written.

pub mod chart;
pub mod decision;
pub mod document;
mod edition;
pub mod operation;
pub mod prose;
pub mod rehearsals;
mod retrospective;
mod runs;
mod shown;
mod write;

pub use decision::decision;
pub use document::Document;
pub use edition::{CannotWrite, Edition};
pub use rehearsals::rehearsals;
pub use retrospective::retrospective;
pub use write::{html, markdown};

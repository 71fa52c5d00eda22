//! An account that trades on paper: orders are matched against the market's own book.
//!
//! Enters: orders, changes, every update of the book, market time. Leaves: what became of each order. Never here: a clock, a
//! random number, a socket, whether an order is allowed (risk has decided that before).
//!
//! - [`Matcher`]: the engine; knows orders by number, nothing of accounts. `meridian venue` runs the same one.
//! - [`PaperVenue`]: one paper account around it, in the words of the journal.
//!
//! # How orders are filled
//!
//! - **Latency.** A placement, change or cancellation arrives `latency_ns` of market time after it was handed over, in the
//!   order of handing over, and meets the newest book seen by then.
//! - **Market orders** take the visible depth level by level at the book's prices. What is left waits and takes from the next
//!   books, before all limit orders. Without visible depth on the other side they wait.
//! - **Limit orders** that cross take depth up to their limit, at the book's prices, so better than the limit where the book
//!   is better and never worse. The rest stays in the book.
//! - **Resting limit orders** fill in three ways: from offers at or inside their limit, at the book's prices; when a trade is
//!   reported beyond their limit, at the limit, up to what traded since the last book; when trades are reported exactly at
//!   their limit, after the quantity that was ahead of them. What traded between two books counts whole, also for an order
//!   that came in between.
//! - **The queue.** Ahead of an order is what its level showed when it came. Trades at that price shorten it, and so does a
//!   level that shows less. A level beyond the visible five counts from when it is first seen. A new price or a larger quantity
//!   goes to the end of the queue; a smaller quantity keeps its place.
//! - **Nothing is taken twice.** Depth and traded volume that one of our orders has used are gone for the others, until the
//!   next update of the instrument. The order among ours: best price, then first come. They never trade with each other.
//! - **Only a last price.** Where the source tells no depth, an order fills whole at the last price, a limit order once the
//!   last price is at its limit or better.
//! - **Stops** trigger once the last price is at the trigger or beyond it, and then are a market order (`SL-M`) or a limit
//!   order (`SL`) that meets that very book.
//! - **IOC** takes what it can when it arrives (a stop: when it triggers); the rest is cancelled.
//! - **The end of the day** expires everything in the instruments that have closed and forgets their books. An order with a
//!   moment of its own expires then.
//! - **Rejections** can be asked for, so many in a million: which ones depends on the seed and the order's number alone.
//!
//! The market does not notice our orders: a fill moves no price.

mod book;
mod config;
mod fill;
mod matcher;
mod order;
mod output;
mod venue;

pub use book::{BookUpdate, Depth, LEVELS, Level};
pub use config::{MatcherConfig, NotTaken};
pub use matcher::Matcher;
pub use order::{OpenOrder, Standing, Terms};
pub use output::{Happening, Output};
pub use venue::{BookLine, PaperVenue};

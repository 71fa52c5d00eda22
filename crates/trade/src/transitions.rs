//! The one table of what an order may do next. Reports may be repeated, out of order or missing, so an order may jump, but
//! it never goes back.
//!
//! Rows: from; columns: to, in the same order. `x`: may, `o`: may, and is odd.
//!
//! ```text
//!                  in se un ac tr op pa fi ca re ex ne
//! intended          .  x  x  x  x  x  x  x  x  x  x  x
//! sent              .  .  x  x  x  x  x  x  x  x  x  x
//! unknown           .  .  .  x  x  x  x  x  x  x  x  x
//! acknowledged      .  .  .  .  x  x  x  x  x  x  x  .
//! trigger_pending   .  .  .  .  .  x  x  x  x  x  x  .
//! open              .  .  .  .  x  .  x  x  x  x  x  .
//! partly_filled     .  .  .  .  .  .  .  x  x  .  x  .
//! filled            .  .  .  .  .  .  .  .  .  .  .  .
//! cancelled         .  .  .  .  .  .  .  .  .  .  .  .
//! rejected          .  .  .  .  .  .  .  .  .  .  .  .
//! expired           .  .  .  .  .  .  .  .  .  .  .  .
//! never_reached     .  .  .  o  .  .  .  .  .  .  .  .
//! ```
//!
//! Odd rows of real venues that the table allows: a fill before the acknowledgement (`sent` to `partly_filled`); an open
//! order that waits for a trigger again (its type was changed); an order that appears after it was taken for absent, which
//! halts its account. A fill after a cancellation moves nothing: the position follows it, the order stays cancelled. A
//! refused cancellation moves nothing either.

use std::cmp::Ordering;

use crate::event::{VenueReported, VenueStatus};
use crate::order::{Order, Stage};

impl Stage {
    /// True when an order may go from this stage to `next`, another one.
    pub const fn may_become(self, next: Stage) -> bool {
        use Stage::*;
        match self {
            Intended => !matches!(next, Intended),
            Sent => !matches!(next, Intended | Sent),
            Unknown => !matches!(next, Intended | Sent | Unknown),
            Acknowledged => {
                matches!(next, TriggerPending | Open | PartlyFilled | Filled | Cancelled | Rejected | Expired)
            }
            TriggerPending => matches!(next, Open | PartlyFilled | Filled | Cancelled | Rejected | Expired),
            Open => matches!(next, TriggerPending | PartlyFilled | Filled | Cancelled | Rejected | Expired),
            PartlyFilled => matches!(next, Filled | Cancelled | Expired),
            Filled | Cancelled | Rejected | Expired => false,
            NeverReached => matches!(next, Acknowledged),
        }
    }
}

/// What a report does to an order's stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The report counts, and the order stands there after it, which may be where it stood.
    To(Stage),
    /// An old report, or one that was taken in before: nothing changes.
    Same,
    /// No order can do this: nothing changes, and it is an alarm.
    Illegal,
}

/// Goes to `stage` if the table allows it; says whether it did.
pub fn advance(order: &mut Order, stage: Stage) -> bool {
    let may = order.stage.may_become(stage);
    if may {
        order.stage = stage;
    }
    may
}

/// Moves an order that has not ended to where its fills put it.
pub fn follow_fills(order: &mut Order) {
    if order.filled <= 0 || order.stage.is_ended() {
        return;
    }
    let told_whole = order.told == Some(VenueStatus::Complete) && order.filled >= order.told_filled;
    if told_whole || order.filled >= order.whole() {
        advance(order, Stage::Filled);
    } else {
        advance(order, Stage::PartlyFilled);
    }
}

/// What `report` does to `order`.
pub fn judge(order: &Order, report: &VenueReported) -> Move {
    // Two orders at the venue for one of ours must never look like one.
    if order.is_other_at_venue(&report.venue_order_id) {
        return Move::Illegal;
    }
    if compare_revisions(&report.revision, &order.revision) != Ordering::Greater {
        return Move::Same;
    }
    let sane_terms =
        report.terms.as_ref().and_then(|terms| terms.quantity).is_none_or(|quantity| quantity > 0);
    if report.filled < order.told_filled || !sane_terms {
        return Move::Illegal;
    }
    let Some(stage) = stage_after(order, report) else { return Move::Illegal };
    if stage == order.stage || order.stage.may_become(stage) { Move::To(stage) } else { Move::Illegal }
}

/// Where the report puts the order if the table allows it; `None` when it contradicts what is known in another way.
fn stage_after(order: &Order, report: &VenueReported) -> Option<Stage> {
    let now = order.stage;
    // That it appeared comes as an event of its own, which halts the account.
    if now == Stage::NeverReached {
        return None;
    }
    // It may still wait for trades, but once it was told complete, it cannot be anything else.
    if order.told == Some(VenueStatus::Complete) && report.status != VenueStatus::Complete {
        return None;
    }
    let in_book = match report.status {
        VenueStatus::Cancelled => return Some(Stage::Cancelled),
        VenueStatus::Expired => return Some(Stage::Expired),
        VenueStatus::Rejected if report.filled > 0 => return None,
        VenueStatus::Rejected => return Some(Stage::Rejected),
        // Filled whole, but filled is what trades say: until they are all there, the order is in the book.
        VenueStatus::Complete if report.filled == 0 => return None,
        VenueStatus::Complete if order.filled >= report.filled => return Some(Stage::Filled),
        VenueStatus::Complete | VenueStatus::Open => Stage::Open,
        VenueStatus::TriggerPending => Stage::TriggerPending,
        VenueStatus::Pending => Stage::Acknowledged,
    };
    match now {
        // Its trades were faster than its reports.
        Stage::PartlyFilled | Stage::Filled => Some(now),
        // On its way inside the venue is behind any place in the book.
        Stage::TriggerPending | Stage::Open if in_book == Stage::Acknowledged => Some(now),
        _ => Some(in_book),
    }
}

/// Revisions are counts or times in nature, and texts where a venue makes them so.
fn compare_revisions(one: &str, other: &str) -> Ordering {
    match (one.parse::<u64>(), other.parse::<u64>()) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_documentation_is_the_one_that_holds() {
        let source = include_str!("transitions.rs");
        let table = source.split("//! ```").nth(1).unwrap();
        let rows: Vec<Vec<&str>> = table
            .lines()
            .skip(2)
            .map(|line| line.trim_start_matches("//!").split_whitespace().collect())
            .filter(|row: &Vec<&str>| !row.is_empty())
            .collect();
        assert_eq!(rows.len(), Stage::ALL.len());
        for (row, from) in rows.iter().zip(Stage::ALL) {
            assert_eq!(row[0], from.as_str());
            for (mark, to) in row[1..].iter().zip(Stage::ALL) {
                assert_eq!(*mark != ".", from.may_become(to), "{} to {}", from.as_str(), to.as_str());
            }
            assert_eq!(row.len(), 1 + Stage::ALL.len());
        }
    }

    #[test]
    fn only_what_was_taken_for_absent_comes_back() {
        let back: Vec<_> = Stage::ALL
            .into_iter()
            .filter(|from| from.is_ended())
            .flat_map(|from| Stage::ALL.into_iter().map(move |to| (from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        assert_eq!(back, [(Stage::NeverReached, Stage::Acknowledged)]);
    }

    #[test]
    fn revisions_are_numbers_where_they_look_like_it() {
        assert_eq!(compare_revisions("10", "9"), Ordering::Greater);
        assert_eq!(compare_revisions("2026-08-03 10:00:00", "2026-08-03 09:59:59"), Ordering::Greater);
        assert_eq!(compare_revisions("7", ""), Ordering::Greater);
        assert_eq!(compare_revisions("", ""), Ordering::Equal);
    }
}

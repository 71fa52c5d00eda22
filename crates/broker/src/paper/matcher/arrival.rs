//! What happens when something that was handed over arrives.

use trade::Validity;
use trade::request::Changes;

use super::super::book::Book;
use super::super::fill::{requeue, take};
use super::super::order::{Standing, Terms, Working};
use super::super::output::{Happening, Output, say};
use super::{Act, Handed, Matcher};

const NOT_OPEN: &str = "the order is not open";
const DRAWN: &str = "rejected at random, as the account is set up to";

impl Matcher {
    pub(super) fn arrive(&mut self, handed: Handed, out: &mut Vec<Output>) {
        match handed.what {
            Act::Place(order) => {
                self.arriving.remove(&handed.key);
                self.arrive_new(*order, out);
            }
            Act::Modify(changes) => self.change(handed.key, &changes, out),
            Act::Cancel => self.cancel_now(handed.key, out),
        }
    }

    fn arrive_new(&mut self, mut order: Working, out: &mut Vec<Output>) {
        if order.told == Standing::Pending {
            let drawn = self.config.rejects(order.key).then_some(DRAWN);
            if let Some(message) = order.terms.fault().or(drawn) {
                return say(out, order.key, self.now, Happening::Rejected { message });
            }
        }
        if order.terms.expires_at.is_some_and(|at| at <= self.now) {
            return say(out, order.key, self.now, Happening::Expired);
        }
        order.arrival = self.next_arrival();
        self.enter(order, out);
    }

    fn change(&mut self, key: u64, changes: &Changes, out: &mut Vec<Output>) {
        let judged = self.working(key).map(|order| judge_change(order, changes)).unwrap_or(Err(NOT_OPEN));
        let terms = match judged {
            Ok(terms) => terms,
            Err(message) => return say(out, key, self.now, Happening::ChangeRefused { message }),
        };
        let Some(mut order) = self.remove(key) else { return };
        let keeps_place = terms.order_type == order.terms.order_type
            && terms.price == order.terms.price
            && terms.quantity <= order.terms.quantity;
        if !keeps_place {
            order.arrival = self.next_arrival();
            order.ahead = None;
        }
        order.is_triggered &= terms.order_type.has_trigger();
        order.terms = terms;
        say(out, key, self.now, Happening::Modified);
        self.enter(order, out);
    }

    pub(super) fn cancel_now(&mut self, key: u64, out: &mut Vec<Output>) {
        if self.places.contains_key(&key) {
            self.end(key, Happening::Cancelled { requested: true }, out);
        } else {
            say(out, key, self.now, Happening::ChangeRefused { message: NOT_OPEN });
        }
    }

    /// An order meets the book: on arrival, when its trigger is touched, with new terms.
    pub(super) fn enter(&mut self, mut order: Working, out: &mut Vec<Output>) {
        let desk = self.desks.entry(order.terms.token).or_default();
        if order.is_waiting() {
            let last = desk.book.as_ref().and_then(Book::last);
            order.is_triggered = order.terms.is_touched(last);
        }
        if order.is_waiting() {
            if order.told != Standing::TriggerPending {
                order.told = Standing::TriggerPending;
                say(out, order.key, self.now, Happening::TriggerPending);
            }
            return self.keep(order);
        }
        if order.told != Standing::Open {
            order.told = Standing::Open;
            say(out, order.key, self.now, Happening::Opened);
        }
        if let Some(book) = &mut desk.book {
            take(&mut order, book, self.now, out);
            requeue(&mut order, book);
        }
        if order.remaining() == 0 {
            say(out, order.key, self.now, Happening::Completed);
        } else if order.terms.validity == Validity::Ioc {
            say(out, order.key, self.now, Happening::Cancelled { requested: false });
        } else {
            self.keep(order);
        }
    }

    fn next_arrival(&mut self) -> u64 {
        self.arrivals += 1;
        self.arrivals
    }
}

/// The terms that a change leads to, or why it cannot be made.
fn judge_change(order: &Working, changes: &Changes) -> Result<Terms, &'static str> {
    let terms = order.terms.changed(changes);
    if let Some(fault) = terms.fault() {
        return Err(fault);
    }
    if terms.quantity <= order.filled {
        return Err("the quantity must be above what is filled; cancel the order to end it");
    }
    if order.is_triggered && terms.order_type.has_trigger() && terms.trigger != order.terms.trigger {
        return Err("the trigger has been touched already");
    }
    Ok(terms)
}

//! The canonical state hash: what two builds compare (I-4).
//!
//! Enters: a state. Leaves: SHA-256 of its projection. Never here: memory layout, row numbers, anything that a build may
//! keep or drop as it likes.
//!
//! Version 1 is a text of records, each a line of fields. A field is its length in bytes, a colon, and its UTF-8 text; an
//! absent value is `-` (which no length can be). Fields follow each other without a space; a record ends with a line feed.
//! Numbers are decimal, money is in billionths of a rupee, days are ISO 8601, times are unix nanoseconds. Enums
//! are the words of the journal. Records come in this order, and within each kind in the order of their keys:
//!
//! ```text
//! meridian-state 1
//! incarnation number
//! halt           account(-) why cancel_open by                of all accounts, if there is one
//! flag           name on
//! account        name class funds cash day best_today
//!   limits       each limit, in the order of the code below
//!   halt         account why cancel_open by                   its own, if there is one
//!   position     token product contract quantity cost realised realised_today overnight overnight_price
//!                bought bought_value sold sold_value
//!   pending      signal id | command order number act | cancel order      in the order of the queue
//! order          id account stage contract token side quantity type price trigger validity product
//!                filled value told_filled venue_id signal tag modified day created
//!   call         number act fate
//! signal         id digest received
//!   decision     account verdict time, codes of reasons, `orders`, order ids
//! client         name order digest
//! ```
//!
//! Version 2 says 2 in its first record, and has behind the records of version 1:
//!
//! ```text
//! gtts           newest number
//! gtt            id account contract token last_price stage created updated expires
//!   leg          trigger contract token side quantity type price validity product
//!   fired        leg price at order, codes of reasons                           if it fired
//! conversion     account number token side quantity part from to               in the order of the queue
//! slicing        account order number                                            a command that may become several orders
//! ```
//!
//! Orders and signals are the kept ones: how many ended ones that are (`ENDED_KEPT`) is part of version 1, too.
//!
//! Every field is written out by name here. A new field of a type is not part of version 1: it belongs in a new version,
//! if it matters at all.

use std::fmt::Display;

use sha2::{Digest, Sha256};

use crate::event::{Call, CommandedAct, Halted, Verdict};
use crate::gtt::{Gtt, GttStage};
use crate::limits::Limits;
use crate::money::Money;
use crate::order::{Fate, Order};
use crate::position::Position;
use crate::state::{Account, Pending, SignalState, State};

/// The newest version of the projection that this build knows.
pub const VERSION: u32 = 2;

/// Hash of the canonical projection `version` of `state`; `None` for a version that this build does not know.
pub fn hash(state: &State, version: u32) -> Option<[u8; 32]> {
    let mut hasher = Sha256::new();
    project(state, version, &mut |record| hasher.update(record))?;
    Some(hasher.finalize().into())
}

/// The canonical projection `version` itself, for people who look for the first difference between two states; `None` for
/// a version that this build does not know.
pub fn text(state: &State, version: u32) -> Option<String> {
    let mut text = String::new();
    project(state, version, &mut |record| text.push_str(&String::from_utf8_lossy(record)))?;
    Some(text)
}

fn project(state: &State, version: u32, out: &mut dyn FnMut(&[u8])) -> Option<()> {
    if !(1..=VERSION).contains(&version) {
        return None;
    }
    let mut records = Records { out, line: String::new() };
    records.write("meridian-state", |fields| fields.number(version));
    records.write("incarnation", |fields| fields.number(state.incarnation));
    if let Some(halt) = &state.halted {
        records.halt(halt);
    }
    for (name, on) in state.flags.iter() {
        records.write("flag", |fields| fields.text(name).truth(*on));
    }
    for account in state.accounts.values() {
        records.account(account);
    }
    for order in state.orders.values() {
        records.order(order);
    }
    for signal in state.signals.values() {
        records.signal(signal);
    }
    for (name, commanded) in state.clients.iter() {
        records.write("client", |fields| {
            fields.text(name.as_str()).number(commanded.order).text(&commanded.digest)
        });
    }
    if version >= 2 {
        records.write("gtts", |fields| fields.number(state.gtts.newest));
        for gtt in state.gtts.kept.values() {
            records.gtt(gtt);
        }
        for account in state.accounts.values() {
            records.younger_pending(account);
        }
    }
    Some(())
}

/// Writes records one by one, so that a large state is never a large text.
struct Records<'a> {
    out: &'a mut dyn FnMut(&[u8]),
    line: String,
}

impl Records<'_> {
    fn write(
        &mut self,
        kind: &str,
        fields: impl for<'a, 'b> FnOnce(&'a mut Fields<'b>) -> &'a mut Fields<'b>,
    ) {
        self.line.clear();
        fields(Fields { line: &mut self.line }.text(kind));
        self.line.push('\n');
        (self.out)(self.line.as_bytes());
    }

    fn halt(&mut self, halt: &Halted) {
        self.write("halt", |fields| {
            let account = halt.account.as_ref().map(|account| account.as_str());
            fields.optional(account).text(&halt.why).truth(halt.cancel_open).text(&halt.by)
        });
    }

    fn account(&mut self, account: &Account) {
        let added = &account.added;
        self.write("account", |fields| {
            fields
                .text(added.account.as_str())
                .text(added.class.as_str())
                .money(added.funds)
                .money(account.cash)
                .maybe(account.day)
                .money(account.best_today)
        });
        self.limits(&account.limits);
        if let Some(halt) = &account.halted {
            self.halt(halt);
        }
        for position in account.positions.values() {
            self.position(position);
        }
        for pending in account.pending.iter() {
            // Younger than version 1.
            if matches!(pending, Pending::Conversion(_)) {
                continue;
            }
            self.write("pending", |fields| match pending {
                Pending::Signal(id) => fields.text("signal").text(id.as_str()),
                Pending::Command(command) => fields
                    .text("command")
                    .number(command.order)
                    .number(command.command)
                    .text(command_word(&command.what)),
                Pending::Cancel(order) => fields.text("cancel").number(order),
                Pending::Conversion(_) => fields,
            });
        }
    }

    /// What version 1 does not say of pending questions.
    fn younger_pending(&mut self, account: &Account) {
        let name = account.added.account.as_str();
        for pending in account.pending.iter() {
            match pending {
                Pending::Conversion(asked) => self.write("conversion", |fields| {
                    fields
                        .text(name)
                        .number(asked.conversion)
                        .number(asked.what.contract.token)
                        .text(asked.what.side.as_str())
                        .number(asked.what.quantity)
                        .text(asked.what.part.as_str())
                        .text(asked.what.from.as_str())
                        .text(asked.what.to.as_str())
                }),
                Pending::Command(command) if command.may_slice => self.write("slicing", |fields| {
                    fields.text(name).number(command.order).number(command.command)
                }),
                _ => {}
            }
        }
    }

    fn limits(&mut self, limits: &Limits) {
        self.write("limits", |fields| {
            fields
                .maybe(limits.order_quantity)
                .maybe_money(limits.order_notional)
                .maybe(limits.position_quantity)
                .maybe_money(limits.instrument_exposure)
                .maybe_money(limits.gross_exposure)
                .maybe(limits.open_orders)
                .maybe_money(limits.daily_loss)
                .maybe_money(limits.drawdown)
                .maybe(limits.orders_per_second)
                .maybe(limits.orders_per_minute)
                .maybe(limits.orders_per_day)
                .number(limits.cancel_reserve_percent)
                .maybe(limits.duplicate_window_ms)
                .number(limits.price_age_ms)
                .maybe(limits.price_band_bps)
                .maybe(limits.margin_percent)
                .maybe(limits.freeze_quantity)
                .truth(limits.suspect_prices)
        });
    }

    fn position(&mut self, position: &Position) {
        self.write("position", |fields| {
            fields
                .number(position.contract.token)
                .text(position.product.as_str())
                .text(&position.contract.name)
                .number(position.quantity)
                .money(position.cost)
                .money(position.realised)
                .money(position.realised_today)
                .number(position.overnight)
                .maybe_money(position.overnight_price)
                .number(position.day_buy.quantity)
                .money(position.day_buy.value)
                .number(position.day_sell.quantity)
                .money(position.day_sell.value)
        });
    }

    fn order(&mut self, order: &Order) {
        let request = &order.request;
        self.write("order", |fields| {
            fields
                .number(order.id)
                .text(order.account.as_str())
                .text(order.stage.as_str())
                .text(&request.contract.name)
                .number(request.contract.token)
                .text(request.side.as_str())
                .number(request.quantity)
                .text(request.order_type.as_str())
                .maybe_money(request.price)
                .maybe_money(request.trigger_price)
                .text(request.validity.as_str())
                .text(request.product.as_str())
                .number(order.filled)
                .money(order.value)
                .number(order.told_filled)
                .optional(order.venue_order_id.as_deref())
                .optional(order.signal.as_ref().map(|signal| signal.as_str()))
                .optional(order.tag.as_deref())
                .truth(order.modified)
                .number(order.day)
                .number(order.created)
        });
        for (n, call) in (1u32..).zip(&order.calls) {
            self.write("call", |fields| {
                fields.number(n).text(call_word(&call.call)).text(fate_word(call.fate))
            });
        }
    }

    fn signal(&mut self, known: &SignalState) {
        self.write("signal", |fields| {
            fields.text(known.signal.id.as_str()).text(&known.digest).number(known.received)
        });
        for decision in &known.decisions {
            let decided = &decision.decided;
            self.write("decision", |fields| {
                fields
                    .text(decided.account.as_str())
                    .text(verdict_word(decided.verdict))
                    .number(decision.time);
                for reason in &decided.reasons {
                    fields.text(reason.code.as_str());
                }
                fields.text("orders");
                for order in &decided.orders {
                    fields.number(order);
                }
                fields
            });
        }
    }
}

impl Records<'_> {
    fn gtt(&mut self, gtt: &Gtt) {
        let contract = &gtt.terms.contract;
        self.write("gtt", |fields| {
            fields
                .number(gtt.id)
                .text(gtt.account.as_str())
                .text(&contract.name)
                .number(contract.token)
                .money(gtt.terms.last_price)
                .text(gtt.stage.as_str())
                .number(gtt.created)
                .number(gtt.updated)
                .number(gtt.expires)
        });
        for leg in &gtt.terms.legs {
            let order = &leg.order;
            self.write("leg", |fields| {
                fields
                    .money(leg.trigger)
                    .text(&order.contract.name)
                    .number(order.contract.token)
                    .text(order.side.as_str())
                    .number(order.quantity)
                    .text(order.order_type.as_str())
                    .maybe_money(order.price)
                    .text(order.validity.as_str())
                    .text(order.product.as_str())
            });
        }
        if let GttStage::Triggered(fired) = &gtt.stage {
            self.write("fired", |fields| {
                fields.number(fired.leg).money(fired.price).number(fired.at).number(fired.order);
                for reason in &fired.denied {
                    fields.text(reason.code.as_str());
                }
                fields
            });
        }
    }
}

/// The fields of one record.
struct Fields<'a> {
    line: &'a mut String,
}

impl Fields<'_> {
    fn text(&mut self, text: &str) -> &mut Self {
        self.line.push_str(&text.len().to_string());
        self.line.push(':');
        self.line.push_str(text);
        self
    }

    fn number(&mut self, number: impl Display) -> &mut Self {
        self.text(&number.to_string())
    }

    fn truth(&mut self, is_true: bool) -> &mut Self {
        self.text(if is_true { "true" } else { "false" })
    }

    fn money(&mut self, money: Money) -> &mut Self {
        self.number(money.billionths())
    }

    fn absent(&mut self) -> &mut Self {
        self.line.push('-');
        self
    }

    fn optional(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.absent(),
        }
    }

    fn maybe(&mut self, number: Option<impl Display>) -> &mut Self {
        match number {
            Some(number) => self.number(number),
            None => self.absent(),
        }
    }

    fn maybe_money(&mut self, money: Option<Money>) -> &mut Self {
        self.maybe(money.map(Money::billionths))
    }
}

const fn command_word(what: &CommandedAct) -> &'static str {
    match what {
        CommandedAct::Place(_) => "place",
        CommandedAct::Modify(_) => "modify",
        CommandedAct::Cancel => "cancel",
    }
}

const fn call_word(call: &Call) -> &'static str {
    match call {
        Call::Place(_) => "place",
        Call::Modify(_) => "modify",
        Call::Cancel => "cancel",
    }
}

const fn fate_word(fate: Fate) -> &'static str {
    match fate {
        Fate::Waiting => "waiting",
        Fate::Unknown => "unknown",
        Fate::Acknowledged => "acknowledged",
        Fate::Refused => "refused",
        Fate::NeverReached => "never_reached",
    }
}

const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Trimmed => "trimmed",
        Verdict::Denied => "denied",
    }
}

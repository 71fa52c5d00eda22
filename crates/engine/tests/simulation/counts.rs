//! What happened in the runs. A simulation in which something never happens any more proves nothing about it.

use std::collections::BTreeMap;

/// Everything that has to happen at least once in a thousand runs.
pub const EXPECTED: &[&str] = &[
    // Processes.
    "instance crashed",
    "instance crashed inside an append",
    "instance crashed with outputs in hand",
    "instance frozen",
    "instance frozen after reading the clock",
    "instance frozen between check and write",
    "instance thawed",
    "instance killed while frozen",
    "instance ended after losing a lease",
    "instance started from a snapshot",
    "instance left a foreign snapshot aside",
    "instance stopped by its journal",
    // The journal.
    "append busy",
    "append failed",
    "append slow",
    "append unknown, lost",
    "append unknown, durable",
    "append unknown, cannot look",
    "append fenced",
    "append conflict: control",
    "append conflict: key",
    "race: halt before the append",
    "race: another fact before the append",
    "race: the same fact before the append",
    "race: the lease before the append",
    // Leases.
    "lease gained",
    "lease gained by proof of death",
    "lease lost",
    // Calls.
    "call sent",
    "call too late",
    "call stopped by a halt",
    "call arrived after its sender's death",
    "call dropped before the venue",
    "call's answer dropped",
    "call cut early",
    "call timed out",
    "call refused",
    "cancel refused by the venue",
    // The venue.
    "venue: fill before the acknowledgement",
    "venue: fill after a cancel",
    "venue: rejected after taking it",
    "venue: expired",
    "venue: invisible for a while",
    "report dropped",
    "report twice",
    "report late",
    "report contradicts",
    "book read failed",
    "book: order unknown here",
    // Decisions and doubts.
    "fate unknown",
    "fate resolved: reached",
    "fate resolved: absent",
    "fate resolved: a change absent",
    "illegal transition recorded",
    "day began during the run",
    "doubt of an earlier day ended by a person",
    "verdict accepted",
    "verdict trimmed",
    "verdict denied",
    "verdict sliced: signal",
    "verdict sliced: command",
    "denied: halted",
    "denied: too_late",
    "denied: market_closed",
    "denied: stale_price",
    "denied: suspect_price",
    "denied: no_price",
    "denied: fate_unknown",
    "denied: in_progress",
    "denied: not_open",
    "denied: unknown_order",
    "denied: lot_size",
    "denied: order_quantity",
    "denied: freeze_quantity",
    "denied: order_rate",
    "halt cancelled an open order",
    "modification acknowledged",
    "cancellation acknowledged",
    "gtt placed",
    "gtt changed",
    "gtt changed too late",
    "gtt fired",
    "gtt fired by an earlier tick",
    // Clients.
    "reply recorded",
    "reply known",
    "reply conflict",
    "reply unavailable",
    "reply not holder",
    "reply never came",
    "client asked again",
    // The checks themselves.
    "checked: decision made again",
    "checked: decision made again after rows of others",
    "checked: live state against the journal",
    "checked: snapshot in the middle",
];

/// Counts by name.
#[derive(Debug, Default)]
pub struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    pub fn hit(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    pub fn add(&mut self, other: &Counts) {
        for (name, count) in &other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }

    pub fn never(&self) -> Vec<&'static str> {
        EXPECTED.iter().copied().filter(|name| !self.0.contains_key(name)).collect()
    }

    pub fn print(&self) {
        for (name, count) in &self.0 {
            println!("{count:>9}  {name}");
        }
    }
}

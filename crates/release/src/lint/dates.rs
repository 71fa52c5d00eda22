//! Order and dates: when something is done, and what has to be done before it.
//!
//! Enters: plan, roll-out, runbooks, windows, rota, calendars. Leaves: findings `D01` to `D21`. Never here: today's date. Where day 0
//! is not known, days are compared with each other and times of day with a plain session.

mod order;
mod plan;
mod planned;
mod proof;
mod reading;
mod rounds;
mod sessions;

use super::Level::{Error, Warning};
use super::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "D01",
        level: Error,
        title: "A release outside sessions reaches into one",
        explain: "The windows demand that a release lies outside sessions as a whole: every step, its hold and the watch after it. \
                  A start before the open is not enough when the later steps run into trading. Begin after the close, or early \
                  enough that the watch ends before the open; or drop `windows.outside_sessions` and say that it is done in session.",
        look: sessions::outside,
    },
    Rule {
        code: "D02",
        level: Error,
        title: "A step begins in the quarter of an hour before the open",
        explain: "These fifteen minutes are the market's pre-open: clients connect, orders are entered, and what breaks now is \
                  found at the bell. It is not off-market time. Be done before it, or begin after the close.",
        look: sessions::pre_open,
    },
    Rule {
        code: "D03",
        level: Error,
        title: "Traffic is moved on the opening bell",
        explain: "Load and prices change most within five minutes of the open, so nobody can tell a bad release from the bell, and \
                  a mistake costs most. Move traffic well before or well after it.",
        look: sessions::bell,
    },
    Rule {
        code: "D04",
        level: Warning,
        title: "A preferred weekday is one without releases",
        explain: "A weekday is tried first although contracts expire on it, or although it is to be avoided. Prefer another one. \
                  Weekly index contracts of NSE expire on Tuesdays since September 2025.",
        look: sessions::weekday,
    },
    Rule {
        code: "D05",
        level: Error,
        title: "Times of day without a time zone",
        explain: "A time of day means nothing without a zone, and a server's own zone is whatever its image has. State \
                  `service.zone` with a name of the IANA database, as in `Asia/Kolkata`.",
        look: reading::zone,
    },
    Rule {
        code: "D06",
        level: Error,
        title: "A date or time that cannot be read, or a period that ends before it begins",
        explain: "Nothing can be compared with such a value, so the other rules and the windows would not see it. Write dates as \
                  `2026-03-10` and times of day as `09:15`, and the earlier one first.",
        look: reading::unreadable,
    },
    Rule {
        code: "D07",
        level: Error,
        title: "The old version goes before the watch is over",
        explain: "Going back in seconds needs the old version to run. Whoever removes it while the new one is still watched \
                  keeps only the slow way back. Remove it after `rollout.watch`, and as the last step of a runbook.",
        look: order::old_arm,
    },
    Rule {
        code: "D08",
        level: Error,
        title: "Something is removed that was not drained",
        explain: "Moving new requests elsewhere does not end those that are open: sockets stay on the old version until they are \
                  closed. Drain first, then remove; otherwise clients are cut off in mid-air.",
        look: order::drain,
    },
    Rule {
        code: "D09",
        level: Error,
        title: "The new version starts before its schema is there",
        explain: "Between the two steps the new version runs against the old schema. Migrate first, in a way that the old version \
                  can bear (add, never drop), then deploy.",
        look: order::migrate,
    },
    Rule {
        code: "D10",
        level: Error,
        title: "Code is rolled back before data",
        explain: "The old version would run against the new data until the restore is done, and write into what is about to be \
                  overwritten. Stop writing, restore the data, then start the old version.",
        look: order::back,
    },
    Rule {
        code: "D11",
        level: Error,
        title: "One deliverable has several dates",
        explain: "Two tasks deliver the same thing on different days, so nobody knows when it is late. Keep one task, or give the \
                  parts names of their own.",
        look: plan::delivered_twice,
    },
    Rule {
        code: "D12",
        level: Error,
        title: "A criterion is judged before its milestone is reached",
        explain: "The work that the criterion needs ends after the moment at which it is judged: it can only fail. Judge it at a \
                  later horizon, or move the milestone.",
        look: plan::criterion,
    },
    Rule {
        code: "D13",
        level: Error,
        title: "A blocker that no task fixes",
        explain: "The plan ends with the blocker still open, so the release cannot happen. Add a task before the decision that has \
                  it in `fixes`, or state that it is `fixed` and let its checks prove it.",
        look: plan::blocker,
    },
    Rule {
        code: "D14",
        level: Error,
        title: "A precondition is dated after the decision",
        explain: "What has to be true for the release is only done, or only proven, after the day on which it is decided. Move \
                  it before that day, or make it a condition with an owner and a date.",
        look: proof::precondition,
    },
    Rule {
        code: "D15",
        level: Error,
        title: "Called done before its proof is scheduled",
        explain: "The item is ticked, or the blocker called fixed, while the plan gets the evidence only later. Take the tick \
                  away; it comes by itself once the checks have passed.",
        look: proof::too_early,
    },
    Rule {
        code: "D16",
        level: Error,
        title: "A duration is longer than what it has to fit into",
        explain: "A task reaches beyond its milestone, a hold beyond the next step, a release beyond its window: as long as it is, \
                  it may not begin when the plan says, because of the window's end, a freeze or a day without releases. One of the \
                  two is not what its authors think. Make the inner one shorter or the outer one longer.",
        look: plan::container,
    },
    Rule {
        code: "D17",
        level: Error,
        title: "Canary users come when everybody is there",
        explain: "A canary is there to meet the faults that others shall not meet. Let it go first, at a step with a weight below \
                  100 percent and before any step with all traffic.",
        look: order::canary,
    },
    Rule {
        code: "D18",
        level: Error,
        title: "Two cadences for one topic over the same days",
        explain: "Two meetings about one topic overlap but recur at different times, so a skipped one cannot be told from one \
                  that was not due. Let the second begin the day after the first ends.",
        look: rounds::cadence,
    },
    Rule {
        code: "D19",
        level: Error,
        title: "Less on-call coverage than is promised or planned",
        explain: "Somebody was promised at every minute for longer than the rota covers, or the shifts leave minutes in \
                  between. Lengthen the rota or close the gap; do not lower the promise silently.",
        look: rounds::coverage,
    },
    Rule {
        code: "D20",
        level: Error,
        title: "What is needed comes after whoever needs it",
        explain: "A task, a meeting or an item needs something that the plan provides only later, or two tasks wait for each \
                  other. Move the provider before the user.",
        look: plan::needs,
    },
    Rule {
        code: "D21",
        level: Error,
        title: "A weight is raised that is already full, or not raised at all",
        explain: "A step has to send more traffic to the new version than the step before, and never more than 100 percent. After \
                  all traffic has moved there is nothing left to raise: drop the step, or lower the ones before it.",
        look: order::weights,
    },
];

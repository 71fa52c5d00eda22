//! Order and dates.

use super::spotting::{Fault, findings, silent, spot};

/// A roll-out after the close; `START` of its steps is what the cases change.
const EVENING: &str = "service: zone = \"Asia/Kolkata\"; sessions = \"nse:equity\"
[windows]
outside_sessions = true
[plan]
day0 = \"2026-03-10\"
[rollout]
method = \"blue-green\"
watch = \"2h\"
[[rollout.step]]
weight = 10
hold = \"15m\"
at = \"16:00\"
[[rollout.step]]
weight = 100
hold = \"30m\"
";

const FAULTS: &[Fault] = &[
    Fault {
        code: "D01",
        policy: "service: zone = \"Asia/Kolkata\"; sessions = \"nse:equity\"
[windows]
outside_sessions = true
[plan]
day0 = \"2026-03-10\"
[rollout]
method = \"blue-green\"
[[rollout.step]]
weight = 10
hold = \"15m\"
at = \"15:20\"
[[rollout.step]]
weight = 100
hold = \"30m\"
",
        files: &[],
        mend: ("15:20", "15:30"),
        says: &["09:15", "15:30", "15:20 to 15:35"],
    },
    Fault {
        code: "D01",
        policy: "service: zone = \"Asia/Kolkata\"; sessions = \"nse:equity\"
windows.outside_sessions = true
plan.day0 = \"2026-03-10\"
rollout = { method = \"blue-green\", watch = \"17h30m\", step = [{ weight = 100, hold = \"15m\", at = \"16:00\" }] }
",
        files: &[],
        // 17 hours after 16:15 it is 09:15 of the next day.
        mend: ("17h30m", "17h"),
        says: &["The watch", "09:45 on day 1"],
    },
    Fault {
        code: "D02",
        policy: "service: zone = \"Asia/Kolkata\"; sessions = \"nse:equity\"
[rollout]
method = \"blue-green\"
at = \"09:00\"
[[rollout.step]]
weight = 100
hold = \"15m\"
at = \"09:25\"
",
        files: &[],
        mend: ("09:00", "08:55"),
        says: &["15 min before the open at 09:15", "The roll-out begins"],
    },
    Fault {
        code: "D02",
        policy: "service: zone = \"UTC\"; sessions = \"nse:equity\"
[[runbook]]
id = \"deploy\"
purpose = \"deploy\"
[plan]
day0 = \"2026-03-10\"
[[plan.task]]
id = \"go-live\"
title = \"Go live\"
day = 0
from = \"03:35\"
runbook = \"deploy\"
",
        files: &[],
        mend: ("03:35", "10:00"),
        says: &["10 min before the open at 03:45"],
    },
    Fault {
        code: "D03",
        policy: "service: zone = \"Asia/Kolkata\"; sessions = \"nse:equity\"
[rollout]
method = \"blue-green\"
[[rollout.step]]
weight = 10
hold = \"15m\"
at = \"09:15\"
",
        files: &[],
        mend: ("09:15", "09:25"),
        says: &["opening bell", "0 min before the open"],
    },
    Fault {
        code: "D04",
        policy: "windows = { prefer = [\"tue\"], expiry_days = [\"tue\"] }",
        files: &[],
        mend: ("prefer = [\"tue\"]", "prefer = [\"wed\"]"),
        says: &["wed"],
    },
    Fault {
        code: "D04",
        policy: "windows = { prefer = [\"tue\"], calendar = \"nse:derivatives\" }",
        files: &[],
        mend: ("nse:derivatives", "nse:equity"),
        says: &["2025-09-01"],
    },
    Fault {
        code: "D05",
        policy: "service: sessions = \"nse:equity\"
rollout = { method = \"blue-green\", at = \"16:00\" }",
        files: &[],
        mend: ("service: ", "service: zone = \"Asia/Kolkata\"; "),
        says: &["Asia/Kolkata"],
    },
    Fault {
        code: "D05",
        policy: "service: zone = \"Asia/Calcuta\"\n",
        files: &[],
        mend: ("Calcuta", "Kolkata"),
        says: &["Asia/Calcuta"],
    },
    Fault {
        code: "D06",
        policy: "service: zone = \"UTC\"
rollout = { method = \"blue-green\", at = \"4 pm\" }",
        files: &[],
        mend: ("4 pm", "16:00"),
        says: &["4 pm"],
    },
    Fault {
        code: "D06",
        policy: "windows.freeze = [{ from = \"2026-12-31\", to = \"2026-12-20\", why = \"year end\" }]",
        files: &[],
        mend: ("2026-12-20", "2027-01-02"),
        says: &["2026-12-20"],
    },
    Fault {
        code: "D07",
        policy: "rollout = { method = \"blue-green\", watch = \"2h\", old_arm_removed_after = \"0s\" }",
        files: &[],
        mend: ("\"0s\"", "\"2h\""),
        says: &["at least 2h"],
    },
    Fault {
        code: "D07",
        policy: "[[runbook]]
id = \"deploy\"
purpose = \"deploy\"
step = [{ id = \"drain\", touches = \"drain\" }, { id = \"gone\", touches = \"remove\" }, { id = \"watch\", touches = \"monitor\" }]",
        files: &[],
        mend: ("{ id = \"gone\", touches = \"remove\" }, { id = \"watch\", touches = \"monitor\" }", "{ id = \"watch\", touches = \"monitor\" }, { id = \"gone\", touches = \"remove\" }"),
        says: &["`gone`", "`watch`"],
    },
    Fault {
        code: "D08",
        policy: "[[runbook]]
id = \"deploy\"
purpose = \"deploy\"
step = [{ id = \"all\", touches = \"switch\" }, { id = \"gone\", touches = \"remove\" }]",
        files: &[],
        mend: ("\"switch\" },", "\"switch\" }, { id = \"drain\", action.hook.name = \"drain\" },"),
        says: &["`gone`"],
    },
    Fault {
        code: "D09",
        policy: "[[runbook]]
id = \"deploy\"
purpose = \"deploy\"
step = [{ id = \"start\", touches = \"deploy\" }, { id = \"schema\", touches = \"migrate\" }]",
        files: &[],
        mend: ("purpose = \"deploy\"", "purpose = \"task\""),
        says: &["step 2 (`schema`), then step 1 (`start`)"],
    },
    Fault {
        code: "D10",
        policy: "[[runbook]]
id = \"back\"
purpose = \"roll-back\"
step = [{ id = \"code\", touches = \"revert-code\" }, { id = \"data\", touches = \"revert-data\" }]",
        files: &[],
        mend: ("{ id = \"code\", touches = \"revert-code\" }, { id = \"data\", touches = \"revert-data\" }", "{ id = \"data\", touches = \"revert-data\" }, { id = \"code\", touches = \"revert-code\" }"),
        says: &["`data`"],
    },
    Fault {
        code: "D11",
        policy: "[[plan.task]]
id = \"a\"
title = \"Security tests\"
day = 7
delivers = [\"security-suite\"]
[[plan.task]]
id = \"b\"
title = \"Security test suite\"
day = 35
delivers = [\"security-suite\"]",
        files: &[],
        mend: ("35", "7"),
        says: &["day 7 and day 35"],
    },
    Fault {
        code: "D12",
        policy: "[[plan.milestone]]
id = \"p1-tests\"
title = \"P1 tests\"
from_day = 29
to_day = 42
[[horizon]]
id = \"month-1\"
after = \"30d\"
criterion = [{ id = \"p1\", text = \"P1 tests complete\", milestone = \"p1-tests\" }]",
        files: &[],
        mend: ("30d", "60d"),
        says: &["at least 43d"],
    },
    Fault {
        code: "D13",
        policy: "[[check]]
id = \"cors\"
probe.rota = {}
[[blocker]]
id = \"cors\"
title = \"CORS\"
checks = [\"cors\"]
[[plan.task]]
id = \"fix\"
title = \"Fix\"
day = -7
",
        files: &[],
        mend: ("day = -7", "day = -7\nfixes = [\"cors\"]"),
        says: &["No task", "`cors`"],
    },
    Fault {
        code: "D14",
        policy: "[[role]]
id = \"lead\"
title = \"Lead\"
[[role]]
id = \"dev\"
title = \"Developer\"
[approval]
outcomes = [\"GO\"]
votes = [\"GO\"]
rule = \"unanimous\"
author = \"dev\"
on_day = -1
signer = [{ role = \"lead\" }]
[[section]]
id = \"testing\"
title = \"Testing\"
item = [{ text = \"P0 tests\", required = true, deferred_to_day = 21 }]",
        files: &[],
        mend: ("deferred_to_day = 21", "deferred_to_day = -2"),
        says: &["decided on day -1", "day 21"],
    },
    Fault {
        code: "D14",
        policy: "[[check]]
id = \"secrets\"
probe.rota = {}
[[blocker]]
id = \"secrets\"
title = \"Secrets\"
checks = [\"secrets\"]
[[plan.task]]
id = \"fix\"
title = \"Fix\"
day = -2
to_day = 3
fixes = [\"secrets\"]",
        files: &[],
        mend: ("to_day = 3", "to_day = -1"),
        says: &["Blocker `secrets`", "task `fix` ends on day 3"],
    },
    Fault {
        code: "D15",
        policy: "[[check]]
id = \"rollback\"
probe.rollback-rehearsed = {}
[[section]]
id = \"operations\"
title = \"Operations\"
item = [{ text = \"Rollback tested\", checks = [\"rollback\"], stated_done = true }]
[[plan.task]]
id = \"rehearse\"
title = \"Test rollback procedures\"
day = -3
proves = [\"rollback\"]",
        files: &[],
        mend: ("stated_done = true", "stated_done = false"),
        says: &["`rehearse`", "day -3"],
    },
    Fault {
        code: "D15",
        policy: "service: decided_on = \"2026-03-01\"
[[check]]
id = \"rollback\"
probe.rollback-rehearsed = {}
[[section]]
id = \"operations\"
title = \"Operations\"
item = [{ text = \"Rollback tested\", checks = [\"rollback\"], stated_done = true }]
[plan]
day0 = \"2026-03-10\"
[[plan.task]]
id = \"rehearse\"
title = \"Test rollback procedures\"
day = -3
proves = [\"rollback\"]",
        files: &[],
        // On 7 March the rehearsal is over.
        mend: ("2026-03-01", "2026-03-07"),
        says: &["still to come"],
    },
    Fault {
        code: "D16",
        policy: "[[plan.milestone]]
id = \"week-1\"
title = \"Week 1\"
from_day = 1
to_day = 7
[[plan.task]]
id = \"soak\"
title = \"Soak\"
day = 6
to_day = 9
milestone = \"week-1\"",
        files: &[],
        mend: ("to_day = 9", "to_day = 7"),
        says: &["days 6 to 9", "within days 1 to 7"],
    },
    Fault {
        code: "D16",
        policy: "service: zone = \"UTC\"
[rollout]
method = \"blue-green\"
step = [{ weight = 10, hold = \"30m\", at = \"16:00\" }, { weight = 100, hold = \"30m\", at = \"16:15\" }]",
        files: &[],
        mend: ("16:15", "16:30"),
        says: &["15m between the two steps"],
    },
    Fault {
        code: "D16",
        policy: "service: zone = \"UTC\"
windows = { needs = \"3h\", allow = [{ from = \"23:00\", to = \"01:00\" }] }",
        files: &[],
        mend: ("3h", "2h"),
        says: &["at most 2h"],
    },
    // Wednesday night is free until Thursday begins, on which contracts expire and a freeze begins.
    Fault {
        code: "D16",
        policy: "service: zone = \"Asia/Kolkata\"
[plan]
day0 = \"2025-11-19\"
[windows]
calendar = \"nse:derivatives\"
outside_sessions = true
expiry_days = [\"tue\", \"thu\"]
freeze = [{ from = \"2025-11-20\", to = \"2025-11-26\", why = \"week 1\" }]
[rollout]
method = \"blue-green\"
at = \"16:30\"
watch = \"10h\"
step = [{ weight = 100, hold = \"30m\", at_most = \"2h\" }]",
        files: &[],
        mend: ("10h", "5h"),
        says: &["week 1", "2025-11-20", "step 1 at 100 % 2h + watch 10h = 12h"],
    },
    Fault {
        code: "D17",
        policy: "[rollout]
method = \"stop-the-world\"
canary = [\"internal-team\"]
canary_at_step = 1
step = [{ weight = 100, hold = \"2h\" }]",
        files: &[],
        mend: ("weight = 100", "weight = 5"),
        says: &["step 1 already has 100 %"],
    },
    Fault {
        code: "D17",
        policy: "[rollout]
method = \"blue-green\"
step = [{ weight = 100, hold = \"2h\" }, { weight = 100, hold = \"2h\", accounts = [\"ours\"] }]",
        files: &[],
        mend: ("{ weight = 100, hold = \"2h\" }, { weight = 100,", "{ weight = 10, hold = \"2h\" }, { weight = 100,"),
        says: &["before step 1"],
    },
    Fault {
        code: "D18",
        policy: "[[plan.meeting]]
id = \"daily\"
title = \"Daily\"
topic = \"health\"
from_day = 1
to_day = 14
[[plan.meeting]]
id = \"weekly\"
title = \"Weekly\"
topic = \"health\"
from_day = 8
to_day = 30
every_days = 7",
        files: &[],
        mend: ("from_day = 8", "from_day = 15"),
        says: &["days 8 to 14", "once every 7 days"],
    },
    Fault {
        code: "D19",
        policy: "rota.covered = \"7d\"
[[section]]
id = \"operations\"
title = \"Operations\"
item = [{ text = \"On-call rotation staffed (24/7 coverage for first 2 weeks)\" }]",
        files: &[],
        mend: ("7d", "14d"),
        says: &["7d in rota.covered", "14d"],
    },
    Fault {
        code: "D19",
        policy: "service: zone = \"UTC\"
[[person]]
id = \"a\"
name = \"A\"
roles = []
[rota]
covered = \"2d\"
shift = [{ person = \"a\", from_day = 0, from = \"09:00\", lasts = \"23h\" }, { person = \"a\", from_day = 1, from = \"09:00\", lasts = \"15h\" }]",
        files: &[],
        mend: ("23h", "24h"),
        says: &["from 08:00 on day 1 to 09:00 on day 1"],
    },
    Fault {
        code: "D20",
        policy: "[[plan.task]]
id = \"load\"
title = \"Load test\"
day = -5
needs = [\"staging\"]
[[plan.task]]
id = \"staging\"
title = \"Staging\"
day = -4",
        files: &[],
        mend: ("day = -4", "day = -6"),
        says: &["needed on day -5, there on day -4"],
    },
    Fault {
        code: "D20",
        policy: "[[plan.task]]
id = \"load\"
title = \"Load test\"
day = -5
needs = [\"load\"]",
        files: &[],
        mend: ("needs = [\"load\"]", ""),
        says: &["wait for each other"],
    },
    Fault {
        code: "D21",
        policy: "[rollout]
method = \"blue-green\"
step = [{ weight = 50, hold = \"2h\" }, { weight = 100, hold = \"2h\" }, { weight = 100, hold = \"7d\" }]",
        files: &[],
        mend: (", { weight = 100, hold = \"7d\" }", ""),
        says: &["nothing left to raise"],
    },
    Fault {
        code: "D21",
        policy: "[[runbook]]
id = \"deploy\"
purpose = \"deploy\"
step = [{ id = \"half\", action.hook.name = \"weight=50\" }, { id = \"tenth\", action.hook.name = \"weight=10\" }]",
        files: &[],
        mend: ("weight=10", "weight=100"),
        says: &["more than 50"],
    },
];

#[test]
fn each_fault_of_order_is_found_alone() {
    spot('D', FAULTS);
}

#[test]
fn an_evening_release_is_silent() {
    silent(EVENING, &[]);
    // A plan without a date has a regular session, too; without a calendar there is none to compare with.
    silent(&EVENING.replace("day0 = \"2026-03-10\"\n", ""), &[]);
    silent(&EVENING.replace("16:00", "10:00").replace("sessions = \"nse:equity\"", ""), &[]);
    // A holiday has no session, and what the calendar does not cover is not guessed.
    silent(&EVENING.replace("16:00", "10:00").replace("2026-03-10", "2026-01-26"), &[]);
    silent(&EVENING.replace("16:00", "10:00").replace("2026-03-10", "2031-03-11"), &[]);
}

#[test]
fn every_step_in_session_is_named() {
    let codes: Vec<_> = findings(&EVENING.replace("16:00", "09:15"), &[])
        .into_iter()
        .map(|finding| (finding.code, finding.quote))
        .collect();
    assert_eq!(codes.len(), 4, "{codes:?}");
    assert_eq!(
        codes.iter().filter(|(code, _)| *code == "D01").count(),
        3,
        "two steps and the watch: {codes:?}"
    );
    assert!(codes.iter().any(|(code, quote)| *code == "D03" && quote == "at = \"09:15\""), "{codes:?}");
}

#[test]
fn one_phase_after_another_is_silent() {
    silent(
        "[[plan.milestone]]
id = \"p2\"
title = \"Weeks 3 to 10\"
from_day = 15
to_day = 70
stated_length = \"56d\"
[[plan.task]]
id = \"chaos\"
title = \"Chaos tests, 24/7 on call in week 1\"
day = 43
to_day = 70
milestone = \"p2\"
delivers = [\"chaos\"]
needs = [\"suite\"]
[[plan.task]]
id = \"suite-task\"
title = \"Suite\"
day = 29
to_day = 43
delivers = [\"suite\"]
[[horizon]]
id = \"month-3\"
after = \"71d\"
criterion = [{ id = \"chaos\", text = \"Chaos tests pass\", milestone = \"p2\" }]
[[plan.meeting]]
id = \"a\"
title = \"A\"
topic = \"health\"
from_day = 1
to_day = 14
[[plan.meeting]]
id = \"b\"
title = \"B\"
from_day = 8
to_day = 30
every_days = 7",
        &[],
    );
}

//! The policies that come with the product: complete, and consistent where they should be.
#![expect(clippy::unwrap_used, reason = "a test")]

mod policies {
    pub mod provable;
    pub mod references;
}

use policies::provable::unprovable;
use policies::references::dangling;
use release::calendar::Calendars;
use release::day::Days;
use release::policy::{Policy, RolloutMethod, Score};
use release::timing::planned;
use release::window::Timetable;
use release::{Figure, Length, Loaded};

const TICKER: &str = include_str!("../../../policies/ticker-service.toml");
const TICKER_FIXED: &str = include_str!("../../../policies/ticker-service.fixed.toml");
const TRADING: &str = include_str!("../../../policies/algo-trading.toml");
const TRADING_FIXED: &str = include_str!("../../../policies/algo-trading.fixed.toml");

fn policy(text: &str) -> Policy {
    Loaded::parse(text).unwrap_or_else(|fault| panic!("{fault}: {}", fault.quote)).policy
}

fn items(policy: &Policy) -> Vec<usize> {
    policy.sections.iter().map(|section| section.items.len()).collect()
}

fn holds(policy: &Policy) -> Vec<(Figure, Length)> {
    policy.rollout.iter().flat_map(|rollout| &rollout.steps).map(|step| (step.weight, step.hold)).collect()
}

#[test]
fn what_one_would_use_refers_to_what_is_there() {
    for text in [TICKER_FIXED, TRADING_FIXED, &release::init::starter("orders")] {
        assert_eq!(dangling(&policy(text)), Vec::<String>::new());
    }
}

#[test]
fn every_check_that_one_would_use_can_be_proven() {
    for text in [TICKER_FIXED, TRADING_FIXED, &release::init::starter("orders")] {
        assert_eq!(unprovable(&policy(text)), Vec::<String>::new());
    }
    let strategy = TRADING_FIXED.replace("{ of = \"switch-strategy\" }", "{ of = \"strategy-x\" }");
    assert_eq!(unprovable(&policy(&strategy)), ["check flags: no runbook `strategy-x` that proves it"]);
    let unseen = TRADING_FIXED
        .replace("action.check = { check = \"restored-data\" }", "action.hook = { name = \"compare\" }");
    let found = unprovable(&policy(&unseen));
    assert_eq!(found, ["check backup-restored: no runbook restores it and looks at it afterwards"]);
}

#[test]
fn what_one_would_use_may_begin_when_its_plan_says() {
    let calendars = Calendars::builtin();
    for text in [TICKER_FIXED, TRADING_FIXED] {
        let policy = policy(text);
        let days = Days::of(&policy, None);
        let timetable = Timetable::new(&policy, &calendars).unwrap();
        let rollout = planned(&policy, &days, &calendars).0.unwrap();
        // The roll-out follows on the deployment, so the release begins with that.
        let tasks = policy.plan.tasks.iter().filter(|task| task.day == 0 && task.runbook.is_some());
        let deployed = tasks.map(|task| days.begin(0, task.from.as_deref()).unwrap());
        for at in deployed.chain([rollout]) {
            let answer = timetable.answer(at);
            assert!(answer.open, "{} at {at}: {:?}", policy.service.name, answer.reasons);
        }
    }
}

#[test]
fn the_documents_refer_to_what_they_never_introduce() {
    assert_eq!(
        dangling(&policy(TICKER)),
        [
            "document incident-response-plan",
            "document user-facing-changelog",
            "role backend-lead",
            "role devops-lead",
            "role frontend-lead",
            "role qa-lead",
            "role security-team",
            "role trading-operations",
        ]
    );
    assert_eq!(
        dangling(&policy(TRADING)),
        [
            "baseline baseline",
            "document DEPLOYMENT_RUNBOOK.md",
            "document INCIDENT_RESPONSE_RUNBOOK.md",
            "document ROLLBACK_RUNBOOK.md",
            "runbook database",
        ]
    );
}

/// Weights and attested scores of a matrix: their total.
fn total(policy: &Policy, card: &str) -> Figure {
    let card = policy.scorecards.iter().find(|one| one.id == card).unwrap();
    let shares = card.rows.iter().map(|row| {
        let Score::Attested { value: Some(value), .. } = &row.score else {
            panic!("{} has no value", row.id)
        };
        *value * row.weight.unwrap().per(Figure::HUNDRED).unwrap()
    });
    shares.sum()
}

#[test]
fn the_matrix_of_the_ticker_gives_7_15_and_states_7_05() {
    let policy = policy(TICKER);
    let card = &policy.scorecards[0];
    assert_eq!(card.rows.iter().map(|row| row.weight.unwrap()).sum::<Figure>(), Figure::HUNDRED);
    assert_eq!(total(&policy, "go-no-go").to_string(), "7.15");
    assert_eq!(card.stated_total.unwrap().to_string(), "7.05");
    assert_eq!(card.threshold, Some(Figure::whole(7)));
}

#[test]
fn the_ticker_is_there_as_a_whole() {
    let policy = policy(TICKER);
    assert_eq!(items(&policy), [8, 5, 5, 7, 6, 7, 5]);
    let ticks = policy.sections.iter().flat_map(|section| &section.items).filter(|item| item.stated_done);
    assert_eq!(ticks.count(), 2 + 5 + 3 + 7 + 6 + 5);
    let rows: Vec<usize> = policy.scorecards.iter().map(|card| card.rows.len()).collect();
    assert_eq!(rows, [7, 6]);
    assert_eq!(policy.blockers.len(), 4);
    assert_eq!(
        policy.findings.iter().map(|finding| finding.id.as_str()).collect::<Vec<_>>(),
        ["CVE-TICKER-001", "CVE-TICKER-002", "CVE-TICKER-003", "CVE-TICKER-004"]
    );
    let approval = policy.approval.as_ref().unwrap();
    assert_eq!((approval.signers.len(), approval.conditions.len()), (5, 5));
    let criteria: Vec<usize> = policy.horizons.iter().map(|horizon| horizon.criteria.len()).collect();
    assert_eq!(criteria, [13, 9, 9]);
    assert_eq!(policy.risks.len(), 8);
    assert_eq!(policy.escalation.chain.len(), 3);
    assert_eq!(policy.baselines.iter().map(|baseline| baseline.values.len()).collect::<Vec<_>>(), [10, 11]);
    let minutes = |weight, minutes| (Figure::whole(weight), Length::minutes(minutes));
    assert_eq!(holds(&policy)[..2], [minutes(10, 15), minutes(50, 30)]);
    assert_eq!(holds(&policy)[2].0, Figure::HUNDRED);
    // Days -7 to 0 of the playbook have their slots.
    for (day, slots) in [(-7, 3), (-5, 3), (-3, 3), (0, 4)] {
        let tasks = policy.plan.tasks.iter().filter(|task| task.day == day && task.from.is_some());
        assert_eq!(tasks.count(), slots, "day {day}");
    }
    let agenda = &policy.plan.meetings[0];
    assert_eq!(Some(agenda.agenda.iter().map(|point| point.length).sum()), agenda.stated_length);
    assert_eq!(policy.slos[0].stated_downtime, Some(Length::minutes(43)));
}

#[test]
fn the_trading_plan_is_there_as_a_whole() {
    let policy = policy(TRADING);
    assert_eq!(items(&policy), [8, 5, 6, 5, 5, 5]);
    assert_eq!(policy.risks.len(), 5);
    assert_eq!(policy.severities.len(), 4);
    assert_eq!(policy.triggers.len(), 5);
    let steps = |id: &str| policy.runbooks.iter().find(|runbook| runbook.id == id).unwrap().steps.len();
    assert_eq!((steps("pre-deployment"), steps("deploy"), steps("roll-back")), (5, 7, 5));
    let close = policy.horizons.iter().find(|horizon| horizon.id == "close").unwrap();
    assert_eq!(close.criteria.len(), 10);
    for (milestone, tasks) in [("week-1", 3), ("week-2", 5), ("week-3", 4)] {
        let of = policy.plan.tasks.iter().filter(|task| task.milestone.as_deref() == Some(milestone));
        assert_eq!(of.count(), tasks, "{milestone}");
    }
    assert_eq!(policy.rollout.unwrap().method, RolloutMethod::StopTheWorld);
}

#[test]
fn the_mended_twins_keep_the_shape_of_the_documents() {
    for (document, mended) in [(TICKER, TICKER_FIXED), (TRADING, TRADING_FIXED)] {
        let (document, mended) = (policy(document), policy(mended));
        assert_eq!(items(&document), items(&mended));
        assert_eq!(document.risks.len(), mended.risks.len());
        assert_eq!(document.blockers.len(), mended.blockers.len());
        let weights = |policy: &Policy| -> Vec<_> {
            policy
                .scorecards
                .iter()
                .flat_map(|card| &card.rows)
                .map(|row| (row.id.clone(), row.weight))
                .collect()
        };
        assert_eq!(weights(&document), weights(&mended));
        let bare: Vec<_> = mended
            .sections
            .iter()
            .flat_map(|section| &section.items)
            .filter(|item| item.checks.is_empty())
            .map(|item| &item.text)
            .collect();
        assert!(bare.is_empty(), "nothing proves {bare:?}");
        assert_eq!(
            holds(&mended).iter().map(|(weight, _)| *weight).collect::<Vec<_>>(),
            [10, 50, 100].map(Figure::whole)
        );
    }
}

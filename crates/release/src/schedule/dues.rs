//! What has a day beside tasks: the decision, conditions of the GO, findings, items that were put off.

use jiff::civil::Date;
use serde::Serialize;

use crate::decision::{ConditionStanding, Outcome, condition_standing, denied, findings};
use crate::moment::{Moment, Who};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    /// What it is.
    pub kind: DueKind,
    /// Its `id` in the policy; of an item, its section.
    pub id: String,
    /// For people.
    pub title: String,
    /// Who sees to it, where the policy says.
    pub owner: Option<Who>,
    /// Day of the plan; absent: it has none, so it comes before the release.
    pub day: Option<i32>,
    /// Its date.
    pub date: Option<Date>,
    /// Where it stands.
    pub state: DueState,
    /// Why it is open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DueKind {
    /// The decision itself.
    Decision,
    /// A condition of the GO.
    Condition,
    /// Something found.
    Finding,
    /// A line of the checklist that was put off.
    Item,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DueState {
    /// Met, closed, proven.
    Done,
    /// Not so, and its day is over.
    Late,
    /// Not so.
    Open,
}

/// All of them, by their days.
pub(crate) fn dues(moment: &Moment<'_>) -> Vec<Due> {
    let (policy, days) = (moment.policy(), moment.days());
    let Some(case) = moment.case() else { return Vec::new() };
    let state = |done: bool, day: Option<i32>| match day.and_then(|day| days.end(day, None)) {
        _ if done => DueState::Done,
        Some(end) if moment.now >= end => DueState::Late,
        _ => DueState::Open,
    };
    let mut dues = Vec::new();
    if let Some(approval) = policy.approval.as_ref().filter(|approval| approval.on_day.is_some()) {
        dues.push(Due {
            kind: DueKind::Decision,
            id: "decision".to_owned(),
            title: "The release is decided".to_owned(),
            owner: approval.decided_by.as_ref().map(|role| Who::of(policy, role)),
            day: approval.on_day,
            date: approval.on_day.and_then(|day| days.date(day)),
            state: state(case.release.decided.is_some(), approval.on_day),
            why: Vec::new(),
        });
    }
    for condition in policy.approval.iter().flat_map(|approval| &approval.conditions) {
        let (standing, date) = condition_standing(&case, condition, &days);
        let (state, why) = match standing {
            ConditionStanding::Met => (DueState::Done, Vec::new()),
            ConditionStanding::Missed(why) => (DueState::Late, vec![why]),
            ConditionStanding::Open => {
                let open = condition
                    .checks
                    .iter()
                    .filter_map(|id| case.open(id).map(|why| format!("check `{id}`: {why}")));
                (DueState::Open, open.collect())
            }
        };
        dues.push(Due {
            kind: DueKind::Condition,
            id: condition.id.clone(),
            title: condition.text.clone(),
            owner: condition.owner.as_ref().map(|owner| Who::of(policy, owner)),
            day: condition.due_day,
            date,
            state,
            why,
        });
    }
    for looked in findings(&case) {
        let review = policy.reviews.iter().find(|review| review.id == looked.finding.review);
        dues.push(Due {
            kind: DueKind::Finding,
            title: format!("{} ({})", looked.finding.title, looked.severity),
            owner: review.map(|review| Who::of(policy, &review.role)),
            day: looked.finding.due_day,
            date: looked.finding.due_day.and_then(|day| days.date(day)),
            state: state(looked.open.is_empty(), looked.finding.due_day),
            why: looked.open,
            id: looked.finding.id,
        });
    }
    for section in &policy.sections {
        for item in section.items.iter().filter(|item| item.deferred_to_day.is_some()) {
            let open =
                item.checks.iter().filter_map(|id| case.open(id).map(|why| format!("check `{id}`: {why}")));
            let mut why: Vec<String> = open.collect();
            if item.checks.is_empty() {
                why.push("the policy names no check that could prove it".to_owned());
            }
            dues.push(Due {
                kind: DueKind::Item,
                id: section.id.clone(),
                title: item.text.clone(),
                owner: None,
                day: item.deferred_to_day,
                date: item.deferred_to_day.and_then(|day| days.date(day)),
                state: state(why.is_empty(), item.deferred_to_day),
                why,
            });
        }
    }
    dues.sort_by_key(|due| (due.day, due.kind));
    dues
}

/// Conditions of a GO that stands which need a row once their day is over: met by their checks then, or missed. Before, a green check
/// counts as long as it is green, and a person's word needs no other.
pub fn marks(moment: &Moment<'_>) -> Vec<(String, bool)> {
    let (Some(case), days) = (moment.case(), moment.days()) else { return Vec::new() };
    if case.release.decided.is_none_or(|decided| decided.outcome == Outcome::NoGo) {
        return Vec::new();
    }
    let conditions = moment.policy().approval.iter().flat_map(|approval| &approval.conditions);
    let later = conditions.filter(|condition| condition.due_day.is_some_and(|day| day >= 0));
    later
        .filter_map(|condition| {
            let said = case.release.conditions.get(&condition.id);
            let is = |met: bool| {
                said.is_some_and(|mark| mark.met == met && mark.artefact == case.release.artefact)
            };
            let (standing, date) = condition_standing(&case, condition, &days);
            let over = date.and_then(|date| days.after(date)).is_some_and(|end| moment.now >= end);
            if !over || denied(&case, condition).is_some() {
                return None;
            }
            match standing {
                ConditionStanding::Met if !is(true) => Some((condition.id.clone(), true)),
                ConditionStanding::Missed(_) if !is(false) => Some((condition.id.clone(), false)),
                _ => None,
            }
        })
        .collect()
}

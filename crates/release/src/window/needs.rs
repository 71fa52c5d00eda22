//! How long a release takes.

use crate::Length;
use crate::policy::{Policy, Purpose, Runbook, Touches};

/// How long a release takes, at worst, and of what that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// All of it; at least a second, since nothing takes no time.
    pub length: Length,
    /// In order.
    pub parts: Vec<(String, Length)>,
    /// Steps (`runbook/step`) without a budget: nobody has said how long they take, and they are counted as nothing.
    pub unsaid: Vec<String>,
}

impl Needs {
    /// What the policy says outright (`windows.needs`). Otherwise: the longest runbook that deploys to the target, as its budgets'
    /// upper ends, without its watching; each step of the roll-out, held as long as it may be, with the runbook before it; and the
    /// watch of the roll-out or of the runbook, whichever is longer, as they are the same time.
    pub fn of(policy: &Policy) -> Needs {
        if let Some(length) = policy.windows.needs {
            return Needs::sum(vec![("windows.needs".into(), length)], Vec::new());
        }
        let rollout = policy.rollout.as_ref();
        let method = rollout.map(|rollout| rollout.method);
        let targets: Vec<&String> =
            policy.environments.iter().filter(|place| place.target).map(|place| &place.id).collect();
        let target = |id: &String| targets.is_empty() || targets.contains(&id);
        let deploys = |runbook: &&Runbook| {
            runbook.purpose == Purpose::Deploy
                && runbook.environment.as_ref().is_none_or(target)
                && (runbook.method.is_none() || method.is_none() || runbook.method == method)
        };
        let deploy = policy.runbooks.iter().filter(deploys).max_by_key(|runbook| at_work(runbook));
        let mut run: Vec<&Runbook> = deploy.into_iter().collect();
        let mut parts: Vec<_> = run.iter().map(|runbook| (runbook.id.clone(), at_work(runbook))).collect();
        for (place, step) in rollout.iter().flat_map(|rollout| &rollout.steps).enumerate() {
            let before =
                step.before.as_ref().and_then(|id| policy.runbooks.iter().find(|book| book.id == *id));
            // The deploy runbook is counted once, also where a step names it.
            if let Some(before) = before.filter(|before| run.iter().all(|known| known.id != before.id)) {
                parts.push((before.id.clone(), at_work(before)));
                run.push(before);
            }
            let held = step.at_most.map_or(step.hold, |most| most.max(step.hold));
            parts.push((format!("step {} at {} %", place + 1, step.weight), held));
        }
        let watch = rollout.map_or(Length::ZERO, |rollout| rollout.watch);
        parts.push(("watch".into(), run.iter().map(|runbook| watching(runbook)).fold(watch, Length::max)));
        let unsaid = run.iter().flat_map(|runbook| {
            let steps = runbook.steps.iter().filter(|step| step.budget.is_none());
            steps.map(|step| format!("{}/{}", runbook.id, step.id))
        });
        Needs::sum(parts, unsaid.collect())
    }

    fn sum(mut parts: Vec<(String, Length)>, unsaid: Vec<String>) -> Needs {
        parts.retain(|(_, length)| *length > Length::ZERO);
        let length = parts.iter().map(|(_, length)| *length).sum::<Length>().max(Length::seconds(1));
        Needs { length, parts, unsaid }
    }
}

fn at_work(runbook: &Runbook) -> Length {
    budgets(runbook, |touches| touches != Some(Touches::Monitor))
}

fn watching(runbook: &Runbook) -> Length {
    budgets(runbook, |touches| touches == Some(Touches::Monitor))
}

fn budgets(runbook: &Runbook, counts: impl Fn(Option<Touches>) -> bool) -> Length {
    let steps = runbook.steps.iter().filter(|step| counts(step.touches));
    steps.filter_map(|step| step.budget).map(|budget| budget.most).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Loaded;

    const POLICY: &str = r#"
format = 1
service = { name = "x" }
environment = [{ id = "staging" }, { id = "production", target = true }]
[[runbook]]
id = "rehearsal"
purpose = "deploy"
environment = "staging"
step = [{ id = "all", budget = "9h" }]
[[runbook]]
id = "deploy"
purpose = "deploy"
environment = "production"
[[runbook.step]]
id = "drain"
budget = "1m..2m"
[[runbook.step]]
id = "start"
budget = "5m"
[[runbook.step]]
id = "look"
[[runbook.step]]
id = "watch"
budget = "2h"
touches = "monitor"
[[runbook]]
id = "move"
purpose = "task"
step = [{ id = "one", budget = "30s..1m" }]
[rollout]
method = "blue-green"
watch = "1h"
step = [{ weight = 10, hold = "15m", before = "move" }, { weight = 50, hold = "30m", at_most = "40m", before = "deploy" }]
"#;

    #[test]
    fn as_long_as_it_may_take() {
        let needs = Needs::of(&Loaded::parse(POLICY).unwrap().policy);
        let parts: Vec<_> = needs.parts.iter().map(|(name, length)| format!("{name} {length}")).collect();
        assert_eq!(parts, ["deploy 7m", "move 1m", "step 1 at 10 % 15m", "step 2 at 50 % 40m", "watch 2h"]);
        assert_eq!(needs.length, "3h3m".parse().unwrap());
        assert_eq!(needs.unsaid, ["deploy/look"]);
    }

    #[test]
    fn what_the_policy_says_outright() {
        let text = POLICY.replace("[rollout]", "[windows]\nneeds = \"45m\"\n[rollout]");
        assert_eq!(Needs::of(&Loaded::parse(&text).unwrap().policy).length, Length::minutes(45));
        let nothing = Loaded::parse("format = 1\nservice = { name = \"x\" }\n").unwrap();
        assert_eq!(Needs::of(&nothing.policy).length, Length::seconds(1));
    }
}

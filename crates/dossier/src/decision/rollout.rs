//! When it may be done, how traffic moves, what turns it back.

use release::calendar::Calendars;
use release::policy::{Reaction, Relative, RolloutMethod, Trigger};
use release::window::{Needs, Timetable};

use super::Case;
use crate::document::{Cell, Section, Table, Tone};
use crate::shown;

/// Windows, what closes them, the next openings.
pub(super) fn windows(case: &Case<'_>) -> Section {
    let mut section = Section::new("Windows");
    let windows = &case.policy().windows;
    let answer = &case.decision.window;
    let mut stands = vec![if answer.open { "open".to_owned() } else { "closed".to_owned() }];
    stands.extend(answer.reasons.iter().cloned());
    let mut asked = Table::new(["Asked", "Answer"]);
    let about = match case.recorded {
        Some(_) => "At the decision".to_owned(),
        None => format!("For a release that begins on {}", case.moment(case.edition.at)),
    };
    asked.row([
        about.into(),
        Cell { tone: if answer.open { Tone::Good } else { Tone::Bad }, ..Cell::lines(stands) },
    ]);
    let needs = Needs::of(case.policy());
    asked.row(["Time that a release needs".into(), needs.length.to_string().into()]);
    section.table(asked);
    let mut rules = Table::new(["Rule", "By the policy"]);
    for window in &windows.allow {
        let days =
            if window.weekdays.is_empty() { "every day".to_owned() } else { window.weekdays.join(", ") };
        let time = match (&window.from, &window.to, &window.relative) {
            (_, _, Some(relative)) => relative_words(relative),
            (from, to, None) => {
                format!("{} to {}", from.as_deref().unwrap_or("00:00"), to.as_deref().unwrap_or("24:00"))
            }
        };
        let title = if window.title.is_empty() { "Window" } else { &window.title };
        rules.row([title.into(), Cell::lines([time, days])]);
    }
    let lists = [
        ("Tried first", &windows.prefer),
        ("Never on", &windows.avoid),
        ("Never on expiry days", &windows.expiry_days),
    ];
    for (name, days) in lists.into_iter().filter(|(_, days)| !days.is_empty()) {
        rules.row([name.into(), days.join(", ").into()]);
    }
    if windows.outside_sessions {
        let calendar = windows.calendar.as_deref().or(case.policy().service.sessions.as_deref());
        rules.row(["Outside sessions of".into(), calendar.unwrap_or("-").into()]);
    }
    for freeze in &windows.freezes {
        rules.row([
            "Freeze".into(),
            Cell::lines([format!("{} to {}", freeze.from, freeze.to), freeze.why.clone()]),
        ]);
    }
    for blackout in &windows.blackouts {
        let time = format!("{} to {}", blackout.from, blackout.to);
        rules.row(["Blackout".into(), Cell::lines([time, blackout.why.clone()])]);
    }
    if let Some(hotfix) = &windows.hotfix {
        let signers: Vec<String> = hotfix.signers.iter().map(|role| case.person(role)).collect();
        let mut lines = vec![
            format!("for incidents of severity {}", hotfix.severities.join(", ")),
            format!("signed by {}", shown::or_dash(&signers.join(", "))),
        ];
        lines.extend(hotfix.in_sessions.then(|| "also in sessions".to_owned()));
        lines.extend(hotfix.on_expiry_days.then(|| "also on expiry days".to_owned()));
        rules.row(["Exception for a hotfix".into(), Cell::lines(lines)]);
    }
    section.table(rules);
    openings(case, &mut section);
    section
}

fn openings(case: &Case<'_>, section: &mut Section) {
    let calendars = Calendars::builtin();
    let Ok(timetable) = Timetable::new(case.policy(), &calendars) else { return };
    let outlook = timetable.next(case.edition.at, 5);
    let mut table = Table::new(["Opens", "Latest start", "Closes", "Windows"]);
    for opening in &outlook.openings {
        let closes = if opening.goes_on { "not looked at".to_owned() } else { case.moment(opening.to) };
        let titles = super::checklist::or_dash(Cell::lines(&opening.titles));
        table.row([
            case.moment(opening.from).into(),
            case.moment(opening.latest_start).into(),
            closes.into(),
            titles,
        ]);
    }
    if !table.rows.is_empty() {
        section.heading(&format!("Next openings after {}", case.moment(case.edition.at)));
        section.table(table);
    }
}

fn relative_words(relative: &Relative) -> String {
    match relative {
        Relative::AfterClose { after, lasts } => format!("{lasts} from {after} after the close"),
        Relative::BeforeOpen { before, lasts } => format!("{lasts} that end {before} before the open"),
        Relative::InSession { from_open, to_close } => {
            format!("from {from_open} after the open to {to_close} before the close")
        }
    }
}

/// The steps of the roll-out.
pub(super) fn rollout(case: &Case<'_>) -> Section {
    let mut section = Section::new("Roll-out");
    let Some(rollout) = &case.policy().rollout else { return section };
    let mut facts = Table::new(["Roll-out", "By the policy"]);
    let method = match rollout.method {
        RolloutMethod::BlueGreen => "blue-green: both versions run, traffic moves",
        RolloutMethod::StopTheWorld => "the old version is stopped first",
    };
    facts.row(["Method".into(), method.into()]);
    let begins = rollout.at.as_ref().map(|at| format!("{} at {at}", case.day(0)));
    let optional = [
        ("Begins", begins),
        ("Clients stay on one side by", rollout.pinned_by.clone()),
        ("Goes first", Some(rollout.canary.join(", ")).filter(|canary| !canary.is_empty())),
        ("Those go at step", rollout.canary_at_step.map(|step| step.to_string())),
        ("Watched after the last step", Some(rollout.watch.to_string())),
        ("Old version goes after", rollout.old_arm_removed_after.map(|after| after.to_string())),
        ("Without metrics, traffic goes back after", rollout.blind_for.map(|after| after.to_string())),
        ("First orders held for a person", rollout.first_orders.map(|orders| orders.to_string())),
        ("Chance of a false alarm, %", rollout.alpha.map(|alpha| alpha.to_string())),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            facts.row([name.into(), value.into()]);
        }
    }
    section.table(facts);
    let mut steps = Table::new(["#Step", "#Traffic, %", "At", "Held", "At most", "Accounts", "Goes on when"]);
    for (at, step) in (1..).zip(&rollout.steps) {
        let before = step.before.iter().map(|runbook| format!("runbook {runbook} has run before"));
        let gates = step.gates.iter().map(|gate| shown::target(case.policy(), gate)).chain(before);
        let accounts = step.accounts.iter().map(|account| if account == "*" { "all" } else { account });
        steps.row([
            Cell::from(at.to_string()),
            step.weight.to_string().into(),
            step.at.as_deref().unwrap_or("-").into(),
            step.hold.to_string().into(),
            step.at_most.map_or_else(|| "-".to_owned(), |most| most.to_string()).into(),
            super::checklist::or_dash(Cell::lines(accounts)),
            super::checklist::or_dash(Cell::lines(gates)),
        ]);
    }
    section.table(steps);
    section
}

/// What acts during and after the roll-out.
pub(super) fn triggers(case: &Case<'_>) -> Section {
    let mut section = Section::new("Triggers");
    let mut table = Table::new(["Trigger", "When", "For", "Then"]);
    for trigger in &case.policy().triggers {
        let then = match trigger.then {
            Reaction::Warn => "somebody is told",
            Reaction::Page => "somebody is woken",
            Reaction::Hold => "no further step",
            Reaction::RollBack => "traffic goes back",
        };
        let lasts = trigger.holds_for;
        let lasts = if lasts.as_seconds() == 0 { "at once".to_owned() } else { lasts.to_string() };
        let mut condition = vec![when(case, trigger)];
        condition.extend(trigger.watched_every.map(|every| format!("looked at every {every}")));
        let id = Cell::lines([Some(&trigger.id), trigger.from.as_ref()].into_iter().flatten());
        table.row([id, Cell::lines(condition), lasts.into(), then.into()]);
    }
    section.table(table);
    section
}

fn when(case: &Case<'_>, trigger: &Trigger) -> String {
    if let Some(target) = &trigger.when {
        return shown::target(case.policy(), target);
    }
    if let Some(severity) = &trigger.incident {
        return format!("an incident of severity {severity} is opened");
    }
    if let Some(event) = &trigger.event {
        return format!("{event} is reported");
    }
    match &trigger.vote {
        Some(vote) => {
            let roles: Vec<String> = vote.roles.iter().map(|role| case.person(role)).collect();
            let within = vote.within.map(|within| format!(", within {within}")).unwrap_or_default();
            let most = if vote.unanimous { "all" } else { "most" };
            format!("{most} of {} say so{within}", roles.join(", "))
        }
        None => "-".to_owned(),
    }
}

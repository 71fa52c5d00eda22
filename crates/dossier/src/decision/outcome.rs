//! The title page, the reasons, and what has become of them since.

use release::Digest;
use release::decision::{Code, Decision, Outcome, Reason, reopens};

use super::Case;
use crate::document::{Cell, Document, Section, Table, Tone};
use crate::shown::or_dash;

/// Title page.
pub(super) fn title(case: &Case<'_>) -> Document {
    let (policy, release, decision) = (case.policy(), case.release(), &case.decision);
    let name = if policy.service.title.is_empty() { &release.service } else { &policy.service.title };
    let mut lead = Vec::new();
    lead.push(match case.recorded {
        Some(decided) => format!(
            "This decision was recorded on {} and stands, as row {} of the service's stream.",
            case.moment(decided.inputs.now),
            case.row
        ),
        None => format!(
            "No decision stands. This is what would come out on {}; it is computed, not recorded.",
            case.moment(case.edition.at)
        ),
    });
    lead.push(match (decision.outcome, decision.reasons.len(), decision.conditions.len()) {
        (Outcome::Go, ..) => "Nothing stands against it, and nothing is left to be done.".to_owned(),
        (Outcome::GoWithConditions, _, 1) => {
            "Nothing stands against it; 1 condition is still to be met.".to_owned()
        }
        (Outcome::GoWithConditions, _, open) => {
            format!("Nothing stands against it; {open} conditions are still to be met.")
        }
        (Outcome::NoGo, 1, _) => "1 reason stands against it.".to_owned(),
        (Outcome::NoGo, reasons, _) => format!("{reasons} reasons stand against it."),
    });
    if case.recorded.is_some() && case.by_now.outcome != decision.outcome {
        let (at, outcome) = (case.moment(case.edition.at), case.by_now.outcome);
        lead.push(format!("Decided again on {at}, it would be {outcome}: see \"Since the decision\"."));
    }
    if let Some(why) = &release.without_promotion {
        lead.push(format!("It goes without the environments before: {why}"));
    }
    let day0 = case.days.date(0).map_or_else(|| "not known".to_owned(), crate::shown::date);
    let facts = [
        ("Service", Cell::from(&release.service)),
        ("Version", Cell::from(&release.version)),
        ("Environment", Cell::from(&release.environment)),
        ("Day 0", Cell::from(day0)),
        ("Artefact", Cell::code(&release.artefact)),
        ("Policy", Cell::code(release.policy.to_string())),
        (
            "What was signed",
            Cell::code(decision.table.map_or_else(|| "-".to_owned(), |table: Digest| table.to_string())),
        ),
        ("Release", Cell::code(&case.state.of)),
        ("Opened by", Cell::from(case.person(&release.by))),
        ("Moment of this document", Cell::from(case.moment(case.edition.at))),
    ];
    Document {
        kind: "Release decision".to_owned(),
        title: format!("{name} {}", release.version),
        outcome: Some(Cell::toned(decision.outcome.to_string(), tone(decision.outcome))),
        lead,
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        sections: Vec::new(),
        imprint: imprint(case.edition),
    }
}

/// Which rows a document was computed from.
pub(crate) fn imprint(edition: &crate::Edition) -> String {
    let left_out = match edition.left_out {
        0 => String::new(),
        1 => " 1 row that was written later is left out.".to_owned(),
        rows => format!(" {rows} rows that were written later are left out."),
    };
    format!(
        "Computed by Meridian {} from rows 1 to {} of the journal; the last row has the hash {}.{left_out}",
        edition.program, edition.seq, edition.hash
    )
}

pub(crate) const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Go => Tone::Good,
        Outcome::GoWithConditions => Tone::Warn,
        Outcome::NoGo => Tone::Bad,
    }
}

/// Every reason against it, and how it is decided.
pub(super) fn reasons(case: &Case<'_>) -> Section {
    let mut section = Section::new("Decision");
    section.table(counted(case, &case.decision));
    if case.decision.reasons.is_empty() {
        section.text("There is no reason against it.");
    } else {
        section.heading("Reasons against it");
        section.table(table(&case.decision.reasons));
    }
    if let Some(approval) = &case.policy().approval {
        let mut how = Table::new(["How it is decided", "By the policy"]);
        let rule = match approval.rule {
            release::policy::VoteRule::Unanimous => "every signer says yes".to_owned(),
            release::policy::VoteRule::Quorum(least) => format!("at least {least} signers say yes"),
        };
        how.row(["Rule".into(), rule.into()]);
        how.row(["What can be voted".into(), or_dash(&approval.votes.join(", ")).into()]);
        how.row(["What can come out".into(), or_dash(&approval.outcomes.join(", ")).into()]);
        how.row(["Written by".into(), case.person(&approval.author).into()]);
        if let Some(decides) = &approval.decided_by {
            how.row(["Has the last word".into(), case.person(decides).into()]);
        }
        if let Some(day) = approval.on_day {
            how.row(["Decided on".into(), case.day(day).into()]);
        }
        section.table(how);
    }
    section
}

/// Each demand with how many reasons there are.
fn counted(case: &Case<'_>, decision: &Decision) -> Table {
    let policy = case.policy();
    let items = || policy.sections.iter().flat_map(|section| &section.items);
    let approval = policy.approval.as_ref();
    let deciding = policy.scorecards.iter().filter(|card| card.threshold.is_some()).count();
    let must = policy.plan.tasks.iter().filter(|task| task.must).count();
    let demands = [
        ("Blockers gone", policy.blockers.len(), &[Code::Blocker][..]),
        (
            "Required items of the checklist shown",
            items().filter(|item| item.required).count(),
            &[Code::Item],
        ),
        ("Evidence complete and current", policy.checks.len(), &[Code::Evidence]),
        ("Matrices above their threshold", deciding, &[Code::Score]),
        (
            "Signatures given",
            approval.map_or(0, |approval| approval.signers.len()),
            &[Code::Signature, Code::AuthorAlone],
        ),
        (
            "Conditions met in time",
            approval.map_or(0, |approval| approval.conditions.len()),
            &[Code::Condition],
        ),
        ("Findings closed", case.standings.findings.len(), &[Code::Finding]),
        ("Incidents over", case.state.incidents.len(), &[Code::Incident]),
        ("Tasks that must be done, done", must, &[Code::Task]),
        ("Window open", 1, &[Code::Window]),
        ("Policy and release fit each other", 1, &[Code::Release, Code::Policy, Code::Promotion]),
    ];
    let mut table = Table::new(["Demand", "#Of", "#Reasons against it", "Stands"]);
    for (words, of, codes) in demands {
        let against = decision.reasons.iter().filter(|reason| codes.contains(&reason.code)).count();
        if of == 0 && against == 0 {
            continue;
        }
        let stands = if against == 0 { Cell::toned("yes", Tone::Good) } else { Cell::toned("no", Tone::Bad) };
        table.row([words.into(), of.to_string().into(), against.to_string().into(), stands]);
    }
    table
}

fn table(reasons: &[Reason]) -> Table {
    let mut table = Table::new(["Kind", "Of", "Why"]);
    for reason in reasons {
        table.row([word(reason.code).into(), Cell::from(&reason.of), or_dash(&reason.why).into()]);
    }
    table
}

const fn word(code: Code) -> &'static str {
    match code {
        Code::Release => "release",
        Code::Policy => "policy",
        Code::Promotion => "promotion",
        Code::Blocker => "blocker",
        Code::Item => "checklist",
        Code::Evidence => "evidence",
        Code::Score => "score",
        Code::Signature => "signature",
        Code::AuthorAlone => "author alone",
        Code::Condition => "condition",
        Code::Finding => "finding",
        Code::Incident => "incident",
        Code::Task => "task",
        Code::Window => "window",
    }
}

/// What would come out by now, where a decision stands.
pub(super) fn since(case: &Case<'_>) -> Section {
    let mut section = Section::new("Since the decision");
    if case.recorded.is_none() || case.by_now == case.decision {
        return section;
    }
    let rows = case.service.releases.len();
    let (at, by_now) = (case.moment(case.edition.at), &case.by_now);
    section.text(format!(
        "The decision was taken after {} rows; {rows} are known on {at}. Decided again then, it would be {}.",
        case.row.saturating_sub(1),
        by_now.outcome
    ));
    let new: Vec<Reason> =
        by_now.reasons.iter().filter(|reason| !case.decision.reasons.contains(reason)).cloned().collect();
    if !new.is_empty() {
        section.heading("Reasons that are new since");
        section.table(table(&new));
    }
    let state = case.ledger.state(&case.release().service, &case.state.of);
    let reopens = reopens(&case.loaded, &state, case.edition.at);
    if !reopens.is_empty() {
        section.heading("Why it has to be decided again");
        section.blocks.push(crate::document::Block::List(reopens.iter().map(Cell::from).collect()));
    }
    section
}

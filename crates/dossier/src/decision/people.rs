//! Conditions, signatures, who is on call.

use release::event::{Matter, Vote};
use release::rota::Roster;

use super::Case;
use crate::document::{Block, Cell, Section, Signature, Table, Tone};
use crate::shown;

/// What a conditional GO is bound to.
pub(super) fn conditions(case: &Case<'_>) -> Section {
    let mut section = Section::new("Conditions");
    let approval = case.policy().approval.iter();
    let mut table = Table::new(["Condition", "Owner", "Due", "Stands", "Proven by"]);
    let conditions = approval.flat_map(|approval| &approval.conditions);
    for (condition, standing) in conditions.zip(&case.standings.conditions) {
        let stands = match (standing.met, &standing.missed) {
            (true, _) => Cell::toned("met", Tone::Good),
            (false, Some(why)) => Cell::toned(why, Tone::Bad),
            (false, None) => Cell::toned("to be met", Tone::Warn),
        };
        let due = match (standing.due, condition.due_day) {
            (Some(date), Some(day)) => format!("{} (day {day})", shown::date(date)),
            (Some(date), None) => shown::date(date),
            (None, Some(day)) => format!("day {day}"),
            (None, None) => "before the release".to_owned(),
        };
        let owner =
            condition.owner.as_deref().map_or_else(|| "nobody".to_owned(), |owner| case.person(owner));
        let checks = super::checklist::or_dash(Cell::lines(&condition.checks));
        table.row([Cell::from(&condition.text), owner.into(), due.into(), stands, checks]);
    }
    section.table(table);
    section
}

/// Who has to sign, and what has to come before.
fn signers(case: &Case<'_>, section: &mut Section) {
    let mut table = Table::new(["Signs", "After", "Once these have passed", "In writing"]);
    for signer in case.policy().approval.iter().flat_map(|approval| &approval.signers) {
        table.row([
            case.person(&signer.role).into(),
            super::checklist::or_dash(Cell::lines(signer.after.iter().map(|role| case.person(role)))),
            super::checklist::or_dash(Cell::lines(&signer.checks)),
            if signer.written { "yes" } else { "no" }.into(),
        ]);
    }
    section.table(table);
}

/// Every signature, whether it counts, and every place that is empty.
pub(super) fn signatures(case: &Case<'_>) -> Section {
    let mut section = Section::new("Signatures");
    signers(case, &mut section);
    let mut places: Vec<Signature> = Vec::new();
    for standing in &case.standings.signatures {
        let signed = &standing.signed;
        let (vote, tone) = match (signed.vote, &standing.refusal) {
            (Vote::Go, None) => ("yes", Tone::Good),
            (Vote::Go, Some(_)) => ("yes", Tone::Warn),
            (Vote::NoGo, _) => ("no", Tone::Bad),
        };
        let counts = standing.refusal.as_ref();
        places.push(Signature {
            role: case.person(&signed.role),
            name: case.person(&signed.person),
            matter: match &signed.matter {
                Matter::Release => "release".to_owned(),
                Matter::Blocker(id) => format!("{id} is gone"),
            },
            vote: Cell::toned(vote, tone),
            at: case.moment(signed.at),
            counts: counts
                .map_or_else(|| "counts".to_owned(), |refusal| format!("does not count: {refusal}")),
            made: signed.signature.clone(),
        });
    }
    let signed = |role: &str| {
        case.standings
            .signatures
            .iter()
            .any(|one| one.signed.matter == Matter::Release && one.signed.role == role)
    };
    for role in case.standings.asked.iter().filter(|role| !signed(role)) {
        places.push(Signature {
            role: case.person(role),
            matter: "release".to_owned(),
            vote: Cell::toned("missing", Tone::Bad),
            ..Signature::default()
        });
    }
    if !places.is_empty() {
        section.blocks.push(Block::Signatures(places));
    }
    section
}

/// Rota, ladder, severities.
pub(super) fn on_call(case: &Case<'_>) -> Section {
    let mut section = Section::new("On call and severities");
    rota(case, &mut section);
    let policy = case.policy();
    let mut ladder = Table::new(["#Rung", "Who", "Has to answer within"]);
    for (at, rung) in (1..).zip(&policy.escalation.chain) {
        ladder.row([
            Cell::from(at.to_string()),
            case.person(&rung.role).into(),
            rung.within.to_string().into(),
        ]);
    }
    if !ladder.rows.is_empty() {
        section.heading("Escalation");
        section.table(ladder);
    }
    let mut contacts = Table::new(["Outside the team", "Reached by"]);
    for contact in &policy.escalation.contacts {
        contacts.row([Cell::lines([&contact.title, &contact.id]), Cell::from(&contact.reach)]);
    }
    section.table(contacts);
    people(case, &mut section);
    let mut severities = Table::new([
        "Severity",
        "Means",
        "Respond within",
        "Restore within",
        "Wakes people",
        "Blocks a release",
    ]);
    let yes = |yes: bool| Cell::from(if yes { "yes" } else { "no" });
    for severity in &policy.severities {
        severities.row([
            Cell::from(&severity.id),
            Cell::lines(
                std::iter::once(severity.means.clone())
                    .chain(severity.examples.iter().map(|example| format!("for example {example}"))),
            ),
            severity.respond_within.to_string().into(),
            severity.restore_within.map_or_else(|| "-".to_owned(), |within| within.to_string()).into(),
            yes(severity.page),
            yes(severity.blocks_release),
        ]);
    }
    if !severities.rows.is_empty() {
        section.heading("Severities");
        section.table(severities);
    }
    section
}

/// Everybody whom the policy names, with what they may sign as.
fn people(case: &Case<'_>, section: &mut Section) {
    let mut table = Table::new(["Person", "Roles", "Reached by", "Signs"]);
    for person in &case.policy().people {
        let roles = person.roles.iter().map(|role| case.person(role));
        table.row([
            Cell::lines([&person.name, &person.id]),
            super::checklist::or_dash(Cell::lines(roles)),
            shown::or_dash(person.contact.as_deref().unwrap_or_default()).into(),
            if person.key.is_some() { "with a key" } else { "cannot: no key" }.into(),
        ]);
    }
    if !table.rows.is_empty() {
        section.heading("People");
        section.table(table);
    }
}

fn rota(case: &Case<'_>, section: &mut Section) {
    let (Some(rota), Some(day0)) = (&case.policy().rota, case.days.date(0)) else { return };
    section.heading("Rota");
    let roster = match Roster::new(rota, day0, &case.zone) {
        Ok(roster) => roster,
        Err(fault) => return section.text(format!("It cannot be put on a calendar: {fault}.")),
    };
    section.text(match roster.uncovered_minutes() {
        0 => format!("Somebody is on call at every minute of {} from day 0.", rota.covered),
        minutes => format!("Nobody is on call for {minutes} minutes of {} from day 0.", rota.covered),
    });
    if let Some(within) = rota.answer_within {
        section.text(format!("Whoever is called answers within {within}."));
    }
    let mut table = Table::new(["From", "Until", "On call"]);
    for stretch in roster.stretches() {
        let people: Vec<String> = stretch.people.iter().map(|person| case.person(person)).collect();
        let people = if people.is_empty() { Cell::toned("nobody", Tone::Bad) } else { Cell::lines(people) };
        table.row([case.moment(stretch.from).into(), case.moment(stretch.to).into(), people]);
    }
    section.table(table);
}

//! The readiness checklist and the blockers: what is shown, by what, until when.

use release::decision::standing::CheckStanding;
use release::policy::{Item, Section as Part};

use super::Case;
use crate::document::{Cell, Section, Table, Tone};

/// How an item stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// By measurement.
    Proven,
    /// By somebody's word, at least in part.
    Attested,
    /// Not at all.
    Open,
}

/// By section, each item.
pub(super) fn checklist(case: &Case<'_>) -> Section {
    let mut section = Section::new("Readiness checklist");
    let parts: Vec<_> = case.policy().sections.iter().zip(&case.standings.items).collect();
    if parts.is_empty() {
        return section;
    }
    section.table(summary(case, &parts));
    for (part, open) in parts {
        section.heading(&part.title);
        let mut table = Table::new(["Item", "Stands", "By", "When", "Until"]);
        for (item, open) in part.items.iter().zip(open) {
            table.row(line(case, item, open));
        }
        section.table(table);
    }
    section
}

fn summary(case: &Case<'_>, parts: &[(&Part, &Vec<Vec<String>>)]) -> Table {
    let mut table = Table::new(["Section", "#Items", "#Proven", "#Attested", "#Open", "#Of these required"]);
    let mut sums = [0_usize; 5];
    for (part, open) in parts {
        let stand: Vec<(bool, Stands)> = part
            .items
            .iter()
            .zip(*open)
            .map(|(item, open)| (item.required, stands(case, item, open)))
            .collect();
        let count = |wanted: Stands| stand.iter().filter(|(_, stands)| *stands == wanted).count();
        let required = stand.iter().filter(|(required, stands)| *required && *stands == Stands::Open).count();
        let figures =
            [stand.len(), count(Stands::Proven), count(Stands::Attested), count(Stands::Open), required];
        sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
        let cells = figures.iter().map(|figure| Cell::from(figure.to_string()));
        table.row(std::iter::once(Cell::from(&part.title)).chain(cells));
    }
    let cells = sums.iter().map(|sum| Cell::from(sum.to_string()));
    table.row(std::iter::once(Cell::from("All")).chain(cells));
    table.total = true;
    table
}

fn stands(case: &Case<'_>, item: &Item, open: &[String]) -> Stands {
    let by_hand =
        |id: &String| case.check(id).and_then(|check| check.evidence.as_ref()).is_some_and(by_a_person);
    match (open.is_empty(), item.checks.iter().any(by_hand)) {
        (false, _) => Stands::Open,
        (true, true) => Stands::Attested,
        (true, false) => Stands::Proven,
    }
}

fn by_a_person(evidence: &release::evidence::Evidence) -> bool {
    evidence.observed.by.is_some()
}

fn line(case: &Case<'_>, item: &Item, open: &[String]) -> [Cell; 5] {
    let standing = match stands(case, item, open) {
        Stands::Proven => Cell::toned("proven", Tone::Good),
        Stands::Attested => Cell::toned("attested", Tone::Good),
        Stands::Open if item.required => Cell::toned("open", Tone::Bad),
        Stands::Open => Cell::toned("open", Tone::Warn),
    };
    let checks: Vec<&CheckStanding> = item.checks.iter().filter_map(|id| case.check(id)).collect();
    let by = if open.is_empty() {
        Cell::lines(checks.iter().map(|check| by(case, check)))
    } else {
        Cell::lines(open)
    };
    let taken = checks.iter().filter_map(|check| Some(check.evidence.as_ref()?.observed.taken)).max();
    let until = checks.iter().filter_map(|check| check.until).min();
    let mut words = vec![item.text.clone()];
    words.extend(item.required.then(|| "required".to_owned()));
    words.extend(item.needs.as_ref().map(|document| format!("needs the document {document}")));
    words.extend(item.blocker.as_ref().map(|blocker| format!("blocker {blocker}")));
    words.extend(item.deferred_to_day.map(|day| format!("put off until {}", case.day(day))));
    let moment =
        |at: Option<jiff::Timestamp>| Cell::from(at.map_or_else(|| "-".to_owned(), |at| case.moment(at)));
    [Cell::lines(words), standing, by, moment(taken), moment(until)]
}

/// `cors: asha as seen` and so on.
fn by(case: &Case<'_>, check: &CheckStanding) -> String {
    let by = check.evidence.as_ref().and_then(|evidence| evidence.observed.by.as_deref());
    by.map_or_else(|| check.check.clone(), |by| format!("{}, by {}", check.check, case.person(by)))
}

/// What no score outvotes.
pub(super) fn blockers(case: &Case<'_>) -> Section {
    let mut section = Section::new("Blockers");
    let mut table = Table::new(["Blocker", "Stands", "Finding, ended by", "Proven by", "Signed by"]);
    for (blocker, standing) in case.policy().blockers.iter().zip(&case.standings.blockers) {
        let gone = standing.open.is_empty();
        let stands = if gone { Cell::toned("gone", Tone::Good) } else { Cell::toned("open", Tone::Bad) };
        let proof = if gone { Cell::lines(&blocker.checks) } else { Cell::lines(&standing.open) };
        let matter = release::event::Matter::Blocker(blocker.id.clone());
        let signed = case.standings.signatures.iter();
        let signed = signed.filter(|one| one.signed.matter == matter && one.refusal.is_none());
        let signed: Vec<String> = signed
            .map(|one| format!("{}, {}", case.person(&one.signed.person), case.moment(one.signed.at)))
            .collect();
        let title = Cell::lines([&blocker.title, &blocker.id]);
        let finding = blocker.finding.iter().cloned();
        let ended = blocker.runbook.iter().map(|runbook| format!("runbook {runbook}"));
        let finding = or_dash(Cell::lines(finding.chain(ended)));
        table.row([title, stands, finding, proof, or_dash(Cell::lines(signed))]);
    }
    section.table(table);
    section
}

/// A dash in an empty cell.
pub(super) fn or_dash(cell: Cell) -> Cell {
    if cell.lines.is_empty() { Cell::from("-") } else { cell }
}

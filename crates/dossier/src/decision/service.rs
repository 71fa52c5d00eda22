//! What is released: the service, its environments on the way of the artefact, what is deployed, the files it relies on.

use release::policy::{FileFormat, NamedFile, Policy};
use release::promotion::{Promotion, promotion};

use super::Case;
use crate::document::{Cell, Section, Table, Tone};
use crate::shown::or_dash;

/// Everything about it.
pub(super) fn service(case: &Case<'_>) -> Section {
    let mut section = Section::new("Service and artefacts");
    let policy = case.policy();
    section.table(facts(case));
    let way = promotion(case.ledger, policy, &case.release().artefact);
    section.table(environments(policy));
    promoted(case, &way, &mut section);
    let mut artefacts = Table::new(["Artefact", "Environment", "Reference"]);
    for artefact in &policy.artefacts {
        artefacts.row([
            Cell::from(&artefact.id),
            Cell::from(&artefact.environment),
            Cell::code(&artefact.reference),
        ]);
    }
    headed(&mut section, "Artefacts by the policy", artefacts);
    let mut files = Table::new(["File", "Format", "Where", "Evaluated every"]);
    for file in &policy.files {
        files.row([
            Cell::from(&file.id),
            format(file.format).into(),
            place(file),
            file.every.map_or_else(|| "-".to_owned(), |every| every.to_string()).into(),
        ]);
    }
    headed(&mut section, "Files that the release relies on", files);
    section
}

/// A table under a heading of its own, if it has rows.
fn headed(section: &mut Section, heading: &str, table: Table) {
    if !table.rows.is_empty() {
        section.heading(heading);
        section.table(table);
    }
}

fn facts(case: &Case<'_>) -> Table {
    let service = &case.policy().service;
    let mut table = Table::new(["Service", "By the policy"]);
    let facts = [
        ("Owner", service.owner.as_deref().map(|owner| case.person(owner))),
        ("Time zone", service.zone.clone()),
        ("Traffic follows the sessions of", service.sessions.clone()),
        (
            "Traffic to count on, requests per second",
            service.requests_per_second.map(|rate| rate.to_string()),
        ),
        ("Date of the document it was taken from", service.decided_on.clone()),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            table.row([name.into(), value.into()]);
        }
    }
    table
}

fn environments(policy: &Policy) -> Table {
    let mut table = Table::new(["Environment", "Address", "Metrics", "Namespace", "Decided for"]);
    for known in &policy.environments {
        let optional = |text: &Option<String>| Cell::from(or_dash(text.as_deref().unwrap_or_default()));
        table.row([
            Cell::from(&known.id),
            optional(&known.url),
            optional(&known.prometheus),
            optional(&known.namespace),
            if known.target { "yes" } else { "no" }.into(),
        ]);
    }
    table
}

/// How far this artefact has come.
fn promoted(case: &Case<'_>, way: &Promotion, section: &mut Section) {
    let mut table =
        Table::new(["Environment", "Releases of this artefact", "Deployments", "#Evidence", "Done"]);
    for stop in &way.environments {
        let releases = stop.releases.iter().map(|opened| match opened.decided {
            Some(outcome) => format!("{}: {outcome}", opened.release),
            None => format!("{}: not decided", opened.release),
        });
        let deployments = stop.deployments.iter().map(|run| {
            let how = match (run.done, run.ended) {
                (true, _) => "done",
                (false, Some(_)) => "failed, or undone since",
                (false, None) => "goes on",
            };
            format!("{}, {}: {how}", run.run, case.moment(run.began))
        });
        let done = if stop.done { Cell::toned("yes", Tone::Good) } else { Cell::toned("no", Tone::Warn) };
        table.row([
            Cell::from(&stop.environment),
            super::checklist::or_dash(Cell::lines(releases)),
            super::checklist::or_dash(Cell::lines(deployments)),
            stop.evidence.to_string().into(),
            done,
        ]);
    }
    if table.rows.is_empty() {
        return;
    }
    section.heading(&format!("This artefact by {}", case.moment(case.edition.at)));
    section.table(table);
    if let (Some(next), Some(missing)) = (&way.next, &way.missing) {
        section.text(format!("Next: {next}; {missing}."));
    }
}

/// The path, or the digest of a text that stands in the policy itself.
fn place(file: &NamedFile) -> Cell {
    match (&file.path, &file.text) {
        (Some(path), _) => Cell::code(path),
        (None, Some(text)) => Cell::lines([
            format!("{} bytes in the policy", text.len()),
            release::Digest::of(text.as_bytes()).to_string(),
        ]),
        (None, None) => Cell::toned("nowhere", Tone::Warn),
    }
}

const fn format(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Junit => "JUnit XML",
        FileFormat::Lcov => "lcov",
        FileFormat::Cobertura => "Cobertura XML",
        FileFormat::Json => "JSON",
        FileFormat::Sarif => "SARIF",
        FileFormat::PrometheusRules => "Prometheus rules",
        FileFormat::Kubernetes => "Kubernetes manifest",
        FileFormat::Shell => "shell commands",
    }
}

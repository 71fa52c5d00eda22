//! Notes of the policy, every piece of evidence with its hash, how to check all of it.

use release::evidence::{Answer, Evidence, Question, Subject};
use release::policy::{self, Probe};

use super::Case;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::prose;

/// What the policy says in words.
pub(super) fn notes(case: &Case<'_>) -> Section {
    let mut section = Section::new("Notes");
    for note in &case.policy().notes {
        section.heading(&note.title);
        section.blocks.extend(prose::blocks(&note.text));
    }
    section
}

/// How each check is asked, of what, and for how long its answer counts.
pub(super) fn checks(case: &Case<'_>) -> Section {
    let mut section = Section::new("Checks");
    let mut table = Table::new(["Check", "Asked", "About", "Counts for"]);
    for check in &case.policy().checks {
        let mut asked = vec![probe(case, &check.probe)];
        asked.extend(check.every.map(|every| format!("every {every}")));
        let about = match check.about {
            policy::Subject::Artefact => "the artefact",
            policy::Subject::Environment => "the environment",
            policy::Subject::Team => "the team",
        };
        let place = check.environment.as_ref().map(|environment| format!("in {environment}"));
        table.row([
            Cell::lines([&check.title, &check.id]),
            Cell::lines(asked),
            Cell::lines(std::iter::once(about.to_owned()).chain(place)),
            check.expires.to_string().into(),
        ]);
    }
    section.table(table);
    section
}

fn probe(case: &Case<'_>, probe: &Probe) -> String {
    let word = match probe {
        Probe::Http(_) => "HTTP",
        Probe::Tcp(_) => "TCP connection",
        Probe::PortClosed(_) => "port is closed",
        Probe::Tls(_) => "TLS certificate",
        Probe::Dns(_) => "DNS",
        Probe::Promql(probe) => {
            return format!("PromQL: {}", crate::shown::target(case.policy(), &probe.target));
        }
        Probe::Command(_) => "command",
        Probe::Sql(_) => "SQL",
        Probe::GitHistory(_) => "Git history",
        Probe::ImageScan(_) => "image scan",
        Probe::TestReport(_) => "test report",
        Probe::Coverage(_) => "coverage report",
        Probe::LoadReport(_) => "load report",
        Probe::Soak(_) => "soak report",
        Probe::Measured(probe) => {
            return format!("measured: {}", crate::shown::target(case.policy(), &probe.target));
        }
        Probe::BackupRestored(_) => "restored backup",
        Probe::FailoverRehearsed(_) => "rehearsed failover",
        Probe::RollbackRehearsed(_) => "rehearsed roll-back",
        Probe::ReplayGate(_) => "replayed days",
        Probe::AlertDelivered(_) => "delivered alert",
        Probe::FlagExercised(_) => "exercised flag",
        Probe::Rota(_) => "rota",
        Probe::Attest(attest) => return format!("{} says: {}", case.person(&attest.by), attest.text),
    };
    word.to_owned()
}

/// What stands of everything that was seen, until when; what was seen since, where it says otherwise.
pub(super) fn evidence(case: &Case<'_>) -> Section {
    let mut section = Section::new("Evidence");
    let mut table = Table::new(["Question", "About", "Answer", "Taken, until, by", "Measured", "Hash"]);
    for standing in &case.state.standings {
        let settled = standing.settled.as_ref().map(|settled| &settled.evidence);
        let stands = settled.unwrap_or(&standing.newest);
        let observed = &stands.observed;
        let (mut answer, tone) = match (settled, &observed.answer) {
            (None, _) => (vec!["not settled yet".to_owned(), said(stands)], Tone::Warn),
            (Some(_), Answer::Pass) => (vec![said(stands)], Tone::Good),
            (Some(_), _) => (vec![said(stands)], Tone::Bad),
        };
        let mut hashes = vec![stands.hash.to_string()];
        if standing.newest.hash != stands.hash {
            answer.push(format!(
                "newest, on {}: {}",
                case.moment(standing.newest.observed.taken),
                said(&standing.newest)
            ));
            hashes.push(standing.newest.hash.to_string());
        }
        let by = observed.by.as_deref().map(|by| case.person(by)).unwrap_or_default();
        let until = format!("until {}", case.moment(observed.expires));
        table.row([
            question(&observed.question).into(),
            about(case, &observed.subject).into(),
            Cell { tone, ..Cell::lines(answer) },
            Cell::lines([case.moment(observed.taken), until, by]),
            super::checklist::or_dash(Cell::lines(figures(stands))),
            Cell { code: true, ..Cell::lines(hashes) },
        ]);
    }
    section.table(table);
    section
}

/// The answer, with its reason.
fn said(evidence: &Evidence) -> String {
    let answer = evidence.answer();
    match answer.why() {
        "" => answer.as_str().to_owned(),
        why => format!("{}: {why}", answer.as_str()),
    }
}

fn question(question: &Question) -> String {
    match question {
        Question::Check(id) => format!("check {id}"),
        Question::Row { scorecard, row } => format!("row {row} of {scorecard}"),
        Question::Review(id) => format!("review {id}"),
        Question::Metric(id) => format!("metric {id}"),
    }
}

fn about(case: &Case<'_>, subject: &Subject) -> String {
    match subject {
        Subject::Artefact { digest, environment } if *digest == case.release().artefact => {
            format!("this artefact in {environment}")
        }
        Subject::Artefact { digest, environment } => format!("{digest} in {environment}"),
        Subject::Environment(environment) => environment.clone(),
        Subject::Team => "the team".to_owned(),
    }
}

fn figures(evidence: &Evidence) -> Vec<String> {
    let observed = &evidence.observed;
    let mut figures: Vec<String> =
        observed.figures.iter().map(|(name, value)| format!("{name} {value}")).collect();
    figures.extend(observed.control_failed.map(|failed| {
        if failed { "control failed as it must".to_owned() } else { "control passed, too".to_owned() }
    }));
    figures
}

/// The last section.
pub(super) fn how_to_check(case: &Case<'_>) -> Section {
    let mut section = Section::new("How to check this document");
    section.text(
        "Every figure here follows from the journal in journal.jsonl, which lies beside this file. The command below needs no \
         network and no server: it follows the hash chain of the journal row by row, computes the hash of each piece of evidence, \
         verifies each signature with the key that the policy names, decides every recorded decision again, computes this document \
         again, and names the first line that differs.",
    );
    section.blocks.push(Block::Code("meridian release verify .".to_owned()));
    let mut table = Table::new(["What", "Value"]);
    table.row(["Rows of the journal".into(), Cell::from(case.edition.seq.to_string())]);
    table.row(["Hash of the last row".into(), Cell::code(&case.edition.hash)]);
    table.row(["Policy".into(), Cell::code(case.release().policy.to_string())]);
    table.row(["Program".into(), format!("Meridian {}", case.edition.program).into()]);
    section.table(table);
    section
}

//! Documents of a told release, as files: what a reviewer of a change has to look at.
//!
//! After a change of the documents: `MERIDIAN_WRITE_PAGE=1 cargo test -p dossier --test golden`.
#![expect(clippy::unwrap_used, reason = "a test")]

mod story;

use dossier::{Document, Edition, html, markdown};
use release::incident::event::AlertFired;
use release::ledger::event::DocumentKept;
use release::ledger::{Entry, Ledger};
use story::{END, INCIDENT, RELEASE, SERVICE, Story, at, verify};

fn edition(rows: usize, moment: &str) -> Edition {
    let hash = "5ca1ab1e".repeat(8);
    Edition { at: at(moment), seq: rows as u64, hash, program: "0.0.0".to_owned(), left_out: 0 }
}

fn same(name: &str, text: &str) {
    let path = format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("MERIDIAN_WRITE_PAGE").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let before = std::fs::read_to_string(&path).unwrap();
    let differs = before.lines().zip(text.lines()).position(|(one, other)| one != other);
    assert!(before == text, "{name} is another one, first in line {differs:?}: see the top of this test");
}

fn decided() -> Document {
    let story = Story::told();
    dossier::decision(&story.ledger, RELEASE, &edition(story.rows.len(), END), &verify).unwrap()
}

#[test]
fn a_decision_that_stands() {
    let document = decided();
    same("decision.md", &markdown(&document));
    same("decision.html", &html(&document));
}

#[test]
fn what_would_come_out() {
    let story = Story::until_proven();
    let edition = edition(story.rows.len(), "2025-11-18T06:00:00Z");
    let document = dossier::decision(&story.ledger, RELEASE, &edition, &verify).unwrap();
    same("undecided.md", &markdown(&document));
}

#[test]
fn runs_days_weeks_and_incidents() {
    let story = Story::told();
    let edition = edition(story.rows.len(), END);
    same("rehearsals.md", &markdown(&dossier::rehearsals(&story.ledger, RELEASE, &edition).unwrap()));
    same("daily.md", &markdown(&dossier::operation::daily(&story.ledger, SERVICE, None, &edition).unwrap()));
    same(
        "weekly.md",
        &markdown(&dossier::operation::weekly(&story.ledger, SERVICE, None, &edition).unwrap()),
    );
    let told = dossier::retrospective(&story.ledger, SERVICE, INCIDENT, &edition).unwrap();
    same("retrospective.md", &markdown(&told));
    same("retrospective.html", &html(&told));
}

/// One file, for any browser and for paper: nothing is asked for, nothing runs, nothing that people wrote is markup.
#[test]
fn the_page_stands_alone() {
    let page = html(&decided());
    for banned in
        ["<script", "<img", "<iframe", "@import", "url(", " src=", " onload", "javascript:", "<for>"]
    {
        assert!(!page.to_lowercase().contains(banned), "{banned}");
    }
    let attributes = |name: &str| {
        let mark = format!(" {name}=\"");
        page.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut ids = attributes("id");
    let count = ids.len();
    for href in attributes("href") {
        let known = href.strip_prefix('#').is_some_and(|id| ids.iter().any(|known| known == id));
        assert!(known || href == "data:,", "{href}");
    }
    ids.sort();
    ids.dedup();
    assert!(count > 15 && ids.len() == count, "ids are unique");
    assert_eq!(
        page.matches("<svg").count(),
        page.matches("<title>").count() - 1,
        "each drawing says what it shows"
    );
    assert!(page.contains("Version 1.0.0 is there &#60;for&#62; all."));
}

/// What is in one is in the other: each row of each table stands in the Markdown, and each of its lines in the page.
#[test]
fn both_ways_of_writing_agree() {
    let document = decided();
    let (text, page) = (markdown(&document), html(&document));
    // Without what Markdown adds; names of code cells are in one line there.
    let plain = |text: &str| text.replace(['\\', '*'], "").replace("<br>", " ");
    let rows: std::collections::BTreeSet<String> =
        text.lines().filter(|line| line.starts_with('|')).map(plain).collect();
    let entities = |text: &str, all: [(&str, &str); 5]| {
        all.iter().fold(text.to_owned(), |text, (letter, entity)| text.replace(letter, entity))
    };
    let mut count = 0;
    for section in &document.sections {
        for block in &section.blocks {
            let dossier::document::Block::Table(table) = block else { continue };
            for row in &table.rows {
                let cells = row.iter().map(|cell| {
                    let line = cell.lines.join(" ");
                    let none = ("\"", "\"");
                    entities(&line, [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), none, none])
                });
                let line = format!("| {} |", cells.collect::<Vec<_>>().join(" | "));
                assert!(rows.contains(&plain(&line)), "{line}");
                for line in row.iter().flat_map(|cell| &cell.lines) {
                    let escapes =
                        [("&", "&#38;"), ("<", "&#60;"), (">", "&#62;"), ("\"", "&#34;"), ("'", "&#39;")];
                    assert!(page.contains(&entities(line, escapes)), "{line}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 1000, "{count}");
    assert_eq!(text.matches("\n## ").count(), document.sections.len() + 1);
}

/// A service that nobody released: its policy, and an alert on two Mondays.
fn watched() -> Ledger {
    let mut ledger = Ledger::default();
    let kept = DocumentKept {
        what: "policy".to_owned(),
        name: "ticker-service.fixed.toml".to_owned(),
        folder: None,
        text: story::policy(),
    };
    ledger.apply(Entry::Record(SERVICE.to_owned(), kept.into()));
    for (firing, moment) in [("f-1", "2025-11-17T06:00:00Z"), ("f-2", "2025-11-24T06:00:00Z")] {
        let (firing, alert) = (firing.to_owned(), "HighErrorRate".to_owned());
        let fired = AlertFired {
            firing,
            alert,
            incident: None,
            cause: String::new(),
            environment: String::new(),
            at: at(moment),
        };
        ledger.apply(Entry::Incident(SERVICE.to_owned(), fired.into()));
    }
    ledger
}

/// On a Sunday the week that follows has not begun; and whoever is only watched has reports, too.
#[test]
fn a_week_ends_with_its_sunday() {
    let ledger = watched();
    let edition = edition(3, "2025-11-25T12:00:00Z");
    let report = dossier::operation::weekly;
    let alerts = |on: &str| {
        let document = report(&ledger, SERVICE, Some(on.parse().unwrap()), &edition).unwrap();
        let text = markdown(&document);
        let rows = text.lines().filter(|line| line.contains("| HighErrorRate |"));
        rows.map(|row| row.split('|').nth(1).unwrap().trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(alerts("2025-11-23"), ["2025-11-17"], "a Sunday");
    assert_eq!(alerts("2025-11-24"), ["2025-11-17", "2025-11-24"], "the Monday after it");
    let daily = |on: &str| {
        let on = Some(on.parse().unwrap());
        markdown(&dossier::operation::daily(&ledger, SERVICE, on, &edition).unwrap())
    };
    assert!(daily("2025-11-24").contains("| 2025-11-24 |"));
    assert!(!daily("2025-11-23").contains("| 2025-11-24 |"));
}

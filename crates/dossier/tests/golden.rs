//! Documents of a told release, as files: what a reviewer of a change has to look at.
//!
//! After a change of the documents: `MERIDIAN_WRITE_PAGE=1 cargo test -p dossier --test golden`.
#![expect(clippy::unwrap_used, reason = "a test")]

mod story;

use dossier::{Document, Edition, html, markdown};
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

/// What is in one is in the other: each figure of a table of the page stands in the Markdown, too.
#[test]
fn both_ways_of_writing_agree() {
    let document = decided();
    let text = markdown(&document);
    for section in &document.sections {
        for block in &section.blocks {
            let dossier::document::Block::Table(table) = block else { continue };
            for cell in table.rows.iter().flatten().filter(|cell| cell.code) {
                assert!(text.contains(&cell.text()), "{}", cell.text());
            }
        }
    }
    assert_eq!(text.matches("\n## ").count(), document.sections.len() + 1);
}

//! Folders that nobody honest wrote: they are refused or named, and never end the program.

use std::sync::OnceLock;

use dossier::{Edition, operation};
use journal::events::{Row, line};
use proptest::prelude::*;
use release::ledger::{Entry, Ledger};
use release::{Length, policy_digest};
use serde_json::Value;

use crate::forged::chained;
use crate::story::{END, INCIDENT, SERVICE, Story, at, policy};
use crate::world::{Folder, report, rows, sealed, verdict};

/// A folder with these rows, whose manifest names the last of them.
fn folder(rows: &[Row]) -> Folder {
    static WHOLE: OnceLock<Folder> = OnceLock::new();
    let mut folder = WHOLE.get_or_init(|| report(&crate::world::rows())).clone();
    let journal: String = rows.iter().map(|row| line::write(row, None).unwrap_or_default()).collect();
    folder.insert(control::report::JOURNAL.to_owned(), journal.into_bytes());
    let mut manifest: Value = serde_json::from_slice(&folder[control::report::MANIFEST]).unwrap();
    let last = rows.last().unwrap();
    manifest["hash"] = last.hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    manifest["seq"] = last.seq.into();
    folder.insert(control::report::MANIFEST.to_owned(), manifest.to_string().into_bytes());
    sealed(folder)
}

/// The rows of the story by another policy, in every row that names it.
fn by_policy(text: &str) -> Vec<Row> {
    let (before, after) = (policy_digest(&Story::told().loaded), release::Digest::of(text.as_bytes()));
    let mut rows = rows();
    for row in &mut rows {
        let body = String::from_utf8(std::mem::take(&mut row.body)).unwrap();
        let mut body: Value =
            serde_json::from_str(&body.replace(&before.to_string(), &after.to_string())).unwrap();
        if row.kind == "document_kept" {
            body["text"] = text.into();
        }
        row.body = serde_json::to_vec(&body).unwrap();
    }
    chained(&mut rows);
    rows
}

/// Instead of a day: whatever lasts for days ends before it begins.
const SWAPPED: &str = "swapped";

/// Every length, day or figure of the policy is `word`.
fn absurd(lengths: Option<&str>, days: Option<&str>, figures: Option<&str>) -> String {
    let mut out = String::new();
    for (place, part) in policy().split('"').enumerate() {
        if place > 0 {
            out.push('"');
        }
        let is_length = place % 2 == 1 && part.parse::<Length>().is_ok();
        match lengths.filter(|_| is_length) {
            Some(length) => out += length,
            None if place % 2 == 1 => out += part,
            None => out += &numbers(part, days, figures),
        }
    }
    out
}

/// Outside of quotes: what follows `day =` and the like, and what follows other words.
fn numbers(text: &str, days: Option<&str>, figures: Option<&str>) -> String {
    let mut parts = text.split(" = ").map(str::to_owned).collect::<Vec<_>>();
    for at in 1..parts.len() {
        let name = parts[at - 1].rsplit([' ', '\n', '{']).next().unwrap_or_default().to_owned();
        let number: String = parts[at]
            .chars()
            .take_while(|letter| letter.is_ascii_digit() || ['-', '.'].contains(letter))
            .collect();
        let other = match name.as_str() {
            "format" => None,
            "to_day" if days == Some(SWAPPED) => Some("-300"),
            _ if days == Some(SWAPPED) => None,
            name if name.ends_with("day") => days,
            _ => figures,
        };
        if let (false, Some(other)) = (number.is_empty(), other) {
            parts[at] = format!("{other}{}", &parts[at][number.len()..]);
        }
    }
    parts.join(" = ")
}

/// The reports of a service, which are no part of a folder.
fn reports(rows: &[Row]) {
    let mut ledger = Ledger::default();
    for row in rows {
        ledger.apply(Entry::read(row.subject.as_deref().unwrap(), &row.kind, &row.body).unwrap());
    }
    let edition = Edition { at: at(END), seq: 1, hash: String::new(), program: String::new(), left_out: 0 };
    let documents = [
        operation::daily(&ledger, SERVICE, None, &edition),
        operation::weekly(&ledger, SERVICE, None, &edition),
        dossier::retrospective(&ledger, SERVICE, INCIDENT, &edition),
    ];
    for document in documents {
        assert!(!dossier::html(&document.unwrap()).is_empty());
    }
}

#[test]
fn a_policy_with_absurd_figures() {
    for text in [
        absurd(Some("18446744073709551615s"), None, None),
        absurd(None, Some("2147483647"), None),
        absurd(None, Some("-2147483648"), None),
        absurd(Some("9223372036854775807s"), Some("0"), None),
    ] {
        assert!(release::Loaded::parse(&text).is_err(), "it says where and what the bound is");
    }
    for text in [
        absurd(Some("3660d"), None, None),
        absurd(Some("0s"), None, None),
        absurd(None, Some("3660"), None),
        absurd(None, Some("-3660"), None),
        absurd(Some("3660d"), Some("0"), None),
        absurd(None, Some(SWAPPED), None),
    ] {
        assert_ne!(text, policy());
        let loaded = release::Loaded::parse(&text);
        assert!(loaded.is_ok(), "it is read: {:?}", loaded.err());
        let rows = by_policy(&text);
        reports(&rows);
        let verdict = verdict(&folder(&rows));
        assert!(verdict.documents > 0, "it came to the documents: {:?}", verdict.differences);
    }
    let text = absurd(None, None, Some("4294967295"));
    assert!(!verdict(&folder(&by_policy(&text))).differences.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 8, ..ProptestConfig::default() })]

    /// Bytes of rows, with every hash computed anew.
    #[test]
    fn bytes_of_rows(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut rows = rows();
        for (row, place, byte) in changes {
            let at = row.index(rows.len());
            let row = &mut rows[at];
            let place = place.index(row.body.len());
            // Digits stay digits, so that more of them are still rows.
            row.body[place] = if row.body[place].is_ascii_digit() { b'0' + byte % 10 } else { byte };
        }
        chained(&mut rows);
        verdict(&folder(&rows));
    }

    /// Values of rows: moments at the ends of time, figures at the ends of numbers.
    #[test]
    fn values_of_rows(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_usize..6), 1..6)) {
        let mut rows = rows();
        for (row, place, what) in changes {
            let at = row.index(rows.len());
            let mut body: Value = serde_json::from_slice(&rows[at].body).unwrap();
            let mut leaves = Vec::new();
            collect(&mut body, &mut leaves);
            let count = leaves.len();
            if count > 0 {
                put(leaves.swap_remove(place.index(count)), what);
            }
            rows[at].body = serde_json::to_vec(&body).unwrap();
        }
        chained(&mut rows);
        verdict(&folder(&rows));
    }
}

fn collect<'a>(value: &'a mut Value, leaves: &mut Vec<&'a mut Value>) {
    match value {
        Value::Object(inside) => inside.values_mut().for_each(|value| collect(value, leaves)),
        Value::Array(inside) => inside.iter_mut().for_each(|value| collect(value, leaves)),
        leaf => leaves.push(leaf),
    }
}

fn put(leaf: &mut Value, what: usize) {
    let moment = leaf.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok());
    *leaf = match (what, moment) {
        (0 | 1, true) => "9999-12-30T22:00:00.999999999Z".into(),
        (_, true) => "-009999-01-02T01:59:59Z".into(),
        (0, false) => u32::MAX.into(),
        (1, false) => i64::MIN.into(),
        (2, false) => u64::MAX.into(),
        (3, false) => "\u{202e}\u{0}|\n## GO".into(),
        (4, false) => "-9223372036854.775808".into(),
        (_, false) => Value::Null,
    };
}

//! Whoever forges a row, and then every hash after it, the manifest and the documents with this very program.

use journal::events::{Row, hash_row};
use serde_json::Value;

use crate::world::{first, report, rows};

/// Changes the first row of a kind that `change` wants to change, and makes all hashes fit.
fn forged(kind: &str, change: impl Fn(&mut Value) -> bool) -> (u64, Vec<Row>) {
    let mut rows = rows();
    let mut seq = 0;
    for row in rows.iter_mut().filter(|row| row.kind == kind) {
        let mut body: Value = serde_json::from_slice(&row.body).unwrap();
        if change(&mut body) {
            row.body = serde_json::to_vec(&body).unwrap();
            seq = row.seq;
            break;
        }
    }
    assert!(seq > 0, "no row was changed");
    chained(&mut rows);
    (seq, rows)
}

/// Makes all hashes fit.
pub fn chained(rows: &mut [Row]) {
    let mut before = [0; 32];
    for row in rows {
        row.prev_hash = before;
        row.hash = hash_row(row);
        before = row.hash;
    }
}

#[test]
fn evidence() {
    let (seq, rows) = forged("evidence_recorded", |body| {
        let failed = body["observed"]["answer"] != "pass";
        if failed {
            body["observed"]["answer"] = "pass".into();
        }
        failed
    });
    let [file, place, stated, computed] = first(&report(&rows));
    assert_eq!(file, "journal.jsonl");
    assert!(place.starts_with(&format!("row {seq}, the evidence of check `rate-limit`")), "{place}");
    assert!(stated.starts_with("sha256:") && computed.starts_with("sha256:") && stated != computed);
}

#[test]
fn signatures() {
    let change = |body: &mut Value| {
        body["role"] = "qa-manager".into();
        body["person"] = "vikram".into();
        true
    };
    let (seq, rows) = forged("signed", change);
    let [file, place, _, computed] = first(&report(&rows));
    assert_eq!(file, "journal.jsonl");
    assert_eq!(place, format!("row {seq}, the signature of vikram as qa-manager"));
    assert_eq!(computed, "not made of these words with the key of vikram");

    // Other bytes of the same length under the same words.
    let (seq, rows) = forged("signed", |body| {
        let made = body["signature"].as_str().unwrap();
        let letter = if made.starts_with('A') { "B" } else { "A" };
        body["signature"] = format!("{letter}{}", &made[1..]).into();
        true
    });
    let [_, place, ..] = first(&report(&rows));
    assert!(place.starts_with(&format!("row {seq}, the signature of ")), "{place}");
}

#[test]
fn decisions() {
    let (seq, rows) = forged("decided", |body| {
        body["decision"]["scorecards"][0]["total"] = "9.9".into();
        true
    });
    let [file, place, stated, computed] = first(&report(&rows));
    assert_eq!(file, "journal.jsonl");
    assert!(place.starts_with(&format!("row {seq}, the decision, its line ")), "{place}");
    assert!(stated.contains("9.9") && computed.contains("9.625"), "{stated} / {computed}");
}

#[test]
fn policies() {
    let (_, rows) = forged("document_kept", |body| {
        let text = body["text"].as_str().unwrap().replace("threshold = 7", "threshold = 2");
        body["text"] = text.into();
        true
    });
    // Under another digest it is another policy: the one that the release is bound to is not there.
    let report = control::report::files(&rows, crate::story::RELEASE, crate::story::at(crate::story::END));
    assert!(report.unwrap_err().to_string().contains("is not kept"));
}

/// Whoever would have decided in a closed window says that it was open.
#[test]
fn windows() {
    let (seq, rows) = forged("decided", |body| {
        body["inputs"]["window"] = serde_json::json!({ "open": true, "reasons": ["nobody looks"] });
        body["decision"]["window"] = body["inputs"]["window"].clone();
        true
    });
    let [_, place, stated, computed] = first(&report(&rows));
    assert_eq!(place, format!("row {seq}, the decision, its window"));
    assert!(stated.contains("nobody looks") && !computed.contains("nobody looks"), "{stated} / {computed}");

    // In the middle of a session no window is open.
    let closed = "2025-11-19T06:00:00Z";
    let (seq, mut rows) = forged("decided", |body| {
        body["inputs"]["now"] = closed.into();
        body["inputs"]["window"] = serde_json::json!({ "open": true });
        body["decision"]["window"] = body["inputs"]["window"].clone();
        true
    });
    let row = rows.iter_mut().find(|row| row.seq == seq).unwrap();
    row.time = i64::try_from(crate::story::at(closed).as_nanosecond()).unwrap();
    chained(&mut rows);
    let [_, place, stated, computed] = first(&report(&rows));
    assert_eq!(place, format!("row {seq}, the decision, its window"));
    assert!(stated.contains("true") && computed.contains("false"), "{stated} / {computed}");
}

/// Back to when the window was open, evidence was fresh, or nobody was against it.
#[test]
fn moments() {
    let (seq, rows) = forged("decided", |body| {
        body["inputs"]["now"] = "2025-11-19T10:57:00Z".into();
        true
    });
    let [_, place, stated, computed] = first(&report(&rows));
    assert_eq!(place, format!("row {seq}, the decision, its moment"));
    assert!(stated.contains("10:57") && computed.contains("11:00"), "{stated} / {computed}");
}

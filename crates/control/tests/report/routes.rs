//! The routes of reports.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use control::report::Files;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::story::{RELEASE, at};
use crate::world::{control, control_and_clock, folder, report, verdict};

async fn get(router: &axum::Router, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_answered() {
    let data = tempfile::tempdir().unwrap();
    let control = control(data.path());
    let rows = control.book.rows().unwrap();
    let router = control::api::router(control);
    let path = format!("/v1/release/releases/{RELEASE}/report");

    let (status, answer) = get(&router, &path).await;
    assert_eq!(status, StatusCode::OK);
    let files: Files = serde_json::from_value(answer).unwrap();
    assert_eq!(folder(files.files), report(&rows), "at the moment of the book");

    let (_, answer) = get(&router, &format!("{path}?at=2025-11-18T06:00:00Z")).await;
    let files: Files = serde_json::from_value(answer).unwrap();
    let before = folder(files.files);
    assert!(String::from_utf8_lossy(&before["dossier.md"]).contains("\n## NO-GO\n"));
    let verdict = verdict(&before);
    assert_eq!((verdict.differences.len(), verdict.counts.decisions), (0, 0));

    for (path, status, words) in [
        (format!("{path}?at=2199-01-01T00:00:00Z"), StatusCode::BAD_REQUEST, "is still to come"),
        (format!("{path}?at=2025-11-01T00:00:00Z"), StatusCode::NOT_FOUND, "there is no release"),
        ("/v1/release/releases/other/report".to_owned(), StatusCode::NOT_FOUND, "there is no release"),
        ("/v1/release/reports/monthly".to_owned(), StatusCode::NOT_FOUND, "there is no report"),
        ("/v1/release/reports/retrospective".to_owned(), StatusCode::BAD_REQUEST, "which incident"),
        ("/v1/release/reports/daily?service=other".to_owned(), StatusCode::NOT_FOUND, "a service `other`"),
    ] {
        let (answered, answer) = get(&router, &path).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(answered == status && message.contains(words), "{path}: {answered} {answer}");
    }
    for (path, words) in [
        ("daily", "Daily metrics"),
        ("weekly?on=2025-11-20", "Weekly objectives"),
        ("retrospective?incident=INC-1", "Retrospective, draft"),
    ] {
        let (status, answer) = get(&router, &format!("/v1/release/reports/{path}")).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        let files: Files = serde_json::from_value(answer).unwrap();
        assert!(files.files.iter().all(|file| file.text.contains(words)), "{path}");
    }
}

/// Nothing that is written is left out because a clock was set back; what `at` leaves out is counted.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_rows_are_there() {
    let data = tempfile::tempdir().unwrap();
    let (control, clock) = control_and_clock(data.path());
    let rows = control.book.rows().unwrap();
    clock.set(at("2025-11-19T10:00:00Z"));
    let router = control::api::router(control);
    let path = format!("/v1/release/releases/{RELEASE}/report");
    let manifest = |folder: &crate::world::Folder| -> Value {
        serde_json::from_slice(&folder[control::report::MANIFEST]).unwrap()
    };

    let (status, answer) = get(&router, &path).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let whole = folder(serde_json::from_value::<Files>(answer).unwrap().files);
    assert_eq!(manifest(&whole)["seq"], rows.len());
    assert_eq!(verdict(&whole).differences, []);

    let (_, answer) = get(&router, &format!("{path}?at=2025-11-18T06:00:00Z")).await;
    let before = folder(serde_json::from_value::<Files>(answer).unwrap().files);
    let left_out = manifest(&before)["left_out"].as_u64().unwrap();
    assert_eq!(manifest(&before)["seq"].as_u64().unwrap() + left_out, rows.len() as u64);
    let words = format!(" {left_out} rows that were written later are left out.");
    assert!(left_out > 1 && String::from_utf8_lossy(&before["dossier.md"]).contains(&words));
    assert_eq!(verdict(&before).differences, []);
}

/// A report holds the journal of every service, and takes as much memory.
#[tokio::test(flavor = "multi_thread")]
async fn reports_are_written_one_at_a_time_for_readers_of_the_journal() {
    let data = tempfile::tempdir().unwrap();
    let control = control(data.path());
    for route in control::api::routes(&control).iter().filter(|route| route.path.contains("/report")) {
        assert_eq!(route.access, control::api::JOURNAL, "{}", route.path);
    }
    let router = control::api::router(Arc::clone(&control));
    let turn = control.reports.turn().unwrap();
    for path in [format!("/v1/release/releases/{RELEASE}/report"), "/v1/release/reports/daily".to_owned()] {
        let (status, answer) = get(&router, &path).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
        assert_eq!(answer["error"]["message"], "another report is being written");
    }
    drop(turn);
    assert_eq!(get(&router, "/v1/release/reports/daily").await.0, StatusCode::OK);
}

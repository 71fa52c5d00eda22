//! The routes of reports.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use control::report::Files;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::story::RELEASE;
use crate::world::{control, folder, report, verdict};

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

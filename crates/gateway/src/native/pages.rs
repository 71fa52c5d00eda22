//! Public pages: links, health, version; and metrics.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

use crate::Gateway;

/// A plain page of links until the dashboard.
pub async fn index(State(gateway): State<Arc<Gateway>>) -> Response {
    const PAGE: &str = include_str!("../../page/index.html");
    let page = PAGE.replace("{version}", gateway.version).replace("{source}", gateway.source.as_str());
    let mut response = Html(page).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
        ),
    );
    response
}

/// The process answers.
pub async fn livez() -> &'static str {
    "ok"
}

/// Every listed instrument has a price and the gateway is not going away.
pub async fn readyz(State(gateway): State<Arc<Gateway>>) -> Response {
    if gateway.is_ending() {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down").into_response();
    }
    if !gateway.is_warm() {
        return (StatusCode::SERVICE_UNAVAILABLE, "waiting for first prices").into_response();
    }
    "ok".into_response()
}

/// What runs here.
pub async fn version(State(gateway): State<Arc<Gateway>>) -> Json<Value> {
    Json(json!({"name": "meridian", "version": gateway.version, "instance": gateway.instance}))
}

/// Prometheus text.
pub async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    const TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, TYPE)], gateway.metrics.encode()).into_response()
}

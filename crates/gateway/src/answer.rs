//! What every answer of both listeners goes through: a bound on its time, its count, and an error shape of our own where
//! the framework refuses by itself in plain text.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::clock::mono_now;
use crate::metrics::Metrics;

/// Bytes of a framework's refusal that are read.
const REFUSAL_BYTES: usize = 4 * 1024;

/// Runs the rest within `time` and counts the answer under its matched route, never under a path or method from outside.
/// `refuse` makes a refusal of the listener's own shape from a status and a text.
pub async fn bounded(
    metrics: &Metrics,
    listener: &'static str,
    time: Duration,
    request: Request,
    next: Next,
    refuse: impl Fn(StatusCode, &str) -> Response,
) -> Response {
    let started = mono_now();
    let method = method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| format!("{listener}unmatched"), |path| format!("{listener}{}", path.as_str()));
    let response = match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) if is_foreign(&response) => own(response, &refuse).await,
        Ok(response) => response,
        Err(_) => refuse(StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive or to answer"),
    };
    metrics.request(method, &route, response.status().as_u16(), started.elapsed());
    response
}

/// Methods are a label: from a closed list.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A refusal that no handler of ours wrote: ours are JSON or HTML.
fn is_foreign(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    response.status().is_client_error()
        && !kind.starts_with("application/json")
        && !kind.starts_with("text/html")
}

async fn own(response: Response, refuse: &impl Fn(StatusCode, &str) -> Response) -> Response {
    let (parts, body) = response.into_parts();
    let text = read(body).await;
    let mut own = refuse(parts.status, if text.is_empty() { "the request was refused" } else { &text });
    // What a protocol demands beside the refusal, such as `upgrade`, stays.
    for (name, value) in &parts.headers {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            own.headers_mut().insert(name.clone(), value.clone());
        }
    }
    own
}

async fn read(body: Body) -> String {
    let bytes = to_bytes(body, REFUSAL_BYTES).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

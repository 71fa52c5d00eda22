//! The instrument dump. The content type is exactly `text/csv`: the JavaScript client compares it for equality.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use market::Exchange;

use super::reply::Refusal;
use crate::Gateway;

pub async fn all(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    dump(&gateway, None, &headers).await
}

pub async fn of_exchange(
    State(gateway): State<Arc<Gateway>>,
    Path(exchange): Path<String>,
    headers: HeaderMap,
) -> Response {
    match exchange.to_uppercase().parse::<Exchange>() {
        Ok(exchange) => dump(&gateway, Some(exchange), &headers).await,
        Err(_) => Refusal::input("Invalid exchange.").into_response(),
    }
}

async fn dump(gateway: &Gateway, exchange: Option<Exchange>, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let gzip = accepts_gzip(accepted);
    let listing = gateway.listing.get();
    // Written and compressed once per listing; the first caller of a day pays, off the sockets' threads.
    let written = tokio::task::spawn_blocking(move || {
        let csv = listing.csv(exchange);
        if gzip { csv.gzip() } else { csv.plain() }
    });
    match written.await {
        Ok(bytes) => csv(bytes, gzip),
        Err(error) => Refusal::internal(&error).into_response(),
    }
}

fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|parameter| parameter.replace(' ', "") == "q=0")
    })
}

fn csv(bytes: Bytes, gzip: bool) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::accepts_gzip;

    #[test]
    fn gzip_only_where_it_is_accepted() {
        assert!(accepts_gzip("gzip, deflate"));
        assert!(accepts_gzip("br;q=1.0, gzip;q=0.8"));
        assert!(!accepts_gzip(""));
        assert!(!accepts_gzip("identity, gzip; q=0"));
        assert!(!accepts_gzip("x-gzip-like"));
    }
}

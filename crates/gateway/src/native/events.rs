//! `GET /v1/events`: the stream as Server-Sent Events. `id:` is the position, so a browser's own reconnect resumes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use access::Principal;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use stream::native::{self, Format};
use stream::{Batch, Delivery, Position, Subscription};
use tokio::sync::watch;

use super::{names, socket};
use crate::Gateway;
use crate::admission::Admission;
use crate::api_error::ApiError;
use crate::listener::{Place, ended};
use crate::metrics::{Dialect, Metrics};
use crate::query::Query;
use crate::reader::{HubGone, Reader};

/// Proxies and browsers keep a quiet stream open when a comment passes from time to time.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    instruments: Option<String>,
    mode: Option<String>,
    delivery: Option<String>,
    /// Read by the guard already.
    #[serde(rename = "access_token")]
    _access_token: Option<String>,
}

pub async fn events(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Extension(place): Extension<Place>,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, ApiError> {
    let resume = last_event_id(&headers)?;
    let subscriptions = wanted(&gateway, &principal, &query).await?;
    let reader = begin(&gateway, resume, subscriptions).await.map_err(|error| {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", error.to_string())
    })?;
    let state = Stream {
        reader,
        ending: gateway.ending(),
        admission: gateway.admission(principal),
        metrics: Arc::clone(&gateway.metrics),
        over: false,
        _place: place,
    };
    let body = Body::from_stream(futures_unfold(state));
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Position>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_position", format!("Last-Event-ID {error}"))
            .field("Last-Event-ID")
    })
}

async fn wanted(
    gateway: &Gateway,
    principal: &Principal,
    query: &EventsQuery,
) -> Result<Vec<Subscription>, ApiError> {
    let mode = names::mode(query.mode.as_deref())?;
    let delivery = match query.delivery.as_deref() {
        None => Delivery::Latest,
        Some(text) => text.parse().map_err(|error| {
            ApiError::bad_field("delivery", "bad_delivery", format!("delivery {text:?} {error}"))
        })?,
    };
    match &query.instruments {
        Some(list) => {
            let listing = gateway.listing.get();
            let names = names::split(list)?;
            let instruments = names
                .into_iter()
                .map(|name| names::resolve(&listing, name).cloned())
                .collect::<Result<Vec<_>, _>>()?;
            Ok(vec![socket::subscription(instruments, mode, delivery)])
        }
        None => {
            let standing = gateway.standing.subscriptions(principal, mode, delivery).await?;
            if standing.is_empty() {
                return Err(ApiError::bad_field(
                    "instruments",
                    "missing_field",
                    "no instruments are named and the key has no standing subscriptions",
                )
                .hint("add instruments=NSE:INFY,... or POST /v1/subscriptions first"));
            }
            Ok(standing)
        }
    }
}

async fn begin(
    gateway: &Gateway,
    resume: Option<Position>,
    subscriptions: Vec<Subscription>,
) -> Result<Reader, HubGone> {
    let reader = gateway.readers.join(Dialect::Events).await?;
    for subscription in subscriptions {
        reader.subscribe(subscription).await?;
    }
    // After all of them: it puts every subscription back.
    if let Some(position) = resume {
        reader.resume(position).await?;
    }
    Ok(reader)
}

struct Stream {
    reader: Reader,
    ending: watch::Receiver<bool>,
    admission: Admission,
    metrics: Arc<Metrics>,
    over: bool,
    _place: Place,
}

impl Stream {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        tokio::select! {
            biased;
            () = ended(&mut self.ending) => None,
            () = self.admission.revoked() => None,
            batch = self.reader.next() => {
                if batch.fell_behind {
                    self.metrics.reader_cut(Dialect::Events);
                    self.over = true;
                }
                Some(encode(&batch))
            }
            () = tokio::time::sleep(KEEP_ALIVE) => Some(Bytes::from_static(b": still here\n\n")),
        }
    }
}

fn futures_unfold(state: Stream) -> impl futures_core::Stream<Item = Result<Bytes, Infallible>> {
    futures_util::stream::unfold(state, |mut state| async move {
        let bytes = state.next().await?;
        Some((Ok(bytes), state))
    })
}

fn encode(batch: &Batch) -> Bytes {
    let mut text = Vec::new();
    for message in native::encode_batch(batch, Format::Json) {
        text.extend_from_slice(b"id: ");
        text.extend_from_slice(message.position.as_bytes());
        text.extend_from_slice(b"\ndata: ");
        // JSON without line breaks is one data line.
        text.extend_from_slice(&message.bytes);
        text.extend_from_slice(b"\n\n");
    }
    if batch.fell_behind {
        text.extend_from_slice(b": fell behind: reconnect to resume\n\n");
    }
    Bytes::from(text)
}

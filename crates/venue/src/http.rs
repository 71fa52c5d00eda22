//! The sockets: the Kite protocol's routes, and the venue's own under `/venue`.
//!
//! Enters: HTTP requests. Leaves: requests to the desk; its replies as they are, or as the faults would have them.
//! Never here: orders.

pub mod listen;
mod ticker;
pub(crate) mod user;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::StringRejection;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use kite::auth;
use kite::form::Form;
use kite::rest::envelope;
use kite::rest::modification::{Cancellation, Modification};
use kite::rest::placement::Placement;
use kite::rest::words::ErrorType;
use tokio::sync::{oneshot, watch};

use crate::credentials::Credentials;
use crate::desk::{Ask, Listeners, Read, Request};
use crate::engine::{Call, Refused};
use crate::faults::{Doing, Look, Plan};
use listen::Abort;

/// Longest body, in bytes.
const BODY_MAX: usize = 64 * 1024;

/// What all connections share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// To the desk.
    pub(crate) requests: SyncSender<Request>,
    /// Who may call.
    pub(crate) credentials: Credentials,
    /// Order updates.
    pub(crate) listeners: Arc<Listeners>,
    /// True when the venue ends.
    pub(crate) ending: watch::Receiver<bool>,
}

type Venue = State<Arc<Shared>>;

/// All routes. Every one but the ticker's checks the `Authorization` header; the ticker checks its query.
pub fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/", get(ticker::ticker))
        .route("/user/profile", get(|venue: Venue, headers: HeaderMap| read(venue, headers, Read::Profile)))
        .route(
            "/user/margins",
            get(|venue: Venue, headers: HeaderMap| read(venue, headers, Read::Margins(None))),
        )
        .route("/user/margins/{segment}", get(margins))
        .route("/orders", get(|venue: Venue, headers: HeaderMap| read(venue, headers, Read::Orders)))
        // One name for both: a variety where it is posted to, an order's id where it is read.
        .route("/orders/{first}", get(history).post(place))
        .route("/orders/{first}/{second}", put(modify).delete(cancel).get(trades_of))
        .route("/trades", get(|venue: Venue, headers: HeaderMap| read(venue, headers, Read::Trades)))
        .route(
            "/portfolio/positions",
            get(|venue: Venue, headers: HeaderMap| read(venue, headers, Read::Positions)),
        )
        .route(
            "/portfolio/holdings",
            get(|venue: Venue, headers: HeaderMap| read(venue, headers, Read::Holdings)),
        )
        .route("/venue/ledger", get(|venue: Venue, headers: HeaderMap| ask(venue, headers, Ask::Ledger)))
        .route(
            "/venue/faults",
            post(set_faults).get(|venue: Venue, headers: HeaderMap| ask(venue, headers, Ask::Plan)),
        )
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, ErrorType::General, "Route not found") })
        .method_not_allowed_fallback(|| async {
            refusal(StatusCode::METHOD_NOT_ALLOWED, ErrorType::General, "Method not allowed")
        })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(Arc::new(shared))
}

async fn place(
    venue: Venue,
    Path(variety): Path<String>,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Response {
    let Ok(body) = body else { return unreadable() };
    let form = Form::parse(&body);
    let tag = form.as_ref().ok().and_then(|form| form.get("tag")).map(str::to_owned);
    let asked = form
        .map_err(|error| error.to_string())
        .and_then(|form| Placement::read(&variety, &form).map_err(|error| error.to_string()));
    // A tag that no order could have is not worth keeping whole.
    let tag = tag.map(|tag| tag.chars().take(64).collect());
    ask(venue, headers, Ask::Call(Box::new(Call::Place { tag, asked }))).await
}

async fn modify(
    venue: Venue,
    Path((variety, order_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Response {
    let Ok(body) = body else { return unreadable() };
    let asked = Form::parse(&body)
        .map_err(|error| error.to_string())
        .and_then(|form| Modification::read(&variety, &order_id, &form).map_err(|error| error.to_string()));
    ask(venue, headers, Ask::Call(Box::new(Call::Modify { order_id: short(order_id), asked }))).await
}

async fn cancel(
    venue: Venue,
    Path((variety, order_id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let asked = Form::parse(&query)
        .map_err(|error| error.to_string())
        .and_then(|form| Cancellation::read(&variety, &order_id, &form).map_err(|error| error.to_string()));
    ask(venue, headers, Ask::Call(Box::new(Call::Cancel { order_id: short(order_id), asked }))).await
}

async fn history(venue: Venue, Path(id): Path<String>, headers: HeaderMap) -> Response {
    read(venue, headers, Read::History(id)).await
}

async fn trades_of(venue: Venue, Path((id, what)): Path<(String, String)>, headers: HeaderMap) -> Response {
    if what != "trades" {
        return refusal(StatusCode::NOT_FOUND, ErrorType::General, "Route not found");
    }
    read(venue, headers, Read::TradesOf(id)).await
}

async fn margins(venue: Venue, Path(segment): Path<String>, headers: HeaderMap) -> Response {
    read(venue, headers, Read::Margins(Some(segment))).await
}

async fn set_faults(venue: Venue, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let Ok(body) = body else { return unreadable() };
    match Plan::parse(&body) {
        Ok(plan) => ask(venue, headers, Ask::SetPlan(plan)).await,
        Err(error) => refusal(StatusCode::BAD_REQUEST, ErrorType::Input, &error.to_string()),
    }
}

async fn read(venue: Venue, headers: HeaderMap, what: Read) -> Response {
    ask(venue, headers, Ask::Read(what)).await
}

/// Puts a request to the desk and turns its reply into a response. Once it is there it is carried out, whether or
/// not the client waits for the answer.
async fn ask(State(shared): Venue, headers: HeaderMap, ask: Ask) -> Response {
    let account = match shared.admit(&headers) {
        Ok(account) => account,
        Err(why) => return refusal(StatusCode::FORBIDDEN, ErrorType::Token, &why),
    };
    let (reply, answer) = oneshot::channel();
    let unavailable = |why| refusal(StatusCode::SERVICE_UNAVAILABLE, ErrorType::Network, why);
    if shared.requests.try_send(Request { account, ask, reply }).is_err() {
        return unavailable("The venue has more requests than it can take, or ends. Nothing was done.");
    }
    let Ok(reply) = answer.await else {
        return unavailable("The venue ends. It may have carried the request out.");
    };
    let verdict = reply.verdict;
    if verdict.doing == Doing::Nothing {
        return Abort::response();
    }
    if verdict.late_ms > 0 {
        tokio::time::sleep(Duration::from_millis(verdict.late_ms)).await;
    }
    match verdict.look {
        Look::Honest => match reply.result {
            Ok(body) => json(StatusCode::OK, body),
            Err(refused) => refuse(&refused),
        },
        Look::Closed => Abort::response(),
        Look::Error(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            refusal(status, ErrorType::Network, "answered by a fault, as the venue was told to")
        }
        Look::Garbage => json(StatusCode::OK, b"{\"status\":\"succ\x00<html>".to_vec()),
    }
}

impl Shared {
    fn admit(&self, headers: &HeaderMap) -> Result<String, String> {
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let header = header.ok_or("Missing `Authorization` header.")?;
        let pair = auth::parse(header).map_err(|error| error.to_string())?;
        self.credentials
            .account(pair.api_key, pair.access_token)
            .map(str::to_owned)
            .ok_or_else(|| "Incorrect `api_key` or `access_token`.".to_owned())
    }
}

fn refuse(refused: &Refused) -> Response {
    let status =
        StatusCode::from_u16(refused.error_type.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // The broker's default for this kind differs between its clients; a refusal is a 4xx, or nobody can believe it.
    let status = if refused.error_type == ErrorType::Order { StatusCode::BAD_REQUEST } else { status };
    refusal(status, refused.error_type.clone(), &refused.message)
}

fn refusal(status: StatusCode, error_type: ErrorType, message: &str) -> Response {
    json(status, envelope::failure(error_type, message))
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = (status, Body::from(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A body that is no text or too long: no client of this protocol sends one, and it counts as nothing.
fn unreadable() -> Response {
    refusal(StatusCode::BAD_REQUEST, ErrorType::Input, "The body must be text of at most 64 KiB.")
}

/// An id that no order could have is not worth keeping whole.
fn short(order_id: String) -> String {
    order_id.chars().take(64).collect()
}

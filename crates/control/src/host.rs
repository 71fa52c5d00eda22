//! The routes for callers with keys, where no gateway serves them.
//!
//! Enters: requests. Leaves: answers to those whose key has the scope of the route. Never here: what routes do.

use std::sync::Arc;
use std::time::Duration;

use access::{Denied, Keys, Principal, Scope};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Control;
use crate::api::{Access, document, routes};
use crate::refused::Refused;

/// Bytes of a request's body.
const BODY_BYTES: usize = 1024 * 1024;
/// Keys that other processes made or revoked are known after this.
const REFRESH: Duration = Duration::from_millis(250);

/// Who asks, and what a route wants.
#[derive(Clone)]
struct Door {
    keys: Arc<Keys>,
    control: Arc<Control>,
    access: Access,
}

/// All routes, each behind its guard, with `/livez`, `/readyz` and `/openapi.json`.
pub fn router(control: &Arc<Control>, keys: &Arc<Keys>) -> Router {
    let mut router = Router::new();
    for route in routes(control) {
        let door = Door { keys: Arc::clone(keys), control: Arc::clone(control), access: route.access };
        router = router.route(route.path, route.handler.layer(middleware::from_fn_with_state(door, guard)));
    }
    router
        .route("/livez", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/readyz", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/openapi.json", get(|| async { Json(whole_document()) }))
        .fallback(|| async {
            Refused::unknown("nothing lives here").hint("GET /openapi.json lists every route")
        })
        .method_not_allowed_fallback(|| async {
            Refused::wrong_method().hint("GET /openapi.json lists every route with its methods")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::map_response(headers))
}

async fn guard(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    if let Access::Scope(scope) = door.access {
        match admit(&door, &request, scope) {
            Ok(principal) => drop(request.extensions_mut().insert(principal)),
            Err(denied) => return refusal(&denied),
        }
    }
    next.run(request).await
}

fn admit(door: &Door, request: &Request, scope: Scope) -> Result<Arc<Principal>, Denied> {
    let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = value
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = bearer.ok_or(Denied::Missing)?;
    let principal = door.keys.authenticate(token.trim(), door.control.book.clock().wall())?;
    principal.require(scope)?;
    Ok(principal)
}

fn refusal(denied: &Denied) -> Response {
    let status = if denied.is_unauthenticated() { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    let error = json!({"code": denied.code(), "message": denied.to_string(), "hint": denied.hint()});
    let mut response = (status, Json(json!({ "error": error }))).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

async fn headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Looks for keys that other processes made or revoked, for ever.
pub async fn refresh(keys: Arc<Keys>) {
    loop {
        tokio::time::sleep(REFRESH).await;
        if let Err(error) = tokio::task::block_in_place(|| keys.refresh()) {
            tracing::error!(%error, "keys cannot be refreshed: changes elsewhere are not seen");
        }
    }
}

fn whole_document() -> Value {
    let mut document = document();
    document["openapi"] = "3.1.0".into();
    document["info"] = json!({"title": "Meridian control API", "version": env!("CARGO_PKG_VERSION")});
    document
}

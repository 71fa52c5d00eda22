//! Who may call what. A route cannot be added without saying so (I-8).

use std::net::SocketAddr;
use std::sync::Arc;

use access::{Denied, Principal, Scope};
use axum::Extension;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::Gateway;
use crate::api_error::ApiError;
use crate::clock::machine_now;

/// What a route demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; declared so.
    Public,
    /// Anybody on this machine.
    Loopback,
    /// A key with this scope in the `Authorization` header.
    Scope(Scope),
    /// The same, or in the query as `access_token`, for browsers' sockets, which cannot send headers.
    SocketScope(Scope),
    /// The handler authenticates in its own dialect (`/ws/ticks` answers inside the socket) and demands this scope.
    InDialect(Scope),
    /// The handler takes the access token from its own path, for callers that can send no headers, and demands this scope.
    InPath(Scope),
}

/// Lets a request through with its [`Principal`], or answers it.
pub async fn guard(
    State(access): State<Access>,
    Extension(gateway): Extension<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    let admitted = match access {
        Access::Public | Access::InDialect(_) | Access::InPath(_) => Ok(None),
        Access::Loopback => loopback(&request).map(|()| None),
        Access::Scope(scope) => admit(&gateway, bearer(request.headers()), scope).await.map(Some),
        Access::SocketScope(scope) => {
            let token = bearer(request.headers()).or_else(|| query_token(&request));
            admit(&gateway, token, scope).await.map(Some)
        }
    };
    match admitted {
        Ok(principal) => {
            if let Some(principal) = principal {
                request.extensions_mut().insert(principal);
            }
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn loopback(request: &Request) -> Result<(), ApiError> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    match peer {
        Some(peer) if peer.ip().is_loopback() => Ok(()),
        _ => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "loopback_only",
            "this address answers on loopback only",
        )),
    }
}

/// The caller of a public route, if it says who it is.
pub async fn known(gateway: &Gateway, headers: &HeaderMap) -> Option<Arc<Principal>> {
    let token = bearer(headers)?;
    gateway.authenticate(|keys| keys.authenticate(&token, machine_now())).await.ok()
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_string())
}

fn query_token(request: &Request) -> Option<String> {
    let query = request.uri().query()?;
    query.split('&').find_map(|pair| pair.strip_prefix("access_token=")).map(str::to_string)
}

async fn admit(gateway: &Gateway, token: Option<String>, scope: Scope) -> Result<Arc<Principal>, ApiError> {
    let token = token.ok_or(Denied::Missing).map_err(|denied| refusal(&denied))?;
    let principal = gateway.authenticate(|keys| keys.authenticate(&token, machine_now())).await;
    let principal = principal.map_err(|denied| refusal(&denied))?;
    principal.require(scope).map_err(|denied| refusal(&denied))?;
    Ok(principal)
}

/// A denial as a native error: 401 when the caller is unknown, 403 when it is known and may not.
pub fn refusal(denied: &Denied) -> ApiError {
    let status = if denied.is_unauthenticated() { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    ApiError::new(status, denied.code(), denied.to_string()).hint(denied.hint())
}

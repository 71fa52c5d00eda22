//! Who may call what on the Kite listener. A route cannot be added without saying so (I-8).

use std::sync::Arc;

use access::{Denied, Principal, Scope};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kite::auth;
use kite::rest::words::ErrorType;

use super::reply::Refusal;
use crate::Gateway;
use crate::clock::machine_now;

/// What a route demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KiteAccess {
    /// Anybody: logging in.
    Public,
    /// `Authorization: token api_key:access_token` of a key with one of these scopes.
    AnyOf(&'static [Scope]),
    /// The ticker's handshake carries its credentials in the query and demands this scope.
    Handshake(Scope),
}

/// Lets a request through with its [`Principal`], or answers it.
pub async fn guard(
    State(access): State<KiteAccess>,
    Extension(gateway): Extension<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    match access {
        KiteAccess::Public | KiteAccess::Handshake(_) => next.run(request).await,
        KiteAccess::AnyOf(scopes) => {
            let header = request.headers().get(header::AUTHORIZATION).cloned();
            let path = request.uri().path().to_string();
            match admit(&gateway, header, &path, scopes).await {
                Ok(principal) => {
                    request.extensions_mut().insert(principal);
                    next.run(request).await
                }
                Err(refusal) => refusal.into_response(),
            }
        }
    }
}

async fn admit(
    gateway: &Gateway,
    header: Option<HeaderValue>,
    path: &str,
    scopes: &[Scope],
) -> Result<Arc<Principal>, Refusal> {
    let header = header.as_ref().and_then(|value| value.to_str().ok());
    let header = header.ok_or_else(|| Refusal::token("Missing `Authorization` header."))?;
    let pair = auth::parse(header).map_err(|error| Refusal::token(error.to_string()))?;
    let principal = gateway
        .authenticate(|keys| keys.authenticate_kite(pair.api_key, pair.access_token, machine_now()))
        .await
        .map_err(|denied| refusal(&denied))?;
    if let Some(limits) = &gateway.broker_limits
        && !limits.admit(&principal.api_key, path, machine_now())
    {
        return Err(too_many());
    }
    if scopes.iter().any(|scope| principal.require(*scope).is_ok()) {
        return Ok(principal);
    }
    let needed = scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" or ");
    Err(Refusal::new(
        ErrorType::Permission,
        format!("Insufficient permission: the key needs the scope {needed}."),
    ))
}

/// The broker's answer to more requests or sockets than it allows.
pub fn too_many() -> Refusal {
    Refusal::new(ErrorType::Network, "Too many requests").status(StatusCode::TOO_MANY_REQUESTS)
}

/// A denial in the broker's words. Any trouble with the token is a `TokenException` with 403, since that and only that
/// makes the clients call their session-expiry hook.
pub fn refusal(denied: &Denied) -> Refusal {
    match denied {
        Denied::Scope { needed } => Refusal::new(
            ErrorType::Permission,
            format!("Insufficient permission: the key needs the scope {needed}."),
        ),
        Denied::Missing | Denied::Unknown | Denied::Expired | Denied::Revoked | Denied::WrongKey => {
            Refusal::token("Incorrect `api_key` or `access_token`.")
        }
    }
}

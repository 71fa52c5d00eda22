//! `POST` and `DELETE /session/token`.

use std::sync::Arc;

use access::LoginError;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use kite::form::Form;
use kite::rest::maybe::Maybe;
use kite::rest::session::{LogoutRequest, Session, TokenRequest};
use kite::secret::Secret;

use super::guard::refusal;
use super::reply::{self, Refusal};
use super::user::profile_of;
use crate::Gateway;
use crate::clock::machine_now;

pub async fn create(State(gateway): State<Arc<Gateway>>, body: String) -> Result<Response, Refusal> {
    let form = Form::parse(&body).map_err(|error| Refusal::input(error.to_string()))?;
    let request = TokenRequest::from_form(&form).map_err(|error| Refusal::input(error.to_string()))?;
    let api_key = request.api_key.clone();
    let now = machine_now();
    let session = gateway
        .with_keys(move |keys| {
            keys.exchange(&request.api_key, request.request_token.expose(), request.checksum.expose(), now)
        })
        .await
        .map_err(|error| Refusal::internal(&error))?
        .map_err(|error| match error {
            LoginError::Denied(_) | LoginError::RequestToken => {
                Refusal::token("Token is invalid or has expired.")
            }
            LoginError::Checksum => Refusal::token("Invalid `checksum`."),
            other => Refusal::internal(&other),
        })?;
    let principal = gateway
        .authenticate(|keys| keys.authenticate_kite(&api_key, session.access_token.expose(), now))
        .await
        .map_err(|denied| refusal(&denied))?;
    let profile = profile_of(&gateway, &principal)?;
    Ok(reply::success(&Session {
        user_id: profile.user_id,
        user_name: profile.user_name,
        user_shortname: profile.user_shortname,
        email: profile.email,
        user_type: profile.user_type,
        broker: profile.broker,
        exchanges: profile.exchanges,
        products: profile.products,
        order_types: profile.order_types,
        avatar_url: profile.avatar_url,
        meta: profile.meta,
        api_key,
        access_token: Secret::new(session.access_token.expose()),
        public_token: Maybe::Set(Secret::new("")),
        enctoken: Maybe::Set(Secret::new("")),
        refresh_token: Maybe::Set(Secret::new("")),
        silo: Maybe::Set(String::new()),
        login_time: kite::ist::format(now),
    }))
}

/// Ends a session; a key's own access token is ended by revoking the key. A token that is no session is answered as
/// one that has ended.
pub async fn end(
    State(gateway): State<Arc<Gateway>>,
    RawQuery(query): RawQuery,
    body: String,
) -> Result<Response, Refusal> {
    let text = query.filter(|query| !query.is_empty()).unwrap_or(body);
    let form = Form::parse(&text).map_err(|error| Refusal::input(error.to_string()))?;
    let request = LogoutRequest::from_form(&form).map_err(|error| Refusal::input(error.to_string()))?;
    gateway
        .authenticate(|keys| keys.authenticate_kite(&request.api_key, request.token.expose(), machine_now()))
        .await
        .map_err(|denied| refusal(&denied))?;
    gateway
        .with_keys(move |keys| keys.end_session(&request.api_key, request.token.expose()))
        .await
        .map_err(|error| Refusal::internal(&error))?
        .map_err(|error| Refusal::internal(&error))?;
    Ok(reply::success(&true))
}

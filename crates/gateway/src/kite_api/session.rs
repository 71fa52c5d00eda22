//! `POST` and `DELETE /session/token`.

use std::sync::Arc;

use access::LoginError;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use kite::form::Form;
use kite::rest::maybe::Maybe;
use kite::rest::session::{LogoutRequest, Session, TokenRequest};
use kite::rest::user::ProfileMeta;
use kite::secret::Secret;

use super::guard::refusal;
use super::reply::{self, Refusal};
use super::user::{EXCHANGES, ORDER_TYPES, PRODUCTS};
use crate::Gateway;
use crate::account::Account;
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
    let account = gateway.account();
    let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Ok(reply::success(&Session {
        user_id: account.user_id(),
        user_name: account.user_name(),
        user_shortname: Maybe::Set(account.name.clone()),
        email: Maybe::Set(account.email()),
        user_type: Maybe::Set("individual".into()),
        broker: Maybe::Set(Account::BROKER.into()),
        exchanges: strings(&EXCHANGES),
        products: strings(&PRODUCTS),
        order_types: strings(&ORDER_TYPES),
        avatar_url: Maybe::Null,
        meta: Maybe::Set(ProfileMeta {
            demat_consent: Maybe::Set("consent".into()),
            ..ProfileMeta::default()
        }),
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

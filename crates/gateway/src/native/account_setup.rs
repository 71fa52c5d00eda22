//! `POST /v1/accounts` and `PUT /v1/accounts/{name}/token`: which accounts there are and how their orders reach a venue.
//!
//! Enters: a name, a class, an address, secrets. Leaves: secrets that are sealed first, then the fact, then a connection.
//! Never here: what an account has and may do (`accounts`, `limits`).

use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use broker::kite::endpoint::Endpoint;
use kite::auth::is_credential;
use market::Source;
use serde::Serialize;
use trade::event::{AccountAdded, Class};
use trade::{AccountId, Event, Limits, Money};

use super::control::record;
use super::fields::{self, Fields, JsonText};
use super::{limits, reach};
use crate::Gateway;
use crate::api_error::ApiError;
use crate::trading::credentials::{AccessTokens, TokenError};
use crate::trading::start::{PAPER_FUNDS, paper_limits};

/// Where the live broker is.
const KITE: &str = "https://api.kite.trade";
/// Characters of an address.
const URL_MAX: usize = 200;
/// Characters of a key, a token or a secret.
const CREDENTIAL_MAX: usize = 256;

/// An account that was added or changed.
#[derive(Serialize)]
struct AddedAnswer {
    account: String,
    class: &'static str,
    sequence: u64,
    /// False when this start sends no orders of its class (`--broker`).
    reached: bool,
}

/// What a request asks for.
struct Wanted {
    added: AccountAdded,
    access_token: Option<String>,
}

/// `POST /v1/accounts`: a new account; for one at a venue that exists, another address, key or token.
pub async fn add(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    JsonText(body): JsonText,
) -> Result<Response, ApiError> {
    let fields = fields::object(&body)?;
    fields.only(&["name", "class", "funds", "url", "api_key", "access_token", "limits"])?;
    reach::all(&principal, "name")?;
    let Wanted { added, access_token } = read(&fields, &gateway, &principal)?;
    let (name, class) = (added.account.clone(), added.class);
    let known = gateway.desk.state().account(&name).map(|account| account.added.class);
    if let Some(known) = known {
        may_change(&fields, &name, known, class)?;
    }
    if let Some(token) = access_token {
        // Before the fact: who folds it connects at once.
        seal(&gateway, &name, move |tokens, name| tokens.put(name, &token)).await?;
    }
    let sequence = record(&gateway, Event::AccountAdded(added)).await?;
    // Somebody else may have added another one of this name meanwhile: the first one is what there is.
    if gateway.desk.state().account(&name).is_some_and(|account| account.added.class != class) {
        return Err(taken(&name, "was just added with another class"));
    }
    reconnect(&gateway, name.clone())?;
    let reached = gateway.desk.reaches(class);
    let answer = AddedAnswer { account: name.to_string(), class: class.as_str(), sequence, reached };
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(answer)).into_response())
}

fn read(fields: &Fields<'_>, gateway: &Gateway, principal: &Principal) -> Result<Wanted, ApiError> {
    let account: AccountId = fields.required("name", fields.name("name")?)?;
    let class = fields.required("class", fields.word("class", &["paper", "venue", "kite"])?)?;
    let mut added = AccountAdded {
        account,
        class: Class::Paper,
        funds: PAPER_FUNDS,
        url: String::new(),
        api_key: String::new(),
        limits: paper_limits(),
        by: principal.api_key.clone(),
    };
    let mut access_token = None;
    if class == "paper" {
        absent(fields, &["url", "api_key", "access_token"], "does not belong to a paper account")?;
        if let Some(funds) = fields.money("funds")? {
            if funds.is_negative() {
                return Err(fields.error(
                    "funds",
                    "bad_field",
                    format_args!("is {funds}: it must not be negative"),
                ));
            }
            added.funds = funds;
        }
    } else {
        absent(fields, &["funds"], "does not belong to this account: its venue has the money")?;
        added.funds = Money::ZERO;
        added.limits = Limits::default();
        if class == "kite" {
            added.class = Class::Kite;
            may_be_live(gateway)?;
        } else {
            added.class = Class::Venue;
        }
        added.url = address(fields, added.class)?;
        added.api_key = fields.required("api_key", credential(fields, "api_key")?)?;
        access_token = credential(fields, "access_token")?;
    }
    if let Some(wanted) = fields.object("limits")? {
        added.limits = limits::merged(&added.limits, &wanted)?;
    }
    Ok(Wanted { added, access_token })
}

fn absent(fields: &Fields<'_>, names: &[&str], words: &str) -> Result<(), ApiError> {
    match names.iter().find(|name| fields.has(name)) {
        Some(name) => Err(fields.error(name, "bad_field", words)),
        None => Ok(()),
    }
}

/// Live orders need a start that may send them and prices that are live (I-7).
fn may_be_live(gateway: &Gateway) -> Result<(), ApiError> {
    let refuse = |words: String| ApiError::bad_field("class", "not_reached", words);
    if !gateway.desk.reaches(Class::Kite) {
        return Err(refuse("class is kite: this start does not reach the live broker".into())
            .hint("paper accounts need no broker; class venue reaches one on this machine"));
    }
    if gateway.source != Source::Kite {
        let words = format!(
            "class is kite: live orders are decided only on live prices, and this market's come from {}",
            gateway.source
        );
        return Err(refuse(words).hint("use class paper or venue with this market"));
    }
    Ok(())
}

fn address(fields: &Fields<'_>, class: Class) -> Result<String, ApiError> {
    let given = fields.words("url", 1..=URL_MAX)?;
    let url = match class {
        Class::Kite => given.unwrap_or_else(|| KITE.into()),
        Class::Venue | Class::Paper => fields.required("url", given)?,
    };
    let endpoint = Endpoint::parse(&url)
        .map_err(|error| fields.error("url", "bad_url", format_args!("cannot be used: {error}")))?;
    if class == Class::Venue && !endpoint.is_local() {
        let words = "is on another host: a venue account reaches this machine only";
        return Err(fields.error("url", "bad_url", words).hint("use http://127.0.0.1:PORT or unix:/PATH"));
    }
    Ok(url)
}

/// A key, a token or a secret. What is refused is not repeated.
fn credential(fields: &Fields<'_>, name: &str) -> Result<Option<String>, ApiError> {
    let Some(raw) = fields.get(name) else { return Ok(None) };
    let text: Option<String> = serde_json::from_str(raw.get()).ok();
    match text.filter(|text| text.len() <= CREDENTIAL_MAX && is_credential(text)) {
        Some(text) => Ok(Some(text)),
        None => {
            let words = format!("must be 1-{CREDENTIAL_MAX} letters, digits, `-` and `_`");
            Err(fields.error(name, "bad_field", words))
        }
    }
}

/// What may change of an account that exists: where it is and who we are there.
fn may_change(fields: &Fields<'_>, name: &AccountId, known: Class, wanted: Class) -> Result<(), ApiError> {
    if known != wanted {
        return Err(taken(name, &format!("has the class {}, which never changes", known.as_str())));
    }
    if known == Class::Paper {
        return Err(taken(name, "exists, and nothing of a paper account can be changed here")
            .hint("PUT /v1/limits/{account} changes its limits"));
    }
    absent(fields, &["limits"], "of an account that exists are changed with PUT /v1/limits/{account}")
}

fn taken(name: &AccountId, words: &str) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "account_exists", format!("the account {name} {words}")).field("name")
}

/// Secrets that were sealed.
#[derive(Serialize)]
pub struct SealedAnswer {
    account: String,
    /// False when this start sends no orders of its class (`--broker`).
    reached: bool,
    /// Why it is halted; null while it trades. A new token does not end a halt.
    halted: Option<String>,
}

/// `PUT /v1/accounts/{name}/token`: the access token of the day, and the app's secret that signs web hooks.
pub async fn put_token(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(name): Path<String>,
    JsonText(body): JsonText,
) -> Result<Json<SealedAnswer>, ApiError> {
    let state = gateway.desk.state();
    let name = reach::account(&principal, &state, &name, "name").map_err(ApiError::not_found)?;
    let class = state.account(&name).map_or(Class::Paper, |account| account.added.class);
    if class == Class::Paper {
        return Err(ApiError::bad_field(
            "name",
            "no_token",
            format!("the paper account {name} needs no token"),
        ));
    }
    let fields = fields::object(&body)?;
    fields.only(&["access_token", "api_secret"])?;
    let (token, secret) = (credential(&fields, "access_token")?, credential(&fields, "api_secret")?);
    if token.is_none() && secret.is_none() {
        return Err(fields.error("access_token", "missing_field", "is missing"));
    }
    let connects = token.is_some();
    seal(&gateway, &name, move |tokens, name| {
        secret.map_or(Ok(()), |secret| tokens.put_api_secret(name, &secret))?;
        token.map_or(Ok(()), |token| tokens.put(name, &token))
    })
    .await?;
    if connects {
        reconnect(&gateway, name.clone())?;
    }
    Ok(Json(SealedAnswer {
        halted: gateway.desk.state().halt(&name).map(|halted| halted.why.clone()),
        account: name.to_string(),
        reached: gateway.desk.reaches(class),
    }))
}

/// Work on sealed secrets, off the sockets' threads.
async fn seal(
    gateway: &Gateway,
    name: &AccountId,
    work: impl FnOnce(&AccessTokens, &AccountId) -> Result<(), TokenError> + Send + 'static,
) -> Result<(), ApiError> {
    let (tokens, name) = (gateway.desk.tokens().clone(), name.clone());
    let done = tokio::task::spawn_blocking(move || work(&tokens, &name)).await;
    done.map_err(|error| ApiError::internal(&error))?.map_err(|error| ApiError::internal(&error))
}

fn reconnect(gateway: &Gateway, name: AccountId) -> Result<(), ApiError> {
    gateway.desk.reconnect(name).map_err(|_| {
        let words = "it is recorded, and the order desk is too busy to connect now";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", words).hint("send the same again in a moment")
    })
}

//! The login page: asks for the access token and hands out a single-use request token.

use std::sync::Arc;

use access::{Keys, LoginError};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use kite::form::{Form, Writer};

use super::reply::Refusal;
use crate::Gateway;
use crate::clock::machine_now;

/// What we add to a redirect.
const OURS: [&str; 3] = ["action", "status", "request_token"];

const PAGE: &str = include_str!("../../page/login.html");

pub async fn page(RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let form = Form::parse(&query).map_err(|error| Refusal::input(error.to_string()))?;
    let api_key = form.get("api_key").unwrap_or_default();
    if !kite::auth::is_credential(api_key) {
        return Err(Refusal::input("Missing or invalid `api_key`."));
    }
    Ok(render(StatusCode::OK, api_key, form.get("redirect_params").unwrap_or_default(), ""))
}

pub async fn submit(State(gateway): State<Arc<Gateway>>, body: String) -> Result<Response, Refusal> {
    let form = Form::parse(&body).map_err(|error| Refusal::input(error.to_string()))?;
    let field = |name: &str| form.get(name).unwrap_or_default().to_string();
    let (api_key, access_token, redirect_params) =
        (field("api_key"), field("access_token"), field("redirect_params"));
    let now = machine_now();
    let issued = match gateway.authenticate(|keys| keys.authenticate(access_token.trim(), now)).await {
        Ok(_) => {
            let key = api_key.clone();
            let issue = move |keys: &Keys| keys.request_token(&key, access_token.trim(), now);
            gateway.with_keys(issue).await.map_err(|error| Refusal::internal(&error))?
        }
        Err(denied) => Err(denied.into()),
    };
    let issued = match issued {
        Ok(issued) => issued,
        Err(LoginError::Denied(_)) => {
            let why = "The access token does not belong to this API key, or has expired.";
            return Ok(render(StatusCode::FORBIDDEN, &api_key, &redirect_params, why));
        }
        Err(error) => return Err(Refusal::internal(&error)),
    };
    let token = issued.token.expose();
    let Some(redirect) = issued.redirect else {
        return Ok(shown(token));
    };
    let mut query =
        Writer::new().with("action", "login").with("status", "success").with("request_token", token).finish();
    // The caller's own parameters are a query string already: pairs are written again so that nothing else gets in, and
    // none may stand in for ours.
    if let Ok(own) = Form::parse(&redirect_params) {
        for (name, value) in own.pairs().filter(|(name, _)| !OURS.contains(name)) {
            query = format!("{query}&{}", Writer::new().with(name, value).finish());
        }
    }
    let separator = if redirect.contains('?') { '&' } else { '?' };
    let location = HeaderValue::from_str(&format!("{redirect}{separator}{query}"))
        .map_err(|error| Refusal::internal(&error))?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

fn shown(token: &str) -> Response {
    // A request token is URL-safe: it cannot carry markup.
    guarded(
        StatusCode::OK,
        format!(
            "<!doctype html><title>Logged in</title><p>Your request token, valid once and for two minutes:</p>\
             <pre id=\"request_token\">{token}</pre>"
        ),
    )
}

fn render(status: StatusCode, api_key: &str, redirect_params: &str, error: &str) -> Response {
    guarded(
        status,
        PAGE.replace("{error}", &escape(error))
            .replace("{api_key}", &escape(api_key))
            .replace("{redirect_params}", &escape(redirect_params)),
    )
}

fn guarded(status: StatusCode, page: String) -> Response {
    let mut response = (status, Html(page)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
        ),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A placeholder of the page inside a value must not be filled in again.
            '{' => out.push_str("&#123;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(escape("\"><script>{api_key}'&"), "&quot;&gt;&lt;script&gt;&#123;api_key}&#39;&amp;");
    }
}

//! From the user's log-in in a browser to an access token.
//!
//! Enters: the request token of the redirect. Leaves: a session. Never here: where its token is kept.

use hyper::Method;
use kite::form::Writer;
use kite::rest::session::{Session, checksum};
use kite::secret::Secret;

use super::attempt::{Ask, Bounds, Ended, attempt};
use super::client::Settings;
use super::connect::{Unsent, connect};
use super::endpoint::Endpoint;
use super::fate::NeverLeft;
use super::reads::{ReadError, decode};

/// Largest answer that is read, in bytes.
const SESSION_BYTES_MAX: usize = 256 * 1024;

/// Where the user logs in at the live broker.
pub fn login_url(api_key: &str) -> String {
    let query = Writer::new().with("api_key", api_key).with("v", "3").finish();
    format!("https://kite.zerodha.com/connect/login?{query}")
}

/// Turns the redirect's request token, which works once and for minutes, into a session.
///
/// # Errors
/// [`ReadError`]. [`ReadError::SessionEnded`] means that the request token is used up or wrong; without an answer it
/// may be used up as well: begin again at [`login_url`].
pub async fn exchange(
    endpoint: &Endpoint,
    api_key: &str,
    request_token: &Secret,
    api_secret: &Secret,
    settings: Settings,
) -> Result<Session, ReadError> {
    let form = Writer::new()
        .with("api_key", api_key)
        .with("request_token", request_token.expose())
        .with("checksum", &checksum(api_key, request_token.expose(), api_secret.expose()))
        .finish();
    let no_connection = |why: String| ReadError::NotAsked(NeverLeft::NoConnection(why));
    let opening = connect(endpoint, Unsent::MayArrive);
    let stream = tokio::time::timeout(settings.connect_time, opening)
        .await
        .map_err(|_| no_connection("it took too long to open".into()))?
        .map_err(|error| no_connection(error.to_string()))?;
    let ask = Ask { method: Method::POST, target: "/session/token".to_owned(), form: Some(form) };
    let bounds = Bounds { time: settings.read_time, bytes_max: SESSION_BYTES_MAX };
    match attempt(stream, &endpoint.authority(), ask, None, bounds, &|| Ok(())).await {
        Ended::NeverLeft(why) => Err(ReadError::NotAsked(why)),
        Ended::Lost(doubt) => Err(ReadError::NoAnswer(doubt)),
        Ended::Answered(answer) => decode(&answer),
    }
}

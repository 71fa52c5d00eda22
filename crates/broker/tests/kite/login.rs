use broker::kite::client::Settings;
use broker::kite::login::{exchange, login_url};
use broker::kite::reads::ReadError;
use kite::form::Form;
use kite::rest::session::checksum;
use kite::secret::Secret;

use super::peer::{Peer, json};

#[tokio::test]
async fn a_request_token_becomes_a_session() {
    assert_eq!(login_url("key1"), "https://kite.zerodha.com/connect/login?api_key=key1&v=3");
    let session = r#"{"status":"success","data":{"user_id":"AB1234","user_name":"A B","api_key":"key1",
        "access_token":"ACCESS","login_time":"2026-11-20 08:30:00"}}"#;
    let peer = Peer::says(json(200, session)).await;
    let (request_token, secret) = (Secret::new("REQUEST"), Secret::new("s3cret"));
    let session =
        exchange(&peer.endpoint, "key1", &request_token, &secret, Settings::default()).await.unwrap();
    assert_eq!((session.user_id.as_str(), session.access_token.expose()), ("AB1234", "ACCESS"));
    let seen = peer.seen().await.concat();
    assert!(
        seen.starts_with("POST /session/token HTTP/1.1\r\n")
            && !seen.to_lowercase().contains("authorization")
    );
    let (_, body) = seen.split_once("\r\n\r\n").unwrap();
    let form = Form::parse(body).unwrap();
    assert_eq!(form.get("checksum"), Some(checksum("key1", "REQUEST", "s3cret").as_str()));
    assert!(!body.contains("s3cret"));
}

#[tokio::test]
async fn a_used_request_token_says_so() {
    let refusal =
        r#"{"status":"error","message":"Token is invalid or has expired.","error_type":"TokenException"}"#;
    let peer = Peer::says(json(403, refusal)).await;
    let secret = Secret::new("s3cret");
    let error = exchange(&peer.endpoint, "key1", &secret, &secret, Settings::default()).await.unwrap_err();
    assert!(matches!(error, ReadError::SessionEnded) && !format!("{error:?}").contains("s3cret"));
}

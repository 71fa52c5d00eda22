//! What comes back, and which fate it is.

use broker::kite::fate::{Doubt, Fate, Receipt};
use kite::rest::words::ErrorType;
use proptest::prelude::*;

use super::calls::{LATER, TAKEN, fate_of, inconclusive, place};
use super::peer::{Does, Hands, Peer, RESET, answer, json};

/// A head that may still go on.
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_refusal_must_be_proven() {
    let error =
        |kind: &str| format!(r#"{{"status":"error","message":"No.","error_type":"{kind}","data":null}}"#);
    for (status, kind) in [
        (400, "InputException"),
        (400, "OrderException"),
        (400, "MarginException"),
        (400, "HoldingException"),
        (403, "TokenException"),
        (403, "PermissionException"),
        (404, "GeneralException"),
        (405, "GeneralException"),
        (429, "NetworkException"),
    ] {
        let peer = Peer::says(json(status, &error(kind))).await;
        let fate = fate_of(&place(), &peer).await;
        let error_type = ErrorType::from(kind);
        assert_eq!(fate.is_session_ended(), error_type == ErrorType::Token);
        assert_eq!(fate.is_rate_limited(), status == 429);
        assert_eq!(fate, Fate::Refused { error_type, message: "No.".to_owned(), status });
        assert_eq!(peer.seen().await.len(), 1);
    }
    let peer = Peer::says(answer(429, "text/html", "Too many")).await;
    let fate = fate_of(&place(), &peer).await;
    assert!(inconclusive(&fate) && fate.is_rate_limited(), "{fate:?}");
    for (status, kind) in [
        (400, "NetworkException"),
        (400, "DataException"),
        (400, "GeneralException"),
        (400, "NewException"),
        (408, "InputException"),
        (500, "OrderException"),
        (500, "MarginException"),
        (502, "DataException"),
        (503, "NetworkException"),
        (504, "DataException"),
        (500, "GeneralException"),
        (200, "InputException"),
        (302, "InputException"),
    ] {
        let peer = Peer::says(json(status, &error(kind))).await;
        let fate = fate_of(&place(), &peer).await;
        assert!(inconclusive(&fate), "{status} {kind} {fate:?}");
        assert_eq!(peer.seen().await.len(), 1, "{status} {kind}: nothing is sent twice");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_whole_and_well_formed_leaves_the_fate_unknown() {
    let refusal = r#"{"status":"error","message":"No.","error_type":"InputException"}"#;
    let whole = json(200, TAKEN);
    let oversized =
        format!(r#"{{"status":"success","data":{{"order_id":"1"}},"x":"{}"}}"#, "x".repeat(300_000));
    let cases: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("half a head", whole[..30].to_owned()),
        ("a head alone", whole.split_once("{").unwrap().0.to_owned()),
        ("half a body", whole[..whole.len() - 5].to_owned()),
        ("half a chunk", format!("{HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{{\"s")),
        ("a body cut where nothing says its length", format!("{HEAD}\r\n{}", &TAKEN[..40])),
        ("garbage", "\u{1}\u{2}\u{3} not http\r\n\r\n".into()),
        ("another protocol", "SSH-2.0-server\r\n".into()),
        ("a web page", answer(200, "text/html", "<html>")),
        ("a web page that looks like success", answer(200, "text/html", TAKEN)),
        ("a refusal that is a web page", answer(400, "text/html", refusal)),
        ("no content type", format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{TAKEN}", TAKEN.len())),
        ("JSON that is no envelope", json(200, r#"{"order_id":"1"}"#)),
        ("no status in the envelope", json(200, r#"{"data":{"order_id":"1"}}"#)),
        ("no order id", json(200, r#"{"status":"success","data":{}}"#)),
        ("an empty order id", json(200, r#"{"status":"success","data":{"order_id":""}}"#)),
        ("an order id that is a path", json(200, r#"{"status":"success","data":{"order_id":"../1"}}"#)),
        ("a number as order id", json(200, r#"{"status":"success","data":{"order_id":1}}"#)),
        (
            "slices",
            json(200, r#"{"status":"success","data":{"order_id":"1","children":[{"order_id":"2"}]}}"#),
        ),
        ("success by another status", json(202, TAKEN)),
        ("a refusal that says success", json(400, TAKEN)),
        ("a refusal without a kind", json(400, r#"{"status":"error","message":"No."}"#)),
        ("a refusal without words", json(400, r#"{"status":"error","error_type":"InputException"}"#)),
        ("a refusal with an empty body", json(400, "")),
        ("half a refusal", json(400, &refusal[..30])),
        ("too long", json(200, &oversized)),
        ("a head without end", format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(100_000))),
        ("news that never ends", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50)),
        ("another protocol on request", "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n".into()),
        ("two lengths", format!("{HEAD}content-length: 5\r\ncontent-length: {}\r\n\r\n{TAKEN}", TAKEN.len())),
    ];
    for (name, bytes) in cases {
        let peer = Peer::says(bytes).await;
        let fate = fate_of(&place(), &peer).await;
        assert!(matches!(fate, Fate::Unknown(_)), "{name}: {fate:?}");
        assert_eq!(peer.seen().await.len(), 1, "{name}: nothing is sent twice");
    }
}

#[tokio::test]
async fn news_before_the_answer_and_a_second_answer_change_nothing() {
    let acknowledged = Fate::Acknowledged(Receipt::Order("151220000000000".to_owned()));
    let continued = format!("HTTP/1.1 100 Continue\r\n\r\n{}", json(200, TAKEN));
    let refusal = json(400, r#"{"status":"error","message":"No.","error_type":"InputException"}"#);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{TAKEN}\r\n0\r\n\r\n",
        TAKEN.len()
    );
    for bytes in [continued, format!("{}{refusal}", json(200, TAKEN)), chunked] {
        let peer = Peer::says(bytes).await;
        assert_eq!(fate_of(&place(), &peer).await, acknowledged);
        assert_eq!(peer.seen().await.len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Peer::says(json(200, TAKEN)).await;
    for status in [301, 302, 303, 307, 308] {
        let location =
            format!("HTTP/1.1 {status} Moved\r\nlocation: {}/orders/regular\r\n", elsewhere.endpoint);
        let peer = Peer::says(format!("{location}content-length: 0\r\n\r\n")).await;
        assert!(inconclusive(&fate_of(&place(), &peer).await), "{status}");
    }
    assert!(elsewhere.seen().await.is_empty());
}

#[tokio::test]
async fn silence_is_unknown_and_nothing_leaves_after_it() {
    for begun in ["", "HTTP/1.1 200 OK\r\n", &json(200, TAKEN)[..90]] {
        let peer = Peer::new(Does::Stalls(begun.into())).await;
        let fate = Hands::default().hasty_client(&peer.endpoint).send(&place(), LATER).await;
        assert_eq!(fate, Fate::Unknown(Doubt::TimedOut), "{begun}");
        // The peer goes on to the next connection only when ours has ended; a reset has dropped whatever was still
        // queued.
        let seen = peer.seen().await;
        assert!(seen.len() == 1 && seen[0].ends_with(RESET), "{seen:?}");
    }
}

#[tokio::test]
async fn what_never_left_was_never_seen() {
    // Whoever wins the race between our write and their close, a byte they have seen is never said not to have left.
    for does in [Does::Closes, Does::SaysFirst(json(200, TAKEN).into()), Does::SaysFirst(b"\0\0".to_vec())] {
        let peer = Peer::new(does).await;
        let fate = fate_of(&place(), &peer).await;
        let seen = peer.seen().await;
        assert_eq!(seen.len(), 1);
        assert!(!matches!(fate, Fate::NeverLeft(_)) || seen[0].is_empty(), "{fate:?} {seen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_comes_back_nothing_is_sent_twice_or_said_not_to_have_left(
        head in prop::sample::select(vec!["", HEAD, "HTTP/1.1 400 No\r\ncontent-type: application/json\r\n\r\n"]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (fate, seen) = runtime.block_on(async {
            let peer = Peer::says([head.as_bytes(), &bytes].concat()).await;
            (fate_of(&place(), &peer).await, peer.seen().await)
        });
        prop_assert!(matches!(fate, Fate::Unknown(_)), "{fate:?}");
        prop_assert_eq!(seen.len(), 1);
    }
}

//! What leaves, when, and what does not.

use std::sync::atomic::Ordering;

use broker::kite::call::Call;
use broker::kite::client::BootNanos;
use broker::kite::endpoint::Endpoint;
use broker::kite::fate::{Doubt, Fate, NeverLeft, Receipt};
use kite::form::Form;
use kite::rest::conversion::Conversion;
use kite::rest::gtt_definition::GttDefinition;
use kite::rest::modification::{Cancellation, Modification};
use kite::rest::placement::Placement;

use super::peer::{Does, Hands, Peer, json};

pub const LATER: BootNanos = BootNanos(60_000_000_000);
pub const TAKEN: &str = r#"{"status":"success","data":{"order_id":"151220000000000"}}"#;

fn place_with(fields: &str) -> Call {
    let form =
        format!("exchange=NSE&tradingsymbol=M%26M&transaction_type=BUY&quantity=1&product=CNC&{fields}");
    let placement = Placement::read("regular", &Form::parse(&form).unwrap()).unwrap();
    Call::Place { tag: "m0000000000000000001".to_owned(), placement }
}

pub fn place() -> Call {
    place_with("order_type=LIMIT&price=1510.50&tag=theirs")
}

fn cancel() -> Call {
    Call::Cancel(Cancellation::read("regular", "77", &Form::default()).unwrap())
}

pub async fn fate_of(call: &Call, peer: &Peer) -> Fate {
    Hands::default().client(&peer.endpoint).send(call, LATER).await
}

pub fn inconclusive(fate: &Fate) -> bool {
    matches!(fate, Fate::Unknown(Doubt::Inconclusive { .. }))
}

#[tokio::test]
async fn an_order_leaves_once_with_our_tag_and_is_acknowledged() {
    let peer = Peer::says(json(200, TAKEN)).await;
    let fate = fate_of(&place(), &peer).await;
    assert_eq!(fate, Fate::Acknowledged(Receipt::Order("151220000000000".to_owned())));
    let seen = peer.seen().await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /orders/regular HTTP/1.1"));
    let headers: Vec<String> = lines.map(str::to_ascii_lowercase).collect();
    for wanted in [
        "authorization: token key1:token",
        "x-kite-version: 3",
        "content-type: application/x-www-form-urlencoded",
        "connection: close",
    ] {
        assert!(headers.iter().any(|header| header == wanted), "{wanted} in {headers:?}");
    }
    assert_eq!(
        body,
        "exchange=NSE&tradingsymbol=M%26M&transaction_type=BUY&quantity=1&product=CNC&order_type=LIMIT&price=1510.50\
         &validity=DAY&tag=m0000000000000000001"
    );
}

#[tokio::test]
async fn orders_without_a_limit_carry_market_protection() {
    for (fields, sent) in [
        ("order_type=MARKET", Some("-1")),
        ("order_type=SL-M&trigger_price=5", Some("-1")),
        ("order_type=MARKET&market_protection=2.5", Some("2.5")),
        ("order_type=SL&trigger_price=5&price=6", None),
    ] {
        let peer = Peer::says(json(200, TAKEN)).await;
        let fate = fate_of(&place_with(fields), &peer).await;
        assert!(matches!(fate, Fate::Acknowledged(_)), "{fate:?}");
        let seen = peer.seen().await.concat();
        let (_, body) = seen.split_once("\r\n\r\n").unwrap();
        assert_eq!(Form::parse(body).unwrap().get("market_protection"), sent, "{fields}");
    }
    let change = Form::parse("order_type=MARKET").unwrap();
    let peer = Peer::says(json(200, r#"{"status":"success","data":{"order_id":"77"}}"#)).await;
    fate_of(&Call::Modify(Modification::read("regular", "77", &change).unwrap()), &peer).await;
    assert!(peer.seen().await.concat().ends_with("\r\n\r\norder_type=MARKET&market_protection=-1"));
}

#[tokio::test]
async fn every_call_has_its_request_and_its_receipt() {
    let leg = r#"{"exchange":"NSE","tradingsymbol":"INFY","product":"CNC","order_type":"LIMIT",
        "transaction_type":"SELL","quantity":1,"price":5}"#;
    let condition = r#"{"exchange":"NSE","tradingsymbol":"INFY","last_price":6,"trigger_values":[5]}"#;
    let form = kite::form::Writer::new()
        .with("type", "single")
        .with("condition", condition)
        .with("orders", &format!("[{leg}]"))
        .finish();
    let definition = GttDefinition::read(&Form::parse(&form).unwrap()).unwrap();
    let conversion = "exchange=NSE&tradingsymbol=INFY&transaction_type=BUY&position_type=day\
                      &quantity=3&old_product=MIS&new_product=CNC";
    let (order, trigger) = (r#"{"order_id":"77"}"#, r#"{"trigger_id":123}"#);
    let change = Form::parse("quantity=5").unwrap();
    let leg_of = Form::parse("parent_order_id=5").unwrap();
    for (call, first_line, data, receipt) in [
        (
            Call::Modify(Modification::read("regular", "77", &change).unwrap()),
            "PUT /orders/regular/77 HTTP/1.1",
            order,
            Receipt::Order("77".to_owned()),
        ),
        (cancel(), "DELETE /orders/regular/77 HTTP/1.1", order, Receipt::Order("77".to_owned())),
        (
            Call::Cancel(Cancellation::read("co", "77", &leg_of).unwrap()),
            "DELETE /orders/co/77?parent_order_id=5 HTTP/1.1",
            r#"{"order_id":"5"}"#,
            Receipt::Order("5".to_owned()),
        ),
        (Call::PlaceGtt(definition.clone()), "POST /gtt/triggers HTTP/1.1", trigger, Receipt::Trigger(123)),
        (
            Call::ModifyGtt { trigger_id: 123, definition },
            "PUT /gtt/triggers/123 HTTP/1.1",
            trigger,
            Receipt::Trigger(123),
        ),
        (
            Call::DeleteGtt { trigger_id: 123 },
            "DELETE /gtt/triggers/123 HTTP/1.1",
            trigger,
            Receipt::Trigger(123),
        ),
        (
            Call::Convert(Conversion::read(&Form::parse(conversion).unwrap()).unwrap()),
            "PUT /portfolio/positions HTTP/1.1",
            "true",
            Receipt::Converted,
        ),
    ] {
        let peer = Peer::says(json(200, &format!(r#"{{"status":"success","data":{data}}}"#))).await;
        assert_eq!(fate_of(&call, &peer).await, Fate::Acknowledged(receipt));
        let seen = peer.seen().await;
        assert_eq!((seen.len(), seen[0].lines().next()), (1, Some(first_line)));

        // The same success about something else, or about nothing, proves nothing.
        for other in [r#"{"order_id":"78","trigger_id":124}"#, "null", "false", "{}"] {
            if matches!(call, Call::PlaceGtt(_)) && other.len() > 10 {
                continue;
            }
            let peer = Peer::says(json(200, &format!(r#"{{"status":"success","data":{other}}}"#))).await;
            let fate = fate_of(&call, &peer).await;
            assert!(inconclusive(&fate), "{first_line} {other} {fate:?}");
        }
    }
}

#[tokio::test]
async fn past_its_time_a_call_does_not_leave() {
    let peer = Peer::says(json(200, TAKEN)).await;
    let hands = Hands::default();
    let client = hands.client(&peer.endpoint);
    hands.0.store(LATER.0, Ordering::SeqCst);
    assert_eq!(client.send(&place(), LATER).await, Fate::NeverLeft(NeverLeft::TooLate));
    // The time passes between the first look at the clock and the first byte: the connection is there, and stays
    // empty.
    hands.0.store(0, Ordering::SeqCst);
    let passes = || {
        hands.0.store(LATER.0, Ordering::SeqCst);
        true
    };
    assert_eq!(client.send_while(&place(), LATER, &passes).await, Fate::NeverLeft(NeverLeft::TooLate));
    hands.0.store(LATER.0 - 1, Ordering::SeqCst);
    assert_eq!(client.send_while(&place(), LATER, &|| false).await, Fate::NeverLeft(NeverLeft::Withdrawn));
    assert!(
        matches!(client.send(&place(), LATER).await, Fate::Acknowledged(_)),
        "the last nanosecond counts"
    );
    let seen = peer.seen().await;
    assert_eq!(seen.iter().filter(|bytes| bytes.is_empty()).count(), 2, "{seen:?}");
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn without_a_connection_nothing_left() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = Peer::new(Does::SaysFirst(json(200, TAKEN).into())).await;
    let tls = plain.endpoint.to_string().replace("http:", "https:");
    for address in [format!("http://{free}"), tls, "unix:/nonexistent/venue.sock".to_owned()] {
        let client = Hands::default().client(&Endpoint::parse(&address).unwrap());
        let fate = client.send(&place(), LATER).await;
        assert!(matches!(fate, Fate::NeverLeft(NeverLeft::NoConnection(_))), "{address} {fate:?}");
    }
    assert!(!plain.seen().await.concat().contains("orders"), "no request in the clear");
}

#[tokio::test]
async fn a_unix_socket_carries_calls_too() {
    let directory = std::env::temp_dir().join(format!("broker-kite-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("venue.sock");
    let _ = std::fs::remove_file(&path);
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let served = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"m0000000000000000001") {
            assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
        }
        stream.write_all(json(200, TAKEN).as_bytes()).await.unwrap();
    });
    let client = Hands::default().client(&Endpoint::parse(&format!("unix:{}", path.display())).unwrap());
    let fate = client.send(&place(), LATER).await;
    assert!(matches!(fate, Fate::Acknowledged(_)), "{fate:?}");
    served.await.unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn what_could_not_be_understood_does_not_leave() {
    let peer = Peer::says(json(200, TAKEN)).await;
    let Call::Place { placement, .. } = place() else { panic!("not a placement") };
    let tagged = |tag: &str, placement: Placement| Call::Place { tag: tag.to_owned(), placement };
    for call in [
        tagged("", placement.clone()),
        tagged(&"a".repeat(21), placement.clone()),
        tagged("a&b", placement.clone()),
        tagged("a", Placement { autoslice: true, ..placement.clone() }),
        tagged("a", Placement { quantity: 0, ..placement.clone() }),
        tagged("a", Placement { price: None, ..placement }),
        Call::Cancel(Cancellation {
            variety: "regular".into(),
            order_id: "../77".to_owned(),
            parent_order_id: None,
        }),
    ] {
        let fate = fate_of(&call, &peer).await;
        assert!(matches!(fate, Fate::NeverLeft(NeverLeft::Unfit(_))), "{call:?} {fate:?}");
    }
    assert!(peer.seen().await.is_empty());
}

#[tokio::test]
async fn after_failures_in_a_row_only_a_read_finds_out() {
    let peer = Peer::says(json(503, "{}")).await;
    let hands = Hands::default();
    let client = hands.client(&peer.endpoint);
    for _ in 0..3 {
        assert!(inconclusive(&client.send(&place(), LATER).await));
    }
    hands.0.store(999, Ordering::SeqCst);
    assert_eq!(client.send(&cancel(), LATER).await, Fate::NeverLeft(NeverLeft::Ejected));
    assert!(matches!(client.orders().await, Err(broker::kite::reads::ReadError::Ejected)));
    hands.0.store(1_000, Ordering::SeqCst);
    assert!(
        matches!(client.orders().await, Err(broker::kite::reads::ReadError::Malformed { .. })),
        "the probe"
    );
    assert_eq!(client.send(&cancel(), LATER).await, Fate::NeverLeft(NeverLeft::Ejected));
    let seen = peer.seen().await;
    assert_eq!(seen.iter().filter(|request| request.starts_with("GET /orders ")).count(), 1);
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn nothing_that_prints_shows_the_token() {
    let peer = Peer::says("").await;
    let client = Hands::default().client(&peer.endpoint);
    let fate = client.send(&place(), LATER).await;
    let read = client.orders().await.unwrap_err();
    assert!(!format!("{client:?} {fate:?} {read:?} {read}").contains("TOKEN"));
}

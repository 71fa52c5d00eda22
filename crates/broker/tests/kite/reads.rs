use broker::kite::reads::ReadError;

use super::peer::{Does, Hands, Peer, answer, json};

#[tokio::test]
async fn an_answer_is_read_by_its_type() {
    let order = r#"{"order_id":"1","variety":"regular","status":"OPEN","exchange":"NSE","tradingsymbol":"INFY",
        "instrument_token":408065,"order_type":"LIMIT","transaction_type":"BUY","validity":"DAY","product":"CNC",
        "quantity":1,"disclosed_quantity":0,"price":1510.5,"trigger_price":0,"average_price":0,"filled_quantity":0,
        "pending_quantity":1,"cancelled_quantity":0,"tag":"m1"}"#;
    let peer = Peer::says(json(200, &format!(r#"{{"status":"success","data":[{order}]}}"#))).await;
    let client = Hands::default().client(&peer.endpoint);
    let orders = client.orders().await.unwrap();
    assert_eq!((orders[0].price.to_string().as_str(), orders[0].quantity.to_i64()), ("1510.5", Some(1)));
    assert_eq!(client.order_history("1").await.unwrap().len(), 1);
    assert!(matches!(client.order_history("1/../2").await, Err(ReadError::BadOrderId)));
    assert!(matches!(client.positions().await, Err(ReadError::Malformed { .. })), "an array is no positions");
    let lines: Vec<String> =
        peer.seen().await.iter().map(|text| text.lines().next().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        ["GET /orders HTTP/1.1", "GET /orders/1 HTTP/1.1", "GET /portfolio/positions HTTP/1.1"]
    );
}

#[tokio::test]
async fn each_failure_is_an_error_of_its_own() {
    let error = |kind: &str| format!(r#"{{"status":"error","message":"No.","error_type":"{kind}"}}"#);
    let read = |bytes: String| async move {
        let peer = Peer::says(bytes).await;
        Hands::default().client(&peer.endpoint).trades().await.unwrap_err()
    };
    assert!(matches!(read(json(403, &error("TokenException"))).await, ReadError::SessionEnded));
    assert!(matches!(read(json(429, &error("NetworkException"))).await, ReadError::RateLimited));
    assert!(matches!(
        read(json(503, &error("NetworkException"))).await,
        ReadError::Refused { status: 503, .. }
    ));
    assert!(matches!(read(answer(429, "text/html", "Too many")).await, ReadError::RateLimited));
    let malformed = [
        json(200, "[]"),
        json(200, r#"{"status":"success","data":[{}]}"#),
        json(500, r#"{"status":"success","data":[]}"#),
        answer(200, "text/html", r#"{"status":"success","data":[]}"#),
    ];
    for bytes in malformed {
        assert!(matches!(read(bytes.clone()).await, ReadError::Malformed { .. }), "{bytes}");
    }
    let long = format!(r#"{{"status":"success","data":[],"x":"{}"}}"#, "x".repeat(70_000));
    for bytes in [String::new(), json(200, &long), "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned()]
    {
        assert!(matches!(read(bytes).await, ReadError::NoAnswer(_)));
    }
    let peer = Peer::new(Does::Stalls(Vec::new())).await;
    let client = Hands::default().hasty_client(&peer.endpoint);
    assert!(matches!(client.trades().await, Err(ReadError::NoAnswer(_))));
}

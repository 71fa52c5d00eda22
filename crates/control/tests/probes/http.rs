use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use control::probe::Verdict;
use release::Figure;

use crate::setup::{ask_one, closed_port, failed, probe, request, serve, serve_http, unknown};

fn here() -> &'static Path {
    Path::new(".")
}

#[tokio::test]
async fn a_healthy_service_passes_and_each_broken_promise_is_named() {
    let address = serve_http(|_| {
        let head = "200 OK\r\nX-Frame-Options: DENY\r\nAccess-Control-Allow-Origin: *";
        (head.to_owned(), r#"{"status": "ok", "version": "1.2.3", "ready": true, "load": 1.0}"#.to_owned())
    });
    let environment = format!("environment = [{{ id = \"staging\", url = \"http://{address}/\" }}]\n");
    let good = r#"
        [[check]]
        id = "health"
        [check.probe.http]
        url = "{env}/health"
        status = 200
        has_headers = { x-frame-options = "DENY" }
        contains = '"ok"'
        json = { "/status" = "ok", "/version" = "{version}", "/ready" = "true", "/load" = "1" }
    "#;
    let outcome = ask_one(here(), &format!("{environment}{good}")).await;
    assert_eq!(outcome.result, Verdict::Pass);
    assert_eq!(outcome.figures["status"], Figure::whole(200));
    assert!(outcome.inputs.starts_with("GET http://127.0.0.1:"), "{}", outcome.inputs);
    assert!(outcome.output.contains("\"version\": \"1.2.3\""), "{}", outcome.output);

    for (demand, word) in [
        ("status = 204", "204"),
        ("has_headers = { x-frame-options = \"SAMEORIGIN\" }", "x-frame-options"),
        ("has_headers = { strict-transport-security = \"max-age\" }", "strict-transport-security"),
        ("lacks_headers = [\"Access-Control-Allow-Origin\"]", "Access-Control-Allow-Origin"),
        ("contains = \"degraded\"", "degraded"),
        ("json = { \"/version\" = \"1.2.4\" }", "1.2.4"),
        ("json = { \"/uptime\" = \"1\" }", "/uptime"),
    ] {
        let outcome = probe(here(), &format!("http = {{ url = \"http://{address}/\", {demand} }}")).await;
        assert!(failed(&outcome).contains(word), "{demand}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let address = serve_http(|request| {
        assert!(request.starts_with("GET /here "), "{request}");
        ("308 Permanent Redirect\r\nLocation: /there".to_owned(), String::new())
    });
    let demand = format!(
        "http = {{ url = \"http://{address}/here\", status = 308, has_headers = {{ location = \"/there\" }} }}"
    );
    assert_eq!(probe(here(), &demand).await.result, Verdict::Pass);
    let outcome = probe(here(), &format!("http = {{ url = \"http://{address}/here\" }}")).await;
    assert!(failed(&outcome).contains("308"));
}

#[tokio::test]
async fn nobody_there_fails_and_silence_is_unknown() {
    let (_socket, closed) = closed_port();
    let outcome = probe(here(), &format!("http = {{ url = \"http://{closed}/\" }}")).await;
    assert!(failed(&outcome).contains("refused"), "{outcome:?}");
    let silent = serve(|stream| {
        std::thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
    let check =
        format!("[[check]]\nid = \"x\"\ntimeout = \"1s\"\nprobe.http = {{ url = \"http://{silent}/\" }}");
    let outcome = ask_one(here(), &check).await;
    assert!(unknown(&outcome).contains("within 1s"), "{outcome:?}");
    assert!(outcome.took < Duration::from_secs(3), "{:?}", outcome.took);
    let babble = serve(|mut stream| stream.write_all(b"220 mail ready\r\n").unwrap());
    assert!(
        failed(&probe(here(), &format!("http = {{ url = \"http://{babble}/\" }}")).await).contains("no HTTP")
    );
    assert!(unknown(&probe(here(), "http = { url = \"ftp://127.0.0.1/\" }").await).contains("http://"));
    assert!(unknown(&probe(here(), "http = { url = \"{env}/health\" }").await).contains("staging"));
}

#[tokio::test]
async fn an_endless_body_is_read_up_to_its_bound() {
    let address = serve(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    });
    let outcome = probe(here(), &format!("http = {{ url = \"http://{address}/\", contains = \"y\" }}")).await;
    assert!(unknown(&outcome).contains("1048576"), "{outcome:?}");
    assert!(outcome.output.len() <= control::probe::KEPT_BYTES_MAX);
    let outcome =
        probe(here(), &format!("http = {{ url = \"http://{address}/\", json = {{ \"/a\" = \"1\" }} }}"))
            .await;
    assert!(unknown(&outcome).contains("too long"), "{outcome:?}");
}

#[tokio::test]
async fn deep_json_is_refused_without_harm() {
    let address = serve_http(|_| ("200 OK".to_owned(), "[".repeat(500_000)));
    let outcome =
        probe(here(), &format!("http = {{ url = \"http://{address}/\", json = {{ \"/a\" = \"1\" }} }}"))
            .await;
    assert!(failed(&outcome).contains("no JSON"), "{outcome:?}");
}

#[tokio::test]
async fn no_secret_is_in_an_outcome() {
    // It tells everything that it was told.
    let address = serve_http(|request| {
        assert!(request.contains("Bearer open-sesame-4711"), "{request}");
        let head = "200 OK\r\nSet-Cookie: session=a-cookie-that-logs-in".to_owned();
        (head, format!("{request}\npassword = \"sT9xQ2vLp0Zk\"\n"))
    });
    let check = format!(
        "[[check]]\nid = \"x\"\n[check.probe.http]\nurl = \"http://joe:{{secret:token}}@{address}/?access_token=abcdef\"\n\
         headers = {{ Authorization = \"Bearer {{secret:token}}\", X-Api-Key = \"typed-by-hand\" }}\n\
         contains = \"never there\"\nlacks_headers = [\"Set-Cookie\"]"
    );
    let outcome = ask_one(here(), &check).await;
    failed(&outcome);
    let kept = format!("{:?} {} {}", outcome.result, outcome.inputs, outcome.output);
    for secret in ["open-sesame", "a-cookie", "typed-by-hand", "sT9x", "abcdef"] {
        assert!(!kept.contains(secret), "{secret} in {kept}");
    }
    let outcome = probe(
        here(),
        &format!("http = {{ url = \"http://{address}/\", headers = {{ A = \"secret:nobody\" }} }}"),
    )
    .await;
    assert!(unknown(&outcome).contains("`nobody`"), "{outcome:?}");
}

#[tokio::test]
async fn a_failure_is_retried_as_often_as_the_policy_says() {
    let asked = AtomicUsize::new(0);
    let address = serve_http(move |_| {
        let good = asked.fetch_add(1, Ordering::Relaxed) >= 2;
        (if good { "200 OK" } else { "503 Busy" }.to_owned(), String::new())
    });
    let check = format!("[[check]]\nid = \"x\"\nretries = 5\nprobe.http = {{ url = \"http://{address}/\" }}");
    let outcome = ask_one(here(), &check).await;
    assert_eq!((&outcome.result, outcome.attempts), (&Verdict::Pass, 3));
}

#[tokio::test]
async fn a_check_passes_only_if_its_negative_control_fails() {
    let up = serve_http(|_| ("200 OK".to_owned(), String::new()));
    let down = serve_http(|_| ("503 Down".to_owned(), String::new()));
    let check = |control: &str| {
        format!(
            "[[check]]\nid = \"x\"\nprobe.http = {{ url = \"http://{up}/\" }}\ncontrol.http = {{ url = \"{control}\" }}"
        )
    };
    let outcome = ask_one(here(), &check(&format!("http://{down}/"))).await;
    assert_eq!(outcome.result, Verdict::Pass);
    assert!(failed(&outcome.control.unwrap()).contains("503"));
    let outcome = ask_one(here(), &check(&format!("http://{up}/"))).await;
    assert_eq!(unknown(&outcome), "the negative control passed: this check cannot fail");
    // One that could not be asked, or was not, proves as little.
    let not_run =
        check("http://").replace("control.http = { url = \"http://\" }", "control.replay-gate = {}");
    let outcome = ask_one(here(), &not_run).await;
    assert!(matches!(&outcome.result, Verdict::NotRun { why } if why.contains("control")), "{outcome:?}");
    let outcome = ask_one(here(), &check("http://")).await;
    assert!(unknown(&outcome).contains("could not be asked"), "{outcome:?}");
}

#[tokio::test]
async fn prometheus_is_believed_only_when_it_says_one_number() {
    let address = serve_http(|request| {
        let now = std::process::Command::new("date").arg("+%s").output().unwrap().stdout;
        let now = String::from_utf8(now).unwrap().trim().to_owned();
        let result = |list: String| {
            format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{list}]}}}}"#)
        };
        let sample = |value: &str| format!(r#"{{"metric":{{}},"value":[{now}.5,"{value}"]}}"#);
        let body = match request.split(['=', ' ']).nth(2).unwrap() {
            "errors%7Bq%3D%220.99%22%7D" => result(sample("0.25")),
            "requests" => result(sample("999")),
            "two" => result(format!("{},{}", sample("0"), sample("0"))),
            "nan" => result(sample("NaN")),
            "none" => result(String::new()),
            "partial" => {
                result(sample("0")).replace("\"data\"", "\"warnings\":[\"a store is away\"],\"data\"")
            }
            _ => {
                return (
                    "400 Bad Request".to_owned(),
                    r#"{"status":"error","error":"parse error"}"#.to_owned(),
                );
            }
        };
        ("200 OK".to_owned(), body)
    });
    let check = |query: &str, target: &str| {
        format!(
            r#"
            environment = [{{ id = "staging", prometheus = "http://{address}" }}]
            metric = [
              {{ id = "errors", kind = "ratio", query = 'errors{{q="{{quantile}}"}}', of = "requests" }},
              {{ id = "requests", kind = "count", query = "requests" }},
            ]
            [[check]]
            id = "x"
            timeout = "3s"
            probe.promql = {{ {query} target = {{ metric = "errors", quantile = 0.99, {target} }} }}
            "#
        )
    };
    let outcome = ask_one(here(), &check("", "is = \"<=\", value = 0.25")).await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
    assert_eq!(outcome.figures["value"], "0.25".parse().unwrap());
    assert!(
        failed(&ask_one(here(), &check("", "is = \"<\", value = 0.25")).await).contains("0.25, not < 0.25")
    );
    let few = ask_one(here(), &check("", "is = \"<\", value = 1, at_least_events = 1000")).await;
    assert!(unknown(&few).contains("999 events"), "{few:?}");
    for query in ["two", "nan", "none", "partial", "wrong"] {
        // Healthy, if anybody took it for a zero.
        let outcome =
            ask_one(here(), &check(&format!("query = \"{query}\","), "is = \"<\", value = 1")).await;
        unknown(&outcome);
    }
}

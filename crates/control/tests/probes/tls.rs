use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use control::cancel::Cancel;
use control::clock::{Clock, MachineClock};
use control::probe::{Context, Outcome, Verdict, run_all};
use market::UnixNanos;
use release::Figure;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::time::timeout;

use crate::certificate::{Made, make};
use crate::setup::{closed_port, failed, policy, probe, request, respond, serve, unknown};

/// 2026-11-22T00:00:00Z, whatever the machine says.
struct Today;

impl Clock for Today {
    fn wall(&self) -> UnixNanos {
        UnixNanos::from_seconds(1_795_305_600)
    }

    fn mono(&self) -> Instant {
        MachineClock.mono()
    }
}

fn serve_tls(made: &Made) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.key.clone()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(made.certificate.clone())], key)
        .unwrap();
    let config = Arc::new(config);
    serve(move |stream| {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let mut asked = [0; 4_096];
        if std::io::Read::read(&mut stream, &mut asked).is_ok_and(|count| count > 0) {
            respond(&mut stream, "200 OK", "over TLS");
        }
    })
}

async fn ask(check: &str, trusted: Option<&Made>) -> Outcome {
    let policy = policy(&format!("[[check]]\nid = \"x\"\ntimeout = \"3s\"\nprobe.{check}"));
    let checks = policy.checks.clone();
    let mut context = Context::new(policy, Path::new(".").to_owned(), "staging".to_owned(), Arc::new(Today));
    if let Some(made) = trusted {
        context = context.with_roots([CertificateDer::from(made.certificate.clone())]);
    }
    let (_canceller, cancel) = Cancel::pair();
    run_all(&checks, &Arc::new(context), NonZeroUsize::MIN, &cancel, |_| ()).await.remove(0)
}

#[tokio::test]
async fn a_certificate_must_be_trusted_named_and_valid_for_long_enough() {
    let made = make("20260101000000Z", "20261222120000Z");
    let port = serve_tls(&made).port();
    let at =
        |host: &str, days: u32| format!("tls = {{ address = \"{host}:{port}\", valid_for = \"{days}d\" }}");
    let outcome = ask(&at("localhost", 30), Some(&made)).await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
    assert_eq!(outcome.figures["days"], Figure::whole(30));
    let outcome = ask(&at("localhost", 31), Some(&made)).await;
    assert!(failed(&outcome).contains("in 30 days"), "{outcome:?}");
    assert!(failed(&ask(&at("127.0.0.1", 1), Some(&made)).await).contains("not valid"), "another name");
    let stranger = ask(&at("localhost", 1), None).await;
    assert!(failed(&stranger).contains("not valid"), "{stranger:?}");

    let expired = make("20250101000000Z", "20261121000000Z");
    let port = serve_tls(&expired).port();
    let outcome =
        ask(&format!("tls = {{ address = \"localhost:{port}\", valid_for = \"1d\" }}"), Some(&expired)).await;
    assert!(failed(&outcome).contains("not valid"), "{outcome:?}");
    assert_eq!(outcome.figures["days"], Figure::whole(-1));
}

#[tokio::test]
async fn plain_text_is_no_tls() {
    let plain = serve(|mut stream| respond(&mut stream, "400 Bad Request", "this is HTTP"));
    let outcome =
        probe(Path::new("."), &format!("tls = {{ address = \"{plain}\", valid_for = \"1d\" }}")).await;
    assert!(failed(&outcome).contains("no TLS"), "{outcome:?}");
    assert!(
        unknown(&probe(Path::new("."), "tls = { address = \"localhost\", valid_for = \"1d\" }").await)
            .contains("host:port")
    );
}

#[tokio::test]
async fn https_trusts_whom_it_is_told_to_trust() {
    let made = make("20200101000000Z", "20490101000000Z");
    let port = serve_tls(&made).port();
    let check = format!("http = {{ url = \"https://localhost:{port}/\", contains = \"over TLS\" }}");
    assert_eq!(ask(&check, Some(&made)).await.result, Verdict::Pass);
    assert!(failed(&ask(&check, None).await).contains("no TLS connection"));
}

#[tokio::test]
async fn ports_are_open_or_closed() {
    let here = Path::new(".");
    let open = serve(|mut stream| drop(request(&mut stream)));
    let (_socket, closed) = closed_port();
    assert_eq!(probe(here, &format!("tcp = {{ address = \"{open}\" }}")).await.result, Verdict::Pass);
    assert!(failed(&probe(here, &format!("tcp = {{ address = \"{closed}\" }}")).await).contains("refused"));
    assert_eq!(
        probe(here, &format!("port-closed = {{ address = \"{closed}\" }}")).await.result,
        Verdict::Pass
    );
    assert!(
        failed(&probe(here, &format!("port-closed = {{ address = \"{open}\" }}")).await).contains("accepts")
    );
    unknown(&probe(here, "port-closed = { address = \"no-such-name.invalid:1\" }").await);
    unknown(&probe(here, "tcp = { address = \"127.0.0.1\" }").await);
}

#[tokio::test]
async fn names_have_the_addresses_that_they_must_have() {
    let here = Path::new(".");
    assert_eq!(
        probe(here, "dns = { name = \"127.0.0.1\", addresses = [\"127.0.0.1\"] }").await.result,
        Verdict::Pass
    );
    assert_eq!(probe(here, "dns = { name = \"localhost\" }").await.result, Verdict::Pass);
    let other = probe(here, "dns = { name = \"localhost\", addresses = [\"192.0.2.1\"] }").await;
    assert!(failed(&other).contains("instead of 192.0.2.1"), "{other:?}");
    // Without a network nobody knows, with one the name has no address; never does it pass.
    let nobody = probe(here, "dns = { name = \"no-such-name.invalid\" }").await;
    assert!(matches!(nobody.result, Verdict::Fail { .. } | Verdict::Error { .. }), "{nobody:?}");
}

/// An open port whose queue is full says nothing for a moment: that alone does not make it closed.
#[tokio::test]
async fn a_short_silence_is_not_a_closed_port() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    let moment = Duration::from_millis(300);
    while let Ok(stream) = timeout(moment, tokio::net::TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
    }
    let outcome = probe(Path::new("."), &format!("port-closed = {{ address = \"{address}\" }}")).await;
    assert!(unknown(&outcome).contains("`timeout` must be longer"), "{outcome:?}");
}

//! One HTTP/1.1 exchange, over TLS where the address says so. Redirects are answers like others.

use std::fmt::Write as _;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::case::{Case, Miss, Notes, error, fail};

/// Most of a body that is read, bytes.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What is asked.
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// False when the body goes on after its first [`BODY_BYTES_MAX`].
    pub(super) whole: bool,
}

/// Reads an address with scheme `http` or `https`.
pub(super) fn address(text: &str) -> Result<Uri, Miss> {
    let wrong = || Miss::Error("the address is not `http://host/path` or `https://host/path`".to_owned());
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let web =
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    if web { Ok(uri) } else { Err(wrong()) }
}

/// Name and value of a header.
pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Miss> {
    let wrong =
        || Miss::Error(format!("header `{name}` cannot be sent: its name or value has forbidden letters"));
    let header = HeaderName::try_from(name).map_err(|_| wrong())?;
    Ok((header, HeaderValue::try_from(value).map_err(|_| wrong())?))
}

/// Asks, and keeps the answer in the notes.
///
/// Nobody who listens, a certificate that nobody may accept, an answer that is not HTTP: these fail. A name without
/// an address, a network without a way: these are errors, since they say nothing about the service.
pub(super) async fn exchange(question: Question, case: &Case, notes: &mut Notes) -> Result<Answer, Miss> {
    let secure = question.uri.scheme_str() == Some("https");
    let host = question.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = question.uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = connect(&host, port).await?;
    let answer = if secure {
        let name =
            ServerName::try_from(host).map_err(|_| Miss::Error("the host has no valid name".to_owned()))?;
        let config = client_config(case)?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|failure| {
            let failure = failure.to_string();
            Miss::Fail(format!("no TLS connection: {failure}"))
        })?;
        talk(stream, question).await?
    } else {
        talk(stream, question).await?
    };
    let mut head = format!("HTTP {}\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = writeln!(head, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    notes.output.push(0, head.as_bytes());
    notes.output.push(0, b"\n");
    notes.output.push(0, &answer.body);
    if !answer.whole {
        notes.output.breaks_off(0);
    }
    Ok(answer)
}

/// A connection to the first address that accepts one.
pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, Miss> {
    let stream = TcpStream::connect((host, port)).await;
    stream.map_err(|failure| not_connected(&format!("{host}:{port}"), &failure))
}

/// A refusal is an answer, anything else is not.
pub(super) fn not_connected(address: &str, failure: &io::Error) -> Miss {
    let why = format!("no connection to {address}: {failure}");
    match failure.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Miss::Fail(why),
        _ => Miss::Error(why),
    }
}

fn client_config(case: &Case) -> Result<ClientConfig, Miss> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|failure| Miss::Error(failure.to_string()))?;
    let mut config = builder.with_root_certificates(Arc::clone(&case.context.roots)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, question: Question) -> Result<Answer, Miss> {
    let broken = |failure: hyper::Error| Miss::Fail(format!("no HTTP answer: {failure}"));
    let request = request(question)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        read(response).await
    };
    let (mut answered, mut connection) = (pin!(answered), pin!(connection));
    tokio::select! {
        answer = &mut answered => answer,
        // The end of the connection is told through the answer.
        _ = &mut connection => answered.await,
    }
}

fn request(question: Question) -> Result<Request<Full<Bytes>>, Miss> {
    let Question { method, uri, headers, body } = question;
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("meridian/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close");
    if let Some(user) = user.filter(|_| !headers.contains_key(header::AUTHORIZATION)) {
        request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(plain(user))));
    }
    if let Some(all) = request.headers_mut() {
        // What the policy says replaces ours.
        for name in headers.keys() {
            all.remove(name);
        }
        all.extend(headers);
    }
    request
        .body(Full::new(body))
        .map_err(|failure| Miss::Error(format!("the request cannot be sent: {failure}")))
}

/// Without percent-encoding.
fn plain(text: &str) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => (plain.push(byte), rest = &after[2..]),
            None => (plain.push(*first), rest = after),
        };
    }
    plain
}

async fn read(response: Response<Incoming>) -> Result<Answer, Miss> {
    let (head, mut body) = response.into_parts();
    let mut answer =
        Answer { status: head.status.as_u16(), headers: head.headers, body: Vec::new(), whole: true };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|failure| Miss::Fail(format!("the answer breaks off: {failure}")))?;
        let Some(bytes) = frame.data_ref() else { continue };
        let room = BODY_BYTES_MAX - answer.body.len();
        answer.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            answer.whole = false;
            break;
        }
    }
    Ok(answer)
}

/// The body as JSON.
pub(super) fn json(answer: &Answer) -> Result<serde_json::Value, Miss> {
    if !answer.whole {
        return error(format!(
            "the answer is longer than {BODY_BYTES_MAX} bytes: too long to be read as JSON"
        ));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(value) => Ok(value),
        Err(failure) => fail(format!("the answer is no JSON: {failure}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_an_address_are_decoded() {
        assert_eq!(plain("joe:p%40ss%2"), b"joe:p@ss%2");
        assert_eq!(plain("joe:%zz"), b"joe:%zz");
    }
}

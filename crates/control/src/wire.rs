//! One HTTP/1.1 exchange, over TLS where the address says so. Redirects are answers like others.
//!
//! Enters: a request, who is trusted. Leaves: the answer, or why there is none, without the path of the address: there
//! may be a key in it. Never here: time limits (whoever asks drops the exchange), what an answer means.

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
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Most of a body that is read, bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// Somebody, or nobody, was there: a refusal, a certificate that nobody may accept, no HTTP.
    #[error("{0}")]
    Refused(String),
    /// Nobody knows: a name without an address, a network without a way.
    #[error("{0}")]
    Unknown(String),
}

/// What is asked.
pub(crate) struct Question {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// False when the body goes on after its first [`BODY_BYTES_MAX`].
    pub(crate) whole: bool,
}

/// Reads an address with scheme `http` or `https`.
pub(crate) fn address(text: &str) -> Result<Uri, Failure> {
    let wrong =
        || Failure::Unknown("the address is not `http://host/path` or `https://host/path`".to_owned());
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let web =
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    if web { Ok(uri) } else { Err(wrong()) }
}

/// Name and value of a header.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let wrong = || {
        Failure::Unknown(format!("header `{name}` cannot be sent: its name or value has forbidden letters"))
    };
    let header = HeaderName::try_from(name).map_err(|_| wrong())?;
    Ok((header, HeaderValue::try_from(value).map_err(|_| wrong())?))
}

/// Asks.
pub(crate) async fn exchange(question: Question, roots: &Arc<RootCertStore>) -> Result<Answer, Failure> {
    let secure = question.uri.scheme_str() == Some("https");
    let host = question.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = question.uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = connect(&host, port).await?;
    if secure {
        talk(encrypt(stream, &host, roots, b"http/1.1").await?, question).await
    } else {
        talk(stream, question).await
    }
}

/// TLS with the host of this name; the protocol is offered unless it is empty.
pub(crate) async fn encrypt(
    stream: TcpStream,
    host: &str,
    roots: &Arc<RootCertStore>,
    protocol: &[u8],
) -> Result<TlsStream<TcpStream>, Failure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::Unknown("the host has no valid name".to_owned()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|failure| Failure::Unknown(failure.to_string()))?;
    let mut config = builder.with_root_certificates(Arc::clone(roots)).with_no_client_auth();
    config.alpn_protocols =
        Some(protocol.to_vec()).filter(|protocol| !protocol.is_empty()).into_iter().collect();
    let encrypted = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    encrypted.map_err(|failure| Failure::Refused(format!("no TLS connection: {failure}")))
}

/// A connection to the first address that accepts one.
pub(crate) async fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect((host, port)).await;
    stream.map_err(|failure| not_connected(&format!("{host}:{port}"), &failure))
}

/// A refusal is an answer, anything else is not.
pub(crate) fn not_connected(address: &str, failure: &io::Error) -> Failure {
    let why = format!("no connection to {address}: {failure}");
    match failure.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Failure::Refused(why),
        _ => Failure::Unknown(why),
    }
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, question: Question) -> Result<Answer, Failure> {
    let broken = |failure: hyper::Error| Failure::Refused(format!("no HTTP answer: {failure}"));
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

fn request(question: Question) -> Result<Request<Full<Bytes>>, Failure> {
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
        // What the caller says replaces ours.
        for name in headers.keys() {
            all.remove(name);
        }
        all.extend(headers);
    }
    request
        .body(Full::new(body))
        .map_err(|failure| Failure::Unknown(format!("the request cannot be sent: {failure}")))
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

async fn read(response: Response<Incoming>) -> Result<Answer, Failure> {
    let (head, mut body) = response.into_parts();
    let mut answer =
        Answer { status: head.status.as_u16(), headers: head.headers, body: Vec::new(), whole: true };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|failure| Failure::Refused(format!("the answer breaks off: {failure}")))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_an_address_are_decoded() {
        assert_eq!(plain("joe:p%40ss%2"), b"joe:p@ss%2");
        assert_eq!(plain("joe:%zz"), b"joe:%zz");
    }
}

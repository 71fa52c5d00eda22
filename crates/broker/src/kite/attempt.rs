//! One request on one connection of its own, and whether its first byte left.
//!
//! Enters: an open connection, a request, and a last check. Leaves: a whole answer, or proof that nothing left, or
//! neither. Never here: a second request on the same connection (an idle connection that the other side has just
//! closed could not be told from a lost request), redirects, retries, compression.
//!
//! The last check runs inside the connection's first write, after the connection is open and TLS has shaken hands:
//! nothing of ours stands between it and the kernel. Its verdict is the proof: as long as there is none, not a byte
//! was handed over.

use std::io;
use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connect::Stream;
use super::fate::{Doubt, NeverLeft};

/// A request, ready but for host and credentials.
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    /// A form; `None` for requests without a body.
    pub(crate) form: Option<String>,
}

/// How long to wait for an answer and how much of it to read.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) time: Duration,
    pub(crate) bytes_max: usize,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header says that the body is JSON.
    pub(crate) is_json: bool,
    pub(crate) body: Bytes,
}

/// How an attempt ended.
pub(crate) enum Ended {
    /// Not one byte was handed to the kernel.
    NeverLeft(NeverLeft),
    /// Something left, and no whole answer came.
    Lost(Doubt),
    /// The other side answered.
    Answered(Answer),
}

/// Sends one request and reads one answer. `authorization` is the header's value; `may_leave` is asked once,
/// immediately before the first byte. The connection is closed when this returns, so nothing can leave afterwards.
pub(crate) async fn attempt(
    stream: Box<dyn Stream>,
    authority: &str,
    ask: Ask,
    authorization: Option<String>,
    bounds: Bounds,
    may_leave: &(dyn Fn() -> Result<(), NeverLeft> + Sync),
) -> Ended {
    let request = match build(authority, ask, authorization) {
        Ok(request) => request,
        Err(_) => return Ended::NeverLeft(NeverLeft::Unfit("it cannot be written as a request".into())),
    };
    let verdict = OnceLock::new();
    let gated = Gated { stream, may_leave, verdict: &verdict };
    let answer = match tokio::time::timeout(bounds.time, exchange(gated, request, bounds.bytes_max)).await {
        Ok(answer) => answer,
        Err(_) => Err(Doubt::TimedOut),
    };
    // The connection went out of scope with `exchange`: from here on the verdict cannot change.
    match (verdict.into_inner(), answer) {
        (Some(Err(denied)), _) => Ended::NeverLeft(denied),
        (None, Ok(_)) => Ended::NeverLeft(NeverLeft::NotWritten("an answer came before the request".into())),
        (None, Err(doubt)) => Ended::NeverLeft(NeverLeft::NotWritten(doubt.to_string())),
        (Some(Ok(())), Ok(answer)) => Ended::Answered(answer),
        (Some(Ok(())), Err(doubt)) => Ended::Lost(doubt),
    }
}

fn build(
    authority: &str,
    ask: Ask,
    authorization: Option<String>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let mut request = Request::builder()
        .method(ask.method)
        .uri(ask.target)
        .header(header::HOST, authority)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("meridian/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .header("x-kite-version", "3");
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::try_from(authorization)?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    if ask.form.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    request.body(Full::new(Bytes::from(ask.form.unwrap_or_default())))
}

async fn exchange(
    gated: Gated<'_>,
    request: Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Answer, Doubt> {
    let broken = |error: hyper::Error| Doubt::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(gated)).await.map_err(broken)?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        read(response, bytes_max).await
    };
    // The end of the connection is told through the answer; what is left of it afterwards does not matter.
    let driven = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    let (mut answered, mut driven) = (pin!(answered), pin!(driven));
    std::future::poll_fn(|cx| {
        let _ = driven.as_mut().poll(cx);
        answered.as_mut().poll(cx)
    })
    .await
}

async fn read(response: Response<Incoming>, bytes_max: usize) -> Result<Answer, Doubt> {
    let status = response.status().as_u16();
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    });
    let body =
        Limited::new(response.into_body(), bytes_max).collect().await.map_err(|error| match error
            .is::<LengthLimitError>(
        ) {
            true => Doubt::TooLarge { bytes_max },
            false => Doubt::Broken(error.to_string()),
        })?;
    Ok(Answer { status, is_json, body: body.to_bytes() })
}

/// A connection whose first write asks whether it may.
struct Gated<'a> {
    stream: Box<dyn Stream>,
    may_leave: &'a (dyn Fn() -> Result<(), NeverLeft> + Sync),
    verdict: &'a OnceLock<Result<(), NeverLeft>>,
}

impl AsyncWrite for Gated<'_> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        match this.verdict.get_or_init(this.may_leave) {
            Ok(()) => Pin::new(&mut this.stream).poll_write(cx, bytes),
            Err(_) => Poll::Ready(Err(io::Error::other("the last check said no"))),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl AsyncRead for Gated<'_> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, into)
    }
}

//! Accepting connections of this host, and cutting them where a fault asks for it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

/// Connections at the same time; a further one waits to be accepted.
const CONNECTIONS: usize = 1_024;
/// Time for a request's head to arrive.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// After a failed accept (out of file descriptors): the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Where to listen. Nothing beyond this host can be named: tokens would cross a network in the open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A loopback address; port 0 picks a free one.
    Loopback(SocketAddr),
    /// A unix socket's absolute path.
    Unix(PathBuf),
}

/// Why a text is no place to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use a loopback address such as 127.0.0.1:0, or unix:/PATH: a venue is for this host only")]
pub struct NotLocal;

impl FromStr for Listen {
    type Err = NotLocal;

    fn from_str(text: &str) -> Result<Listen, NotLocal> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') { Ok(Listen::Unix(path.into())) } else { Err(NotLocal) };
        }
        match text.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Ok(Listen::Loopback(address)),
            _ => Err(NotLocal),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Loopback(address) => address.fmt(f),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Bound {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Bound {
    pub(crate) async fn to(listen: &Listen) -> io::Result<Bound> {
        match listen {
            Listen::Loopback(address) => {
                let listener = TcpListener::bind(address).await?;
                let address = listener.local_addr()?;
                Ok(Bound::Tcp(listener, address))
            }
            Listen::Unix(path) => {
                // What a killed venue has left is in nobody's use; what answers is.
                if std::os::unix::net::UnixStream::connect(path).is_ok() {
                    return Err(io::ErrorKind::AddrInUse.into());
                }
                match std::fs::symlink_metadata(path) {
                    Ok(found) if std::os::unix::fs::FileTypeExt::is_socket(&found.file_type()) => {
                        std::fs::remove_file(path)?;
                    }
                    _ => {}
                }
                Ok(Bound::Unix(UnixListener::bind(path)?, path.clone()))
            }
        }
    }

    pub(crate) fn address(&self) -> String {
        match self {
            Bound::Tcp(_, address) => format!("http://{address}"),
            Bound::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Bound::Tcp(listener, _) => {
                let (stream, _) = listener.accept().await?;
                // Small answers leave at once; where that cannot be had they leave a little later.
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            Bound::Unix(listener, _) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

/// A response that is none: the connection ends instead.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection was cut by a fault")]
pub(crate) struct Abort;

impl Abort {
    pub(crate) fn response() -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Abort);
        response
    }
}

/// Serves until `ending` turns true. Answers on their way are then cut: to a client that is what a venue's end looks
/// like.
pub(crate) async fn serve(bound: Bound, router: Router, mut ending: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            _ = ending.wait_for(|ending| *ending) => break,
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                bound.accept().await.map(|stream| (stream, place))
            } => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let (router, mut ending) = (router.clone(), ending.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = converse(stream, router) => {}
                        _ = ending.wait_for(|ending| *ending) => {}
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    if let Bound::Unix(_, path) = &bound {
        // Left behind it would only be removed by the next start.
        let _ = std::fs::remove_file(path);
    }
}

async fn converse(stream: Box<dyn Stream>, router: Router) {
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let response = router.clone().oneshot(request.map(Body::new) as Request);
        async move {
            let Ok(response) = response.await;
            // To hyper an error means: close, and say nothing.
            if response.extensions().get::<Abort>().is_some() { Err(Abort) } else { Ok(response) }
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_beyond_this_host_can_be_named() {
        for text in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:7500", "unix:/run/venue.sock"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in ["0.0.0.0:7500", "[::]:7500", "10.0.0.1:80", "localhost:1", "unix:venue.sock", "7500", ""]
        {
            assert_eq!(text.parse::<Listen>(), Err(NotLocal), "{text}");
        }
    }
}

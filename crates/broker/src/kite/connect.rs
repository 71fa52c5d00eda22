//! Getting to a broker: a connection that is ready to carry the first byte of a request.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;

/// Addresses of one name that are tried, in the resolver's order.
const ADDRESSES_MAX: usize = 3;

/// A connection of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What becomes of bytes that the network has not taken yet when a connection is given up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unsent {
    /// They are dropped, and the kernel gives up on them after this long: for what must not arrive late.
    Dropped(Duration),
    /// They may still arrive: for what changes nothing.
    MayArrive,
}

/// Opens a connection, over TLS where the endpoint says so. Nothing of a request has left when it returns.
///
/// # Errors
/// Whatever kept it from being opened. The caller bounds the time.
pub(crate) async fn connect(endpoint: &Endpoint, unsent: Unsent) -> io::Result<Box<dyn Stream>> {
    let Some((host, port)) = endpoint.host_and_port() else {
        // Unix sockets queue nothing on our side: what was written is with the peer.
        let path = endpoint.unix_path().ok_or(io::ErrorKind::InvalidInput)?;
        return Ok(Box::new(UnixStream::connect(path).await?));
    };
    let stream = connect_tcp(endpoint, host, port, unsent).await?;
    if !endpoint.tls() {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(TLS.connect(name, stream).await?))
}

/// Does what only the first connection would have to wait for.
pub(crate) fn prepare(endpoint: &Endpoint) {
    if endpoint.tls() {
        LazyLock::force(&TLS);
    }
}

async fn connect_tcp(endpoint: &Endpoint, host: &str, port: u16, unsent: Unsent) -> io::Result<TcpStream> {
    let mut failure = io::Error::other("the name has no usable address");
    let addresses = tokio::net::lookup_host((host, port)).await?;
    // A local endpoint carries tokens in the open: whatever the resolver says, they stay on loopback.
    let usable = addresses.filter(|address| !endpoint.is_local() || address.ip().is_loopback());
    for address in usable.take(ADDRESSES_MAX) {
        match connect_address(address, unsent).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn connect_address(address: SocketAddr, unsent: Unsent) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_nodelay(true)?;
    if let Unsent::Dropped(after) = unsent {
        let socket = SockRef::from(&socket);
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_tcp_user_timeout(Some(after))?;
    }
    socket.connect(address).await
}

/// The public roots, HTTP/1.1, no early data, and one crypto provider whoever else is in the process.
static TLS: LazyLock<TlsConnector> = LazyLock::new(|| {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[expect(clippy::expect_used, reason = "the provider is ours and supports both versions")]
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_an_order_socket_has_not_sent_is_dropped_with_it() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let after = Duration::from_millis(1_500);
        let stream = connect_address(address, Unsent::Dropped(after)).await.unwrap();
        let socket = SockRef::from(&stream);
        assert_eq!(socket.linger().unwrap(), Some(Duration::ZERO));
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(after));
        assert!(stream.nodelay().unwrap());
        let stream = connect_address(address, Unsent::MayArrive).await.unwrap();
        assert_eq!(SockRef::from(&stream).linger().unwrap(), None);
    }
}

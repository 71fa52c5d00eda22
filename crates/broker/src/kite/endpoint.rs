//! Where a broker is: `https://api.kite.trade`, `http://127.0.0.1:7401`, `unix:/run/venue.sock`.
//!
//! Enters: text of an operator. Leaves: an address that is safe to send a token to. Never here: names being looked
//! up.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a broker is. Anything but this host is reached over TLS only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Network { tls: bool, host: String, port: u16 },
    Unix(PathBuf),
}

/// Why a text is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Another scheme, or none.
    #[error("an endpoint begins with https://, http://, wss://, ws:// or unix:/")]
    UnknownScheme,
    /// No host, or one with characters that no host has.
    #[error("the endpoint names no host")]
    BadHost,
    /// Not a port.
    #[error("the endpoint's port must be a number from 1 to 65535")]
    BadPort,
    /// Something behind host and port: clients drop it or not, so it would mean two things.
    #[error("an endpoint ends after host and port: no path, query or user")]
    Path,
    /// Tokens would cross a network in the open.
    #[error("without TLS an endpoint must be on this host: use https:// or wss://")]
    PlainTextAbroad,
}

impl Endpoint {
    /// Reads an address; `http` and `ws`, `https` and `wss` mean the same.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.starts_with('/') {
                true => Ok(Endpoint(Place::Unix(PathBuf::from(path)))),
                false => Err(EndpointError::UnknownScheme),
            };
        }
        let (scheme, rest) = text.split_once("://").ok_or(EndpointError::UnknownScheme)?;
        let tls = match scheme {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(EndpointError::UnknownScheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(EndpointError::Path);
        }
        let (host, port) = split_port(rest)?;
        let port = match port {
            None if tls => 443,
            None => 80,
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(EndpointError::BadPort),
            },
        };
        let endpoint = Endpoint(Place::Network { tls, host: host.to_owned(), port });
        if !tls && !endpoint.is_local() {
            return Err(EndpointError::PlainTextAbroad);
        }
        Ok(endpoint)
    }

    /// True for a loopback address, `localhost` (which is only ever looked for on loopback) and a unix socket.
    pub fn is_local(&self) -> bool {
        match &self.0 {
            Place::Unix(_) => true,
            Place::Network { host, .. } => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }

    /// Whether to speak TLS.
    pub(crate) fn tls(&self) -> bool {
        matches!(self.0, Place::Network { tls: true, .. })
    }

    /// Host without brackets, and port.
    pub(crate) fn host_and_port(&self) -> Option<(&str, u16)> {
        match &self.0 {
            Place::Network { host, port, .. } => Some((host, *port)),
            Place::Unix(_) => None,
        }
    }

    /// The unix socket's path.
    pub(crate) fn unix_path(&self) -> Option<&Path> {
        match &self.0 {
            Place::Unix(path) => Some(path),
            Place::Network { .. } => None,
        }
    }

    /// What the `Host` header says.
    pub(crate) fn authority(&self) -> String {
        match &self.0 {
            Place::Unix(_) => "localhost".to_owned(),
            Place::Network { tls, host, port } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                match (tls, port) {
                    (true, 443) | (false, 80) => host,
                    _ => format!("{host}:{port}"),
                }
            }
        }
    }
}

/// Host and port of `host`, `host:1`, `[::1]`, `[::1]:1`.
fn split_port(text: &str) -> Result<(&str, Option<&str>), EndpointError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(EndpointError::BadHost)?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| EndpointError::BadHost)?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(EndpointError::BadHost),
        };
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-');
    if named && !host.is_empty() { Ok((host, port)) } else { Err(EndpointError::BadHost) }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
            Place::Network { tls, .. } => {
                write!(f, "http{}://{}", if *tls { "s" } else { "" }, self.authority())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_knows_whether_it_is_on_this_host() {
        for (text, local, authority) in [
            ("https://api.kite.trade", false, "api.kite.trade"),
            ("wss://ws.kite.trade/", false, "ws.kite.trade"),
            ("https://api.kite.trade:8443", false, "api.kite.trade:8443"),
            ("http://127.0.0.1:7401", true, "127.0.0.1:7401"),
            ("http://127.8.8.8:1", true, "127.8.8.8:1"),
            ("ws://localhost:7401", true, "localhost:7401"),
            ("http://[::1]:7401/", true, "[::1]:7401"),
            ("unix:/run/venue.sock", true, "localhost"),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.is_local(), endpoint.authority().as_str()), (local, authority), "{text}");
            assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint), "{text}");
        }
    }

    #[test]
    fn tokens_never_leave_the_host_in_the_open() {
        for text in [
            "http://api.kite.trade",
            "ws://10.0.0.1:7401",
            "http://0.0.0.0:7401",
            "http://127.1:7401",
            "http://localhost.example:80",
            "http://[::ffff:127.0.0.1]:80",
        ] {
            assert_eq!(Endpoint::parse(text), Err(EndpointError::PlainTextAbroad), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, error) in [
            ("", EndpointError::UnknownScheme),
            ("api.kite.trade", EndpointError::UnknownScheme),
            ("ftp://127.0.0.1", EndpointError::UnknownScheme),
            ("unix:relative", EndpointError::UnknownScheme),
            ("https://", EndpointError::BadHost),
            ("https://a b", EndpointError::BadHost),
            ("https://[::1", EndpointError::BadHost),
            ("https://a:0", EndpointError::BadPort),
            ("https://a:", EndpointError::BadPort),
            ("https://a:65536", EndpointError::BadPort),
            ("https://a/b", EndpointError::Path),
            ("https://user@a", EndpointError::Path),
            ("https://a?x", EndpointError::Path),
        ] {
            assert_eq!(Endpoint::parse(text), Err(error), "{text}");
        }
    }
}

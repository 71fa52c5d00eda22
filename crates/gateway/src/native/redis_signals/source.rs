//! Which stream of which Redis.

use std::fmt;

use redis::{ConnectionAddr, IntoConnectionInfo};

/// A stream of signals and the group that reads it.
#[derive(Clone, Debug)]
pub struct RedisSource {
    /// The server.
    pub url: RedisUrl,
    /// The stream's key.
    pub stream: String,
    /// The consumer group, made if it is missing. Instances of one data directory share one.
    pub group: String,
}

/// Where a Redis server is and with which credentials: never formatted.
#[derive(Clone)]
pub struct RedisUrl(redis::Client);

/// Text that names no server that can be used. It does not repeat the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRedisUrl {
    /// Not of the form.
    #[error(
        "the Redis address is none: use redis://[user:password@]host:port/database or unix:///path/of/socket"
    )]
    Form,
    /// `rediss://`.
    #[error(
        "Redis over TLS is not served by this version: use redis:// on this machine, or through a tunnel"
    )]
    Tls,
}

impl RedisUrl {
    /// Reads `redis://[user:password@]host:port/database` or `unix:///path/of/socket`.
    ///
    /// # Errors
    /// [`BadRedisUrl`].
    pub fn parse(text: &str) -> Result<RedisUrl, BadRedisUrl> {
        if text.starts_with("rediss:") || text.starts_with("valkeys:") {
            return Err(BadRedisUrl::Tls);
        }
        let info = text.into_connection_info().map_err(|_| BadRedisUrl::Form)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Err(BadRedisUrl::Tls);
        }
        redis::Client::open(info).map(RedisUrl).map_err(|_| BadRedisUrl::Form)
    }

    pub(super) const fn client(&self) -> &redis::Client {
        &self.0
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_never_shown() {
        for text in
            ["redis://127.0.0.1:6379/0", "redis://trader:hunter2@localhost/3", "unix:///run/redis.sock"]
        {
            let url = RedisUrl::parse(text).unwrap();
            assert_eq!(format!("{url:?} {:?}", Some(&url)), "*** Some(***)");
        }
    }

    #[test]
    fn a_refused_address_is_not_repeated() {
        for text in
            ["", "hunter2", "http://u:hunter2@h", "redis://u:hunter2@h:x/0", "redis://:hunter2@h/zero"]
        {
            let error = RedisUrl::parse(text).unwrap_err();
            assert_eq!(error, BadRedisUrl::Form, "{text:?}");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
        assert_eq!(RedisUrl::parse("rediss://h:6380/0").unwrap_err(), BadRedisUrl::Tls);
    }
}

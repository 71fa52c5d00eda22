//! As much of an HTTP/1.1 client as a load needs: one request at a time on a connection that is kept.
//!
//! Blocking on purpose: a thread that sleeps until a request is due wakes within some 60 microseconds, an async timer
//! within a millisecond, which is longer than the answers take.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};

/// Longest silence of the server.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A kept connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer whose body lies in the connection's buffer.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// The bytes of a GET request.
pub fn get(address: SocketAddr, target: &str, token: Option<&str>) -> Vec<u8> {
    let authorization = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n{authorization}\r\n").into_bytes()
}

/// The bytes of a POST request with a JSON body.
pub fn post(address: SocketAddr, target: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(address: SocketAddr) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads its whole answer.
    ///
    /// # Errors
    /// When the connection ends, stays silent or answers without a length.
    pub fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).context("cannot send")?;
        self.buffer.clear();
        loop {
            if let Some(head) = Head::read(&self.buffer)? {
                let end = head.bytes + head.body_bytes;
                if self.buffer.len() >= end {
                    return Ok(Answer { status: head.status, body: &self.buffer[head.bytes..end] });
                }
            }
            let had = self.buffer.len();
            if had >= ANSWER_BYTES_MAX {
                bail!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
            }
            self.buffer.resize(had + 16 * 1024, 0);
            let got = self.stream.read(&mut self.buffer[had..]).context("no answer")?;
            self.buffer.truncate(had + got);
            if got == 0 {
                bail!("the connection ended within an answer");
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    bytes: usize,
    body_bytes: usize,
}

impl Head {
    /// `None` while it is not complete.
    fn read(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&bytes[..end]).context("the head is not text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|word| word.parse().ok());
        let status = status.context("no status in the answer")?;
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok());
        Ok(Some(Head { status, bytes: end + 4, body_bytes: length.context("no length in the answer")? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn reads_heads_in_parts() {
        assert_eq!(Head::read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n").unwrap(), None);
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(Head::read(whole).unwrap(), Some(Head { status: 200, bytes: 38, body_bytes: 2 }));
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::read(b"nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn exchanges_twice_on_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1_024];
            for body in ["one", "three"] {
                let got = stream.read(&mut request).unwrap();
                assert!(request[..got].ends_with(b"\r\n\r\n"));
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body.as_bytes()).unwrap();
            }
        });
        let mut connection = Connection::open(address).unwrap();
        let request = get(address, "/livez", Some("t"));
        for body in ["one", "three"] {
            let answer = connection.exchange(&request).unwrap();
            assert_eq!((answer.status, answer.body), (200, body.as_bytes()));
        }
        server.join().unwrap();
        assert!(connection.exchange(&request).is_err(), "the server is gone");
    }
}

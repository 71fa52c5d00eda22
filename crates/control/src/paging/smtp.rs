//! One mail over SMTP (RFC 5321), with STARTTLS or TLS and AUTH PLAIN where that is wanted.
//!
//! A client of our own: a page is one mail of plain text over one connection. A library would bring a builder for MIME,
//! a pool and parsers of addresses that nothing here uses, and its errors quote what the server said, which may be a
//! secret; the part of the protocol that is needed fits in this file.

use std::io;

use access::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use release::incident::message::Mail;
use rustls::RootCertStore;
use std::sync::Arc;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};

use super::channel::{Mailbox, Security};
use super::send::Missed;
use crate::wire;

/// Longest line of a reply that is read, bytes.
const LINE_MOST: u64 = 2_048;
/// Most lines of a reply.
const LINES_MOST: usize = 64;

/// A mail with what its headers need.
pub(super) struct Letter<'a> {
    pub(super) mail: &'a Mail,
    /// The same page has the same, so that programs show it once.
    pub(super) id: &'a str,
    pub(super) at: Timestamp,
}

/// Sends it; `Ok` once the server took it for at least one of its addresses: with those that it refused, and why.
pub(super) async fn send(
    mailbox: &Mailbox,
    roots: &Arc<RootCertStore>,
    letter: Letter<'_>,
) -> Result<Vec<Missed>, Missed> {
    let stream = wire::connect(&mailbox.host, mailbox.port).await.map_err(Missed::of)?;
    match mailbox.security {
        Security::None => {
            let mut talk = Talk::new(stream);
            talk.reply(220).await?;
            talk.hello().await?;
            talk.mail(mailbox, letter).await
        }
        Security::Tls => {
            let stream = wire::encrypt(stream, &mailbox.host, roots, b"").await.map_err(Missed::of)?;
            let mut talk = Talk::new(stream);
            talk.reply(220).await?;
            talk.hello().await?;
            talk.mail(mailbox, letter).await
        }
        Security::Starttls => {
            let mut talk = Talk::new(stream);
            talk.reply(220).await?;
            talk.hello().await?;
            talk.say("STARTTLS", 220).await?;
            // What came with the reply came before the encryption: somebody in between may have put it there.
            if !talk.stream.buffer().is_empty() {
                return Err(Missed::ours("the mail server said more than it may before encryption"));
            }
            let stream = talk.stream.into_inner();
            let stream = wire::encrypt(stream, &mailbox.host, roots, b"").await.map_err(Missed::of)?;
            let mut talk = Talk::new(stream);
            talk.hello().await?;
            talk.mail(mailbox, letter).await
        }
    }
}

struct Talk<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    fn new(stream: S) -> Talk<S> {
        Talk { stream: BufReader::new(stream) }
    }

    async fn hello(&mut self) -> Result<(), Missed> {
        self.say("EHLO meridian", 250).await
    }

    async fn mail(&mut self, mailbox: &Mailbox, letter: Letter<'_>) -> Result<Vec<Missed>, Missed> {
        if let Some((user, password)) = &mailbox.login {
            self.say(&format!("AUTH PLAIN {}", plain(user, password)), 235).await?;
        }
        self.say(&format!("MAIL FROM:<{}>", mailbox.from), 250).await?;
        let mut refused = Vec::new();
        for to in &mailbox.to {
            match self.say(&format!("RCPT TO:<{to}>"), 250).await {
                Ok(()) => {}
                Err(missed) if missed.is_broken => return Err(missed),
                Err(missed) => refused.push(Missed { why: format!("{to}: {}", missed.why), ..missed }),
            }
        }
        if refused.len() == mailbox.to.len()
            && let Some(last) = refused.pop()
        {
            return Err(last);
        }
        self.say("DATA", 354).await?;
        self.write(&format!("{}\r\n.", text(mailbox, &letter))).await?;
        self.reply(250).await?;
        // It is taken, whatever becomes of the farewell.
        let _ = self.write("QUIT").await;
        Ok(refused)
    }

    async fn say(&mut self, line: &str, wanted: u16) -> Result<(), Missed> {
        self.write(line).await?;
        self.reply(wanted).await
    }

    async fn write(&mut self, line: &str) -> Result<(), Missed> {
        let broken = |error: io::Error| Missed::broken(format!("the mail server hung up: {error}"));
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await.map_err(broken)?;
        self.stream.flush().await.map_err(broken)
    }

    /// Reads a reply, all lines of it.
    async fn reply(&mut self, wanted: u16) -> Result<(), Missed> {
        for _ in 0..LINES_MOST {
            let mut line = String::new();
            let read = (&mut self.stream).take(LINE_MOST).read_line(&mut line).await;
            match read {
                Ok(0) => return Err(Missed::broken("the mail server hung up")),
                Ok(_) => {}
                Err(error) => return Err(Missed::broken(format!("no reply of the mail server: {error}"))),
            }
            let Some(code) = line.get(..3).and_then(|code| code.parse::<u16>().ok()) else {
                return Err(Missed::broken("what answers is no mail server"));
            };
            match line.as_bytes().get(3) {
                Some(b'-') => {}
                _ if code == wanted || (wanted == 250 && code == 251) => return Ok(()),
                // 4yz may be otherwise later; 5yz will not.
                _ if (500..600).contains(&code) => {
                    return Err(Missed::ours(format!("the mail server says {}", line.trim())));
                }
                _ => return Err(Missed::theirs(format!("the mail server says {}", line.trim()))),
            }
        }
        Err(Missed::broken("a reply of the mail server does not end"))
    }
}

/// User and password as AUTH PLAIN has them.
pub(super) fn plain(user: &str, password: &Secret) -> String {
    STANDARD.encode(format!("\0{user}\0{}", password.expose()))
}

/// Headers and body. The body is base64: no line of it is too long, or a dot alone.
fn text(mailbox: &Mailbox, letter: &Letter<'_>) -> String {
    let host = mailbox.from.rsplit('@').next().unwrap_or("meridian");
    let id = letter.id.replace('/', ".");
    let date = rfc2822::to_string(&letter.at.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    let body = STANDARD.encode(letter.mail.body.replace('\n', "\r\n"));
    let lines: Vec<&str> =
        body.as_bytes().chunks(76).map(|chunk| std::str::from_utf8(chunk).unwrap_or_default()).collect();
    format!(
        "From: <{}>\r\nTo: {}\r\nSubject: {}\r\nDate: {date}\r\nMessage-ID: <{id}@{host}>\r\nAuto-Submitted: auto-generated\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        mailbox.from,
        mailbox.to.iter().map(|to| format!("<{to}>")).collect::<Vec<_>>().join(",\r\n "),
        subject(&letter.mail.subject),
        lines.join("\r\n"),
    )
}

/// As it is where it is plain ASCII, else as encoded words (RFC 2047) of at most 75 letters.
fn subject(text: &str) -> String {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for letter in text.chars() {
        if words.last().is_some_and(|word| word.len() + letter.len_utf8() > 42) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    let encoded = words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn subjects_stay_one_header() {
        assert_eq!(subject("[P1] ticker: down (INC-1)"), "[P1] ticker: down (INC-1)");
        let long = subject(&"é".repeat(100));
        assert!(long.lines().all(|line| line.len() <= 76 && line.trim_start().starts_with("=?utf-8?B?")));
    }
}

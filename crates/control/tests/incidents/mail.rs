//! Pages by mail, to a server that keeps what it is sent.

use std::fs;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::certificate::{Made, make};
use crate::world::World;

/// What it was sent, in all connections: commands and letters.
type Lines = Arc<Mutex<Vec<String>>>;

#[derive(Clone, Copy)]
struct Sink {
    /// The first letters are not taken, with these words.
    refuses: &'static [&'static str],
    starttls: bool,
}

async fn start(sink: Sink, made: Option<Made>) -> (u16, Lines) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let lines = Lines::default();
    let kept = Arc::clone(&lines);
    let acceptor = made.map(|made| {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.key));
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![CertificateDer::from(made.certificate)], key)
                .unwrap();
        TlsAcceptor::from(Arc::new(config))
    });
    tokio::spawn(async move {
        let mut refusals = sink.refuses.iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            let refusal = refusals.next().copied();
            if sink.starttls {
                let Some(stream) = before_tls(stream, &kept).await else { continue };
                let Ok(stream) = acceptor.as_ref().unwrap().accept(stream).await else { continue };
                let _ = talk(stream, &kept, refusal).await;
            } else {
                let _ = stream.write_all(b"220 sink\r\n").await;
                let _ = talk(stream, &kept, refusal).await;
            }
        }
    });
    (port, lines)
}

async fn before_tls(mut stream: TcpStream, kept: &Lines) -> Option<TcpStream> {
    stream.write_all(b"220-two\r\n220 lines\r\n").await.ok()?;
    let mut reader = BufReader::new(stream);
    for answer in ["250-sink\r\n250 STARTTLS\r\n", "220 go ahead\r\n"] {
        let mut line = String::new();
        reader.read_line(&mut line).await.ok()?;
        kept.lock().unwrap().push(format!("plain {}", line.trim()));
        reader.get_mut().write_all(answer.as_bytes()).await.ok()?;
    }
    Some(reader.into_inner())
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    kept: &Lines,
    refusal: Option<&str>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        kept.lock().unwrap().push(line.trim().to_owned());
        let answer = match line.split([' ', '\r']).next().unwrap_or_default() {
            "EHLO" => "250-sink\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "DATA" => "354 go on",
            "RCPT" if line.contains("nobody@") => "550 no such user",
            "QUIT" => return Ok(()),
            _ => "250 ok",
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await?;
        if line.starts_with("DATA") {
            let mut letter = String::new();
            while !letter.ends_with("\r\n.\r\n") {
                if stream.read_line(&mut letter).await? == 0 {
                    return Ok(());
                }
            }
            if let Some(words) = refusal {
                if words.is_empty() {
                    return Ok(());
                }
                stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await?;
            } else {
                stream.get_mut().write_all(b"250 taken\r\n").await?;
            }
            kept.lock().unwrap().push(letter);
        }
    }
}

fn channel(host: &str, port: u16, more: &str) -> String {
    format!(
        "[[channel]]\nid = \"mail\"\nkind = \"smtp\"\nhost = \"{host}\"\nport = {port}\nfrom = \"meridian@example.com\"\n\
         to = [\"nobody@example.com\", \"oncall@example.com\"]\n{more}\n"
    )
}

fn letters(lines: &Lines) -> Vec<String> {
    lines.lock().unwrap().iter().filter(|line| line.starts_with("From: ")).cloned().collect()
}

fn header<'a>(letter: &'a str, name: &str) -> &'a str {
    letter.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim_start_matches(':').trim()
}

#[tokio::test]
async fn a_letter_is_sent_again_with_the_same_id_until_it_is_taken() {
    let refuses = &["451 later", ""];
    let (port, lines) = start(Sink { refuses, starttls: false }, None).await;
    let world = World::new(&channel("127.0.0.1", port, "security = \"none\"")).await;
    world.incident("P0").await;
    assert!(world.send().await[0].missed[0].contains("451 later"));
    world.later(15);
    assert!(world.send().await[0].missed[0].contains("hung up"));
    world.later(30);
    assert_eq!(world.send().await[0].taken_by, ["mail"]);
    let letters = letters(&lines);
    let ids: Vec<&str> = letters.iter().map(|letter| header(letter, "Message-ID")).collect();
    assert_eq!(ids, ["<INC-1.o1.r1.s1@example.com>"; 2], "the one that hung up kept none");
    assert_eq!(header(&letters[1], "Subject"), "[P0] shop: orders are refused (INC-1)");
    let (_, body) = letters[1].split_once("\r\n\r\n").unwrap();
    let body: String = body.trim_end_matches(".\r\n").split("\r\n").collect();
    let body = String::from_utf8(STANDARD.decode(body).unwrap()).unwrap();
    assert!(body.contains("called: on-call (asha)\r\n"), "{body}");
    assert!(lines.lock().unwrap().contains(&"RCPT TO:<oncall@example.com>".to_owned()));
    // Who was refused beside somebody who was not is told to people, and not tried again.
    let (row, view) = (world.rows("page_sent").remove(0), world.get("/v1/incidents/channels").await);
    for refused in [&row["missed"][0], &view["channels"][0]["missed"]["why"]] {
        let refused = refused.as_str().unwrap();
        assert!(refused.contains("nobody@example.com") && refused.contains("550 no such user"), "{refused}");
    }
    world.later(60);
    assert_eq!(world.send().await, []);
}

#[tokio::test]
async fn passwords_go_over_encryption_only() {
    let made = make("20200101000000Z", "20991231235959Z");
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(&made.certificate)
    );
    let (port, lines) = start(Sink { refuses: &[], starttls: true }, Some(made)).await;
    let login = "user = \"meridian\"\npassword = \"hush-hush\"\n";
    let world = World::new(&channel("localhost", port, &format!("{login}security = \"none\""))).await;
    world.incident("P0").await;
    assert!(world.send().await[0].missed[0].contains("`security`"));
    // A server that nobody vouches for.
    world.channels(&channel("localhost", port, login));
    world.later(15);
    assert!(world.send().await[0].missed[0].contains("no TLS connection"));
    fs::write(world.folder.path().join("ca.pem"), pem).unwrap();
    world.channels(&channel("localhost", port, &format!("{login}ca = \"ca.pem\"")));
    world.later(30);
    assert_eq!(world.send().await[0].taken_by, ["mail"]);
    let lines = lines.lock().unwrap();
    let plain: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("plain ")).collect();
    assert_eq!(plain, ["EHLO meridian", "STARTTLS", "EHLO meridian", "STARTTLS"]);
    let login = format!("AUTH PLAIN {}", STANDARD.encode("\0meridian\0hush-hush"));
    assert_eq!(lines.iter().filter(|line| **line == login).count(), 1);
}

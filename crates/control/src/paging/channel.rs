//! Channels as the operator wrote them, with their secrets.
//!
//! Enters: a TOML file. Leaves: channels that can be used, or words that say why one cannot: it is then a channel that
//! takes nothing, so that a mistake in one leaves the others as they are. Never here: sending.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use access::Secret;
use hyper::Uri;
use journal::DataDirectory;
use release::Length;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;

use super::smtp;
use crate::probe::Redactor;
use crate::secrets::secret;
use crate::wire;

/// The file, inside of a data directory.
pub const FILE: &str = "channels.toml";
/// A channel has so long to take a message, unless it says less.
const WITHIN: Duration = Duration::from_secs(10);
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// All channels.
#[derive(Default)]
pub(crate) struct Channels {
    pub(crate) all: Vec<Arc<Channel>>,
    /// Where people read about an incident: its id is put at the end.
    pub(crate) link: Option<String>,
}

/// One channel.
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    /// Which roles it reaches; none: all.
    pub(crate) roles: Vec<String>,
    /// How; or why not.
    pub(crate) way: Result<Way, String>,
    /// It has so long to take a message.
    pub(crate) within: Duration,
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) redactor: Redactor,
}

/// How a channel is reached.
pub(crate) enum Way {
    PagerDuty { uri: Uri, routing_key: Secret },
    Webhook { uri: Uri },
    Mail(Mailbox),
}

/// A mail server, and from whom to whom.
pub(crate) struct Mailbox {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<(String, Secret)>,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
}

/// When encryption begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Security {
    /// After `STARTTLS`, which the server must know.
    #[default]
    Starttls,
    /// At once.
    Tls,
    /// Never.
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    link: Option<String>,
    #[serde(default, rename = "channel")]
    channels: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    kind: Kind,
    #[serde(default)]
    roles: Vec<String>,
    url: Option<String>,
    routing_key: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    #[serde(default)]
    security: Security,
    user: Option<String>,
    password: Option<String>,
    from: Option<String>,
    #[serde(default)]
    to: Vec<String>,
    ca: Option<String>,
    within: Option<Length>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    PagerDuty,
    Webhook,
    Smtp,
}

impl Channels {
    /// Reads the file. None: no channels. `Err`: why it cannot be read.
    pub(crate) fn load(directory: &DataDirectory, path: &Path) -> Result<Channels, String> {
        let name = path.display();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Channels::default()),
            Err(error) => return Err(format!("{name} cannot be read: {error}")),
        };
        // What the parser quotes may be a key.
        let file: File = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("{name}:{line}: {}", mistake(&text, line, error.message()))
        })?;
        let mut all: Vec<Arc<Channel>> = Vec::new();
        for row in file.channels {
            if all.iter().any(|known| known.id == row.id) {
                return Err(format!("{name}: two channels have the id `{}`", row.id));
            }
            all.push(Arc::new(channel(directory, path, row)));
        }
        Ok(Channels { all, link: file.link })
    }

    /// In place of all that cannot be read: takes nothing, and says why.
    pub(crate) fn unreadable(why: String) -> Channels {
        let (roots, redactor) = (Arc::new(RootCertStore::empty()), Redactor::new([]));
        let (id, roles, way, within) = (FILE.to_owned(), Vec::new(), Err(why), WITHIN);
        let none = Channel { id, kind: "none", roles, way, within, roots, redactor };
        Channels { all: vec![Arc::new(none)], link: None }
    }

    /// Those that reach a role; `None`: whoever is on call, by all. A role that none reaches is reached by all, too: somebody
    /// has to hear of it.
    pub(crate) fn of(&self, role: Option<&str>) -> Vec<Arc<Channel>> {
        let reaches = |channel: &&Arc<Channel>| {
            channel.roles.is_empty()
                || role.is_none_or(|role| channel.roles.iter().any(|known| known == role))
        };
        let some: Vec<_> = self.all.iter().filter(reaches).cloned().collect();
        if some.is_empty() { self.all.clone() } else { some }
    }
}

/// All that may stand before `=`.
const FIELDS: [&str; 16] = [
    "link",
    "id",
    "kind",
    "roles",
    "url",
    "routing_key",
    "host",
    "port",
    "security",
    "user",
    "password",
    "from",
    "to",
    "ca",
    "within",
    "channel",
];

/// What is wrong with a line, without anything that is written there but the name of a field.
fn mistake(text: &str, line: usize, message: &str) -> String {
    let written = text.lines().nth(line - 1).unwrap_or_default();
    let key = written.split('=').next().unwrap_or_default().trim();
    let within = text.lines().take(line).filter(|line| line.trim() == "[[channel]]").count();
    let of = if within == 0 { String::new() } else { format!("channel {within}: ") };
    let field =
        FIELDS.iter().find(|field| **field == key).map_or(String::new(), |field| format!("`{field}`: "));
    let missing = FIELDS.iter().find(|field| message.contains(&format!("missing field `{field}`")));
    let words = match (missing, message.rsplit_once(", expected ")) {
        (Some(field), _) => format!("`{field}` is missing"),
        // The last one is the parser's own, whatever the value was.
        (None, Some((_, expected))) => format!("expected {expected}"),
        (None, None) => "it cannot be read".to_owned(),
    };
    format!("{of}{field}{words}")
}

fn channel(directory: &DataDirectory, file: &Path, row: Row) -> Channel {
    let mut secrets = Vec::new();
    let kind = match row.kind {
        Kind::PagerDuty => "pagerduty",
        Kind::Webhook => "webhook",
        Kind::Smtp => "smtp",
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    let roots = roots(folder, row.ca.as_deref());
    let (id, roles) = (row.id.clone(), row.roles.clone());
    let within = row.within.map_or(WITHIN, |within| Duration::from_secs(within.as_seconds()).min(WITHIN));
    let way = way(directory, row, &mut secrets);
    let redactor = Redactor::new(secrets.iter().map(Secret::expose));
    let (way, roots) = match roots {
        Ok(roots) => (way, roots),
        Err(why) => (Err(why), RootCertStore::empty()),
    };
    Channel { id, kind, roles, way, within, roots: Arc::new(roots), redactor }
}

fn way(directory: &DataDirectory, row: Row, secrets: &mut Vec<Secret>) -> Result<Way, String> {
    let mut text = |field: &str, value: Option<String>| -> Result<Secret, String> {
        let value = value.ok_or_else(|| format!("`{field}` is missing"))?;
        let value = match value.strip_prefix("secret:") {
            Some(name) => secret(directory, name).map_err(|error| format!("`{field}`: {error}"))?,
            None => Secret::new(value),
        };
        secrets.push(value.clone());
        Ok(value)
    };
    let address = |field: &str, url: &Secret| {
        wire::address(url.expose()).map_err(|error| format!("`{field}`: {error}"))
    };
    match row.kind {
        Kind::PagerDuty => {
            let url = Secret::new(row.url.unwrap_or_else(|| PAGERDUTY.to_owned()));
            let routing_key = text("routing_key", row.routing_key)?;
            Ok(Way::PagerDuty { uri: address("url", &url)?, routing_key })
        }
        // Whoever knows the address can post: all of it is a secret, and so is what comes after the host.
        Kind::Webhook => {
            let uri = address("url", &text("url", row.url)?)?;
            secrets.extend(
                uri.path_and_query()
                    .filter(|path| path.as_str().len() > 1)
                    .map(|path| Secret::new(path.as_str())),
            );
            Ok(Way::Webhook { uri })
        }
        Kind::Smtp => {
            let login = match (row.user, row.password) {
                (None, None) => None,
                (Some(user), password) => {
                    let password = text("password", password)?;
                    // As it goes over the wire.
                    secrets.push(Secret::new(smtp::plain(&user, &password)));
                    Some((user, password))
                }
                (None, Some(_)) => return Err("`user` is missing".to_owned()),
            };
            if login.is_some() && row.security == Security::None {
                return Err("`security`: a password is not sent without encryption".to_owned());
            }
            let host = row.host.ok_or("`host` is missing")?;
            let port = row.port.unwrap_or(match row.security {
                Security::Starttls => 587,
                Security::Tls => 465,
                Security::None => 25,
            });
            let from = row.from.ok_or("`from` is missing")?;
            if row.to.is_empty() {
                return Err("`to` is missing".to_owned());
            }
            if let Some(wrong) = row.to.iter().chain([&from]).find(|address| !is_address(address)) {
                return Err(format!("`{wrong}` is no mail address like `oncall@example.com`"));
            }
            let (security, to) = (row.security, row.to);
            Ok(Way::Mail(Mailbox { host, port, security, login, from, to }))
        }
    }
}

/// Nothing that ends a line, or an address, early.
fn is_address(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>,;:\"\\()[]".contains(&byte);
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && text.len() <= 254
        && text.bytes().all(plain)
}

/// The public certificate authorities, and one more.
fn roots(folder: &Path, ca: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(ca) = ca else { return Ok(roots) };
    let path = folder.join(ca);
    let wrong = |error: &dyn std::fmt::Display| format!("`ca`: {}: {error}", path.display());
    let certificates = CertificateDer::pem_file_iter(&path).map_err(|error| wrong(&error))?;
    for certificate in certificates {
        roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_quotes_no_value() {
        let said = |text: &str| {
            let error = toml::from_str::<File>(text).err().unwrap();
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            mistake(text, line, error.message())
        };
        let channel = |more: &str| format!("[[channel]]\nid = \"a\"\nkind = \"smtp\"\n{more}\n");
        assert_eq!(said(&channel("port = \"hush\"")), "channel 1: `port`: expected u16");
        assert_eq!(
            said(&channel("security = \"hush\"")),
            "channel 1: `security`: expected one of `starttls`, `tls`, `none`"
        );
        assert_eq!(said("[[channel]]\nid = \"a\"\n"), "channel 1: `kind` is missing");
        for more in [
            "within = \"hush\"",
            "hush = \"hush\"",
            "password = hush",
            "password = \"hush",
            "routing_key = [\"hush\"]",
            "to = \"hush, expected hush, expected hush\"",
            "url = 'hush' hush",
            "\"hush\\qhush\" = 1",
        ] {
            let said = said(&channel(more));
            assert!(!said.contains("hush"), "{more}: {said}");
        }
    }

    #[test]
    fn a_role_that_no_channel_reaches_is_reached_by_all() {
        let one = |id: &str, roles: &[&str]| {
            let (roles, way) =
                (roles.iter().map(|role| (*role).to_owned()).collect(), Err("none".to_owned()));
            let (roots, redactor) = (Arc::new(RootCertStore::empty()), Redactor::new([]));
            Arc::new(Channel { id: id.to_owned(), kind: "none", roles, way, within: WITHIN, roots, redactor })
        };
        let channels = Channels { all: vec![one("a", &["lead"]), one("b", &["sre"])], link: None };
        let of = |role| channels.of(role).iter().map(|channel| channel.id.clone()).collect::<Vec<_>>();
        assert_eq!(
            (of(Some("lead")), of(Some("desk"))),
            (vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()])
        );
    }
}

//! Reaching an instance: by its data directory on this machine, or by URL.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Agent;

use crate::cli::InstanceArguments;
use crate::failure::Failure;

/// Bytes of an answer.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of an answer that holds a journal.
const LARGE_ANSWER_MAX: u64 = 1024 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);
/// Until an answer begins that is computed from a whole journal.
const LONG_PATIENCE: Duration = Duration::from_secs(600);

/// An instance that answers at `url`.
#[derive(Debug)]
pub struct Instance {
    url: String,
    token: access::Secret,
    agent: Agent,
}

impl Instance {
    /// By `--url` and `--key-file`, else by what runs in `--data` and its admin key.
    pub fn find(arguments: &InstanceArguments) -> Result<Instance, Failure> {
        let (url, key_file) = match (&arguments.url, &arguments.key_file) {
            (Some(url), Some(key_file)) => (url.trim_end_matches('/').to_string(), key_file.clone()),
            _ => {
                let running = journal::directory::Running::find(&arguments.data).ok_or_else(|| {
                    Failure::new(format!("no gateway runs in {}", arguments.data.display()))
                        .hint("start one with `meridian up`, or name it with --data DIR, or --url URL --key-file FILE")
                })?;
                (running.listen, arguments.data.join(access::start::ADMIN_KEY_FILE))
            }
        };
        if !url.starts_with("http://") {
            return Err(Failure::usage(format!("--url {url} is not an http:// address"))
                .hint("this version speaks plain HTTP: use an address such as http://127.0.0.1:7400"));
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .new_agent();
        Ok(Instance { url, token: read_token(&key_file)?, agent })
    }

    /// `GET path` with these parameters.
    pub fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        self.read(self.request(path, query).call())
    }

    /// `GET path` where the answer holds a journal: up to 1 GiB, however long it takes to come.
    pub fn get_large<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        let request = self.request(path, query).config();
        let request = request.timeout_global(None).timeout_recv_response(Some(LONG_PATIENCE)).build();
        self.read_up_to(LARGE_ANSWER_MAX, request.call())
    }

    fn request(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> ureq::RequestBuilder<ureq::typestate::WithoutBody> {
        self.agent
            .get(format!("{}{path}", self.url))
            .query_pairs(query.iter().copied())
            .header("authorization", self.bearer())
    }

    /// `POST path` with a JSON body.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("authorization", self.bearer())
            .header("content-type", "application/json");
        self.read(request.send(body.to_string()))
    }

    /// `PUT path` with a JSON body.
    pub fn put<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        let request = self
            .agent
            .put(format!("{}{path}", self.url))
            .header("authorization", self.bearer())
            .header("content-type", "application/json");
        self.read(request.send(body.to_string()))
    }

    /// `DELETE path`.
    pub fn delete(&self, path: &str) -> Result<(), Failure> {
        let request = self.agent.delete(format!("{}{path}", self.url)).header("authorization", self.bearer());
        let _: Value = self.read(request.call())?;
        Ok(())
    }

    /// An answer that comes in pieces, as Server-Sent Events: `POST path` with a body, `GET path` without one.
    pub fn follow(&self, path: &str, body: Option<&Value>) -> Result<impl Read + use<>, Failure> {
        let url = format!("{}{path}", self.url);
        // It takes as long as it takes; the server says every 15 seconds that it lives.
        let answer = match body {
            Some(body) => self
                .agent
                .post(&url)
                .config()
                .timeout_global(None)
                .timeout_recv_response(Some(PATIENCE))
                .build()
                .header("authorization", self.bearer())
                .header("content-type", "application/json")
                .send(body.to_string()),
            None => self
                .agent
                .get(&url)
                .config()
                .timeout_global(None)
                .timeout_recv_response(Some(PATIENCE))
                .build()
                .header("authorization", self.bearer())
                .call(),
        };
        let answer = answer.map_err(|error| self.unanswered(error))?;
        if answer.status().is_success() {
            return Ok(answer.into_body().into_reader());
        }
        self.read::<Value>(Ok(answer)).and(Err(Failure::new("refused")))
    }

    fn unanswered(&self, error: ureq::Error) -> Failure {
        Failure::new(format!("no answer from {}", self.url))
            .cause(error)
            .hint("is the gateway running? `meridian up` starts one")
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, Failure> {
        self.read_up_to(ANSWER_MAX, answer)
    }

    fn read_up_to<T: DeserializeOwned>(
        &self,
        most: u64,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, Failure> {
        let mut answer = answer.map_err(|error| self.unanswered(error))?;
        let status = answer.status();
        let mut text = String::new();
        answer
            .body_mut()
            .as_reader()
            .take(most + 1)
            .read_to_string(&mut text)
            .map_err(|error| Failure::new(format!("the answer of {} broke off", self.url)).cause(error))?;
        if text.len() as u64 > most {
            return Err(Failure::new(format!(
                "the answer of {} is larger than {} MiB",
                self.url,
                most >> 20
            ))
            .hint("end the instance and run the same command where its --data is: there is no limit there"));
        }
        if !status.is_success() {
            return Err(refusal(&text, status.as_u16()));
        }
        let text = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(text).map_err(|error| {
            Failure::new(format!("{} answered something else than a gateway would", self.url)).cause(error)
        })
    }
}

/// A name of the user's as one segment of a path.
pub fn segment(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte))
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// What the body of a refusal says.
pub fn refusal(text: &str, status: u16) -> Failure {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    said(&value["error"])
        .unwrap_or_else(|| Failure::new(format!("the gateway answered {status}")))
        .answered(status)
}

/// A refusal in words, with the field that is to blame.
pub fn said(error: &Value) -> Option<Failure> {
    let text = |name: &str| error[name].as_str().map(str::to_owned);
    let message = text("message")?;
    let named = text("field").filter(|field| !message.contains(field.as_str()));
    Some(
        Failure::new(named.map_or(message.clone(), |field| format!("{field}: {message}")))
            .maybe_hint(text("hint")),
    )
}

fn read_token(path: &Path) -> Result<access::Secret, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(format!("cannot read the access token in {}", path.display()))
            .cause(error)
            .hint("name a file that holds an access token with --key-file")
    })?;
    Ok(access::Secret::new(text.trim().to_string()))
}

//! Control, wherever it is: in the instance that lives in the data directory, at an address, or here.
//!
//! Without a server the routes are served by this process to itself, from the same journal: same code, same results.

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use access::entropy;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use control::Control;
use control::cancel::{Cancel, Canceller};
use control::clock::MachineClock;
use http_body_util::BodyExt as _;
use journal::DataDirectory;
use journal::directory::Running;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::cli::InstanceArguments;
use crate::failure::Failure;
use crate::instance::{Instance, refusal, said};
use crate::output;

/// See the module.
pub struct Office {
    way: Way,
}

enum Way {
    There(Instance),
    Here(Here),
}

struct Here {
    router: Router,
    canceller: Canceller,
    // Ends what it runs when it is dropped: after everything else.
    runtime: Runtime,
}

impl Office {
    /// By `--url` and `--key-file`, else what runs in `--data`, else the journal in there, which is created.
    pub fn find(arguments: &InstanceArguments) -> Result<Office, Failure> {
        if arguments.url.is_some() || Running::find(&arguments.data).is_some() {
            return Ok(Office { way: Way::There(Instance::find(arguments)?) });
        }
        let directory = DataDirectory::open_or_create(&arguments.data)
            .map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
        let (canceller, cancel) = Cancel::pair();
        let control = Control::open(directory, Arc::new(MachineClock), Arc::new(entropy::system()), cancel)
            .map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new("cannot start").cause(error))?;
        Ok(Office { way: Way::Here(Here { router: control::api::router(control), canceller, runtime }) })
    }

    /// True when a server goes on after this command.
    pub const fn is_served(&self) -> bool {
        matches!(self.way, Way::There(_))
    }

    /// `GET path` with these parameters.
    pub fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        match &self.way {
            Way::There(instance) => instance.get(path, query),
            Way::Here(here) => here.get(path, query),
        }
    }

    /// The same where the answer holds a journal, and may be large.
    pub fn get_large<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        match &self.way {
            Way::There(instance) => instance.get_large(path, query),
            Way::Here(here) => here.get(path, query),
        }
    }

    /// `POST path` with a JSON body.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        match &self.way {
            Way::There(instance) => instance.post(path, body),
            Way::Here(here) => here.call("POST", path, Some(body)),
        }
    }

    /// An answer that comes in pieces: `POST path` with a body, `GET path` without one. Each piece is told by its name; the
    /// last one is the answer. When this process does the work, Ctrl-C asks it to end, and its answer still comes.
    pub fn follow(
        &self,
        path: &str,
        body: Option<&Value>,
        mut piece: impl FnMut(&str, &Value),
    ) -> Result<Value, Failure> {
        let mut pieces = Pieces::default();
        match &self.way {
            Way::There(instance) => {
                for line in BufReader::new(instance.follow(path, body)?).lines() {
                    let line = line.map_err(|error| Failure::new("the answer broke off").cause(error))?;
                    if let Some(end) = pieces.line(&line, &mut piece) {
                        return end;
                    }
                }
                Err(Failure::new("the answer broke off")
                    .hint("look with the same command again: nothing is lost"))
            }
            Way::Here(here) => here.runtime.block_on(here.follow(path, body, pieces, piece)),
        }
    }
}

impl Here {
    fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        let pairs: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", crate::instance::segment(value))).collect();
        let path = if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) };
        self.call("GET", &path, None)
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Request<Body>, Failure> {
        Request::builder()
            .method(method)
            .uri(path)
            .body(body.map_or(Body::empty(), |body| Body::from(body.to_string())))
            .map_err(|error| Failure::of(&error))
    }

    fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let request = self.request(method, path, body)?;
        let (status, text) = self.runtime.block_on(async {
            let answer = match self.router.clone().oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            let status = answer.status();
            let bytes = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes);
            (status, bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        });
        let text = text.map_err(|error| Failure::new("the answer broke off").cause(error))?;
        if !status.is_success() {
            return Err(refusal(&text, status.as_u16()));
        }
        let text = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(text).map_err(|error| Failure::of(&error))
    }

    async fn follow(
        &self,
        path: &str,
        body: Option<&Value>,
        mut pieces: Pieces,
        mut piece: impl FnMut(&str, &Value),
    ) -> Result<Value, Failure> {
        let request = self.request(if body.is_some() { "POST" } else { "GET" }, path, body)?;
        let answer = match self.router.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let status = answer.status();
        let mut body = answer.into_body();
        if !status.is_success() {
            let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            return Err(refusal(&String::from_utf8_lossy(&bytes), status.as_u16()));
        }
        let mut text = String::new();
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                Ok(()) = tokio::signal::ctrl_c() => {
                    output::talk("stopping: what has ended is kept\n");
                    self.canceller.cancel();
                    continue;
                }
            };
            let Some(Ok(frame)) = frame else { return Err(Failure::new("the answer broke off")) };
            let Ok(bytes) = frame.into_data() else { continue };
            text.push_str(&String::from_utf8_lossy(&bytes));
            while let Some(end) = text.find('\n') {
                let line: String = text.drain(..=end).collect();
                if let Some(end) = pieces.line(line.trim_end_matches('\n'), &mut piece) {
                    return end;
                }
            }
        }
    }
}

/// Server-Sent Events, put together from lines.
#[derive(Default)]
struct Pieces {
    name: String,
    data: String,
}

impl Pieces {
    /// Takes a line; the answer, when it was the end.
    fn line(&mut self, line: &str, piece: &mut impl FnMut(&str, &Value)) -> Option<Result<Value, Failure>> {
        if let Some(name) = line.strip_prefix("event:") {
            self.name = name.trim().to_owned();
        } else if let Some(data) = line.strip_prefix("data:") {
            self.data.push_str(data.trim_start());
        } else if line.is_empty() && !self.name.is_empty() {
            let Pieces { name, data } = std::mem::take(self);
            let value: Value = serde_json::from_str(&data).unwrap_or_default();
            match name.as_str() {
                "done" => return Some(Ok(value)),
                "error" => return Some(Err(said(&value).unwrap_or_else(|| Failure::new(data)))),
                name => piece(name, &value),
            }
        }
        None
    }
}

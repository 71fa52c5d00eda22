//! What one attempt of a probe may use, and where it leaves what it found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use release::Figure;
use release::policy::Environment;

use super::context::Context;
use super::output::Output;
use crate::cancel::Cancel;
use crate::clock;

/// Why a probe does not pass.
#[derive(Debug)]
pub(super) enum Miss {
    /// It was asked, and does not hold.
    Fail(String),
    /// Nobody knows.
    Error(String),
    /// It was not asked.
    NotRun(String),
}

/// How a probe ended.
pub(super) type Asked = Result<(), Miss>;

pub(super) fn fail<T>(why: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Fail(why.into()))
}

pub(super) fn error<T>(why: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Error(why.into()))
}

/// What an attempt leaves, also when it is stopped.
pub(super) struct Notes {
    pub(super) inputs: String,
    pub(super) figures: BTreeMap<String, Figure>,
    pub(super) output: Output,
}

impl Notes {
    /// A whole number among the figures.
    pub(super) fn count(&mut self, name: &str, number: impl TryInto<i64>) {
        self.figures.insert(name.to_owned(), Figure::whole(number.try_into().unwrap_or(i64::MAX)));
    }
}

/// What a report must be about.
#[derive(Clone)]
pub(super) struct Subject {
    /// The artefact's digest, where it is known and counts.
    pub(super) digest: Option<String>,
    /// Older reports are about something else.
    pub(super) expires: Duration,
}

/// One attempt.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) context: Arc<Context>,
    pub(super) environment: String,
    pub(super) began: Instant,
    pub(super) limit: Duration,
    /// What a report must be about; nothing for a negative control, which is about something known to be broken.
    pub(super) subject: Option<Subject>,
    pub(super) cancel: Cancel,
}

impl Case {
    /// Time that is left.
    pub(super) fn left(&self) -> Duration {
        clock::left(&*self.context.clock, self.began, self.limit)
    }

    /// Time since the attempt began.
    pub(super) fn elapsed(&self) -> Duration {
        self.context.clock.mono().saturating_duration_since(self.began)
    }

    /// A file, counted from the policy.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.context.directory.join(path)
    }

    /// The environment in which it is asked.
    pub(super) fn environment(&self) -> Result<&Environment, Miss> {
        let known = &self.context.policy.environments;
        let found = known.iter().find(|environment| environment.id == self.environment);
        found.ok_or_else(|| Miss::Error(format!("the policy has no environment `{}`", self.environment)))
    }

    /// Base address of the environment, without a slash at its end.
    pub(super) fn base(&self) -> Result<&str, Miss> {
        match &self.environment()?.url {
            Some(url) => Ok(url.trim_end_matches('/')),
            None => {
                error(format!("environment `{}` has no `url`, which `{{env}}` stands for", self.environment))
            }
        }
    }

    /// With `{env}` and `{version}` replaced. Secrets stay names: for people's eyes, for arguments that every user of
    /// the machine can read.
    pub(super) fn fill(&self, text: &str) -> Result<String, Miss> {
        self.filled(text, |_| None)
    }

    /// With `{secret:NAME}` replaced too, and a text that is `secret:NAME` as a whole: for what is sent.
    pub(super) fn fill_with_secrets(&self, text: &str) -> Result<String, Miss> {
        let value = |name: &str| match self.context.secrets.get(name) {
            Some(Ok(secret)) => Ok(secret.expose().to_owned()),
            Some(Err(why)) => error(why.clone()),
            None => error(format!("no secret `{name}` was given")),
        };
        match text.strip_prefix("secret:") {
            Some(name) => value(name),
            None => self.filled(text, |name| name.strip_prefix("secret:").map(value)),
        }
    }

    fn filled(
        &self,
        text: &str,
        more: impl Fn(&str) -> Option<Result<String, Miss>>,
    ) -> Result<String, Miss> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            filled.push_str(before);
            let end = from.find('}').unwrap_or(0);
            // Braces are at home in JSON and PromQL: what is no name of ours stays as it is.
            let value = match from.get(1..end).unwrap_or_default() {
                "env" => Some(self.base()?.to_owned()),
                "version" => Some(self.version()?.to_owned()),
                name => more(name).transpose()?,
            };
            filled.push_str(value.as_deref().unwrap_or("{"));
            rest = if value.is_some() { &from[end + 1..] } else { &from[1..] };
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn version(&self) -> Result<&str, Miss> {
        match &self.context.version {
            Some(version) => Ok(version),
            None => error("no version is under decision, which `{version}` stands for"),
        }
    }

    /// What somebody else said, for a message: without secrets, in one line, not too long.
    pub(super) fn quote(&self, text: &str) -> String {
        let clean = self.context.redactor.clean(text);
        let mut short: String = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = short.char_indices().nth(200) {
            short.truncate(end);
            short.push_str("...");
        }
        format!("`{short}`")
    }
}

//! Where and for which version checks are asked, and with what.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use access::Secret;
use jiff::civil::Date;
use release::Policy;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::redact::Redactor;
use crate::clock::Clock;

/// Everything around the checks.
pub struct Context {
    pub(super) policy: Policy,
    pub(super) directory: PathBuf,
    pub(super) environment: String,
    pub(super) version: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) day0: Option<Date>,
    /// By name; or why there is none.
    pub(super) secrets: BTreeMap<String, Result<Secret, String>>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) roots: Arc<RootCertStore>,
    pub(super) redactor: Arc<Redactor>,
    pub(super) guard: Option<Arc<Started>>,
    pub(super) stands_for: Option<String>,
}

/// Told the process group of a program before that runs; if it cannot keep the number, the program does not run.
pub type Started = dyn Fn(u32) -> io::Result<()> + Send + Sync;

impl Context {
    /// For the release of `policy`'s version to `environment`. Relative paths count from `directory`, where the
    /// policy lies. The public certificate authorities are trusted; commands find no variables.
    pub fn new(policy: Policy, directory: PathBuf, environment: String, clock: Arc<dyn Clock>) -> Context {
        let version = policy.service.version.clone();
        Context {
            policy,
            directory,
            environment,
            version,
            digest: None,
            clock,
            day0: None,
            secrets: BTreeMap::new(),
            variables: BTreeMap::new(),
            roots: Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            redactor: Arc::new(Redactor::new([])),
            guard: None,
            stands_for: None,
        }
    }

    /// For another version than the policy names.
    pub fn with_version(self, version: String) -> Context {
        Context { version: Some(version), ..self }
    }

    /// For the artefact with this digest, `sha256:` and hex: a scanner's report that names the digests of its image
    /// must name this one, or it says nothing about the release.
    pub fn with_digest(self, digest: String) -> Context {
        Context { digest: Some(digest), ..self }
    }

    /// For a release whose day 0 is another than the policy's.
    pub fn with_day0(self, day0: Option<Date>) -> Context {
        Context { day0, ..self }
    }

    /// What `secret:NAME` stands for in headers, bodies, addresses and variables, or why nobody knows: whatever needs that one
    /// says so. Their values appear in no outcome.
    pub fn with_secrets(self, secrets: BTreeMap<String, Result<Secret, String>>) -> Context {
        let redactor = Arc::new(Redactor::new(secrets.values().flatten().map(Secret::expose)));
        Context { secrets, redactor, ..self }
    }

    /// Names of secrets that are not there.
    pub(crate) fn lacking(&self) -> impl Iterator<Item = &String> {
        self.secrets.iter().filter(|(_, value)| value.is_err()).map(|(name, _)| name)
    }

    /// Further variables of every command. Nothing else of the caller's environment reaches one.
    pub fn with_variables(mut self, variables: BTreeMap<String, String>) -> Context {
        self.variables.extend(variables);
        self
    }

    /// In a rehearsal: the environment that this one stands for. What a runbook asks there is asked here.
    pub fn with_stand_in(self, stands_for: Option<String>) -> Context {
        Context { stands_for, ..self }
    }

    /// Programs do not outlive this process, even if it is killed, and `started` knows their process groups before they run.
    pub fn with_guard(self, started: Arc<Started>) -> Context {
        Context { guard: Some(started), ..self }
    }

    /// Also trusts these certificate authorities, for services behind a private one. What cannot be used as one is
    /// left out.
    pub fn with_roots(self, authorities: impl IntoIterator<Item = CertificateDer<'static>>) -> Context {
        let mut roots = RootCertStore::clone(&self.roots);
        roots.add_parsable_certificates(authorities);
        Context { roots: Arc::new(roots), ..self }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("environment", &self.environment).finish_non_exhaustive()
    }
}

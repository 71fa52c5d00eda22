//! What checks and the steps of runbooks find around them, wherever they are asked from.
//!
//! Enters: a policy as it was kept, an environment. Leaves: the context of its probes: variables of this process, secrets that the
//! policy names, the folder that its paths count from. Never here: what one release, one run or one round adds to that.

use std::path::PathBuf;
use std::sync::Arc;

use release::Policy;
use release::ledger::event::DocumentKept;

use crate::Control;
use crate::probe::Context;
use crate::secrets::named_in;

/// What commands find of the environment of this process.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "SSH_AUTH_SOCK"];

/// For `policy`, which was kept as `document`; its relative paths count from `folder`. Reads files: the secrets.
pub(crate) fn context(
    control: &Control,
    policy: Policy,
    document: &DocumentKept,
    folder: Option<&str>,
    environment: &str,
) -> Context {
    let inherited = INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let folder = folder.map_or_else(|| PathBuf::from("."), PathBuf::from);
    let named = named_in(&document.text, control.book.directory());
    let secrets = named.into_iter().map(|(name, value)| (name, value.map_err(|why| why.to_string())));
    Context::new(policy, folder, environment.to_owned(), Arc::clone(control.book.clock()))
        .with_variables(inherited.collect())
        .with_secrets(secrets.collect())
}

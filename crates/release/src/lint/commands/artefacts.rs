//! Images: complete references, and the same one from test to production.

use super::resources;
use super::scripts::Script;
use super::shell::{Command, Word};
use crate::lint::{Case, Found, Words};
use crate::policy::Environment;

/// A reference taken apart.
struct Image<'a> {
    /// Without registry and path.
    name: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

fn image(reference: &str) -> Image<'_> {
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    let last = rest.rsplit('/').next().unwrap_or(rest);
    let (name, tag) = match last.split_once(':') {
        Some((name, tag)) => (name, Some(tag)),
        None => (last, None),
    };
    Image { name, tag, digest }
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:");
    hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A reference that is filled in later is not known.
fn is_template(reference: &str) -> bool {
    reference.contains(['$', '{', '<'])
}

/// A reference where it stands.
struct Reference<'s> {
    path: String,
    /// The command that sets it.
    by: Option<(&'s Script<'s>, &'s Command)>,
    /// Where it runs, if that is known.
    environment: Option<String>,
    text: String,
}

impl Reference<'_> {
    fn tell(&self, found: &mut Found<'_>, words: Words) {
        match self.by {
            Some((script, command)) => script.tell(found, command, words),
            None => found.at(&self.path, words),
        }
    }
}

/// Those of artefacts, manifests, and commands that set an image.
fn references<'s>(case: &Case<'s>) -> Vec<Reference<'s>> {
    let policy = case.policy;
    let mut all = Vec::new();
    for (i, artefact) in policy.artefacts.iter().enumerate() {
        let (path, environment) = (format!("artefact.{i}.reference"), Some(artefact.environment.clone()));
        all.push(Reference { path, by: None, environment, text: artefact.reference.clone() });
    }
    let of_namespace = |namespace: &str| {
        let own = |known: &&Environment| known.namespace.as_deref().unwrap_or(&known.id) == namespace;
        policy.environments.iter().find(own).map(|known| known.id.clone())
    };
    for manifest in &case.seen.manifests {
        let environment = manifest.namespace.as_deref().and_then(of_namespace);
        all.extend(manifest.images().into_iter().map(|text| Reference {
            path: manifest.path.clone(),
            by: None,
            environment: environment.clone(),
            text,
        }));
    }
    for script in &case.seen.scripts {
        for command in script.commands().filter(|command| command.is(&["kubectl", "set", "image"])) {
            let namespace = resources::namespace(command).filter(|word| !word.expands);
            let environment = namespace
                .and_then(|word| of_namespace(&word.text))
                .or_else(|| script.book.and_then(|book| book.environment.clone()));
            let plain = |word: &&Word| !word.expands && !word.text.starts_with('-');
            let images = command.call().iter().skip(3).filter(plain);
            for (_, image) in images.filter_map(|word| word.text.split_once('=')) {
                let (path, by) = (script.path.clone(), Some((script, command)));
                all.push(Reference { path, by, environment: environment.clone(), text: image.to_owned() });
            }
        }
    }
    all.retain(|reference| !is_template(&reference.text));
    all
}

pub(super) fn without_digest(case: &Case<'_>, found: &mut Found<'_>) {
    for reference in references(case) {
        let text = reference.text.as_str();
        if !image(text).digest.is_some_and(is_digest) {
            let message = format!("`{text}` names no digest, so it can be another image tomorrow.");
            let name = text.split('@').next().unwrap_or(text);
            reference.tell(found, Words::new(message, text, format!("{name}@sha256:<64 digits>")));
        }
    }
}

pub(super) fn differs(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(target) = case.policy.environments.iter().find(|environment| environment.target) else { return };
    let references = references(case);
    let (released, rest): (Vec<_>, Vec<_>) =
        references.iter().partition(|one| one.environment.as_ref() == Some(&target.id));
    for reference in released {
        let here = image(&reference.text);
        let same_name =
            |other: &&&Reference<'_>| other.environment.is_some() && image(&other.text).name == here.name;
        let tested: Vec<_> = rest.iter().filter(same_name).collect();
        let same = |other: &str| {
            let other = image(other);
            match (here.digest, other.digest) {
                (Some(one), Some(other)) => one == other,
                (None, None) => here.tag == other.tag,
                // A tag and a digest cannot be compared.
                _ => true,
            }
        };
        let Some(first) = tested.first().filter(|_| !tested.iter().any(|other| same(&other.text))) else {
            continue;
        };
        let before = first.environment.as_deref().unwrap_or_default();
        let message = format!("`{}` gets an image that was not in `{before}`.", target.id);
        reference.tell(found, Words::new(message, reference.text.as_str(), first.text.as_str()));
    }
}

//! Images: complete references, and the same one from test to production.

use super::kubernetes::manifests;
use super::resources;
use super::scripts::scripts;
use super::shell::Word;
use crate::lint::{Case, Found, Words};

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

/// Every reference: where it stands, its environment if that is known, and what it is.
fn references(case: &Case<'_>) -> Vec<(String, Option<String>, String)> {
    let policy = case.policy;
    let mut all = Vec::new();
    for (i, artefact) in policy.artefacts.iter().enumerate() {
        let place = (format!("artefact.{i}.reference"), Some(artefact.environment.clone()));
        all.push((place.0, place.1, artefact.reference.clone()));
    }
    let of_namespace = |namespace: &str| {
        let known = policy
            .environments
            .iter()
            .find(|known| known.namespace.as_deref().map_or(known.id == namespace, |own| own == namespace));
        known.map(|known| known.id.clone())
    };
    for manifest in manifests(case) {
        let environment = manifest.namespace.as_deref().and_then(of_namespace);
        all.extend(
            manifest.images().into_iter().map(|image| (manifest.path.clone(), environment.clone(), image)),
        );
    }
    for script in scripts(case) {
        for command in script.commands().filter(|command| command.is(&["kubectl", "set", "image"])) {
            let namespace = resources::namespace(command).filter(|word| !word.expands);
            let environment = namespace
                .and_then(|word| of_namespace(&word.text))
                .or_else(|| script.book.and_then(|book| book.environment.clone()));
            let plain = |word: &&Word| !word.expands && !word.text.starts_with('-');
            let images =
                command.call().iter().skip(3).filter(plain).filter_map(|word| word.text.split_once('='));
            all.extend(images.map(|(_, image)| (script.path.clone(), environment.clone(), image.to_owned())));
        }
    }
    all.retain(|(_, _, reference)| !is_template(reference));
    all
}

pub(super) fn without_digest(case: &Case<'_>, found: &mut Found<'_>) {
    for (path, _, reference) in references(case) {
        if !image(&reference).digest.is_some_and(is_digest) {
            let message = format!("`{reference}` names no digest, so it can be another image tomorrow.");
            let name = reference.split('@').next().unwrap_or(&reference);
            found.at(&path, Words::new(message, reference.as_str(), format!("{name}@sha256:<64 digits>")));
        }
    }
}

pub(super) fn differs(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(target) = case.policy.environments.iter().find(|environment| environment.target) else { return };
    let references = references(case);
    let elsewhere =
        |environment: &Option<String>| environment.as_ref().is_some_and(|known| *known != target.id);
    for (path, environment, reference) in &references {
        if environment.as_ref() != Some(&target.id) {
            continue;
        }
        let released = image(reference);
        let tested = references.iter().filter(|(_, environment, _)| elsewhere(environment));
        let tested: Vec<_> = tested.filter(|(_, _, other)| image(other).name == released.name).collect();
        let same = |other: &str| {
            let other = image(other);
            match (released.digest, other.digest) {
                (Some(one), Some(other)) => one == other,
                (None, None) => released.tag == other.tag,
                // A tag and a digest cannot be compared.
                _ => true,
            }
        };
        if let Some((_, Some(environment), other)) = tested.first()
            && !tested.iter().any(|(_, _, other)| same(other))
        {
            let message = format!("`{}` gets an image that was not in `{environment}`.", target.id);
            found.at(path, Words::new(message, reference.as_str(), other.as_str()));
        }
    }
}

//! Secrets that a policy names. Their values are given by the operator: `MERIDIAN_SECRET_NAME` in the environment, or a file
//! `secrets/NAME` in the data directory.

use std::collections::BTreeMap;
use std::fs;

use journal::DataDirectory;

use crate::probe::Secret;

const MARK: &str = "secret:";

/// All secrets that are named in the text of a policy and are there.
pub(super) fn named_in(text: &str, directory: &DataDirectory) -> BTreeMap<String, Secret> {
    let ends = |letter: char| !(letter.is_ascii_alphanumeric() || "-_".contains(letter));
    let names = text.split(MARK).skip(1).filter_map(|rest| rest.split(ends).next());
    names
        .filter(|name| !name.is_empty())
        .filter_map(|name| Some((name.to_owned(), Secret::new(value(name, directory)?))))
        .collect()
}

fn value(name: &str, directory: &DataDirectory) -> Option<String> {
    let variable = format!("MERIDIAN_SECRET_{}", name.to_ascii_uppercase().replace('-', "_"));
    if let Ok(value) = std::env::var(variable) {
        return Some(value);
    }
    let text = fs::read_to_string(directory.file("secrets").join(name)).ok()?;
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}

//! The policies that come with the product, read and looked at as the command line does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use release::Loaded;
use release::calendar::Calendars;
use release::lint::{Finding, lint};

/// As the documents stand.
pub const TICKER: &str = include_str!("../../../../policies/ticker-service.toml");
pub const TRADING: &str = include_str!("../../../../policies/algo-trading.toml");

/// What one would really use.
#[derive(Clone, Copy)]
pub enum Mended {
    Ticker,
    Trading,
}

impl Mended {
    pub const fn text(self) -> &'static str {
        match self {
            Mended::Ticker => include_str!("../../../../policies/ticker-service.fixed.toml"),
            Mended::Trading => include_str!("../../../../policies/algo-trading.fixed.toml"),
        }
    }
}

/// Everything that is found in a policy and the files that it names, relative to `policies/`.
pub fn findings(text: &str) -> Vec<Finding> {
    let loaded = Loaded::parse(text).unwrap_or_else(|fault| panic!("{fault}: {}", fault.quote));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let files: BTreeMap<String, String> = loaded
        .policy
        .files
        .iter()
        .map(|file| {
            let text = match (&file.text, &file.path) {
                (Some(text), None) => text.clone(),
                (None, Some(path)) => fs::read_to_string(folder.join(path)).unwrap(),
                _ => panic!("the file `{}` needs either `path` or `text`", file.id),
            };
            (file.id.clone(), text)
        })
        .collect();
    lint(&loaded, &files, &Calendars::builtin())
}

/// The codes of what is found.
pub fn codes(text: &str) -> BTreeSet<&'static str> {
    findings(text).iter().map(|finding| finding.code).collect()
}

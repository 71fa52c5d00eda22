//! Whether a report is what it says, from its files alone.
//!
//! Enters: a folder. Leaves: everything in which its files differ from what follows from them. Never here: a book, a server, a clock.
//!
//! In this order, each only while what it rests on holds: the manifest and the digest of each file; the journal, row by row, by its
//! hash chain; each piece of evidence, each signature and each decision in it; each document, computed again. Whoever changes a file and
//! the manifest with it breaks the chain or differs from what is computed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use journal::events::{Chain, Row, line};
use release::Digest;
use serde::Serialize;

use super::again::{self, Counts};
use super::{JOURNAL, MANIFEST, Manifest, edition, folded, until, written};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In which file.
    pub file: String,
    /// Where in it: a line, a row, a field.
    pub place: String,
    /// What the file says.
    pub stated: String,
    /// What follows from the rest.
    pub computed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { file, place, stated, computed } = self;
        write!(f, "{file}, {place}: it states {stated}, and it is {computed}")
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// About which release, where the manifest says so.
    pub release: String,
    /// Rows of the journal whose chain holds.
    pub rows: u64,
    /// The hash of the last of them, hexadecimal: whoever has it from elsewhere knows that it is the same journal.
    pub hash: String,
    /// What was computed again from them.
    #[serde(flatten)]
    pub counts: Counts,
    /// Documents that were computed again.
    pub documents: usize,
    /// In the order in which they were found; none: the report is what it says.
    pub differences: Vec<Difference>,
}

impl Verdict {
    /// Notes a difference.
    pub(super) fn differs(
        &mut self,
        file: &str,
        place: impl Into<String>,
        stated: impl Into<String>,
        computed: impl Into<String>,
    ) {
        self.differences.push(Difference {
            file: file.to_owned(),
            place: place.into(),
            stated: stated.into(),
            computed: computed.into(),
        });
    }
}

/// Verifies a folder; `hash` is what the last row has to have, where somebody has it from elsewhere.
///
/// # Errors
/// It cannot be read.
pub fn verify(folder: &Path, hash: Option<&str>) -> io::Result<Verdict> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Whatever is no file cannot be one of the report's.
        let content = if entry.path().is_file() { fs::read(entry.path())? } else { Vec::new() };
        files.insert(name, content);
    }
    let mut verdict = verify_files(&files);
    if let Some(hash) = hash.filter(|hash| !hash.eq_ignore_ascii_case(&verdict.hash)) {
        let found = if verdict.hash.is_empty() { "not known".to_owned() } else { verdict.hash.clone() };
        verdict.differs(JOURNAL, "the hash of the last row", found, format!("to be {hash}, as is asked"));
    }
    Ok(verdict)
}

/// Verifies files by their names.
pub fn verify_files(files: &BTreeMap<String, Vec<u8>>) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(manifest) = manifest(files, &mut verdict) else { return verdict };
    verdict.release.clone_from(&manifest.release);
    digests(files, &manifest, &mut verdict);
    let Some(rows) = rows(files, &manifest, &mut verdict) else { return verdict };
    again::everything(&rows, &mut verdict);
    documents(files, &manifest, &rows, &mut verdict);
    verdict
}

fn manifest(files: &BTreeMap<String, Vec<u8>>, verdict: &mut Verdict) -> Option<Manifest> {
    let Some(content) = files.get(MANIFEST) else {
        verdict.differs(MANIFEST, "the file", "nothing", "the list of all files: it is missing");
        return None;
    };
    let read: Manifest = match serde_json::from_slice(content) {
        Ok(read) => read,
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            verdict.differs(MANIFEST, place, "what cannot be read", format!("no manifest: {error}"));
            return None;
        }
    };
    if !read.is_known() {
        verdict.differs(
            MANIFEST,
            "format",
            read.format.to_string(),
            "a format that this version does not read",
        );
        return None;
    }
    let own = read.own();
    if read.digest != Some(own) {
        let stated = read.digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
        verdict.differs(MANIFEST, "digest", stated, own.to_string());
        return None;
    }
    if content.as_slice() != read.text().as_bytes() {
        let (place, stated, computed) =
            first_line(&String::from_utf8_lossy(content), &read.text()).unwrap_or_else(not_utf8);
        verdict.differs(MANIFEST, place, stated, computed);
        return None;
    }
    Some(read)
}

fn digests(files: &BTreeMap<String, Vec<u8>>, manifest: &Manifest, verdict: &mut Verdict) {
    for (name, digest) in &manifest.files {
        match files.get(name) {
            None => verdict.differs(name, "the file", digest.to_string(), "missing"),
            Some(content) if Digest::of(content) != *digest => {
                verdict.differs(
                    name,
                    "its digest in the manifest",
                    digest.to_string(),
                    Digest::of(content).to_string(),
                );
            }
            Some(_) => {}
        }
    }
    for name in files.keys().filter(|name| *name != MANIFEST && !manifest.files.contains_key(*name)) {
        verdict.differs(name, "the file", "to be part of the report", "not in the manifest");
    }
}

/// The rows, if every one of them follows from the one before, up to the one that the manifest names.
fn rows(files: &BTreeMap<String, Vec<u8>>, manifest: &Manifest, verdict: &mut Verdict) -> Option<Vec<Row>> {
    let Some(content) = files.get(JOURNAL) else {
        verdict.differs(
            JOURNAL,
            "the file",
            "nothing",
            "the rows that all documents follow from: it is missing",
        );
        return None;
    };
    let Ok(text) = std::str::from_utf8(content) else {
        let (place, stated, computed) = not_utf8();
        verdict.differs(JOURNAL, place, stated, computed);
        return None;
    };
    let mut chain = Chain::new();
    let mut rows: Vec<Row> = Vec::new();
    for (number, text) in (1..).zip(text.split_inclusive('\n')) {
        let row = match line::read(text.trim_end_matches('\n')) {
            Ok(row) => row,
            Err(error) => {
                verdict.differs(JOURNAL, format!("line {number}"), clipped(text), format!("no row: {error}"));
                return None;
            }
        };
        if let Err(broken) = chain.push(&row) {
            let stated = format!("row {} with the hash {}", row.seq, hex(&row.hash));
            verdict.differs(JOURNAL, format!("row {}, line {number}", row.seq), stated, broken.to_string());
            return None;
        }
        let again = line::write(&row, None).unwrap_or_default();
        if again != text {
            let (_, stated, computed) = first_line(text, &again).unwrap_or_default();
            verdict.differs(JOURNAL, format!("row {}, line {number}", row.seq), stated, computed);
            return None;
        }
        rows.push(row);
    }
    verdict.rows = chain.events();
    verdict.hash = edition(&rows, manifest.at).hash;
    let computed = edition(&rows, manifest.at);
    if (computed.seq, &computed.hash) != (manifest.seq, &manifest.hash) {
        let row = |seq: u64, hash: &str| format!("row {seq} with the hash {hash} as the last");
        let (stated, found) = (row(manifest.seq, &manifest.hash), row(computed.seq, &computed.hash));
        verdict.differs(MANIFEST, "seq and hash", stated, found);
        return None;
    }
    if until(&rows, manifest.at).len() != rows.len() {
        let first = rows.iter().find(|row| i128::from(row.time) > manifest.at.as_nanosecond());
        let seq = first.map_or(0, |row| row.seq);
        verdict.differs(MANIFEST, "at", manifest.at.to_string(), format!("earlier than row {seq}"));
        return None;
    }
    Some(rows)
}

/// Every document, computed again.
fn documents(files: &BTreeMap<String, Vec<u8>>, manifest: &Manifest, rows: &[Row], verdict: &mut Verdict) {
    let computed = folded(rows).map_err(|refused| refused.to_string()).and_then(|ledger| {
        written::documents(&ledger, &manifest.release, &manifest.edition()).map_err(|error| error.to_string())
    });
    let documents = match computed {
        Ok(documents) => documents,
        Err(why) => return verdict.differs(MANIFEST, "release", manifest.release.clone(), why),
    };
    for document in &documents {
        verdict.documents += 1;
        let Some(content) = files.get(&document.name) else {
            if !manifest.files.contains_key(&document.name) {
                verdict.differs(
                    &document.name,
                    "the file",
                    "nothing",
                    "a document of every report: it is missing",
                );
            }
            continue;
        };
        if content.as_slice() != document.text.as_bytes() {
            let text = String::from_utf8_lossy(content);
            let (place, stated, computed) = first_line(&text, &document.text).unwrap_or_else(not_utf8);
            let other = edition(rows, manifest.at).program;
            let by = if manifest.program == other {
                String::new()
            } else {
                format!(" (by version {other}, and the report was computed by {})", manifest.program)
            };
            verdict.differs(&document.name, place, stated, format!("{computed}{by}"));
        }
    }
    let known = |name: &String| name == JOURNAL || documents.iter().any(|document| document.name == *name);
    for name in manifest.files.keys().filter(|name| !known(name)) {
        verdict.differs(name, "the file", "to be part of the report", "no document that is computed");
    }
}

/// The first line in which two texts differ, from where they do: its number, and how each goes on.
pub(super) fn first_line(stated: &str, computed: &str) -> Option<(String, String, String)> {
    let (mut left, mut right) = (stated.split_inclusive('\n'), computed.split_inclusive('\n'));
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (one, other) => {
                let from = |line: Option<&str>, at: usize| match line {
                    None => "the end of the file".to_owned(),
                    Some(line) => clipped(&line.chars().skip(at).collect::<String>()),
                };
                let at = place(one.unwrap_or_default(), other.unwrap_or_default());
                let column = if at == 0 { String::new() } else { format!(", column {}", at + 1) };
                return Some((format!("line {number}{column}"), from(one, at), from(other, at)));
            }
        }
    }
    None
}

/// Where the word or figure begins in which two lines differ, in letters.
fn place(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    let mut begins = 0;
    let mut at = 0;
    for (letter, _) in same {
        at += 1;
        if letter.is_whitespace() || "<>|\"".contains(letter) {
            begins = at;
        }
    }
    begins
}

/// The beginning of a text, in quotes.
pub(super) fn clipped(text: &str) -> String {
    const LETTERS: usize = 100;
    let text = text.trim_end_matches('\n');
    let rest = if text.chars().nth(LETTERS).is_some() { "..." } else { "" };
    format!("{:?}{rest}", text.chars().take(LETTERS).collect::<String>())
}

/// What a file differs in that reads the same but for bytes that are no letters.
fn not_utf8() -> (String, String, String) {
    ("its bytes".to_owned(), "bytes that are no UTF-8".to_owned(), "text".to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

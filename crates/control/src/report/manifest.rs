//! Which files a report has, of which rows and of which moment it is.

use std::collections::BTreeMap;

use dossier::Edition;
use jiff::Timestamp;
use release::Digest;
use serde::{Deserialize, Serialize};

use super::File;

/// Version of this format.
const FORMAT: u32 = 1;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format: 1.
    pub format: u32,
    /// About which release.
    pub release: String,
    /// At which moment.
    pub at: Timestamp,
    /// Sequence of the newest row.
    pub seq: u64,
    /// Its hash, hexadecimal.
    pub hash: String,
    /// So many rows of the journal were written later than that moment, and are left out; nothing here proves it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub left_out: u64,
    /// Version of the program that computed it.
    pub program: String,
    /// The digest of each other file.
    pub files: BTreeMap<String, Digest>,
    /// Of the manifest as it is written, without this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_none(rows: &u64) -> bool {
    *rows == 0
}

impl Manifest {
    /// Of these files.
    pub(super) fn new(release: &str, edition: &Edition, files: &[File]) -> Manifest {
        let digest = |file: &File| (file.name.clone(), Digest::of(file.text.as_bytes()));
        let manifest = Manifest {
            format: FORMAT,
            release: release.to_owned(),
            at: edition.at,
            seq: edition.seq,
            hash: edition.hash.clone(),
            left_out: edition.left_out,
            program: edition.program.clone(),
            files: files.iter().map(digest).collect(),
            digest: None,
        };
        Manifest { digest: Some(manifest.own()), ..manifest }
    }

    /// The digest that it has to state.
    pub(super) fn own(&self) -> Digest {
        Digest::of(Manifest { digest: None, ..self.clone() }.text().as_bytes())
    }

    /// As it is written.
    pub fn text(&self) -> String {
        // Plain fields with text keys: writing them cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The edition of its documents.
    pub(super) fn edition(&self) -> Edition {
        let (hash, program) = (self.hash.clone(), self.program.clone());
        Edition { at: self.at, seq: self.seq, hash, program, left_out: self.left_out }
    }

    /// This build reads it.
    pub(super) const fn is_known(&self) -> bool {
        self.format == FORMAT
    }
}

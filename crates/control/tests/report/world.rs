//! A book that was written while the story went on, and the files of its report.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use control::Control;
use control::cancel::Cancel;
use control::clock::{Clock, MachineClock};
use control::report::verify::Verdict;
use control::report::{File, MANIFEST, Manifest, files, verify};
use jiff::Timestamp;
use journal::DataDirectory;
use journal::events::Row;
use release::Digest;

use crate::story::{END, RELEASE, Story, at};

/// Shows what it is told.
pub struct Told(AtomicI64);

impl Told {
    pub fn set(&self, at: Timestamp) {
        self.0.store(i64::try_from(at.as_nanosecond()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Told {
    fn wall(&self) -> market::UnixNanos {
        market::UnixNanos(self.0.load(Ordering::SeqCst))
    }

    fn mono(&self) -> Instant {
        MachineClock.mono()
    }
}

/// Control with the whole story in its book, each row written at its moment.
pub fn control(folder: &std::path::Path) -> Arc<Control> {
    control_and_clock(folder).0
}

/// The same, with its clock.
pub fn control_and_clock(folder: &std::path::Path) -> (Arc<Control>, Arc<Told>) {
    let clock = Arc::new(Told(AtomicI64::new(0)));
    let directory = DataDirectory::open_or_create(folder).unwrap();
    let (_, cancel) = Cancel::pair();
    let entropy = Arc::new(access::entropy::system());
    let control = Control::open(directory, Arc::clone(&clock) as Arc<dyn Clock>, entropy, cancel).unwrap();
    for (at, entry) in Story::told().rows {
        clock.set(at);
        control.book.write(|_, _| Ok::<_, &str>((vec![entry.clone()], ()))).unwrap();
    }
    clock.set(at(END));
    (control, clock)
}

/// The rows of that book.
pub fn rows() -> Vec<Row> {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    let write = || {
        let folder = tempfile::tempdir().unwrap();
        control(folder.path()).book.rows().unwrap()
    };
    ROWS.get_or_init(write).clone()
}

/// Files by their names, as in a folder.
pub type Folder = BTreeMap<String, Vec<u8>>;

pub fn folder(files: Vec<File>) -> Folder {
    files.into_iter().map(|file| (file.name, file.text.into_bytes())).collect()
}

/// The report of these rows.
pub fn report(rows: &[Row]) -> Folder {
    folder(files(rows, RELEASE, at(END)).unwrap())
}

/// The digests of the manifest, computed anew, as whoever tampers would.
pub fn sealed(mut folder: Folder) -> Folder {
    let mut manifest: Manifest = serde_json::from_slice(&folder[MANIFEST]).unwrap();
    for (name, digest) in &mut manifest.files {
        *digest = Digest::of(&folder[name]);
    }
    manifest.digest = None;
    manifest.digest = Some(Digest::of(manifest.text().as_bytes()));
    folder.insert(MANIFEST.to_owned(), manifest.text().into_bytes());
    folder
}

pub fn verdict(folder: &Folder) -> Verdict {
    verify::verify_files(folder)
}

/// The first difference: its file, its place, what is stated, what is computed.
pub fn first(folder: &Folder) -> [String; 4] {
    let verdict = verdict(folder);
    let first = verdict.differences.first().expect("nothing differs").clone();
    [first.file, first.place, first.stated, first.computed]
}

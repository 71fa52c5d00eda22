//! Snapshots of the state in the data directory: a cache that makes a start quick.

use std::fs;
use std::path::PathBuf;

use engine::snapshot::Snapshot;
use journal::{DataDirectory, durable};
use trade::State;

const FOLDER: &str = "snapshots";
const ENDING: &str = ".snapshot";
/// The newest ones are kept; one could be damaged.
const KEPT: usize = 2;

/// The newest snapshot that can be read.
pub fn newest(directory: &DataDirectory) -> Option<Snapshot> {
    for (seq, path) in all(directory).into_iter().rev() {
        let read = fs::read(&path).map_err(|error| error.to_string());
        match read.and_then(|bytes| Snapshot::from_bytes(&bytes).map_err(|error| error.to_string())) {
            Ok(snapshot) => return Some(snapshot),
            Err(reason) => tracing::warn!(seq, reason, "a snapshot is left aside"),
        }
    }
    None
}

/// Writes a snapshot and removes older ones.
pub fn write(directory: &DataDirectory, state: &State, hash: [u8; 32]) {
    let folder = directory.file(FOLDER);
    let written = fs::create_dir_all(&folder).map_err(|error| error.to_string()).and_then(|()| {
        let bytes = Snapshot::to_bytes(state, hash).map_err(|error| error.to_string())?;
        let path = folder.join(format!("{:020}{ENDING}", state.seq));
        durable::replace(&path, &bytes).map_err(|error| error.to_string())
    });
    if let Err(reason) = written {
        tracing::warn!(seq = state.seq, reason, "no snapshot was written: the next start folds more rows");
        return;
    }
    let all = all(directory);
    for (_, path) in all.iter().take(all.len().saturating_sub(KEPT)) {
        // One that stays costs only space.
        let _ = fs::remove_file(path);
    }
}

fn all(directory: &DataDirectory) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(directory.file(FOLDER)) else { return Vec::new() };
    let mut found: Vec<(u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let seq = name.to_str()?.strip_suffix(ENDING)?.parse().ok()?;
            Some((seq, entry.path()))
        })
        .collect();
    found.sort();
    found
}

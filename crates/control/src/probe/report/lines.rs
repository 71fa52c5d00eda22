//! Which lines of which files were run. Reports of several runs and several targets name the same line again: once is
//! enough.

use std::collections::{BTreeMap, HashMap};

use release::Figure;

use super::Found;
use super::kept::{self, Kept};

/// What maps need for a line, and for a file beside its name, bytes.
const LINE_BYTES: usize = 16;
const FILE_BYTES: usize = 256;

/// Lines by file: whether each was run.
#[derive(Default)]
pub(super) struct Lines {
    files: BTreeMap<String, HashMap<u32, bool>>,
    /// For files without lines of their own: lines, and those of them that were run.
    totals: BTreeMap<String, (u64, u64)>,
    kept: Kept,
}

impl Lines {
    /// A line was run, or was not.
    pub(super) fn line(&mut self, file: &str, line: u32, run: bool) -> Result<(), String> {
        // Looked up first: most lines are of a file that is there.
        let lines = match self.files.get_mut(file) {
            Some(lines) => lines,
            None => {
                self.kept.entry(FILE_BYTES + file.len())?;
                self.files.entry(kept::name(file)?.to_owned()).or_default()
            }
        };
        let before = lines.len();
        *lines.entry(line).or_default() |= run;
        if lines.len() > before { self.kept.entry(LINE_BYTES) } else { Ok(()) }
    }

    /// So many of a file's lines were run.
    pub(super) fn total(&mut self, file: &str, lines: u64, run: u64) -> Result<(), String> {
        if !self.totals.contains_key(file) {
            self.kept.entry(FILE_BYTES + file.len())?;
        }
        self.totals.insert(kept::name(file)?.to_owned(), (lines, run));
        Ok(())
    }

    /// `lines` in percent, `covered` and `all` as counts, of the files in `area`.
    pub(super) fn found(&self, area: Option<&str>) -> Result<Found, String> {
        let chosen = |file: &str| area.is_none_or(|area| is_under(file, area));
        let (mut all, mut covered) = (0_u64, 0_u64);
        for lines in self.files.iter().filter(|(file, _)| chosen(file)).map(|(_, lines)| lines) {
            all += lines.len() as u64;
            covered += lines.values().filter(|run| **run).count() as u64;
        }
        for (file, (lines, run)) in &self.totals {
            if chosen(file) && !self.files.contains_key(file) {
                all = all.saturating_add(*lines);
                covered = covered.saturating_add(*run.min(lines));
            }
        }
        if all == 0 {
            let names: Vec<_> =
                self.files.keys().chain(self.totals.keys()).take(5).map(String::as_str).collect();
            return Err(match area {
                Some(area) => format!("no line under `{area}`; files begin with: {}", names.join(", ")),
                None => "no line in it".to_owned(),
            });
        }
        let percent = u128::from(covered) * 100_000_000 / u128::from(all);
        let mut found = Found::default();
        let percent = Figure::from_millionths(i64::try_from(percent).unwrap_or_default());
        found.figures.insert("lines".to_owned(), percent);
        found.count("covered", usize::try_from(covered).unwrap_or(usize::MAX));
        found.count("all", usize::try_from(all).unwrap_or(usize::MAX));
        Ok(found)
    }
}

/// A path that is absolute may have anything before the area: reports name the folder in which they were made.
fn is_under(file: &str, area: &str) -> bool {
    let area = area.trim_end_matches('/');
    let begins =
        |path: &str| path.strip_prefix(area).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let absolute = file.starts_with('/') && !area.starts_with('/');
    begins(file) || (absolute && file.match_indices('/').any(|(place, _)| begins(&file[place + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_ends_at_a_folder() {
        assert!(is_under("src/orders/book.rs", "src/orders"));
        assert!(is_under("/build/1/src/orders/book.rs", "src/orders/"));
        assert!(!is_under("src/orders2/book.rs", "src/orders"));
        assert!(!is_under("vendor/src/orders/book.rs", "src/orders"));
    }
}

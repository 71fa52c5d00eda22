//! Whether a program ends with 0, and says what it must. No shell is involved.

use std::fmt::Write as _;
use std::path::Path;

use release::policy::CommandProbe;
use tokio::process::Command;

use super::case::{Asked, Case, Miss, Notes, error, fail};
use super::process;

pub(super) async fn ask(probe: &CommandProbe, case: &Case, notes: &mut Notes) -> Asked {
    let words: Vec<String> = probe.run.iter().map(|word| case.fill(word)).collect::<Result<_, _>>()?;
    run(&words, probe, case, notes).await
}

/// Runs these words in place of the probe's own.
pub(super) async fn run(words: &[String], probe: &CommandProbe, case: &Case, notes: &mut Notes) -> Asked {
    notes.inputs = words.join(" ");
    for (name, value) in &probe.variables {
        let _ = write!(notes.inputs, "\n{name}={}", case.fill(value)?);
    }
    if let Some(keep) = probe.keep {
        notes.output.keep_at_most(usize::try_from(keep).unwrap_or(usize::MAX));
    }
    let command = command(words, probe, case)?;
    let mut contains = probe.contains.as_deref().map(|text| case.fill(text)).transpose()?.map(Search::new);
    let mut lacks = probe.lacks.as_deref().map(|text| case.fill(text)).transpose()?.map(Search::new);
    let ended = process::run(command, case, |source, bytes| {
        notes.output.push(source, bytes);
        for search in [&mut contains, &mut lacks].into_iter().flatten() {
            search.push(source, bytes);
        }
    });
    let status = ended.await?;
    if let Some(code) = status.code() {
        notes.count("status", code);
    }
    notes.count("ms", case.elapsed().as_millis());
    if !status.success() {
        return fail(process::ending(status));
    }
    if let Some(search) = contains.filter(|search| !search.found) {
        return fail(format!("the output does not contain `{}`", search.text));
    }
    if let Some(search) = lacks.filter(|search| search.found) {
        return fail(format!("the output contains `{}`", search.text));
    }
    Ok(())
}

fn command(words: &[String], probe: &CommandProbe, case: &Case) -> Result<Command, Miss> {
    let Some((program, arguments)) = words.split_first() else {
        return error("`run` names no program");
    };
    // A path counts from the policy, a bare name is looked for in PATH.
    let program = if program.contains('/') { case.path(program) } else { Path::new(program).to_owned() };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&case.context.variables);
    // An empty path is the directory where we are.
    if !case.context.directory.as_os_str().is_empty() {
        command.current_dir(&case.context.directory);
    }
    for (name, value) in &probe.variables {
        command.env(name, case.fill_with_secrets(value)?);
    }
    Ok(command)
}

/// Looks for a text in streams, also across the pieces in which they come.
struct Search {
    text: String,
    /// The end of each stream so far, a letter shorter than the text.
    ends: [Vec<u8>; 2],
    found: bool,
}

impl Search {
    fn new(text: String) -> Search {
        Search { found: text.is_empty(), text, ends: [Vec::new(), Vec::new()] }
    }

    fn push(&mut self, source: usize, bytes: &[u8]) {
        if self.found {
            return;
        }
        let end = &mut self.ends[source];
        end.extend_from_slice(bytes);
        self.found = end.windows(self.text.len()).any(|window| window == self.text.as_bytes());
        end.drain(..(end.len() + 1).saturating_sub(self.text.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_across_pieces_but_not_across_streams() {
        let mut search = Search::new("ready".to_owned());
        for (source, piece) in [(0, "not rea"), (1, "dy"), (0, "l, re"), (0, "a")] {
            search.push(source, piece.as_bytes());
        }
        assert!(!search.found);
        search.push(0, b"dy!");
        assert!(search.found);
    }
}

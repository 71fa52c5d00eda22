//! Whether a file or a secret is anywhere in a repository's history: in any commit, branch, tag or note.
//!
//! The repository is cloned afresh, with everything that its refs reach, so that what is found is what anybody gets
//! who clones it. Findings name commit, path, line and kind, never the secret.

mod objects;
mod remote;

use std::collections::BTreeMap;

use release::policy::GitProbe;
use tempfile::TempDir;
use tokio::process::Command;

use super::case::{Asked, Case, Miss, Notes, error, fail};
use super::process::{self, ERR, OUT};
use objects::{Finding, Kind, Objects};
use remote::Remote;

/// So many objects with findings are looked up in the history; further ones are named by their object id.
const LOOKED_UP: usize = 50;
/// Most output of a git command that is read as an answer, bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

pub(super) async fn ask(probe: &GitProbe, case: &Case, notes: &mut Notes) -> Asked {
    let repository = case.fill(&probe.repository)?;
    notes.inputs = format!("history of {repository}: paths {:?}, secrets {}", probe.paths, probe.secrets);
    if probe.paths.is_empty() && !probe.secrets {
        return error("nothing is looked for: name `paths`, or set `secrets`");
    }
    let mut folder = tempfile::Builder::new();
    let folder = folder.prefix("meridian-history-").tempdir();
    let folder = folder.map_err(|failure| Miss::Error(format!("no temporary directory: {failure}")))?;
    let git = Git { folder, case };
    git.clone_all(&Remote::of(&probe.repository, case)?).await?;

    let commits = git.answer(&["rev-list", "--all", "--count"]).await?;
    let commits: u64 =
        commits.trim().parse().map_err(|_| Miss::Error("git does not count its commits".to_owned()))?;
    notes.count("commits", commits);
    if commits == 0 {
        return error("no commit: nothing was looked at");
    }
    let mut found = Vec::new();
    for path in &probe.paths {
        let commit =
            git.answer(&["rev-list", "--all", "--full-history", "--max-count=1", "--", path]).await?;
        if !commit.trim().is_empty() {
            found.push(format!("{} {path}: must be in no commit", short(commit.trim())));
        }
    }
    notes.count("paths", found.len());
    if probe.secrets {
        let secrets = git.secrets(notes).await?;
        notes.count("secrets", secrets.len());
        found.extend(secrets);
    }
    for finding in &found {
        notes.output.push(0, format!("{finding}\n").as_bytes());
    }
    match found.first() {
        None => Ok(()),
        Some(first) => fail(format!("{} findings in {commits} commits, first: {first}", found.len())),
    }
}

struct Git<'a> {
    folder: TempDir,
    case: &'a Case,
}

impl Git<'_> {
    /// Everything that the repository's refs reach. A local one is asked like a remote one, or files that nothing
    /// reaches would come along.
    async fn clone_all(&self, remote: &Remote) -> Result<(), Miss> {
        let mut command = self.command(&["clone", "--mirror", "--quiet", "--no-local", "--template=", "--"]);
        command.arg(&remote.address).arg(self.folder.path().join("mirror"));
        remote.give_credentials(&mut command);
        if !self.case.context.directory.as_os_str().is_empty() {
            command.current_dir(&self.case.context.directory);
        }
        self.collect(command).await?;
        // What is not there cannot be looked at.
        let shallow = self.answer(&["rev-parse", "--is-shallow-repository"]).await?;
        if shallow.trim() == "true" {
            return error("the repository is a shallow copy: most of its history is not in it");
        }
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .envs(&self.case.context.variables)
            // It would wait for somebody to type.
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
            // History as it is, not as some ref says that it should look.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("LC_ALL", "C")
            .args(["-c", "core.quotePath=false", "-c", "log.showRoot=true", "-c", "log.showSignature=false"])
            .args(arguments);
        command
    }

    fn inside(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.current_dir(self.folder.path().join("mirror"));
        command
    }

    async fn answer(&self, arguments: &[&str]) -> Result<String, Miss> {
        self.collect(self.inside(arguments)).await
    }

    /// Its standard output; an error with its last words if it fails.
    async fn collect(&self, command: Command) -> Result<String, Miss> {
        let mut streams = [Vec::new(), Vec::new()];
        let status = process::run(command, self.case, |source, bytes| {
            let room = ANSWER_BYTES_MAX - streams[source].len();
            streams[source].extend_from_slice(&bytes[..bytes.len().min(room)]);
        });
        let status = status.await?;
        let [out, err] = streams.map(|stream| String::from_utf8_lossy(&stream).into_owned());
        if status.success() {
            return Ok(out);
        }
        error(format!("git {}: {}", process::ending(status), self.case.quote(&err)))
    }

    /// Looks through every object, and says where in the history those are that hold something.
    async fn secrets(&self, notes: &mut Notes) -> Result<Vec<String>, Miss> {
        let mut objects = Objects::new();
        let mut said = Vec::new();
        let command = self.inside(&["cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"]);
        let status = process::run(command, self.case, |source, bytes| match source {
            OUT => objects.push(bytes),
            ERR if said.len() < ANSWER_BYTES_MAX => said.extend_from_slice(bytes),
            _ => {}
        });
        let status = status.await?;
        let (looked_at, findings) = match objects.finish() {
            Some(finished) if status.success() => finished,
            _ => {
                return error(format!(
                    "git {}: {}",
                    process::ending(status),
                    self.case.quote(&String::from_utf8_lossy(&said))
                ));
            }
        };
        notes.count("objects", looked_at);
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        let mut lines = Vec::new();
        for Finding { object, kind, line, pattern } in findings {
            let place = match places.get(&object) {
                Some(place) => place.clone(),
                None if places.len() >= LOOKED_UP => format!("object {}", short(&object)),
                None => self.place(&object, kind).await?,
            };
            lines.push(format!("{place}:{line}: {pattern}"));
            places.insert(object, place);
        }
        Ok(lines)
    }

    /// Where an object came into the history.
    async fn place(&self, object: &str, kind: Kind) -> Result<String, Miss> {
        match kind {
            Kind::Commit => return Ok(format!("{} (message)", short(object))),
            Kind::Tag => return Ok(format!("tag {} (message)", short(object))),
            Kind::Blob => {}
        }
        let find = format!("--find-object={object}");
        let history = [
            "log",
            "--all",
            "--full-history",
            "-m",
            "--no-renames",
            "--format=commit %H",
            "--name-only",
            &find,
        ];
        let log = self.answer(&history).await?;
        let mut commit = None;
        let mut place = format!("object {}", short(object));
        // The newest is first; the last one brought it in.
        for line in log.lines().filter(|line| !line.is_empty()) {
            match (line.strip_prefix("commit "), commit) {
                (Some(id), _) => commit = Some(id),
                (None, Some(id)) => place = format!("{} {line}", short(id)),
                (None, None) => {}
            }
        }
        Ok(place)
    }
}

/// Enough of an object's id to find it.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

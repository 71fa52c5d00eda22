//! Release notes from the history in the policy's folder.
//!
//! Enters: two names of commits. Leaves: notes. Never here: anything that a name could make git do but look it up.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use release::notes::{Commit, notes};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::Control;
use crate::api::{READ, Table};
use crate::refused::Refused;
use crate::releases::find;

/// Until git is stopped.
const LIMIT: Duration = Duration::from_secs(20);
/// More commits than this are left out, and the answer says so.
const COMMITS_MAX: usize = 5_000;
/// Most that is read of what git writes.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
/// After each commit: git ends a message there, whatever its author wrote.
const END: char = '\0';

pub(super) fn routes(table: &mut Table) {
    table.add("GET", "/v1/release/releases/{id}/notes", READ, see);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    /// After this commit.
    from: String,
    /// Up to this one; `HEAD` unless given.
    #[serde(default = "head")]
    to: String,
}

fn head() -> String {
    "HEAD".to_owned()
}

async fn see(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Query(range): Query<Range>,
) -> Result<Json<Value>, Refused> {
    let found = control.book.read(|ledger| find(ledger, &id))??;
    name("from", &range.from)?;
    name("to", &range.to)?;
    let folder = found.folder.clone().ok_or_else(|| {
        Refused::conflict("folder", "nobody knows in which folder the policy of this release is")
            .hint("open releases from a policy file that is in the repository")
    })?;
    let one = control.git.lock().await;
    let written = log(&folder, &range).await?;
    drop(one);
    let mut commits = commits(&written);
    let truncated = commits.len() > COMMITS_MAX || written.len() as u64 >= BYTES_MAX;
    commits.truncate(COMMITS_MAX);
    let service = &found.loaded.policy.service;
    let service = if service.title.is_empty() { &service.name } else { &service.title };
    let text = notes(&format!("{service} {}", found.release.version), &commits);
    Ok(Json(json!({
        "release": id, "from": range.from, "to": range.to, "commits": commits, "truncated": truncated, "markdown": text,
    })))
}

/// A name of one commit, and nothing that git could take for an option, a range or a path.
fn name(field: &'static str, text: &str) -> Result<(), Refused> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._/-+@^~".contains(letter);
    let odd = text.is_empty()
        || text.len() > 200
        || text.starts_with(['-', '^'])
        || text.contains("..")
        || !text.chars().all(plain);
    if odd {
        let words = format!("`{}` is not the name of a commit", text.escape_debug());
        return Err(Refused::field(field, words).hint("give a tag, a branch or a hash, as in v1.0.0"));
    }
    Ok(())
}

async fn log(folder: &str, range: &Range) -> Result<String, Refused> {
    let most = format!("--max-count={}", COMMITS_MAX + 1);
    // The first three have no line breaks, so what comes after them is the body, whatever is in it.
    let format = "--format=tformat:%H%n%an%n%s%n%b";
    let between = format!("{}..{}", range.from, range.to);
    let mut git = Command::new("git");
    git.args(["--no-pager", "-C", folder, "log", "-z", "--no-color", "--no-show-signature", &most, format])
        .args(["--end-of-options", &between, "--"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        // Nothing is asked of another machine.
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let broken = |error: std::io::Error| {
        Refused::conflict("git", format!("git cannot be run: {error}")).hint("install git")
    };
    let mut child = git.spawn().map_err(broken)?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let (mut text, mut said) = (Vec::new(), Vec::new());
        let read = async {
            if let Some(out) = out {
                out.take(BYTES_MAX).read_to_end(&mut text).await?;
            }
            Ok::<_, std::io::Error>(())
        };
        let heard = async {
            if let Some(err) = err {
                err.take(4_096).read_to_end(&mut said).await?;
            }
            Ok::<_, std::io::Error>(())
        };
        tokio::try_join!(read, heard)?;
        Ok::<_, std::io::Error>((text, said, child.wait().await?))
    };
    let ended = tokio::time::timeout(LIMIT, work)
        .await
        .map_err(|_| Refused::conflict("git", format!("git did not end within {} s", LIMIT.as_secs())))?;
    let (text, said, status) = ended.map_err(broken)?;
    // Whoever reads no further ends git by that.
    if !status.success() && (text.len() as u64) < BYTES_MAX {
        let said = String::from_utf8_lossy(&said);
        let said = said.lines().next().unwrap_or("it gave no reason").trim().to_owned();
        return Err(Refused::conflict("git", format!("git log {between} in {folder}: {said}"))
            .hint("check that both are commits of the repository that the policy is in"));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn commits(written: &str) -> Vec<Commit> {
    let of = |record: &str| {
        let mut lines = record.splitn(4, '\n').map(str::to_owned);
        let (id, author, subject) = (lines.next()?, lines.next()?, lines.next()?);
        Some(Commit { id, author, subject, body: lines.next().unwrap_or_default() })
    };
    written.split_terminator(END).filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_name_of_a_commit_is_taken() {
        for good in ["v1.0.0", "HEAD~3", "release/1.0", "0123abc", "main@", "v1^"] {
            assert!(name("from", good).is_ok(), "{good}");
        }
        for odd in ["", "--output=/tmp/x", "-p", "a..b", "a b", "a:b", "^main", "a\nb", "$(x)", "a;b", "é"] {
            assert!(name("from", odd).is_err(), "{odd}");
        }
    }
}

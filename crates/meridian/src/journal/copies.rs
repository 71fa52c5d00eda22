//! `meridian journal backup` and `meridian journal restore`.

use std::path::Path;
use std::sync::Arc;

use control::clock::MachineClock;
use control::restored::{Held, hold};
use gateway::backups::{self, Maker};
use gateway::clock::machine_now;
use gateway::restore::{Restored, restore as restore_all};
use journal::directory::CONTROL;
use journal::hex;
use market::UnixNanos;
use serde_json::json;

use super::database_of;
use super::progress::Progress;
use crate::cli::JournalArguments;
use crate::failure::Failure;
use crate::output;
use crate::version::VERSION;

/// What makes secrets in the database worth something.
const KEYS: [&str; 2] = ["server.key", "vault.key"];

pub fn backup(arguments: &JournalArguments, to: &Path, include_keys: bool) -> Result<(), Failure> {
    let keys: Vec<_> = KEYS.iter().filter(|_| include_keys).map(|name| arguments.data.join(name)).collect();
    let mut progress = Progress::new();
    let maker = Maker { version: VERSION, now: machine_now() };
    let made = backups::take(&database_of(&arguments.data), to, &keys, maker, |row, head| {
        progress.rows("checked the copy", row, head);
    })
    .map_err(|error| {
        Failure::new(format!("no backup of {} was made", arguments.data.display()))
            .chain(&error)
            .maybe_hint(error.hint())
    })?;
    let seconds = progress.seconds();
    drop(progress);
    if arguments.json {
        return output::json(&json!({
            "to": to,
            "seq": made.seq,
            "head_hash": made.head_hash,
            "projection": made.projection,
            "state_hash": made.state_hash,
            "time": UnixNanos(made.time_ns).to_rfc3339(),
            "keys": made.keys,
            "seconds": seconds,
        }));
    }
    output::data(&format!(
        "{}\nrow {}, the chain of the copy is whole\nhead hash   {}\nstate hash  {} (projection {})\n",
        to.display(),
        made.seq,
        made.head_hash,
        made.state_hash,
        made.projection
    ));
    output::talk(&if made.keys.is_empty() {
        "not in it: server.key, vault.key, admin.key. Without server.key a restored directory does not start and no access \
         token works; without vault.key no broker credential opens. Keep copies of them in another place, or use \
         --include-keys\n"
            .to_owned()
    } else {
        format!(
            "with {}: whoever reads this backup has your secrets. Not in it: admin.key\n",
            made.keys.join(" and ")
        )
    });
    Ok(())
}

pub fn restore(from: &Path, log: Option<&Path>, data: &Path, as_json: bool) -> Result<(), Failure> {
    let mut progress = Progress::new();
    let entropy = access::entropy::system();
    let restored = restore_all(from, data, log, &entropy, machine_now(), |what, row, head| {
        progress.rows(what, row, head);
    })
    .map_err(|error| {
        Failure::new(format!("nothing was restored into {}", data.display()))
            .chain(&error)
            .maybe_hint(error.hint())
    })?;
    drop(progress);
    let held =
        hold(restored.directory.clone(), Arc::new(MachineClock), Arc::new(entropy)).map_err(|error| {
            Failure::new(format!(
                "{} was restored, but what was open in it could not be paused",
                data.display()
            ))
            .chain(&error)
            .hint("remove it and restore again: runs would go on where the backup left them")
        })?;
    let missing: Vec<&str> = KEYS.into_iter().filter(|name| !data.join(name).exists()).collect();
    if as_json {
        return output::json(&json!({
            "data": data,
            "backup_seq": restored.backup_head.seq,
            "backup_head_hash": hex::encode(&restored.backup_head.hash),
            "backup_state_hash": hex::encode(&restored.backup_state_hash),
            "state_hash_compared": restored.compared,
            "rows_from_log": restored.from_log,
            "restored_at": restored.restored_at,
            "state_hash": hex::encode(&restored.state_hash),
            "old_incarnation": restored.old_incarnation,
            "incarnation": restored.incarnation,
            "missing_keys": missing,
            "paused_runs": held.runs,
            "held_incidents": held.incidents,
        }));
    }
    output::data(&text(&restored, data));
    output::talk(&next_steps(&restored, &held, data, &missing));
    Ok(())
}

fn text(restored: &Restored, data: &Path) -> String {
    let compared =
        if restored.compared { ", as the backup says" } else { ", not compared: another projection" };
    let mut text = format!(
        "{}\nthe backup ends with row {} {}\nstate hash there {}{compared}\n",
        data.display(),
        restored.backup_head.seq,
        hex::encode(&restored.backup_head.hash),
        hex::encode(&restored.backup_state_hash),
    );
    if restored.from_log > 0 {
        text.push_str(&format!(
            "{} rows from the shipped log, up to row {}\nstate hash there {}\n",
            restored.from_log,
            restored.restored_at,
            hex::encode(&restored.state_hash)
        ));
    }
    text.push_str(&format!("incarnation {}, was {}\n", restored.incarnation, restored.old_incarnation));
    text
}

fn next_steps(restored: &Restored, held: &Held, data: &Path, missing: &[&str]) -> String {
    let shown = data.display();
    let mut text = "all accounts are halted. What to do next:\n".to_owned();
    for name in missing {
        text.push_str(&match *name {
            "server.key" => format!(
                "- put server.key (mode 0600) into {shown}: the directory does not start without it, and access tokens are \
                 checked with it\n"
            ),
            other => format!(
                "- put {other} (mode 0600) into {shown}, if there was one: broker credentials and the key that signs \
                 anchors are sealed with it\n"
            ),
        });
    }
    text.push_str(&format!(
        "- make sure that no instance of the old directory runs any more\n\
         - start: meridian up --data {shown}\n\
         - reconcile each account with its venue: orders after row {} are not in this journal\n\
         - resume each account\n",
        restored.restored_at
    ));
    if !held.runs.is_empty() {
        text.push_str(&format!(
            "- paused runs of runbooks: {}. Look what was done since the backup, then `meridian runbook resume` or `abandon`\n",
            held.runs.join(", ")
        ));
    }
    if !held.incidents.is_empty() {
        text.push_str(&format!(
            "- open incidents: {}. Nobody is called for them: acknowledge or resolve each, or change its severity to call \
             people anew\n",
            held.incidents.join(", ")
        ));
    }
    if data.join(CONTROL).exists() {
        text.push_str(
            "- releases, runs and incidents are as in the backup: `meridian journal ship` has no rows of theirs. Say again what \
             people said, signed and decided since\n",
        );
    }
    text
}

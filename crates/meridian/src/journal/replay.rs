//! `meridian journal replay`.

use gateway::replay::Fold;
use journal::events::{Chain, CheckError, Journal};
use journal::hex;
use serde_json::json;

use super::pages::Pages;
use super::progress::Progress;
use super::{broken, open, unreadable};
use crate::cli::JournalArguments;
use crate::failure::Failure;
use crate::output;

pub fn run(arguments: &JournalArguments, to: Option<u64>) -> Result<(), Failure> {
    let mut journal = open(&arguments.data)?;
    let head = journal.head().map_err(|error| unreadable(&error))?;
    let to = to.unwrap_or(head.seq);
    if to > head.seq {
        return Err(Failure::usage(format!("--to {to}: the journal ends with row {}", head.seq)));
    }
    let (mut chain, mut fold, mut progress) = (Chain::new(), Fold::new(), Progress::new());
    let mut rows = Pages::new(journal, 0, to);
    while let Some(row) = rows.next().map_err(|error| unreadable(&error))? {
        chain.push(&row).map_err(|error| broken(&CheckError::Broken(error)))?;
        fold.push(&row).map_err(|error| {
            Failure::of(&error).hint("replay it with the version that wrote it, or a newer one")
        })?;
        progress.rows("folded", row.seq, to);
    }
    let seconds = progress.seconds();
    drop(progress);
    let (state, head) = (fold.state(), fold.head());
    let positions: usize = state
        .accounts
        .values()
        .map(|account| account.positions.values().filter(|position| position.quantity != 0).count())
        .sum();
    let counts = [
        ("accounts", state.accounts.size()),
        ("orders", state.orders.size()),
        ("signals", state.signals.size()),
        ("positions", positions),
    ];
    let projection = gateway::replay::PROJECTION;
    let (head_hash, state_hash) = (hex::encode(&head.hash), hex::encode(&fold.state_hash()));
    if arguments.json {
        let mut answer = json!({
            "seq": head.seq,
            "head_hash": head_hash,
            "projection": projection,
            "state_hash": state_hash,
            "incarnation": state.incarnation,
            "seconds": seconds,
        });
        for (name, count) in counts {
            answer[name] = count.into();
        }
        return output::json(&answer);
    }
    output::data(&format!(
        "row {}\nhead hash   {head_hash}\nstate hash  {state_hash} (projection {projection})\n",
        head.seq
    ));
    for (name, count) in counts {
        output::data(&format!("{name:<10}  {count}\n"));
    }
    Ok(())
}

//! `meridian journal diff`.

use std::path::Path;

use gateway::replay::{Fold, PROJECTION};
use journal::events::{Head, Journal, Row, line};
use journal::hex;
use serde_json::{Value, json};

use super::pages::Pages;
use super::progress::Progress;
use super::{open, unreadable};
use crate::failure::Failure;
use crate::output;

pub fn run(a: &Path, b: &Path, as_json: bool) -> Result<(), Failure> {
    let (head_a, mut rows_a) = pages(a)?;
    let (head_b, mut rows_b) = pages(b)?;
    let (mut fold, mut progress) = (Fold::new(), Progress::new());
    let parted = loop {
        let next = (
            rows_a.next().map_err(|error| unreadable(&error))?,
            rows_b.next().map_err(|error| unreadable(&error))?,
        );
        match next {
            (Some(one), Some(other)) if one == other => {
                fold.push(&one)
                    .map_err(|error| Failure::of(&error).hint("compare them with that version"))?;
                progress.rows("compared", one.seq, head_a.seq.min(head_b.seq));
            }
            other => break other,
        }
    };
    drop(progress);
    let same = fold.head();
    let state_hash = hex::encode(&fold.state_hash());
    let (row_a, row_b) = parted;
    if as_json {
        let show = |row: &Option<Row>| row.as_ref().map(shown).transpose();
        output::json(&json!({
            "same_up_to": same.seq,
            "head_hash": hex::encode(&same.hash),
            "projection": PROJECTION,
            "state_hash": state_hash,
            "a": {"head": head_a.seq, "row": show(&row_a)?},
            "b": {"head": head_b.seq, "row": show(&row_b)?},
        }))?;
    } else {
        output::data(&format!(
            "the same up to row {} {}\nstate hash there {state_hash} (projection {PROJECTION})\n",
            same.seq,
            hex::encode(&same.hash)
        ));
        for (name, head, row) in [("a", head_a, &row_a), ("b", head_b, &row_b)] {
            let text = match row {
                Some(row) => format!("goes on to row {} with\n  {}", head.seq, shown(row)?),
                None => "ends there".to_owned(),
            };
            output::data(&format!("{name} {text}\n"));
        }
    }
    match (row_a, row_b) {
        (Some(_), Some(_)) => Err(Failure::new(format!("the two part after row {}", same.seq))),
        _ => Ok(()),
    }
}

fn pages(place: &Path) -> Result<(Head, Pages), Failure> {
    let mut journal = open(place)?;
    let head = journal.head().map_err(|error| unreadable(&error))?;
    Ok((head, Pages::new(journal, 0, head.seq)))
}

fn shown(row: &Row) -> Result<Value, Failure> {
    let text = line::write(row, None).map_err(|error| Failure::of(&error))?;
    serde_json::from_str(&text).map_err(|error| Failure::of(&error))
}

//! `meridian journal verify`.

use std::collections::BTreeMap;
use std::path::Path;

use gateway::anchors as signed;
use journal::anchors::{self, Anchor};
use journal::events::{Checked, Head, check_each};
use journal::{DataDirectory, hex};
use market::UnixNanos;
use serde_json::{Value, json};

use super::progress::Progress;
use super::{broken, open};
use crate::cli::JournalArguments;
use crate::failure::Failure;
use crate::output;

pub fn run(
    arguments: &JournalArguments,
    file: Option<&Path>,
    pinned: Option<[u8; 32]>,
) -> Result<(), Failure> {
    let mut journal = open(&arguments.data)?;
    let mut anchored = file.map(|file| Anchored::read(file, &arguments.data, pinned)).transpose()?;
    let mut progress = Progress::new();
    let checked = check_each(&mut journal, |row, head| {
        progress.rows("verified", row.seq, head.seq);
        if let Some(anchored) = &mut anchored {
            anchored.compare(Head { seq: row.seq, hash: row.hash });
        }
    });
    let seconds = progress.seconds();
    drop(progress);
    let checked = checked.map_err(|error| {
        if arguments.json {
            // The words of a break name its row; a program gets the same ones.
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let _ = output::json(&json!({"whole": false, "break": cause}));
        }
        broken(&error)
    })?;
    let anchored = anchored.map(|anchored| anchored.finish(checked.head)).transpose()?;
    if arguments.json {
        return output::json(&as_json(checked, seconds, anchored.as_ref()));
    }
    let rate = checked.events as f64 / seconds.max(1e-9);
    output::data(&format!(
        "the chain is whole: {} rows in {seconds:.1} s ({rate:.0} rows/s)\nhead {} {}\n",
        checked.events,
        checked.head.seq,
        hex::encode(&checked.head.hash)
    ));
    output::data(&match &anchored {
        Some(anchored) => anchored.text(checked.head),
        None => "no anchors were compared: whoever can write the database could have made a new chain; \
                 --anchors FILE compares it with signed heads\n"
            .to_owned(),
    });
    Ok(())
}

fn as_json(checked: Checked, seconds: f64, anchored: Option<&Found>) -> Value {
    json!({
        "whole": true,
        "rows": checked.events,
        "seconds": seconds,
        "rows_per_second": checked.events as f64 / seconds.max(1e-9),
        "head": {"seq": checked.head.seq, "hash": hex::encode(&checked.head.hash)},
        "anchors": anchored.map(|found| json!({
            "count": found.count,
            "newest_seq": found.newest.head.seq,
            "newest_time": UnixNanos(found.newest.time).to_rfc3339(),
            "public_key": hex::encode(&found.newest.public_key),
            "key_known": found.key_known,
            "rows_after": checked.head.seq - found.newest.head.seq,
        })),
    })
}

/// Anchors that wait for their rows.
struct Anchored {
    count: usize,
    key_known: bool,
    newest: Anchor,
    waiting: BTreeMap<u64, Vec<Anchor>>,
    differs: Option<Anchor>,
}

/// Anchors whose rows are there.
struct Found {
    count: usize,
    key_known: bool,
    newest: Anchor,
}

impl Anchored {
    /// Reads the file and checks every signature.
    fn read(file: &Path, data: &Path, pinned: Option<[u8; 32]>) -> Result<Anchored, Failure> {
        let all = anchors::all(file).map_err(|error| Failure::of(&error).hint("check the path"))?;
        let Some(newest) = all.iter().max_by_key(|anchor| anchor.head.seq).cloned() else {
            return Err(Failure::new(format!("{} holds no anchor", file.display()))
                .hint("a gateway writes one every hour, the first after a minute"));
        };
        let known = pinned.or_else(|| DataDirectory::open(data).ok().and_then(|own| signed::own_key(&own)));
        let key = known.unwrap_or(newest.public_key);
        for anchor in &all {
            let row = anchor.head.seq;
            if anchor.public_key != key {
                return Err(Failure::new(format!("the anchor of row {row} was signed with another key"))
                    .cause(format!("{} instead of {}", hex::encode(&anchor.public_key), hex::encode(&key)))
                    .hint("name the key that you trust with --public-key; the gateway's log tells it with each anchor"));
            }
            if !signed::is_signed(anchor) {
                return Err(Failure::new(format!("the signature of the anchor of row {row} is wrong"))
                    .hint("somebody has changed the file: use a copy that was kept elsewhere"));
            }
        }
        let (count, mut waiting) = (all.len(), BTreeMap::<u64, Vec<Anchor>>::new());
        for anchor in all {
            waiting.entry(anchor.head.seq).or_default().push(anchor);
        }
        let mut anchored = Anchored { count, key_known: known.is_some(), newest, waiting, differs: None };
        anchored.compare(Head::EMPTY);
        Ok(anchored)
    }

    fn compare(&mut self, head: Head) {
        for anchor in self.waiting.remove(&head.seq).unwrap_or_default() {
            if anchor.head != head {
                self.differs.get_or_insert(anchor);
            }
        }
    }

    fn finish(self, head: Head) -> Result<Found, Failure> {
        let when = |anchor: &Anchor| UnixNanos(anchor.time).to_rfc3339();
        if let Some(anchor) = self.differs {
            let row = anchor.head.seq;
            return Err(Failure::new(format!(
                "row {row} is not the one that was anchored at {}",
                when(&anchor)
            ))
            .cause("the chain holds together, so it was computed anew from an earlier row on")
            .hint("compare it with a backup: `meridian journal diff`"));
        }
        if let Some(anchor) = self.waiting.into_values().flatten().next() {
            let row = anchor.head.seq;
            return Err(Failure::new(format!(
                "row {row} was anchored at {}, and is not there",
                when(&anchor)
            ))
            .cause(format!(
                "the journal ends with row {}: its end was cut off, or this is an older copy",
                head.seq
            ))
            .hint("compare it with a newer backup or a shipped log"));
        }
        Ok(Found { count: self.count, key_known: self.key_known, newest: self.newest })
    }
}

impl Found {
    fn text(&self, head: Head) -> String {
        let newest = &self.newest;
        let mut text = format!(
            "{} anchors are in the chain and signed by {}{}\nrows 1 to {} are as they were at {}\n",
            self.count,
            hex::encode(&newest.public_key),
            if self.key_known {
                ""
            } else {
                " (a key that is not known here: compare it with the gateway's log)"
            },
            newest.head.seq,
            UnixNanos(newest.time).to_rfc3339(),
        );
        let after = head.seq - newest.head.seq;
        if after > 0 {
            text.push_str(&format!(
                "the {after} rows after it are not anchored: they agree with themselves, which proves that nothing was \
                 damaged, not that nobody has rewritten them\n"
            ));
        }
        text
    }
}

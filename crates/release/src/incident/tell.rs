//! What a paging service has to be told about pages that it may have taken.
//!
//! Whatever was tried counts, also where the answer got lost: a page that was taken after all would stay open there for
//! ever. A service that knows no such key does nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::event::Word;
use super::key::PageKey;
use super::state::Incident;
use crate::{Length, later};

/// News that nobody took for so long are no news.
pub const TOLD_FOR: Length = Length::days(1);

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Which page, by its first attempt.
    pub key: PageKey,
    /// What.
    pub word: Word,
    /// Since when it is so.
    pub since: Timestamp,
}

/// What this channel has not been told yet.
pub fn tellings(incident: &Incident, channel: &str, now: Timestamp) -> Vec<Telling> {
    let keys: BTreeSet<PageKey> = incident.pages.keys().map(PageKey::first).collect();
    let tellings = keys.into_iter().filter_map(|key| telling(incident, key));
    let untold = |telling: &Telling| {
        let told = |word| incident.told.contains(&(channel.to_owned(), telling.key.clone(), word));
        !told(telling.word) && !told(Word::Resolve) && now < later(telling.since, TOLD_FOR)
    };
    tellings.filter(untold).collect()
}

fn telling(incident: &Incident, key: PageKey) -> Option<Telling> {
    let place = usize::try_from(key.opening).ok()?.checked_sub(1)?;
    let opening = incident.openings.get(place)?;
    if let Some(since) = opening.resolved {
        return Some(Telling { key, word: Word::Resolve, since });
    }
    let called_as = opening.first + usize::try_from(key.chain()).ok()?;
    let (_, since) = *opening.answers.iter().find(|(known, _)| *known >= called_as)?;
    Some(Telling { key, word: Word::Acknowledge, since })
}

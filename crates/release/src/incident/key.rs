//! The key of a page: the same page has the same key, whoever computes it and however often.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::due::ROUNDS;

/// The longest id of an incident.
pub(super) const LONGEST_ID: usize = 64;

/// Which page. Written as `ID/o1/r1/s1/a1`: of which opening, in which round, to which rung, which attempt, all from
/// 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageKey {
    /// About which incident.
    pub incident: String,
    /// Of which of its openings.
    pub opening: u32,
    /// The chain is gone through several times; each time that people are called anew goes on counting, see
    /// [`PageKey::chain`].
    pub round: u32,
    /// Which rung of the chain.
    pub rung: u32,
    /// Which attempt to reach it.
    pub attempt: u32,
}

impl PageKey {
    /// What the receiver knows it by, `ID/o1/r1/s1`: all attempts are one page to it, and it is seen once.
    pub fn dedup(&self) -> String {
        let PageKey { incident, opening, round, rung, .. } = self;
        format!("{incident}/o{opening}/r{round}/s{rung}")
    }

    /// Its first attempt.
    #[must_use]
    pub fn first(&self) -> PageKey {
        PageKey { attempt: 1, ..self.clone() }
    }

    /// Since which change of the severity people are called: 0 for the severity of the opening.
    pub const fn chain(&self) -> u32 {
        (self.round - 1) / ROUNDS
    }
}

/// A text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the key of a page, as in `INC-1/o1/r1/s1/a1`")]
pub struct NotAKey(String);

/// Letters, digits, `-`, `_` and `.`, at most 64.
pub(super) fn fits(incident: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !incident.is_empty() && incident.len() <= LONGEST_ID && incident.bytes().all(plain)
}

impl fmt::Display for PageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PageKey { incident, opening, round, rung, attempt } = self;
        write!(f, "{incident}/o{opening}/r{round}/s{rung}/a{attempt}")
    }
}

impl FromStr for PageKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<PageKey, NotAKey> {
        let wrong = || NotAKey(text.to_owned());
        let mut parts = text.split('/');
        let incident = parts.next().filter(|incident| fits(incident)).ok_or_else(wrong)?.to_owned();
        let mut number = |letter: char| -> Result<u32, NotAKey> {
            let digits = parts.next().and_then(|part| part.strip_prefix(letter)).ok_or_else(wrong)?;
            digits.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)
        };
        let (opening, round, rung, attempt) = (number('o')?, number('r')?, number('s')?, number('a')?);
        let key = PageKey { incident, opening, round, rung, attempt };
        // One way to write each key: `o01` and `+1` are none.
        if key.to_string() == text { Ok(key) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for PageKey {
    type Error = NotAKey;
    fn try_from(text: String) -> Result<PageKey, NotAKey> {
        text.parse()
    }
}

impl From<PageKey> for String {
    fn from(key: PageKey) -> String {
        key.to_string()
    }
}

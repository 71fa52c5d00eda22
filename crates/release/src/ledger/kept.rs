//! Policies that are kept, read at most once each.
//!
//! Enters: digests of kept texts. Leaves: the policies. Never here: which of them holds.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use crate::digest::Digest;
use crate::policy::Loaded;

/// So many are held when they are read; older ones are read anew whenever somebody asks.
const READ_MAX: usize = 64;

/// The newest policies. Copies share what is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies(VecDeque<(Digest, Slot)>);

/// Empty until somebody asks; then `None` for what this build cannot read.
type Slot = Arc<OnceLock<Option<Arc<Loaded>>>>;

impl Policies {
    /// It is the newest from now on.
    pub(super) fn add(&mut self, digest: Digest) {
        let before = self.0.iter().position(|(known, _)| *known == digest);
        let slot = before.and_then(|place| self.0.remove(place)).map(|(_, slot)| slot).unwrap_or_default();
        self.0.push_back((digest, slot));
        if self.0.len() > READ_MAX {
            self.0.pop_front();
        }
    }

    pub(super) fn loaded(&self, digest: &Digest, text: &str) -> Option<Arc<Loaded>> {
        let read = || Loaded::parse(text).ok().map(Arc::new);
        match self.0.iter().rev().find(|(known, _)| known == digest) {
            Some((_, slot)) => slot.get_or_init(read).clone(),
            None => read(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_once_and_the_oldest_ones_are_let_go() {
        let text = |number: usize| format!("format = 1\nservice = {{ name = \"s{number}\" }}\n");
        let digest = |number: usize| Digest::of(text(number).as_bytes());
        let mut policies = Policies::default();
        let read =
            |policies: &Policies, number: usize| policies.loaded(&digest(number), &text(number)).unwrap();
        policies.add(digest(0));
        let first = read(&policies, 0);
        assert!(Arc::ptr_eq(&first, &read(&policies.clone(), 0)), "also in a copy");
        policies.add(digest(0));
        assert!(Arc::ptr_eq(&first, &read(&policies, 0)), "kept twice is read once");
        for number in 1..=READ_MAX {
            policies.add(digest(number));
        }
        assert_eq!(policies.0.len(), READ_MAX);
        assert_eq!(read(&policies, 0).policy.service.name, "s0", "an old one is read all the same");
        let odd = Digest::of(b"odd");
        policies.add(odd);
        assert!(policies.loaded(&odd, "odd").is_none());
    }
}

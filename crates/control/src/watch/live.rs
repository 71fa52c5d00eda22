//! What the process that watches knows beyond the book: running hours, newest answers, objectives.
//!
//! A mutex around short sections: nobody waits for anything while holding it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use release::Policy;
use release::digest::Digest;
use release::ledger::Ledger;
use release::ledger::event::WatchHour;
use release::slo::evaluate::Room;
use release::watch::page::Running;
use release::watch::{Page, Place, Recorder, Watched};

use super::slos::Judged;

/// A check of a service.
pub(super) type Key = (String, Place);
/// A status page is made anew after this.
const PAGE_AGE: SignedDuration = SignedDuration::from_secs(1);
/// Most points of series of all objectives, 128 MB. Full: new series are not looked at, and `refused` says so.
const POINTS_MAX: usize = 4_000_000;
/// Most policies that are kept read. Full: all are read anew.
const POLICIES_MAX: usize = 256;

/// See the module.
pub struct Live {
    inner: Mutex<Inner>,
    room: Room,
}

impl Default for Live {
    fn default() -> Live {
        Live { inner: Mutex::default(), room: Room::new(POINTS_MAX) }
    }
}

#[derive(Default)]
struct Inner {
    /// Those that cannot be read are known, too.
    policies: BTreeMap<Digest, Option<Arc<Policy>>>,
    recorders: BTreeMap<Key, Recorder>,
    /// By service and environment.
    judged: BTreeMap<(String, String), Vec<Judged>>,
    page: Option<(u64, Arc<Page>)>,
}

impl Live {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Every section leaves it whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the points of all objectives of this process.
    pub(super) fn room(&self) -> Room {
        self.room.clone()
    }

    /// A policy that is kept, read once.
    pub(super) fn policy(&self, ledger: &Ledger, digest: &Digest) -> Option<Arc<Policy>> {
        let mut inner = self.inner();
        if inner.policies.len() >= POLICIES_MAX {
            inner.policies.clear();
        }
        let read = || ledger.policy(digest).map(|loaded| Arc::new(loaded.policy));
        inner.policies.entry(*digest).or_insert_with(read).clone()
    }

    /// From now on these checks of a service are asked, and no others.
    pub(super) fn resume(&self, service: &str, all: &[Watched], recorder: impl Fn(&Watched) -> Recorder) {
        let mut inner = self.inner();
        let is_asked = |place: &Place| all.iter().any(|watched| watched.place == *place);
        inner.recorders.retain(|(name, place), _| name != service || is_asked(place));
        for watched in all {
            let key = (service.to_owned(), watched.place.clone());
            inner.recorders.entry(key).or_insert_with(|| recorder(watched));
        }
        inner.judged.retain(|(name, _), _| name != service);
    }

    /// From now on these services are watched, and no others.
    pub(super) fn keep_services(&self, names: &BTreeSet<String>) {
        let mut inner = self.inner();
        inner.recorders.retain(|(name, _), _| names.contains(name));
        inner.judged.retain(|(name, _), _| names.contains(name));
    }

    /// Looks at, or changes, what is known of a check; `None` when it is not asked any more.
    pub(super) fn with<T>(&self, key: &Key, look: impl FnOnce(&mut Recorder) -> T) -> Option<T> {
        self.inner().recorders.get_mut(key).map(look)
    }

    /// All checks that are asked.
    pub(super) fn each<T>(&self, mut look: impl FnMut(&Key, &Recorder) -> Option<T>) -> Vec<T> {
        self.inner().recorders.iter().filter_map(|(key, recorder)| look(key, recorder)).collect()
    }

    /// Hours to be written, of one service or all.
    pub(super) fn hours(
        &self,
        service: Option<&str>,
        now: Timestamp,
        all: bool,
    ) -> Vec<(Key, Vec<WatchHour>)> {
        let mut inner = self.inner();
        let wanted = inner.recorders.iter_mut().filter(|(key, _)| service.is_none_or(|name| name == key.0));
        wanted.map(|(key, recorder)| (key.clone(), recorder.hours(now, all))).collect()
    }

    /// These are.
    pub(super) fn hours_are_written(&self, written: impl Iterator<Item = (Key, usize)>) {
        let mut inner = self.inner();
        for (key, count) in written {
            if let Some(recorder) = inner.recorders.get_mut(&key) {
                recorder.hours_are_written(count);
            }
        }
    }

    /// What a status page needs to know of a service beyond its rows.
    pub(super) fn running(&self, service: &str) -> Vec<Running> {
        self.each(|(name, place), recorder| {
            (name == service).then(|| Running {
                place: Some(place.clone()),
                asked: recorder.asked(),
                condition: recorder.condition(),
                since: recorder.since(),
                hours: recorder.unwritten().copied().collect(),
            })
        })
    }

    /// How objectives stand.
    pub(super) fn judge(&self, service: &str, environment: &str, judged: Vec<Judged>) {
        self.inner().judged.insert((service.to_owned(), environment.to_owned()), judged);
    }

    /// How they stood when somebody last looked, by service and environment.
    pub(super) fn judged(&self) -> Vec<((String, String), Vec<Judged>)> {
        self.inner().judged.iter().map(|(key, judged)| (key.clone(), judged.clone())).collect()
    }

    /// The page, if it was made from so many rows just now.
    pub(super) fn page(&self, rows: u64, now: Timestamp) -> Option<Arc<Page>> {
        let inner = self.inner();
        let (made_from, page) = inner.page.as_ref()?;
        let age = now.duration_since(page.at);
        (*made_from == rows && age >= SignedDuration::ZERO && age < PAGE_AGE).then(|| Arc::clone(page))
    }

    /// Keeps it.
    pub(super) fn keep_page(&self, rows: u64, page: &Arc<Page>) {
        self.inner().page = Some((rows, Arc::clone(page)));
    }
}

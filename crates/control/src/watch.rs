//! Synthetic checks and objectives in operation: asked all the time, kept, shown, and told to people when they turn bad.
//!
//! Enters: policies, answers of services, the time. Leaves: rows of the book, the status page. Never here: what answers add up to (that
//! is `release::watch` and `release::slo`), paging people (an incident is opened, the rest follows from that).
//!
//! - [`live`]: what is known beyond the book; [`policies`]: which policy holds for which service.
//! - [`asker`]: asks one check again and again; [`slos`]: judges objectives; [`fire`]: what is wrong opens incidents.
//! - [`status`]: the routes.
//!
//! Of each check the book gets a row when it turns, and one when an hour is over. Whoever is killed loses the counts of the running
//! hour; after a clean end nothing is missing. Budgets of objectives count from the start of this process, and say so.

mod asker;
mod evidence;
mod fire;
mod live;
mod policies;
mod slos;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use release::digest::Digest;
use release::ledger::Entry;
use release::watch::{Histories, Recorder, Watched, watched};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::book::BookError;
use crate::secrets::secret;
use crate::{Control, surroundings};
use policies::Current;

pub use live::Live;
pub use status::routes;

/// Hours that are over and things that are still wrong are looked for so often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Most checks of one service that are asked; further ones are not, and the log says so.
const WATCHED_MAX: usize = 256;

/// One service that is watched, as its policy says.
struct Group {
    policy: Digest,
    /// Secrets that it names and that were not there when it began.
    lacking: BTreeSet<String>,
    // Dropped, they stop.
    _work: JoinSet<()>,
}

/// Watches every service, until control's end is asked for.
pub async fn serve(control: Arc<Control>) {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut rows = control.book.watch();
    loop {
        arrange(&control, &mut groups).await;
        blocking(&control, |control| keep_hours(control, false)).await;
        fire::look(&control).await;
        tokio::select! {
            () = control.cancel.asked() => break,
            _ = rows.changed() => {}
            () = sleep(LOOK_EVERY) => {}
        }
    }
    drop(groups);
    blocking(&control, |control| keep_hours(control, true)).await;
}

/// Does something that waits for the disk, and logs why it could not be done; it is tried again later.
async fn blocking<T: Send + 'static>(
    control: &Arc<Control>,
    work: impl FnOnce(&Control) -> Result<T, BookError> + Send + 'static,
) -> Option<T> {
    let control = Arc::clone(control);
    match spawn_blocking(move || work(&control)).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::error!(%error, "what was watched could not be read or written; it is tried again");
            None
        }
        Err(error) => {
            tracing::error!(%error, "a part of watching broke off");
            None
        }
    }
}

/// Watches what the policies of now say.
async fn arrange(control: &Arc<Control>, groups: &mut BTreeMap<String, Group>) {
    let lacking: BTreeSet<String> = groups.values().flat_map(|group| group.lacking.clone()).collect();
    let look = |control: &Control| {
        let is_given = |name: &String| secret(control.book.directory(), name).is_ok();
        let given: BTreeSet<String> = lacking.into_iter().filter(is_given).collect();
        Ok((policies::current(control)?, given))
    };
    let Some((current, given)) = blocking(control, look).await else { return };
    groups.retain(|service, _| current.iter().any(|one| one.service == *service));
    let names = current.iter().map(|one| one.service.clone()).collect();
    for one in current {
        let stands = |group: &Group| group.policy == one.digest && group.lacking.is_disjoint(&given);
        if groups.get(&one.service).is_some_and(stands) {
            continue;
        }
        // The old ones end before the new ones begin.
        groups.remove(&one.service);
        let service = one.service.clone();
        if let Some(group) = begin(control, one).await {
            groups.insert(service, group);
        }
    }
    control.watch.keep_services(&names);
}

async fn begin(control: &Arc<Control>, one: Current) -> Option<Group> {
    let mut all = watched(&one.policy);
    if all.len() > WATCHED_MAX {
        tracing::warn!(service = %one.service, asked = WATCHED_MAX, of = all.len(), "too many checks with `every`");
        all.truncate(WATCHED_MAX);
    }
    let targets: Vec<String> =
        one.policy.environments.iter().filter(|place| place.target).map(|place| place.id.clone()).collect();
    let (service, checks, places) = (one.service.clone(), all.clone(), targets.clone());
    let (policy, document) = (Arc::clone(&one.policy), Arc::clone(&one.document));
    let look = move |control: &Control| {
        resume(control, &service, &checks)?;
        let places = checks.into_iter().map(|watched| watched.place.environment).chain(places);
        let context = |place: String| {
            let context = surroundings::context(
                control,
                (*policy).clone(),
                &document,
                document.folder.as_deref(),
                &place,
            );
            (place, Arc::new(context))
        };
        Ok(places.collect::<BTreeSet<_>>().into_iter().map(context).collect::<BTreeMap<_, _>>())
    };
    let contexts = blocking(control, look).await?;
    let lacking = contexts.values().flat_map(|context| context.lacking().cloned()).collect();
    let mut work = JoinSet::new();
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX).max(1);
    for (place, watched) in (0_u32..).zip(all) {
        // Spread over the first round, and not all of them at once later on.
        let round = Duration::from_secs(watched.every.as_seconds().min(60));
        let first = round * place / count;
        let context = Arc::clone(&contexts[&watched.place.environment]);
        work.spawn(asker::ask(Arc::clone(control), one.service.clone(), watched, context, first));
    }
    for environment in targets {
        let (policy, context) = (Arc::clone(&one.policy), Arc::clone(&contexts[&environment]));
        work.spawn(slos::judge(Arc::clone(control), policy, environment, context));
    }
    Some(Group { policy: one.digest, lacking, _work: work })
}

/// Goes on from what the book has, or from what is already known here.
fn resume(control: &Control, service: &str, all: &[Watched]) -> Result<(), BookError> {
    let now = control.book.now();
    let histories = control.book.read(|ledger| {
        Histories::fold(ledger.services.get(service).iter().flat_map(|service| &service.records))
    })?;
    // What is not asked any more leaves its hours.
    keep_hours_of(control, Some(service), true)?;
    control
        .watch
        .resume(service, all, |watched| Recorder::resume(watched, &histories.of(&watched.place), now));
    Ok(())
}

/// Writes the hours that are over; `all`: also those that run.
fn keep_hours(control: &Control, all: bool) -> Result<(), BookError> {
    keep_hours_of(control, None, all)
}

fn keep_hours_of(control: &Control, service: Option<&str>, all: bool) -> Result<(), BookError> {
    let hours = control.watch.hours(service, control.book.now(), all);
    let rows: Vec<Entry> = hours
        .iter()
        .flat_map(|(key, hours)| hours.iter().map(|hour| Entry::Record(key.0.clone(), hour.clone().into())))
        .collect();
    policies::write(control, rows)?;
    let written = hours.into_iter().map(|(key, hours)| (key, hours.len()));
    control.watch.hours_are_written(written);
    Ok(())
}

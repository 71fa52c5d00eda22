//! Calls people: sends the pages that are due, and tells receivers what became of them.
//!
//! Enters: incidents of the book, channels as the operator wrote them (`DATA/channels.toml`). Leaves: messages to PagerDuty
//! (Events API v2), to webhooks as Slack has them and by mail; rows that say who was called. Never here: who has to be
//! called when (that is `release::incident`), opening incidents.
//!
//! A page is written down as tried, then sent to all channels of its role at once, then written down as sent or failed. A
//! process that dies in between sends it again under the same key: at least once, seen once. No channel waits for
//! another, no incident for another: a receiver that hangs costs its own message its time.
//!
//! `channels.toml` is read whenever something has to be sent, so that a mistake in it can be mended while it matters:
//!
//! ```toml
//! link = "https://release.example/incidents/"   # where people read on
//!
//! [[channel]]
//! id = "pagerduty"
//! kind = "pagerduty"
//! routing_key = "secret:pagerduty"              # MERIDIAN_SECRET_PAGERDUTY or DATA/secrets/pagerduty
//! roles = ["on-call-engineer"]                  # absent: every role
//! within = "5s"                                 # time to take a message; absent: 10 s, which is the most
//!
//! [[channel]]
//! id = "chat"
//! kind = "webhook"
//! url = "secret:chat"
//!
//! [[channel]]
//! id = "mail"
//! kind = "smtp"
//! host = "mail.example.com"                     # port 587 and STARTTLS; security = "tls" or "none"
//! user = "meridian"
//! password = "secret:mail"
//! from = "meridian@example.com"
//! to = ["oncall@example.com"]
//! ```

mod channel;
mod desk;
mod people;
mod plan;
mod send;
mod smtp;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use release::incident::event::{Event, PageFailed, PageSent, ReceiverTold};
use release::ledger::{Entry, Ledger};
use tokio::task::JoinSet;

use crate::Control;
use crate::book::BookError;
use crate::cancel::Cancel;
use channel::Channel;
pub(crate) use channel::Channels;
use plan::{Going, Job, Plan, Policies, Tell, What, live, plan};
use send::{Missed, send};

pub use desk::Desk;

/// It is looked at least this often: rows of other processes make no noise, and clocks are set.
const LOOKS_EVERY: Duration = Duration::from_secs(5);
/// Rows that come together are looked at together.
const SETTLES: Duration = Duration::from_millis(20);
/// After a row could not be written.
const PAUSE: Duration = Duration::from_secs(1);
/// News that were not taken are told again when they are twice as old, within these bounds.
const TELLS_AGAIN: (SignedDuration, SignedDuration) =
    (SignedDuration::from_secs(15), SignedDuration::from_secs(600));

/// Sends what becomes due until it is asked to end. What is under way then is sent again by whoever serves next.
pub async fn serve(control: Arc<Control>, cancel: Cancel) {
    let _serving = control.paging.serve();
    let mut pager = Pager::new(Arc::clone(&control));
    let mut rows = control.book.watch();
    loop {
        rows.borrow_and_update();
        let wait = match pager.begin().await {
            Ok(wakes_at) => pager.until(wakes_at),
            Err(error) => {
                tracing::error!(error = %error, "cannot look for pages that are due");
                PAUSE
            }
        };
        tokio::select! {
            () = cancel.asked() => return,
            landed = pager.flying.join_next(), if !pager.flying.is_empty() => pager.land(landed).await,
            Ok(()) = rows.changed() => tokio::time::sleep(SETTLES).await,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What became of one page.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Called {
    /// Its key.
    pub key: String,
    /// Who was called.
    pub to: String,
    /// Channels that took it.
    pub taken_by: Vec<String>,
    /// Channels that did not, and why.
    pub missed: Vec<String>,
}

/// Sends what is due now, once, and answers what became of each page. For a process without [`serve`].
///
/// # Errors
/// [`BookError`]
pub async fn send_due(control: &Arc<Control>) -> Result<Vec<Called>, BookError> {
    let mut pager = Pager::new(Arc::clone(control));
    pager.begin().await?;
    while !pager.flying.is_empty() {
        let landed = pager.flying.join_next().await;
        pager.land(landed).await;
    }
    Ok(pager.called)
}

/// The channels, and whether they can be used. `Err`: why the file cannot be read.
pub(crate) fn channels(control: &Control) -> Result<Channels, String> {
    let directory = control.book.directory();
    Channels::load(directory, &control.paging.file(directory))
}

struct Pager {
    control: Arc<Control>,
    policies: Policies,
    going: Going,
    flying: JoinSet<Landed>,
    /// Could not be written yet.
    unwritten: Vec<Landed>,
    called: Vec<Called>,
}

struct Landed {
    what: What,
    since: Timestamp,
    to: String,
    results: Vec<(String, Result<Vec<Missed>, Missed>)>,
}

impl Pager {
    fn new(control: Arc<Control>) -> Pager {
        let (policies, going, flying) = (Policies::default(), Going::default(), JoinSet::new());
        Pager { control, policies, going, flying, unwritten: Vec::new(), called: Vec::new() }
    }

    /// Begins what is due, and answers when there will be more.
    async fn begin(&mut self) -> Result<Option<Timestamp>, BookError> {
        for landed in std::mem::take(&mut self.unwritten) {
            self.note(landed).await;
        }
        let (control, going) = (Arc::clone(&self.control), self.going.clone());
        let mut policies = std::mem::take(&mut self.policies);
        let found = tokio::task::spawn_blocking(move || {
            let found = find(&control, &mut policies, &going);
            (found, policies)
        });
        let Ok((found, policies)) = found.await else { return Ok(None) };
        self.policies = policies;
        let found = found?;
        for job in found.jobs {
            self.going.jobs.insert(under_way(&job.what));
            self.flying.spawn(fly(job));
        }
        Ok(found.wakes_at)
    }

    /// Writes how a job ended.
    async fn land(&mut self, landed: Option<Result<Landed, tokio::task::JoinError>>) {
        match landed {
            Some(Ok(landed)) => self.note(landed).await,
            // Nobody knows which one broke: all that are still under way may begin again, under the same keys.
            Some(Err(error)) => {
                tracing::error!(error = %error, "a page broke on its way");
                self.going.jobs.clear();
            }
            None => {}
        }
    }

    async fn note(&mut self, landed: Landed) {
        let control = Arc::clone(&self.control);
        let written = tokio::task::spawn_blocking(move || {
            let written = write(&control, &landed);
            (landed, written)
        });
        let Ok((landed, written)) = written.await else { return };
        let now = self.control.book.now();
        match written {
            Ok(called) => {
                self.going.jobs.remove(&under_way(&landed.what));
                self.called.extend(called);
                if landed.what.tell.is_some() {
                    self.wait(landed, now);
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "cannot write what became of a page");
                self.unwritten.push(landed);
            }
        }
    }

    /// News that were not taken are told again later.
    fn wait(&mut self, landed: Landed, now: Timestamp) {
        // What is over is told at once, or was told.
        self.going.waits.retain(|_, again| *again > now);
        if landed.results.iter().all(|(_, result)| result.is_err()) {
            let (least, most) = TELLS_AGAIN;
            let wait = now.duration_since(landed.since).clamp(least, most);
            let again = now.checked_add(wait).unwrap_or(Timestamp::MAX);
            self.going.waits.insert(landed.what, again);
        }
    }

    fn until(&self, wakes_at: Option<Timestamp>) -> Duration {
        if !self.unwritten.is_empty() {
            return PAUSE;
        }
        let wait = wakes_at.map(|at| at.duration_since(self.control.book.now()));
        let wait = wait.filter(|wait| wait.is_positive()).map(SignedDuration::unsigned_abs);
        wait.unwrap_or(LOOKS_EVERY).min(LOOKS_EVERY)
    }
}

/// All attempts at one page are one job.
fn under_way(what: &What) -> What {
    What { key: what.key.first(), ..what.clone() }
}

/// Decides what is to be done, and writes that first.
fn find(control: &Control, policies: &mut Policies, going: &Going) -> Result<Plan, BookError> {
    let now = control.book.now();
    let is_quiet =
        |ledger: &Ledger| ledger.services.values().all(|service| live(service, now).next().is_none());
    if control.book.read(is_quiet)? {
        return Ok(Plan::default());
    }
    let channels = channels(control).unwrap_or_else(|why| {
        tracing::error!(why, "nobody can be called");
        Channels::unreadable(why)
    });
    let written = control.book.write(|ledger, now| {
        let mut plan = plan(ledger, policies, &channels, going, control.book.entropy(), now);
        Ok::<_, Infallible>((std::mem::take(&mut plan.rows), plan))
    });
    written.map_err(BookError::from)
}

async fn fly(job: Job) -> Landed {
    let Job { what, since, to, channels, message } = job;
    let send = |channel: Arc<Channel>| {
        let message = &message;
        async move { (channel.id.clone(), send(&channel, message).await) }
    };
    let results = join_all(channels.into_iter().map(send)).await;
    Landed { what, since, to, results }
}

fn write(control: &Control, landed: &Landed) -> Result<Option<Called>, BookError> {
    let Landed { what: What { service, key, tell }, to, results, .. } = landed;
    let now = control.book.now();
    for (channel, result) in results {
        control.paging.note(channel, now, result);
    }
    let (taken, missed): (Vec<_>, Vec<_>) = results.iter().partition(|(_, result)| result.is_ok());
    let taken: Vec<String> = taken.into_iter().map(|(channel, _)| channel.clone()).collect();
    let again: Vec<String> = missed.into_iter().map(|(channel, _)| channel.clone()).collect();
    let why = |(channel, result): &(String, Result<Vec<Missed>, Missed>)| {
        let missed = result.as_ref().map_or_else(std::slice::from_ref, Vec::as_slice);
        missed.iter().map(|missed| format!("{channel}: {}", missed.why)).collect::<Vec<_>>()
    };
    let missed: Vec<String> = results.iter().flat_map(why).collect();
    let row = |at: Timestamp| -> Option<Event> {
        let (key, to) = (key.clone(), to.clone());
        match tell {
            Some(Tell { channel, word }) if !taken.is_empty() => {
                Some(ReceiverTold { key, channel: channel.clone(), word: *word, at }.into())
            }
            Some(_) => None,
            None if taken.is_empty() => {
                let why = if missed.is_empty() { nobody(&to) } else { missed.join("; ") };
                let channel =
                    results.iter().map(|(channel, _)| channel.as_str()).collect::<Vec<_>>().join(", ");
                Some(PageFailed { key, channel, why, at }.into())
            }
            None => {
                let channel = taken.join(", ");
                let (missed, again) = (missed.clone(), again.clone());
                Some(PageSent { key, to, channel, missed, again, at }.into())
            }
        }
    };
    let rows = |at| row(at).into_iter().map(|event| Entry::Incident(service.clone(), event)).collect();
    control.book.write(|_, now| Ok::<_, Infallible>((rows(now), ()))).map_err(BookError::from)?;
    let missed = if taken.is_empty() && missed.is_empty() { vec![nobody(to)] } else { missed };
    let called = Called { key: key.to_string(), to: to.clone(), taken_by: taken, missed };
    Ok(Some(called).filter(|_| tell.is_none()))
}

fn nobody(to: &str) -> String {
    format!("no channel reaches {to}: write one to {}", channel::FILE)
}

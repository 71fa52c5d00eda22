//! What has to be sent now, by everything that is written: pages, and what receivers have to be told.
//!
//! Enters: the ledger, channels, what is under way. Leaves: rows to write first, jobs to do then, when to look again.
//! Never here: sending, a clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Secret;
use access::entropy::{Entropy, instance_name};
use jiff::Timestamp;
use release::incident::event::{ClockBreached, Event, PageTried};
use release::incident::message::{About, Action, mail, pagerduty, webhook};
use release::incident::{self, Due, Incident, Page, PageKey, Status, TOLD_FOR, Test, Word};
use release::ledger::{Entry, Ledger, Service};
use release::{Digest, Policy};

use super::channel::{Channel, Channels};
use super::people;
use super::send::Message;

/// At most so many jobs are under way; what is due beyond that waits for one to end, the oldest incident first.
pub(super) const JOBS_MOST: usize = 256;

/// Of the code of a test page.
const CODE_LETTERS: usize = 8;

/// One message to send.
pub(super) struct Job {
    pub(super) what: What,
    /// Since when it is due.
    pub(super) since: Timestamp,
    /// For the journal: a role and names, never an address.
    pub(super) to: String,
    pub(super) channels: Vec<Arc<Channel>>,
    pub(super) message: Message,
}

/// What a job is about: nothing is under way twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct What {
    pub(super) service: String,
    pub(super) key: PageKey,
    pub(super) tell: Option<Tell>,
}

/// What is told to which channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tell {
    pub(super) channel: String,
    pub(super) word: Word,
}

/// What to do.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) rows: Vec<Entry>,
    pub(super) jobs: Vec<Job>,
    pub(super) wakes_at: Option<Timestamp>,
}

/// What is under way, or has to wait.
#[derive(Clone, Default)]
pub(super) struct Going {
    /// Jobs that have begun.
    pub(super) jobs: std::collections::BTreeSet<What>,
    /// What was told in vain, and when it is told again.
    pub(super) waits: BTreeMap<What, Timestamp>,
}

/// Policies that were read already.
#[derive(Default)]
pub(super) struct Policies(BTreeMap<Digest, Arc<Policy>>);

impl Policies {
    /// The policy that holds for a service. One that cannot be read must not keep people from being called: then nothing
    /// is known of severities, and unknown ones call.
    pub(super) fn of(&mut self, ledger: &Ledger, service: &str) -> Option<Arc<Policy>> {
        let Some(digest) = ledger.policy_of(service) else { return bare(service) };
        if let Some(known) = self.0.get(&digest) {
            return Some(Arc::clone(known));
        }
        let Some(loaded) = ledger.policy(&digest) else {
            tracing::error!(service, %digest, "the policy cannot be read: every open incident calls everybody");
            return bare(service);
        };
        let policy = Arc::new(loaded.policy);
        self.0.insert(digest, Arc::clone(&policy));
        Some(policy)
    }
}

fn bare(service: &str) -> Option<Arc<Policy>> {
    let name = toml::Table::from_iter([("name".to_owned(), service.into())]);
    let text = toml::Table::from_iter([("format".to_owned(), 1.into()), ("service".to_owned(), name.into())]);
    release::Loaded::parse(&text.to_string()).ok().map(|loaded| Arc::new(loaded.policy))
}

/// Incidents about which there may be something to do: open ones, and those whose end is still news.
pub(super) fn live(service: &Service, now: Timestamp) -> impl Iterator<Item = &Incident> {
    let is_news = move |incident: &&Incident| {
        let over = incident.opening().and_then(|opening| opening.resolved);
        over.is_none_or(|over| now.duration_since(over).as_secs() < TOLD_FOR.signed_seconds())
    };
    service.incidents.incidents.values().filter(is_news)
}

/// See the module.
pub(super) fn plan(
    ledger: &Ledger,
    policies: &mut Policies,
    channels: &Channels,
    going: &Going,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan::default();
    for (name, service) in &ledger.services {
        for incident in live(service, now) {
            let Some(policy) = policies.of(ledger, name) else { continue };
            let one = One { ledger, name, policy: &policy, incident, channels, going, entropy, now };
            one.calls(&mut plan);
            one.tells(&mut plan);
        }
    }
    plan
}

/// One incident with everything around it.
struct One<'a> {
    ledger: &'a Ledger,
    name: &'a str,
    policy: &'a Policy,
    incident: &'a Incident,
    channels: &'a Channels,
    going: &'a Going,
    entropy: &'a dyn Entropy,
    now: Timestamp,
}

impl One<'_> {
    fn calls(&self, plan: &mut Plan) {
        if self.incident.status() == Status::Resolved {
            return;
        }
        for due in incident::due(self.policy, self.incident, self.now) {
            match due {
                Due::Page(page) => self.call(page, plan),
                Due::Breach(breach) => {
                    let (incident, at) = (self.incident.id().to_owned(), self.now);
                    let row = ClockBreached { incident, clock: breach.clock, since: breach.since, at };
                    plan.rows.push(self.row(row));
                }
            }
        }
        plan.wakes_at = earlier(plan.wakes_at, incident::wakes_at(self.policy, self.incident, self.now));
    }

    fn call(&self, page: Page, plan: &mut Plan) {
        let what = What { service: self.name.to_owned(), key: page.key.first(), tell: None };
        if self.going.jobs.contains(&what) || self.going.jobs.len() + plan.jobs.len() >= JOBS_MOST {
            return;
        }
        let role = page.role.as_deref();
        let day0 = people::day0(self.ledger, self.name, self.policy);
        let people = people::called(self.policy, day0, role, self.now);
        let is_test = self.incident.test.is_some();
        let code = match is_test.then(|| instance_name(self.entropy)).transpose() {
            Ok(name) => name.map(|name| Secret::new(name.chars().take(CODE_LETTERS).collect::<String>())),
            Err(error) => {
                tracing::error!(%error, "a test page has to wait for its code");
                return;
            }
        };
        // Each attempt at a test has a code of its own: whoever begins it anew does not know the last one.
        if is_test || self.incident.pages.get(&page.key).is_none_or(|known| known.tried.is_none()) {
            let (key, id) = (page.key.clone(), self.incident.id());
            let code = code.as_ref().map(|code| Test::digest(id, code.expose()));
            let people = if is_test { people.clone() } else { Vec::new() };
            plan.rows.push(self.row(PageTried { key, code, people, at: self.now }));
        }
        let link = self.channels.link.as_ref().map(|link| format!("{link}{}", self.incident.id()));
        let about = About {
            incident: self.incident,
            service: self.name,
            url: link.as_deref(),
            people: &people,
            code: code.as_ref().map(Secret::expose),
        };
        let message = Message {
            pagerduty: pagerduty(self.policy, about, &page.key, Action::Trigger),
            people: Some((webhook(about, Some(&page)), mail(about, Some(&page)))),
            at: self.now,
            code,
        };
        let to = match (role, people.join(", ")) {
            (None, people) if people.is_empty() => "everybody".to_owned(),
            (None, people) => people,
            (Some(role), people) if people.is_empty() => role.to_owned(),
            (Some(role), people) => format!("{role} ({people})"),
        };
        let (mut channels, since) = (self.channels.of(role), page.since);
        channels.retain(|channel| page.only.as_ref().is_none_or(|only| only.contains(&channel.id)));
        let what = What { key: page.key, ..what };
        plan.jobs.push(Job { what, since, to, channels, message });
    }

    fn tells(&self, plan: &mut Plan) {
        for channel in self.channels.all.iter().filter(|channel| channel.kind == "pagerduty") {
            for telling in incident::tellings(self.incident, &channel.id, self.now) {
                let role = incident::role(self.policy, self.incident, telling.key.rung);
                let page = What { service: self.name.to_owned(), key: telling.key.clone(), tell: None };
                let tell = Tell { channel: channel.id.clone(), word: telling.word };
                let what = What { tell: Some(tell), ..page.clone() };
                let reached = self.channels.of(role.as_deref()).iter().any(|one| one.id == channel.id);
                // A page that is still on its way would open again what was closed before it.
                let is_busy = self.going.jobs.contains(&page) || self.going.jobs.contains(&what);
                if !reached || is_busy || self.going.jobs.len() + plan.jobs.len() >= JOBS_MOST {
                    continue;
                }
                if let Some(again) = self.going.waits.get(&what).filter(|again| **again > self.now) {
                    plan.wakes_at = earlier(plan.wakes_at, Some(*again));
                    continue;
                }
                let action = match telling.word {
                    Word::Acknowledge => Action::Acknowledge,
                    Word::Resolve => Action::Resolve,
                };
                let about =
                    About { incident: self.incident, service: self.name, url: None, people: &[], code: None };
                let pagerduty = pagerduty(self.policy, about, &telling.key, action);
                let message = Message { pagerduty, people: None, at: self.now, code: None };
                let (channels, since) = (vec![Arc::clone(channel)], telling.since);
                plan.jobs.push(Job { what, since, to: String::new(), channels, message });
            }
        }
    }

    fn row(&self, event: impl Into<Event>) -> Entry {
        Entry::Incident(self.name.to_owned(), event.into())
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    [one, other].into_iter().flatten().min()
}

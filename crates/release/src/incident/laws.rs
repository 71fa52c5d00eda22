//! What holds for every incident, wherever the process that pages dies.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::event::*;
use super::*;
use crate::Loaded;
use crate::policy::Policy;

const START: i64 = 1_800_000_000;

fn policy(rungs: &[u64], page: bool, respond: u64, restore: Option<u64>) -> Policy {
    let chain: Vec<_> = (1..)
        .zip(rungs)
        .map(|(at, within)| format!("{{ role = \"r{at}\", within = \"{within}s\" }}"))
        .collect();
    let restore = restore.map_or(String::new(), |restore| format!("restore_within = \"{restore}s\"\n"));
    let text = format!(
        "format = 1\nservice = {{ name = \"x\" }}\n[escalation]\nchain = [{}]\n\
         [[severity]]\nid = \"P0\"\nmeans = \"down\"\nrespond_within = \"{respond}s\"\n{restore}page = {page}\nblocks_release = true\n\
         [[severity]]\nid = \"P1\"\nmeans = \"bad\"\nrespond_within = \"1h\"\n",
        chain.join(", ")
    );
    Loaded::parse(&text).unwrap().policy
}

fn policies() -> impl Strategy<Value = Policy> {
    let rungs = prop::collection::vec(0..2_000_u64, 0..4);
    (rungs, any::<bool>(), 0..4_000_u64, prop::option::of(0..4_000_u64))
        .prop_map(|(rungs, page, respond, restore)| policy(&rungs, page, respond, restore))
}

fn opened(severity: &str) -> Event {
    IncidentOpened {
        incident: "INC-1".to_owned(),
        severity: severity.to_owned(),
        title: "down".to_owned(),
        public: None,
        by: OpenedBy::Trigger("t".to_owned()),
        at: Timestamp::from_second(START).unwrap(),
    }
    .into()
}

/// Sends what is due until nothing more will be. What happens by chance comes from `chance`; when that is used up,
/// all goes well.
struct World {
    policy: Policy,
    rows: Vec<Event>,
    now: Timestamp,
    chance: std::vec::IntoIter<u8>,
    /// Every page that really went out, under its key: how often.
    out: BTreeMap<PageKey, u32>,
    breaches: Vec<Breach>,
}

impl World {
    fn new(policy: Policy, severity: &str, chance: Vec<u8>) -> World {
        let now = Timestamp::from_second(START).unwrap();
        let chance = chance.into_iter();
        World {
            policy,
            rows: vec![opened(severity)],
            now,
            chance,
            out: BTreeMap::new(),
            breaches: Vec::new(),
        }
    }

    fn incident(&self) -> Incident {
        let rows: Vec<Event> =
            self.rows.iter().map(|row| Event::read(row.kind(), &row.body()).unwrap()).collect();
        let state = Incidents::fold(&rows);
        assert_eq!(state.nonsense, 0);
        state.incidents.into_values().next().unwrap()
    }

    /// Until nothing will ever be due again, or somebody has answered.
    fn run(&mut self, answers_at: Option<usize>) {
        for turn in 0..2_000 {
            if answers_at == Some(turn) {
                let incident = "INC-1".to_owned();
                self.rows.push(Acknowledged { incident, by: "asha".to_owned(), at: self.now }.into());
            }
            let incident = self.incident();
            match (
                due(&self.policy, &incident, self.now).into_iter().next(),
                wakes_at(&self.policy, &incident, self.now),
            ) {
                (Some(Due::Page(page)), _) => self.send(page),
                (Some(Due::Breach(breach)), _) => {
                    self.breaches.push(breach);
                    let (incident, clock, since) = ("INC-1".to_owned(), breach.clock, breach.since);
                    self.rows.push(ClockBreached { incident, clock, since, at: self.now }.into());
                }
                (None, Some(then)) => self.now = then,
                (None, None) => return,
            }
        }
        panic!("it never ends: {:?}", due(&self.policy, &self.incident(), self.now));
    }

    /// Sends what becomes due until then, and answers the keys.
    fn pages_until(&mut self, then: Timestamp) -> Vec<PageKey> {
        let mut keys = Vec::new();
        loop {
            let incident = self.incident();
            let page = due(&self.policy, &incident, self.now).into_iter().find_map(|one| match one {
                Due::Page(page) => Some(page),
                Due::Breach(_) => None,
            });
            match (page, wakes_at(&self.policy, &incident, self.now)) {
                (Some(page), _) => {
                    keys.push(page.key.clone());
                    self.send(page);
                }
                (None, Some(next)) if next <= then => self.now = next,
                (None, _) => {
                    self.now = then;
                    return keys;
                }
            }
        }
    }

    /// Writes the clocks that ran out.
    fn breach(&mut self) {
        for one in due(&self.policy, &self.incident(), self.now) {
            if let Due::Breach(breach) = one {
                self.breaches.push(breach);
                let (incident, clock, since) = ("INC-1".to_owned(), breach.clock, breach.since);
                self.rows.push(ClockBreached { incident, clock, since, at: self.now }.into());
            }
        }
    }

    fn send(&mut self, page: Page) {
        let chance = self.chance.next().unwrap_or(0);
        let (key, channel, at) = (page.key, "mail".to_owned(), self.now);
        if chance > 200 {
            let why = "refused".to_owned();
            self.rows.push(PageFailed { key, channel, why, at }.into());
            return;
        }
        *self.out.entry(key.clone()).or_default() += 1;
        // From 170 on, the process dies before it could write what it did.
        if chance <= 170 {
            self.rows.push(
                PageSent { key, to: "asha".to_owned(), channel, missed: Vec::new(), again: Vec::new(), at }
                    .into(),
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn unanswered_pages_reach_every_rung_in_every_round(policy in policies()) {
        let mut world = World::new(policy, "P0", Vec::new());
        world.run(None);
        let pages = world.policy.severities[0].page;
        let rungs = u32::try_from(world.policy.escalation.chain.len().max(1)).unwrap();
        let wanted = if pages { (rungs * ROUNDS) as usize } else { 0 };
        prop_assert_eq!(world.out.len(), wanted);
        // Each was sent once, since nobody died.
        prop_assert!(world.out.values().all(|times| *times == 1));
        // Each clock was broken once; the chain only where it was used.
        let count = |clock| world.breaches.iter().filter(|breach| breach.clock == clock).count();
        let restore = usize::from(world.policy.severities[0].restore_within.is_some());
        prop_assert_eq!((count(Clock::Response), count(Clock::Restoration), count(Clock::Chain)), (1, restore, usize::from(pages)));
    }

    #[test]
    fn a_page_is_sent_until_it_is_written_and_never_again(
        policy in policies(),
        chance in prop::sample::select(vec![200, 255_u8]).prop_flat_map(|most| prop::collection::vec(0..=most, 0..60)),
        answers_at in prop::option::of(0..20_usize),
    ) {
        let mut world = World::new(policy, "P0", chance);
        world.run(answers_at);
        let sent = world.rows.iter().filter(|row| matches!(row, Event::PageSent(_))).count();
        let mut keys: Vec<_> = world.rows.iter().filter_map(|row| match row {
            Event::PageSent(body) => Some(&body.key),
            Event::PageFailed(body) => Some(&body.key),
            _ => None,
        }).collect();
        let rows = keys.len();
        keys.sort();
        keys.dedup();
        // One row for each key, and never two attempts that both arrived.
        prop_assert_eq!(rows, keys.len());
        let mut places: Vec<_> = world.rows.iter().filter_map(|row| match row {
            Event::PageSent(PageSent { key, .. }) => Some((key.round, key.rung)),
            _ => None,
        }).collect();
        places.sort_unstable();
        places.dedup();
        prop_assert_eq!(places.len(), sent);
        // A death between sending and writing loses no page.
        let refused = world.rows.iter().any(|row| matches!(row, Event::PageFailed(_)));
        let answered = world.rows.iter().any(|row| matches!(row, Event::Acknowledged(_)));
        if world.policy.severities[0].page && !refused && !answered {
            prop_assert_eq!(sent, world.policy.escalation.chain.len().max(1) * ROUNDS as usize);
        }
        // Nothing goes out after somebody answered.
        if let Some(at) = world.rows.iter().position(|row| matches!(row, Event::Acknowledged(_))) {
            prop_assert!(!world.rows[at..].iter().any(|row| matches!(row, Event::PageSent(_) | Event::PageFailed(_))));
        }
    }

    #[test]
    fn nothing_new_is_due_before_it_says_so(policy in policies(), at in 0..9_000_i64, share in 0..100_i64) {
        let incident = World::new(policy.clone(), "P0", Vec::new()).incident();
        let now = Timestamp::from_second(START + at).unwrap();
        let then = wakes_at(&policy, &incident, now).unwrap_or(now + SignedDuration::from_hours(9_999));
        let between = now + SignedDuration::from_nanos(i64::try_from(then.duration_since(now).as_nanos()).unwrap() / 100 * share);
        let early = due(&policy, &incident, now);
        prop_assert!(due(&policy, &incident, between).iter().all(|one| early.contains(one)));
    }

    /// Whenever it wakes people, and is worse than all that somebody answered to, somebody is called until the end of
    /// the chain, and anew when it becomes worse.
    #[test]
    fn what_nobody_has_answered_to_calls(
        policy in policies().prop_filter("it wakes people", |policy| policy.severities[0].page),
        first in 0..3_u8,
        steps in prop::collection::vec((0..5_u8, prop::sample::select(vec![0, 30, 600, 40_000_i64])), 0..12),
    ) {
        let name = |number: u8| ["P0", "P1", "P9"][usize::from(number)].to_owned();
        // P9 is unknown, so worse than P0; P1 wakes nobody.
        let rank = |severity: &str| match severity { "P9" => 0, "P0" => 1, _ => 2 };
        let mut world = World::new(policy, &name(first), Vec::new());
        let (mut answered, mut keys) = (3, Vec::new());
        for (step, later) in steps {
            let before = world.incident();
            let (incident, by, at) = ("INC-1".to_owned(), "asha".to_owned(), world.now);
            let row: Event = match step {
                0..3 if name(step) == before.severity => continue,
                0..3 => SeverityChanged { incident, severity: name(step), why: String::new(), by, at }.into(),
                3 => {
                    answered = answered.min(rank(&before.severity));
                    Acknowledged { incident, by, at }.into()
                }
                _ => Mitigated { incident, how: String::new(), by, at }.into(),
            };
            if step == 4 {
                if before.openings[0].mitigated.is_some() { continue }
                answered = answered.min(rank(&before.severity));
            }
            let is_raised = step < 3 && rank(&name(step)) < rank(&before.severity);
            world.rows.push(row);
            let now = world.incident();
            let is_needed = now.severity != "P1" && rank(&now.severity) < answered;
            prop_assert_eq!(is_calling(&world.policy, &now), is_needed);
            if is_needed && is_raised {
                let ahead = |at| due(&world.policy, &now, at).iter().any(|one| matches!(one, Due::Page(_)));
                let next = wakes_at(&world.policy, &now, world.now);
                let goes_on = now.pages.values().any(|page| page.sent.is_some());
                prop_assert!(ahead(world.now) || next.is_some() && goes_on);
            }
            let then = world.now + SignedDuration::from_secs(later);
            keys.extend(world.pages_until(then));
        }
        let all = keys.len();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), all, "no page goes out under a key that was used");
    }

    #[test]
    fn figures_do_not_depend_on_how_rows_are_cut(
        rows in prop::collection::vec((0..5_u8, 0..3_u8, 0..500_i64), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut at = Timestamp::from_second(START).unwrap();
        let events: Vec<Event> = rows.into_iter().map(|(kind, number, later)| {
            at += SignedDuration::from_secs(later);
            life(kind, &format!("INC-{number}"), at)
        }).collect();
        let whole = Incidents::fold(&events);
        let (first, rest) = events.split_at(if events.is_empty() { 0 } else { cut.index(events.len()) });
        let mut parts = Incidents::fold(first);
        parts.extend(rest);
        prop_assert_eq!(&parts, &whole);
        let figures = measures(&parts, None, Timestamp::MIN, Timestamp::MAX);
        prop_assert_eq!(figures, measures(&whole, None, Timestamp::MIN, Timestamp::MAX));
        // Every incident is in every figure: counted or left out.
        for one in [figures.acknowledge, figures.mitigate, figures.resolve] {
            prop_assert_eq!(one.counted + one.left_out, figures.incidents);
            prop_assert!(one.mean <= one.longest && one.median <= one.longest);
        }
        // What is resolved was mitigated and acknowledged before, so no later figure counts more.
        prop_assert!(figures.resolve.counted <= figures.mitigate.counted);
        prop_assert!(figures.mitigate.counted <= figures.acknowledge.counted);
        // What made no sense changed nothing: without it, the state is the same.
        let mut again = Incidents::default();
        let kept: Vec<Event> = events.into_iter().filter(|event| again.apply(event).is_ok()).collect();
        prop_assert_eq!(Incidents { nonsense: whole.nonsense, ..Incidents::fold(&kept) }, whole);
    }

    #[test]
    fn a_key_is_written_in_one_way(numbers in prop::array::uniform4(1..u32::MAX), text in "[A-Za-z0-9/+._orsa-]{0,20}") {
        let [opening, round, rung, attempt] = numbers;
        let key = PageKey { incident: "INC-1".to_owned(), opening, round, rung, attempt };
        prop_assert_eq!(key.to_string().parse::<PageKey>(), Ok(key.clone()));
        // One page to the receiver, whichever attempt.
        prop_assert_eq!(key.dedup(), key.first().dedup());
        prop_assert_eq!(format!("{}/a{attempt}", key.dedup()), key.to_string());
        if let Ok(key) = text.parse::<PageKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However long nobody takes anything, whoever recovers first gets a page within four minutes.
    #[test]
    fn a_receiver_that_recovers_at_any_time_gets_a_page(
        policy in policies().prop_filter("it wakes people", |policy| policy.severities[0].page),
        fails_for in 0..9_000_i64,
    ) {
        let mut world = World::new(policy, "P0", Vec::new());
        let recovers = world.now + SignedDuration::from_secs(fails_for);
        world.chance = vec![255; 2_000].into_iter();
        world.pages_until(recovers);
        prop_assert_eq!(world.incident().sent().count(), 0);
        world.breach();
        prop_assert!(world.breaches.iter().all(|breach| breach.clock != Clock::Chain), "nobody was called");
        world.chance = Vec::new().into_iter();
        world.pages_until(recovers + SignedDuration::from_mins(4));
        prop_assert!(world.incident().sent().count() > 0);
        // And then it ends, as ever.
        world.run(None);
        prop_assert_eq!(world.breaches.iter().filter(|breach| breach.clock == Clock::Chain).count(), 1);
        // All rungs of the last round were called once somebody could be.
        let last = world.incident().sent().filter(|key| key.round == ROUNDS).count();
        prop_assert_eq!(last, world.policy.escalation.chain.len().max(1));
    }

    /// Whenever the process that pages starts, somebody is called at once.
    #[test]
    fn a_start_at_any_time_after_opening_pages(
        policy in policies().prop_filter("it wakes people", |policy| policy.severities[0].page),
        late in 0..1_000_000_i64,
    ) {
        let mut world = World::new(policy, "P0", Vec::new());
        world.now += SignedDuration::from_secs(late);
        let now = world.now;
        prop_assert!(!world.pages_until(now).is_empty());
    }
}

fn life(kind: u8, incident: &str, at: Timestamp) -> Event {
    let (incident, by) = (incident.to_owned(), "asha".to_owned());
    let (how, why) = (String::new(), String::new());
    match kind {
        0 => {
            let (severity, title, by) = ("P0".to_owned(), "down".to_owned(), OpenedBy::Person(by));
            IncidentOpened { incident, severity, title, public: None, by, at }.into()
        }
        1 => Acknowledged { incident, by, at }.into(),
        2 => Mitigated { incident, how, by, at }.into(),
        3 => Resolved { incident, how, by, at }.into(),
        _ => Reopened { incident, why, by, at }.into(),
    }
}

//! The same decision, found the slow and obvious way: by reading the whole journal again for every question.

use jiff::{SignedDuration, Timestamp};
use release::event::{Event, Matter, Signed, Vote};
use release::evidence::{Evidence, Observation, Question, SCORE, Subject};
use release::{Digest, Figure};

use crate::world::{A, CHECKS, PEOPLE, RELEASE, ROWS};

/// A journal, and what only the test knows of its signatures.
pub struct Told<'a> {
    pub events: &'a [Event],
    /// For each row: so many rows were known to whoever signed it, and whether it was another's key.
    pub signatures: &'a [(usize, bool)],
    pub policy: Digest,
    pub now: Timestamp,
    pub window: bool,
}

#[derive(PartialEq)]
struct Facts {
    artefact: String,
    policy: Digest,
    answers: Vec<&'static str>,
    marks: Vec<Option<(Figure, String)>>,
}

fn holds(person: &str, role: &str) -> bool {
    PEOPLE.iter().any(|(id, roles)| *id == person && roles.contains(&role))
}

fn answer(evidence: &Evidence) -> &'static str {
    let damaged = evidence.hash != evidence.observed.hash();
    if damaged || evidence.observed.control_failed == Some(false) {
        return "error";
    }
    evidence.observed.answer.as_str()
}

impl Told<'_> {
    /// `Some(true)`: GO WITH CONDITIONS; `Some(false)`: GO; `None`: NO-GO.
    pub fn verdict(&self) -> Option<bool> {
        let all = self.events.len();
        let proven = CHECKS.iter().all(|check| self.proven(check));
        let signed = self.signed(&Matter::Release, &["security", "qa", "director"])
            && self.signed(&Matter::Blocker("password".to_owned()), &["security", "devops"]);
        let yes = self.counting(&Matter::Release);
        let other = yes
            .iter()
            .any(|signed| signed.vote == Vote::Go && !["emil", "binod"].contains(&signed.person.as_str()));
        let score: Option<i64> =
            ROWS.iter().map(|(row, weight, _)| Some(self.score(row)? * i64::from(*weight))).sum();
        let well = self.window
            && proven
            && signed
            && other
            && score? >= 700_000_000
            && self.bound_to(all) == (self.artefact(all), self.policy)
            && self.findings_closed()
            && self.no_incident()
            && self.task_done();
        if !well {
            return None;
        }
        self.condition_open()
    }

    fn bound_to(&self, rows: usize) -> (String, Digest) {
        let mut policy = self.policy;
        for event in &self.events[..rows] {
            match event {
                Event::ReleaseOpened(body) if body.release == RELEASE => policy = body.policy,
                Event::PolicyChanged(body) if body.release == RELEASE => policy = body.policy,
                _ => {}
            }
        }
        (self.artefact(rows), policy)
    }

    fn artefact(&self, rows: usize) -> String {
        let changed = self.events[..rows].iter().rev().find_map(|event| match event {
            Event::ArtefactChanged(body) if body.release == RELEASE => Some(body.artefact.clone()),
            _ => None,
        });
        changed.unwrap_or_else(|| A.to_owned())
    }

    /// Evidence about this question and the present artefact, without passes that came too late and what came twice.
    fn evidence(&self, question: &Question, subject: &Subject, rows: usize) -> Vec<&Evidence> {
        let mut kept: Vec<&Evidence> = Vec::new();
        for event in &self.events[..rows] {
            let Event::EvidenceRecorded(evidence) = event else { continue };
            let Observation { question: asked, subject: about, taken, .. } = &evidence.observed;
            let late = kept.iter().any(|other| *taken < other.observed.taken) && answer(evidence) == "pass";
            let twice = kept.last().is_some_and(|last| evidence.hash == last.hash);
            if asked == question && about == subject && !late && !twice {
                kept.push(evidence);
            }
        }
        kept
    }

    fn of_check(&self, check: &str, rows: usize) -> Option<&Evidence> {
        let digest = self.artefact(rows);
        let environment = if check == "soak" { "staging" } else { "production" }.to_owned();
        let subject =
            if check == "training" { Subject::Team } else { Subject::Artefact { digest, environment } };
        let kept = self.evidence(&Question::Check(check.to_owned()), &subject, rows);
        let needed = if check == "health" { 2 } else { 1 };
        let alike = |run: &[&Evidence]| run.iter().all(|evidence| answer(evidence) == answer(run[0]));
        // The last run that was long enough, and its last answer.
        kept.windows(needed).rev().find(|run| alike(run)).map(|run| run[needed - 1])
    }

    fn of_row(&self, row: &str, rows: usize) -> Option<&Evidence> {
        let subject = Subject::Artefact { digest: self.artefact(rows), environment: "production".to_owned() };
        let question = Question::Row { scorecard: "matrix".to_owned(), row: row.to_owned() };
        self.evidence(&question, &subject, rows).pop()
    }

    fn facts(&self, matter: &Matter, rows: usize) -> Facts {
        let (artefact, policy) = self.bound_to(rows);
        let word = |check: &&str| self.of_check(check, rows).map_or("none", answer);
        let mark = |(row, _, _): &(&str, u32, u32)| {
            let evidence = self.of_row(row, rows).filter(|evidence| answer(evidence) == "pass")?;
            Some((evidence.observed.figures[SCORE], evidence.observed.by.clone()?))
        };
        match matter {
            Matter::Release => Facts {
                artefact,
                policy,
                answers: CHECKS.iter().map(word).collect(),
                marks: ROWS.iter().map(mark).collect(),
            },
            Matter::Blocker(id) => {
                Facts { artefact, policy, answers: vec![word(&id.as_str())], marks: Vec::new() }
            }
        }
    }

    fn proven(&self, check: &str) -> bool {
        let Some(evidence) = self.of_check(check, self.events.len()) else { return false };
        let observed = &evidence.observed;
        let days = if check == "training" { 30 } else { 9 };
        let expires = observed.expires.min(observed.taken + SignedDuration::from_hours(24 * days));
        answer(evidence) == "pass"
            && (observed.taken..expires).contains(&self.now)
            && (check != "cors" || observed.control_failed == Some(true))
            // A person attests the training; machines look at everything else, and sign nothing.
            && match observed.by.as_deref() {
                Some(by) => check == "training" && holds(by, "devops"),
                None => check != "training",
            }
    }

    /// In millionths.
    fn score(&self, row: &str) -> Option<i64> {
        let evidence = self.of_row(row, self.events.len())?;
        let observed = &evidence.observed;
        let score = observed.figures[SCORE];
        let counts = answer(evidence) == "pass"
            && (observed.taken..observed.expires).contains(&self.now)
            && holds(observed.by.as_deref().unwrap_or(""), "qa")
            && score <= Figure::whole(10);
        counts.then(|| score.millionths())
    }

    fn signed(&self, matter: &Matter, roles: &[&str]) -> bool {
        let counting = self.counting(matter);
        roles.iter().all(|role| {
            let mut votes =
                counting.iter().filter(|signed| signed.role == *role).map(|signed| signed.vote).peekable();
            votes.peek().is_some() && votes.all(|vote| vote == Vote::Go)
        })
    }

    fn counting(&self, matter: &Matter) -> Vec<&Signed> {
        let mut yes: Vec<(usize, &Signed, Option<Timestamp>)> = Vec::new();
        let mut no: Vec<(usize, &Signed)> = Vec::new();
        let theirs = |one: &Signed, other: &Signed| one.role == other.role && one.person == other.person;
        for (row, event) in self.events.iter().enumerate() {
            match event {
                Event::Signed(signed) if signed.release == RELEASE && signed.matter == *matter => {
                    let before = yes.iter().find(|(_, other, _)| theirs(other, signed));
                    let newer = before
                        .is_none_or(|(_, other, back)| signed.at > back.unwrap_or(other.at).max(other.at));
                    if newer {
                        yes.retain(|(_, other, _)| !theirs(other, signed));
                    }
                    match signed.vote {
                        Vote::NoGo if no.iter().all(|(_, other)| *other != signed) => no.push((row, signed)),
                        Vote::Go if newer => yes.push((row, signed, None)),
                        _ => {}
                    }
                }
                Event::SignatureWithdrawn(body) if body.matter == *matter => {
                    for (_, signed, back) in &mut yes {
                        if signed.role == body.role && signed.person == body.person {
                            back.get_or_insert(body.at);
                        }
                    }
                }
                _ => {}
            }
        }
        // Who said no has said so until they themselves sign anew: no other row speaks for them.
        let truly =
            |row: usize, signed: &Signed| !self.signatures[row].1 && holds(&signed.person, &signed.role);
        let rows: Vec<(usize, &Signed)> =
            yes.iter().map(|(row, signed, _)| (*row, *signed)).chain(no.iter().copied()).collect();
        let ended = |no: &Signed| {
            let mut later = rows.iter().filter(|(_, other)| theirs(other, no) && other.at > no.at);
            later.any(|(row, other)| truly(*row, other))
        };
        let mut standing: Vec<(usize, &Signed)> = no.iter().filter(|(_, no)| !ended(no)).copied().collect();
        standing
            .extend(yes.iter().filter(|(_, _, back)| back.is_none()).map(|(row, signed, _)| (*row, *signed)));
        standing.sort_by_key(|(row, _)| *row);
        let mut counting: Vec<&Signed> = Vec::new();
        for (row, signed) in standing {
            let twice =
                counting.iter().any(|other| other.person == signed.person && other.role != signed.role);
            if !twice && self.good(row, signed) && self.in_turn(row, signed, &counting) {
                counting.push(signed);
            }
        }
        counting
    }

    fn good(&self, row: usize, signed: &Signed) -> bool {
        let (known, forged) = self.signatures[row];
        let asked: &[&str] = match signed.matter {
            Matter::Release => &["security", "qa", "director"],
            Matter::Blocker(_) => &["security", "devops"],
        };
        let all = self.events.len();
        let present = self.facts(&signed.matter, all);
        let same = |rows| self.facts(&signed.matter, rows) == present;
        let upset = |event: &Event| match event {
            Event::ArtefactChanged(body) => body.release == RELEASE,
            Event::PolicyChanged(body) => body.release == RELEASE,
            Event::Reopened(body) => body.release == RELEASE,
            _ => false,
        };
        !forged
            && asked.contains(&signed.role.as_str())
            && holds(&signed.person, &signed.role)
            && same(known)
            // What they had before them is what was there when they signed, and all the time since.
            && (row..=all).all(same)
            && !self.events[row..].iter().any(upset)
    }

    fn in_turn(&self, row: usize, signed: &Signed, counting: &[&Signed]) -> bool {
        if signed.vote == Vote::NoGo || signed.matter != Matter::Release {
            return true;
        }
        match signed.role.as_str() {
            "security" => {
                let then = self.of_check("training", row).map(|evidence| &evidence.observed);
                let current = then.is_some_and(|then| (then.taken..then.expires).contains(&signed.at));
                signed.document.is_some() && current && self.proven("training")
            }
            "director" => counting.iter().any(|other| other.role == "security" && other.vote == Vote::Go),
            _ => true,
        }
    }

    fn findings_closed(&self) -> bool {
        let present = self.artefact(self.events.len());
        let mut open: Vec<(bool, bool, Vec<String>)> = Vec::new();
        for (row, event) in self.events.iter().enumerate() {
            match event {
                Event::FindingOpened(body) => {
                    // What was closed by then is over; what was not is made no better by being opened again.
                    open.retain(|(closed, ..)| !closed);
                    open.push((false, body.severity != "P2", body.closed_by.clone()));
                }
                Event::FindingClosed(body) => {
                    // Gone from what was looked at then.
                    let known = PEOPLE.iter().any(|(person, _)| *person == body.by);
                    if known && self.artefact(row) == present {
                        open.iter_mut().for_each(|(closed, ..)| *closed = true);
                    }
                }
                _ => {}
            }
        }
        let gone = |closed: bool, checks: &[String]| match checks {
            [] => closed,
            checks => checks.iter().all(|check| self.proven(check)),
        };
        open.iter().all(|(_, blocks, _)| !blocks)
            || open.iter().all(|(closed, _, checks)| gone(*closed, checks))
    }

    fn no_incident(&self) -> bool {
        let last = self.events.iter().rev().find_map(|event| match event {
            Event::IncidentOpened(body) => Some(body.severity == "P2"),
            Event::IncidentClosed(_) => Some(true),
            _ => None,
        });
        last.unwrap_or(true)
    }

    fn task_done(&self) -> bool {
        let done = |role: &str| {
            self.events.iter().enumerate().any(|(row, event)| {
                matches!(event, Event::TaskDone(body) if body.role.as_deref() == Some(role))
                    && self.artefact(row) == self.artefact(self.events.len())
            })
        };
        (done("security") && done("devops")) || self.now < "2025-11-11T18:30:00Z".parse().unwrap()
    }

    fn condition_open(&self) -> Option<bool> {
        let mark = self.events.iter().enumerate().rev().find_map(|(row, event)| match event {
            Event::ConditionMet(body) => Some((true, body, self.artefact(row))),
            Event::ConditionMissed(body) => Some((false, body, String::new())),
            _ => None,
        });
        let due: Timestamp = "2026-01-13T18:30:00Z".parse().unwrap();
        match mark {
            Some((true, body, artefact))
                if holds(&body.by, "qa") && artefact == self.artefact(self.events.len()) =>
            {
                Some(false)
            }
            Some((false, ..)) => None,
            _ => (self.now < due).then_some(true),
        }
    }
}

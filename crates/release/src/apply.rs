//! What an event does to the state.
//!
//! Enters: rows of one service's stream, in their order. Leaves: the state of one release after them. Never here: the policy, verdicts,
//! clocks, errors. Every row can be folded: one that makes no sense, or is about another release, is counted and changes nothing else.

use jiff::Timestamp;

use crate::decision::Outcome;
use crate::event::{
    ConditionMarked, Decided, Event, FindingOpened, ReleaseOpened, Reopened, SignatureWithdrawn, Signed,
    TaskDone, Vote,
};
use crate::evidence::{Evidence, Observation, Question, Standing, Subject};
use crate::state::{Change, Closure, FindingRow, Mark, Release, SignatureRow, Standpoint, State, TaskRow};

/// Folds one row.
pub fn apply(state: &mut State, event: &Event) {
    state.seen += 1;
    match event {
        Event::ReleaseOpened(body) => opened(state, body),
        Event::EvidenceRecorded(body) => recorded(state, body),
        Event::FindingOpened(body) => {
            state.closed.remove(&body.finding);
            let rows = state.findings.entry(body.finding.clone()).or_default();
            rows.retain(|row| !row.closed.is_empty() || !same_demands(&row.opened, body));
            rows.iter_mut().for_each(|row| row.before = row.closed.len());
            rows.push(FindingRow { opened: body.clone(), closed: Vec::new(), before: 0 });
        }
        Event::FindingClosed(body) => {
            let artefact = state.release.as_ref().map(|release| release.artefact.clone());
            let closure = Closure { closed: body.clone(), artefact };
            for row in state.findings.get_mut(&body.finding).into_iter().flatten() {
                let same = |other: &Closure| other.closed.by == body.by && other.artefact == closure.artefact;
                if !row.closed.iter().any(same) {
                    row.closed.push(closure.clone());
                }
            }
            state.closed.insert(body.finding.clone(), closure);
        }
        Event::IncidentOpened(body) => {
            state.incidents.insert(body.incident.clone(), body.clone());
        }
        Event::IncidentClosed(body) => {
            state.incidents.remove(&body.incident);
        }
        Event::PolicyChanged(body) => {
            let what = format!("the policy was changed by {}", body.by);
            let changed = |release: &mut Release| {
                release.policy = body.policy;
                release.folder.clone_from(&body.folder);
                release.changed_by.insert(body.by.clone());
            };
            change(state, &body.release, body.at, what, changed);
        }
        Event::ArtefactChanged(body) => {
            let what = format!("the artefact was changed by {}", body.by);
            change(state, &body.release, body.at, what, |release| {
                release.artefact.clone_from(&body.artefact);
                release.version.clone_from(&body.version);
                release.without_promotion.clone_from(&body.without_promotion);
                release.changed_by.insert(body.by.clone());
            });
        }
        Event::Reopened(Reopened { release, why, at }) => {
            change(state, release, *at, format!("the decision was opened again: {}", why.join("; ")), |_| {});
        }
        Event::Rescheduled(body) => {
            if let Some((_, release)) = release(state, &body.release) {
                release.day0 = Some(body.day0);
            }
        }
        Event::ConditionMet(body) => marked(state, body, true),
        Event::ConditionMissed(body) => marked(state, body, false),
        Event::TaskDone(body) => done(state, body),
        Event::Signed(body) => signed(state, body),
        Event::SignatureWithdrawn(body) => withdrawn(state, body),
        Event::Decided(body) => decided(state, body),
    }
}

/// The release, if it is this one, and the present row.
fn release<'a>(state: &'a mut State, id: &str) -> Option<(u64, &'a mut Release)> {
    if state.of != id {
        return None;
    }
    state.release.as_mut().map(|release| (state.seen, release))
}

fn opened(state: &mut State, body: &ReleaseOpened) {
    if state.of != body.release || state.release.is_some() {
        return;
    }
    state.release = Some(Release {
        service: body.service.clone(),
        version: body.version.clone(),
        artefact: body.artefact.clone(),
        environment: body.environment.clone(),
        policy: body.policy,
        folder: body.folder.clone(),
        day0: body.day0,
        without_promotion: body.without_promotion.clone(),
        by: body.by.clone(),
        changed_by: Default::default(),
        changed: Change { row: state.seen, at: body.at, what: "the release was opened".to_owned() },
        signatures: Vec::new(),
        conditions: Default::default(),
        tasks: Vec::new(),
        decided: None,
        due: Default::default(),
    });
    // What is known of other artefacts is of no use to this release.
    state.standings.retain(|standing| match &standing.newest.observed.subject {
        Subject::Artefact { digest, .. } => *digest == body.artefact,
        Subject::Environment(_) | Subject::Team => true,
    });
}

/// All signatures before are void, and no decision stands.
fn change(state: &mut State, id: &str, at: Timestamp, what: String, make: impl FnOnce(&mut Release)) {
    if let Some((row, release)) = release(state, id) {
        make(release);
        release.changed = Change { row, at, what };
        release.decided = None;
        release.due.clear();
    }
}

fn recorded(state: &mut State, evidence: &Evidence) {
    let observed = &evidence.observed;
    let row = state.seen;
    match state.place(&observed.question, &observed.subject) {
        Ok(place) => {
            let before = state.standings.remove(place);
            state.standings.insert(place, Standing::settle(Some(before), evidence.clone(), row));
        }
        Err(place) => {
            state.standings.insert(place, Standing::settle(None, evidence.clone(), row));
            forget_others(state, evidence);
        }
    }
}

/// Of each question at most one foreign artefact is kept in each environment, the newest, so that many releases do not fill the
/// state of one.
fn forget_others(state: &mut State, newest: &Evidence) {
    let (Some(release), Subject::Artefact { environment: place, .. }) =
        (&state.release, &newest.observed.subject)
    else {
        return;
    };
    let own = release.artefact.clone();
    let foreign = |standing: &Standing| {
        let Observation { question, subject, .. } = &standing.newest.observed;
        let Subject::Artefact { digest, environment } = subject else { return false };
        *digest != own && environment == place && *question == newest.observed.question
    };
    let age =
        |standing: &Standing| (standing.newest.observed.taken, standing.newest.observed.subject.clone());
    let kept = state.standings.iter().filter(|standing| foreign(standing)).map(age).max();
    state.standings.retain(|standing| !foreign(standing) || Some(age(standing)) == kept);
}

/// Opened twice in the same way is opened once.
fn same_demands(one: &FindingOpened, other: &FindingOpened) -> bool {
    one.severity == other.severity && one.review == other.review && one.closed_by == other.closed_by
}

fn marked(state: &mut State, body: &ConditionMarked, met: bool) {
    if let Some((_, release)) = release(state, &body.release) {
        let mark = Mark { met, marked: body.clone(), artefact: release.artefact.clone() };
        release.conditions.insert(body.condition.clone(), mark);
    }
}

fn done(state: &mut State, body: &TaskDone) {
    if let Some((_, release)) = release(state, &body.release) {
        let same = |TaskRow { done, artefact }: &TaskRow| {
            done.task == body.task
                && done.role == body.role
                && done.by == body.by
                && *artefact == release.artefact
        };
        if !release.tasks.iter().any(same) {
            release.tasks.push(TaskRow { done: body.clone(), artefact: release.artefact.clone() });
        }
    }
}

/// A signature takes the place of an older yes by the same person in the same role. One that is not newer is the old one sent again.
/// A no is kept whatever comes after it: only a signed row ends it, and whether a row is truly signed is not known here.
fn signed(state: &mut State, body: &Signed) {
    let stale = stale(state, body.at);
    let Some((row, release)) = release(state, &body.release) else { return };
    if release.signatures.iter().any(|row| row.signed == *body) {
        return;
    }
    let yes_of_theirs = |row: &SignatureRow| row.signed.vote == Vote::Go && row.signed.is_in_place_of(body);
    if let Some(place) = release.signatures.iter().position(yes_of_theirs) {
        let before = &release.signatures[place];
        let after = before.withdrawn.as_ref().map_or(before.signed.at, |(at, _)| before.signed.at.max(*at));
        if body.at > after {
            release.signatures.remove(place);
        } else if body.vote == Vote::Go {
            return;
        }
    }
    release.signatures.push(SignatureRow { row, signed: body.clone(), stale, withdrawn: None });
}

/// Checks whose answer was not current at that moment.
fn stale(state: &State, at: Timestamp) -> Vec<(String, Subject)> {
    let stale = state.standings.iter().filter_map(|standing| {
        let observed = &standing.settled.as_ref()?.evidence.observed;
        let current = observed.taken <= at && at < observed.expires;
        match &observed.question {
            Question::Check(id) if !current => Some((id.clone(), observed.subject.clone())),
            _ => None,
        }
    });
    stale.collect()
}

/// Taken back without a signature, which can only make the decision stricter: a no stays.
fn withdrawn(state: &mut State, body: &SignatureWithdrawn) {
    let Some((_, release)) = release(state, &body.release) else { return };
    for row in &mut release.signatures {
        let signed = &row.signed;
        let theirs = signed.matter == body.matter && signed.role == body.role && signed.person == body.person;
        if theirs && signed.vote == Vote::Go {
            row.withdrawn.get_or_insert_with(|| (body.at, body.why.clone()));
        }
    }
}

fn decided(state: &mut State, body: &Decided) {
    let Some((row, release)) = release(state, &body.release) else { return };
    let outcome = body.decision.outcome;
    release.decided = Some(Standpoint { row, at: body.inputs.now, outcome });
    if outcome != Outcome::NoGo {
        let due = body.decision.conditions.iter().filter_map(|one| Some((one.id.clone(), one.due?)));
        for (condition, due) in due {
            release.due.entry(condition).or_insert(due);
        }
    }
}

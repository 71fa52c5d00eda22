//! What is on the table when somebody signs, as one hash.
//!
//! Enters: a release, its evidence, its policy. Leaves: a hash that changes when the artefact, the policy, an answer or a score does, and
//! that stays when evidence is renewed with the same answer. Never here: who signs.

use crate::digest::{Canonical, Digest};
use crate::event::Matter;
use crate::policy::{Check, Policy};
use crate::proof::Case;
use crate::scorecard::Scored;

/// SHA-256 of the canonical form `meridian release table 1` with these fields, in this order: `release`, `service`, `version`,
/// `environment`, `artefact`, `policy`; `day0`, when the release was given one of its own; `without_promotion`, when it goes without
/// the environments before; `blocker`, when it is about one; for each check that it is about (all of the policy for the
/// release, in its order) `check` and `answer` (`pass`, `fail`, `error`, or `none` while nothing has settled); for the release and each
/// scorecard with a threshold `scorecard`, for each of its rows `row` and `score` (or `none`), then `total`.
pub(crate) fn table(case: &Case<'_>, matter: &Matter) -> Digest {
    // That something has to be looked at again is said by the decision; it changes nothing of what was signed.
    let case = &Case { any_time: true, ..*case };
    let mut form = Canonical::new("meridian release table 1");
    form.field("release", &case.state.of);
    form.field("service", &case.release.service);
    form.field("version", &case.release.version);
    form.field("environment", &case.release.environment);
    form.field("artefact", &case.release.artefact);
    form.field("policy", case.release.policy);
    if let Some(day0) = case.release.day0 {
        form.field("day0", day0);
    }
    if let Some(why) = &case.release.without_promotion {
        form.field("without_promotion", why);
    }
    if let Matter::Blocker(id) = matter {
        form.field("blocker", id);
    }
    for check in about(case.policy, matter) {
        form.field("check", &check.id);
        let settled = case.settled(check);
        form.field("answer", settled.map_or("none", |settled| settled.evidence.answer().as_str()));
    }
    if matches!(matter, Matter::Release) {
        for card in case.policy.scorecards.iter().filter(|card| card.threshold.is_some()) {
            scores(&mut form, &Scored::of(case, card));
        }
    }
    form.digest()
}

/// The checks whose answers are on the table.
pub(crate) fn about<'a>(policy: &'a Policy, matter: &Matter) -> impl Iterator<Item = &'a Check> {
    let blocker = match matter {
        Matter::Release => None,
        Matter::Blocker(id) => Some(policy.blockers.iter().find(|blocker| blocker.id == *id)),
    };
    policy.checks.iter().filter(move |check| match blocker {
        None => true,
        Some(blocker) => blocker.is_some_and(|blocker| blocker.checks.contains(&check.id)),
    })
}

fn scores(form: &mut Canonical, card: &Scored) {
    form.field("scorecard", &card.id);
    for row in &card.rows {
        form.field("row", &row.id);
        form.field("score", row.score.map_or("none".to_owned(), |score| score.to_string()));
    }
    form.field("total", card.total);
}

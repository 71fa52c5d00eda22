//! Whose signature counts.
//!
//! Enters: signatures as they stand in the journal, the policy, the evidence. Leaves: those that count, and why the others do not. Never
//! here: cryptography (the caller brings [`Verify`]), how many are needed (that is `decision`).
//!
//! The same rules are asked twice: before a signature is recorded, and again at every decision, so that a row that should never have
//! been written counts for nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::digest::{Canonical, Digest};
use crate::event::{Event, Matter, Signed, Vote};
use crate::evidence::Settled;
use crate::policy::{Loaded, Signer};
use crate::proof::Case;
use crate::state::{SignatureRow, State};
use crate::table::{about, table};

/// True when these 64 bytes are the Ed25519 signature of the message by the owner of the public key.
pub type Verify<'a> = &'a dyn Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool;

/// The bytes that are signed: the canonical form `meridian release signature 1` with these fields, in this order: `release`; `matter`
/// (`release` or `blocker`), then `blocker` for one; `role`; `person`; `vote` (`go` or `no_go`); `table`; `document`, where there is
/// one; `at` (RFC 3339, UTC).
pub fn message(signed: &Signed) -> Vec<u8> {
    let mut form = Canonical::new("meridian release signature 1");
    form.field("release", &signed.release);
    match &signed.matter {
        Matter::Release => form.field("matter", "release"),
        Matter::Blocker(id) => {
            form.field("matter", "blocker");
            form.field("blocker", id);
        }
    }
    form.field("role", &signed.role);
    form.field("person", &signed.person);
    form.field("vote", signed.vote.as_str());
    form.field("table", signed.table);
    form.optional("document", signed.document);
    form.field("at", signed.at);
    form.into_bytes()
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself in words; the fields are the words' blanks")]
pub enum Refusal {
    #[error("there is no such release, or it has not been opened")]
    NoRelease,
    #[error("the policy does not ask `{role}` to sign this")]
    NotAsked { role: String },
    #[error("the policy knows no person `{person}`")]
    NoSuchPerson { person: String },
    #[error("{person} does not hold the role `{role}`")]
    NotTheirRole { person: String, role: String },
    #[error("the policy has no Ed25519 key (32 bytes in base64) for {person}")]
    NoKey { person: String },
    #[error("it was not made with the key of {person}")]
    NotTheirKey { person: String },
    #[error("{person} took it back: {why}")]
    Withdrawn { person: String, why: String },
    #[error("it is dated {at}, which is still to come")]
    ToCome { at: Timestamp },
    #[error("it is not newer than the last one by {person} as `{role}`, or than its withdrawal")]
    NotNewer { person: String, role: String },
    #[error("{person} has signed this already as `{role}`, and it counts")]
    Already { person: String, role: String },
    #[error("since then {what}: sign again")]
    Changed { what: String },
    #[error("what was signed is not what is on the table: artefact, policy, answers or scores differ")]
    OtherTable,
    #[error("`{role}` signs in writing: the digest of the document is missing")]
    NoDocument { role: String },
    #[error("`{role}` signs after check `{check}`: {why}")]
    Check { role: String, check: String, why: String },
    #[error("`{role}` signs after `{after}`, who had not signed")]
    TooEarly { role: String, after: String },
    #[error("{person} has signed as `{role}`, and nobody signs in two roles")]
    TwoRoles { person: String, role: String },
}

/// The signatures of one matter, judged.
pub(crate) struct Judged<'a> {
    /// In the order of the journal.
    pub(crate) counting: Vec<&'a Signed>,
    pub(crate) refused: Vec<(&'a Signed, Refusal)>,
}

/// The hash that whoever signs now has to sign; `None` before the release is opened.
pub fn on_the_table(loaded: &Loaded, state: &State, matter: &Matter) -> Option<Digest> {
    let never: Verify<'_> = &|_, _, _| false;
    // What is on the table does not depend on the moment.
    let case = Case::of(loaded, state, Timestamp::MIN, never)?;
    Some(table(&case, matter))
}

/// Whether a signature may be recorded as the next row.
///
/// # Errors
/// [`Refusal`]: why not.
pub fn admit(
    loaded: &Loaded,
    state: &State,
    signed: &Signed,
    now: Timestamp,
    verify: Verify<'_>,
) -> Result<(), Refusal> {
    let (person, role) = (signed.person.clone(), signed.role.clone());
    if let Some(case) = Case::of(loaded, state, now, verify) {
        let same = |other: &&Signed| {
            Signed { at: signed.at, signature: signed.signature.clone(), ..(*other).clone() } == *signed
        };
        if judge(&case, &signed.matter).counting.iter().any(same) {
            return Err(Refusal::Already { person, role });
        }
    }
    let mut after = state.clone();
    crate::apply::apply(&mut after, &Event::Signed(signed.clone()));
    let case = Case::of(loaded, &after, now, verify).ok_or(Refusal::NoRelease)?;
    let recorded = case.release.signatures.iter().any(|row| row.row == after.seen);
    if state.of != signed.release {
        return Err(Refusal::NoRelease);
    }
    if !recorded {
        return Err(Refusal::NotNewer { person, role });
    }
    let refused = judge(&case, &signed.matter).refused;
    refused.into_iter().find(|(other, _)| *other == signed).map_or(Ok(()), |(_, refusal)| Err(refusal))
}

/// Judges all signatures of one matter, in the order of the journal: what comes first counts first.
pub(crate) fn judge<'a>(case: &Case<'a>, matter: &Matter) -> Judged<'a> {
    let present = table(case, matter);
    let mut judged = Judged { counting: Vec::new(), refused: Vec::new() };
    for row in case.release.signatures.iter().filter(|row| row.signed.matter == *matter) {
        let signed = &row.signed;
        let by_itself =
            sound(case, row).and_then(|()| newest(case, row)).and_then(|()| fresh(case, row, present));
        match by_itself.and_then(|()| among(case, &judged.counting, row)) {
            Ok(()) => judged.counting.push(signed),
            Err(refusal) => judged.refused.push((signed, refusal)),
        }
    }
    judged
}

/// A no ends with a newer row that is truly theirs, and with nothing else.
fn newest(case: &Case<'_>, row: &SignatureRow) -> Result<(), Refusal> {
    let signed = &row.signed;
    let ended = case.release.signatures.iter().any(|other| {
        other.signed.is_in_place_of(signed) && other.signed.at > signed.at && theirs(case, other).is_ok()
    });
    if ended {
        return Err(Refusal::NotNewer { person: signed.person.clone(), role: signed.role.clone() });
    }
    Ok(())
}

/// The right person, in their role, with their key, and not taken back.
fn sound(case: &Case<'_>, row: &SignatureRow) -> Result<(), Refusal> {
    theirs(case, row)?;
    match &row.withdrawn {
        Some((_, why)) => Err(Refusal::Withdrawn { person: row.signed.person.clone(), why: why.clone() }),
        None => Ok(()),
    }
}

/// The right person, in their role, with their key, and not dated ahead.
fn theirs(case: &Case<'_>, row: &SignatureRow) -> Result<(), Refusal> {
    let signed = &row.signed;
    let (person, role) = (signed.person.clone(), signed.role.clone());
    if !may_sign(case, &signed.matter, &role) {
        return Err(Refusal::NotAsked { role });
    }
    let Some(known) = case.person(&person) else { return Err(Refusal::NoSuchPerson { person }) };
    if !case.holds(&person, &role) {
        return Err(Refusal::NotTheirRole { person, role });
    }
    let Some(key) = known.key.as_deref().and_then(bytes::<32>) else { return Err(Refusal::NoKey { person }) };
    let made_by_them =
        bytes::<64>(&signed.signature).is_some_and(|made| (case.verify)(&key, &message(signed), &made));
    if !made_by_them {
        return Err(Refusal::NotTheirKey { person });
    }
    if signed.at > case.now { Err(Refusal::ToCome { at: signed.at }) } else { Ok(()) }
}

/// About what is on the table now, and was ever since. The hash alone would take back a signature's void when an answer turns and
/// turns back, and would let an old one be sent again.
fn fresh(case: &Case<'_>, row: &SignatureRow, present: Digest) -> Result<(), Refusal> {
    let signed = &row.signed;
    let changed = &case.release.changed;
    if changed.row > row.row || changed.at >= signed.at {
        return Err(Refusal::Changed { what: changed.what.clone() });
    }
    let turned = |settled: &Settled| settled.changed_row > row.row || settled.changed_at >= signed.at;
    for check in about(case.policy, &signed.matter) {
        if case.settled(check).is_some_and(turned) {
            return Err(Refusal::Changed { what: format!("the answer of check `{}` has changed", check.id) });
        }
    }
    let mut marks = case.marks().filter(|_| signed.matter == Matter::Release);
    if let Some((question, _)) = marks.find(|(_, settled)| turned(settled)) {
        return Err(Refusal::Changed { what: format!("the mark of {question} has changed") });
    }
    if signed.table != present { Err(Refusal::OtherTable) } else { Ok(()) }
}

/// In its place among those that count already.
fn among(case: &Case<'_>, counting: &[&Signed], row: &SignatureRow) -> Result<(), Refusal> {
    let signed = &row.signed;
    let other =
        counting.iter().find(|other| case.same(&other.person, &signed.person) && other.role != signed.role);
    if let Some(other) = other {
        return Err(Refusal::TwoRoles { person: signed.person.clone(), role: other.role.clone() });
    }
    let signer = case.policy.approval.iter().flat_map(|approval| &approval.signers);
    let mut signer = signer.filter(|signer| signer.role == signed.role);
    match (&signed.matter, signed.vote) {
        // A no needs neither order nor proof.
        (_, Vote::NoGo) | (Matter::Blocker(_), _) => Ok(()),
        (Matter::Release, Vote::Go) => signer.try_for_each(|signer| demands(case, counting, row, signer)),
    }
}

fn demands(
    case: &Case<'_>,
    counting: &[&Signed],
    row: &SignatureRow,
    signer: &Signer,
) -> Result<(), Refusal> {
    let role = signer.role.clone();
    if signer.written && row.signed.document.is_none() {
        return Err(Refusal::NoDocument { role });
    }
    for after in &signer.after {
        if !counting.iter().any(|other| other.role == *after && other.vote == Vote::Go) {
            return Err(Refusal::TooEarly { role, after: after.clone() });
        }
    }
    for id in &signer.checks {
        let then = |check| row.stale.contains(&(id.clone(), case.subject(check)));
        let stale =
            case.check(id).is_some_and(then).then(|| "its evidence was too old when they signed".to_owned());
        if let Some(why) = case.open(id).or(stale) {
            return Err(Refusal::Check { role, check: id.clone(), why });
        }
    }
    Ok(())
}

/// Roles that sign this, or have to where windows make an exception.
fn may_sign(case: &Case<'_>, matter: &Matter, role: &str) -> bool {
    let hotfix = case.policy.windows.hotfix.iter().flat_map(|hotfix| &hotfix.signers);
    let beside = *matter == Matter::Release && hotfix.into_iter().any(|signer| signer == role);
    beside || asked(case, matter).contains(&role)
}

/// Roles that sign this.
pub(crate) fn asked<'a>(case: &Case<'a>, matter: &Matter) -> Vec<&'a str> {
    let mut roles: Vec<&str> = match matter {
        Matter::Release => {
            let approval = case.policy.approval.as_ref();
            let signers =
                approval.iter().flat_map(|approval| &approval.signers).map(|signer| signer.role.as_str());
            signers.chain(approval.and_then(|approval| approval.decided_by.as_deref())).collect()
        }
        Matter::Blocker(id) => {
            let blocker = case.policy.blockers.iter().find(|blocker| blocker.id == *id);
            blocker.iter().flat_map(|blocker| &blocker.signers).map(String::as_str).collect()
        }
    };
    let mut seen = Vec::new();
    roles.retain(|role| {
        !seen.contains(role) && {
            seen.push(role);
            true
        }
    });
    roles
}

pub(crate) fn bytes<const LENGTH: usize>(base64: &str) -> Option<[u8; LENGTH]> {
    STANDARD.decode(base64).ok()?.try_into().ok()
}

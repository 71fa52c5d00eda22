//! What people say of a release: that something is so, a mark, a figure; and their signatures.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use jiff::Timestamp;
use release::digest::Digest;
use release::event::{Event, Matter, SignatureWithdrawn, Signed};
use release::evidence::{Answer, Observation, Question, SCORE, Subject};
use release::ledger::Entry;
use release::ledger::event::DocumentKept;
use release::policy::{Probe, Score};
use release::scorecard::figure_name;
use release::signature::admit;
use release::{Figure, Length, Policy, later};
use serde::Deserialize;
use serde_json::{Value, json};

use super::found::{Found, find};
use super::opened::person;
use crate::Control;
use crate::api::{Body, SIGN, Table};
use crate::refused::Refused;
use crate::signing::verify;

/// A mark counts so long unless its giver says less.
const MARK_LASTS: Length = Length::days(30);

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/release/releases/{id}/evidence", SIGN, attest);
    table.add("POST", "/v1/release/releases/{id}/signatures", SIGN, sign);
    table.add("POST", "/v1/release/releases/{id}/withdrawals", SIGN, withdraw);
}

/// One of `check`, `review`, or `scorecard` with `row`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    check: Option<String>,
    #[serde(default)]
    review: Option<String>,
    #[serde(default)]
    scorecard: Option<String>,
    #[serde(default)]
    row: Option<String>,
    by: String,
    /// A mark.
    #[serde(default)]
    score: Option<Figure>,
    /// Figures by the names of their metrics.
    #[serde(default)]
    figures: BTreeMap<String, Figure>,
    /// Why it is not so.
    #[serde(default)]
    fails: Option<String>,
    /// What they say beside it, or where it can be read.
    #[serde(default)]
    text: String,
    /// A document, kept.
    #[serde(default)]
    document: Option<String>,
    /// It counts no longer than this.
    #[serde(default)]
    expires: Option<Timestamp>,
}

async fn attest(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    caller: Option<Extension<Arc<Principal>>>,
    Body(body): Body<Said>,
) -> Result<Json<Value>, Refused> {
    let via = caller.as_ref().map(|caller| caller.name.as_str());
    let found = control.book.read(|ledger| find(ledger, &id))??;
    // Whoever may not say this leaves no document either.
    let digest = body.document.as_ref().map(|text| Digest::of(text.as_bytes()));
    observation(&found, &body, digest, via, control.book.now())?;
    let service = found.service;
    let kept = body.document.clone().map(|text| {
        let name = format!("{id} by {}", body.by);
        let document = DocumentKept { what: "statement".to_owned(), name, folder: None, text };
        control.book.keep(&service, document)
    });
    let kept = kept.transpose()?;
    let evidence = control.book.write(|ledger, now| {
        let found = find(ledger, &id)?;
        let evidence = observation(&found, &body, kept, via, now)?.seal();
        let row = Event::EvidenceRecorded(evidence.clone());
        Ok::<_, Refused>((vec![Entry::Release(found.service, row)], evidence))
    })?;
    Ok(Json(json!({ "evidence": evidence })))
}

/// What may be asked, and of whom.
struct Asked {
    question: Question,
    subject: Subject,
    role: Option<String>,
    lasts: Length,
    settle: u32,
    /// The figures that are needed.
    figures: Vec<String>,
    link: bool,
    words: String,
    demand: Option<Digest>,
}

fn observation(
    found: &Found,
    body: &Said,
    kept: Option<Digest>,
    via: Option<&str>,
    now: Timestamp,
) -> Result<Observation, Refused> {
    let policy = &found.loaded.policy;
    person(policy, "by", &body.by)?;
    let asked = asked(found, body)?;
    if let Some(role) = &asked.role {
        holds(policy, &body.by, role)?;
    }
    let mut figures = body.figures.clone();
    figures.extend(body.score.map(|score| (SCORE.to_owned(), score)));
    if body.fails.is_none()
        && let Some(missing) = asked.figures.iter().find(|name| !figures.contains_key(*name))
    {
        let (field, flag) = if missing == SCORE { ("score", "a mark") } else { ("figures", "a figure") };
        return Err(Refused::field(field, format!("{flag} `{missing}` is needed for {}", asked.question)));
    }
    if let Some(odd) = figures.keys().find(|name| !asked.figures.contains(name)) {
        let wanted = if asked.figures.is_empty() { "none".to_owned() } else { asked.figures.join(", ") };
        return Err(Refused::field("figures", format!("{} asks for no figure `{odd}`", asked.question))
            .hint(format!("it asks for: {wanted}")));
    }
    if asked.link && kept.is_none() && !body.text.contains("://") {
        return Err(Refused::field("text", "a link or a document has to come with this")
            .hint("put an address into the text, or give the document"));
    }
    let last = later(now, asked.lasts);
    let expires = body.expires.map_or(last, |at| at.min(last));
    if expires <= now {
        return Err(Refused::field("expires", "that is over already"));
    }
    Ok(Observation {
        question: asked.question,
        subject: asked.subject,
        taken: now,
        expires,
        answer: body.fails.clone().map_or(Answer::Pass, |why| Answer::Fail { why }),
        figures,
        by: Some(body.by.clone()),
        inputs: if body.text.is_empty() { asked.words } else { body.text.clone() },
        output: kept,
        control_failed: None,
        settle: asked.settle,
        demand: asked.demand,
        via: via.map(str::to_owned),
    })
}

fn asked(found: &Found, body: &Said) -> Result<Asked, Refused> {
    let policy = &found.loaded.policy;
    let (artefact, environment) = (&found.release.artefact, &found.release.environment);
    let this = Subject::Artefact { digest: artefact.clone(), environment: environment.clone() };
    let mark = |question, role: Option<&str>, figures| Asked {
        question,
        subject: this.clone(),
        role: role.map(str::to_owned),
        lasts: MARK_LASTS,
        settle: 1,
        figures,
        link: false,
        words: String::new(),
        demand: None,
    };
    match (&body.check, &body.review, &body.scorecard, &body.row) {
        (Some(id), None, None, None) => {
            let check = policy.checks.iter().find(|check| check.id == *id);
            let check =
                check.ok_or_else(|| Refused::field("check", format!("the policy has no check `{id}`")))?;
            let (role, figures, link, words) = match &check.probe {
                Probe::Attest(attestation) => (
                    Some(attestation.by.clone()),
                    Vec::new(),
                    attestation.with_link,
                    attestation.text.clone(),
                ),
                Probe::Measured(measured) => {
                    (measured.by.clone(), vec![figure_name(&measured.target)], false, String::new())
                }
                _ => {
                    let words = format!("check `{id}` is asked by a machine: nobody can say so");
                    return Err(Refused::field("check", words).hint("`meridian release check` asks it"));
                }
            };
            Ok(Asked {
                question: Question::Check(id.clone()),
                subject: Subject::of(check, artefact, environment),
                role,
                lasts: check.expires,
                settle: check.settle,
                figures,
                link,
                words,
                demand: check.demand,
            })
        }
        (None, Some(id), None, None) => {
            let review = policy.reviews.iter().find(|review| review.id == *id);
            let review =
                review.ok_or_else(|| Refused::field("review", format!("the policy has no review `{id}`")))?;
            Ok(mark(Question::Review(id.clone()), Some(&review.role), vec![SCORE.to_owned()]))
        }
        (None, None, Some(card), Some(row)) => {
            let rows = policy.scorecards.iter().filter(|one| one.id == *card).flat_map(|one| &one.rows);
            let known = rows.into_iter().find(|one| one.id == *row);
            let known = known
                .ok_or_else(|| Refused::field("row", format!("the policy has no row `{row}` in `{card}`")))?;
            let question = Question::Row { scorecard: card.clone(), row: row.clone() };
            match &known.score {
                Score::Attested { by, .. } => Ok(mark(question, Some(by), vec![SCORE.to_owned()])),
                Score::Measured { pass, by, .. } => {
                    Ok(mark(question, by.as_deref(), vec![figure_name(pass)]))
                }
                Score::Share { .. } => {
                    Err(Refused::field("row", "its score is the share of its checks that pass"))
                }
                Score::Review { review } => {
                    Err(Refused::field("row", format!("its score is that of review `{review}`"))
                        .hint("give the review a mark"))
                }
            }
        }
        _ => Err(Refused::field("check", "name one thing: a check, a review, or a row of a scorecard")),
    }
}

pub(crate) fn holds(policy: &Policy, by: &str, role: &str) -> Result<(), Refused> {
    let may = |id: &&str| {
        policy.people.iter().any(|person| person.id == **id && person.roles.iter().any(|held| held == role))
    };
    if may(&by) {
        return Ok(());
    }
    let who: Vec<&str> = policy.people.iter().map(|person| person.id.as_str()).filter(may).collect();
    let who = if who.is_empty() { "nobody does".to_owned() } else { who.join(", ") };
    Err(Refused::field("by", format!("{by} does not hold the role `{role}`, which has to say this"))
        .hint(format!("who does: {who}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    #[serde(default)]
    blocker: Option<String>,
}

impl About {
    pub(super) fn matter(self, policy: &Policy) -> Result<Matter, Refused> {
        match self.blocker {
            None => Ok(Matter::Release),
            Some(id) if policy.blockers.iter().any(|blocker| blocker.id == id) => Ok(Matter::Blocker(id)),
            Some(id) => Err(Refused::field("blocker", format!("the policy has no blocker `{id}`"))),
        }
    }
}

async fn sign(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(signed): Body<Signed>,
) -> Result<Json<Value>, Refused> {
    if signed.release != id {
        return Err(Refused::field("release", format!("it is about `{}`, not about `{id}`", signed.release)));
    }
    control.book.write(|ledger, now| {
        let found = find(ledger, &id)?;
        admit(&found.loaded, &found.state, &signed, now, &verify)
            .map_err(|refusal| Refused::conflict("signature", refusal.to_string()))?;
        Ok::<_, Refused>((vec![Entry::Release(found.service, Event::Signed(signed.clone()))], ()))
    })?;
    super::view::show(&control, &id, None)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    #[serde(default)]
    blocker: Option<String>,
    role: String,
    person: String,
    why: String,
}

async fn withdraw(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<Back>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        let found = find(ledger, &id)?;
        let matter = About { blocker: body.blocker.clone() }.matter(&found.loaded.policy)?;
        let theirs = |signed: &Signed| {
            signed.matter == matter && signed.role == body.role && signed.person == body.person
        };
        if !found.release.signatures.iter().any(|row| theirs(&row.signed) && row.withdrawn.is_none()) {
            let words = format!("{} has not signed this as `{}`", body.person, body.role);
            return Err(Refused::conflict("signature", words));
        }
        let withdrawn = SignatureWithdrawn {
            release: id.clone(),
            matter,
            role: body.role.clone(),
            person: body.person.clone(),
            at: now,
            why: body.why.clone(),
        };
        Ok((vec![Entry::Release(found.service, Event::SignatureWithdrawn(withdrawn))], ()))
    })?;
    super::view::show(&control, &id, None)
}

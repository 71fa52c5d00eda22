//! Metrics that people say: satisfaction, tickets, whatever no query asks for.

use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use jiff::{SignedDuration, Timestamp};
use release::event::Event;
use release::evidence::{Answer, Observation, Question, Subject};
use release::ledger::Entry;
use release::policy::{Comparison, Metric, Target};
use release::scorecard::figure_name;
use release::{Figure, Length, Moment};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::short;
use super::{at_moment, none};
use crate::Control;
use crate::api::{Body, SIGN, Table};
use crate::refused::Refused;
use crate::releases::{holds, person};

/// A figure counts so long unless its giver says less.
const LASTS: SignedDuration = SignedDuration::from_hours(24 * 30);

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/release/releases/{id}/metrics/{metric}", SIGN, attest);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    value: Figure,
    /// Which quantile of a latency.
    #[serde(default)]
    quantile: Option<Figure>,
    /// Over how much time.
    #[serde(default)]
    over: Option<Length>,
    /// Of how many events.
    #[serde(default)]
    events: Option<u64>,
    /// When it was measured; now unless given.
    #[serde(default)]
    taken: Option<Timestamp>,
    /// It counts no longer than this.
    #[serde(default)]
    expires: Option<Timestamp>,
    /// Where it can be read.
    #[serde(default)]
    text: String,
    by: String,
}

async fn attest(
    State(control): State<Arc<Control>>,
    Path((id, name)): Path<(String, String)>,
    caller: Option<Extension<Arc<Principal>>>,
    Body(body): Body<Said>,
) -> Result<Json<Value>, Refused> {
    let via = caller.as_ref().map(|caller| caller.name.as_str());
    let evidence = control.book.write(|ledger, now| {
        at_moment(ledger, &id, now, |moment| {
            let policy = &moment.loaded.policy;
            let evidence = observation(moment, &name, &body, via)?.seal();
            evidence.admit(now).map_err(|error| Refused::field("taken", error.to_string()))?;
            let row = Event::EvidenceRecorded(evidence.clone());
            Ok((vec![Entry::Release(policy.service.name.clone(), row)], evidence))
        })
    })?;
    Ok(Json(json!({ "evidence": evidence })))
}

fn observation(
    moment: &Moment<'_>,
    name: &str,
    body: &Said,
    via: Option<&str>,
) -> Result<Observation, Refused> {
    let policy = &moment.loaded.policy;
    let metric = policy.metrics.iter().find(|metric| metric.id == name).ok_or_else(|| {
        none("metric", name, &policy.metrics.iter().map(|metric| metric.id.as_str()).collect::<Vec<_>>())
    })?;
    admit(moment, metric, body)?;
    short("text", &body.text)?;
    let release = moment.state.release.as_ref();
    let release = release.ok_or_else(|| Refused::unknown("there is no such release"))?;
    let target = Target {
        metric: name.to_owned(),
        quantile: body.quantile,
        is: Comparison::Equal,
        value: body.value,
        times_baseline: None,
        stated_per: None,
        over: body.over,
        at_least_events: None,
    };
    let figure = figure_name(&target);
    let events = body
        .events
        .map(|events| (format!("{figure}#events"), Figure::whole(i64::try_from(events).unwrap_or(i64::MAX))));
    let taken = body.taken.unwrap_or(moment.now);
    let last = taken.checked_add(LASTS).unwrap_or(Timestamp::MAX);
    let expires = body.expires.map_or(last, |at| at.min(last));
    if expires <= moment.now {
        return Err(Refused::field("expires", format!("it counts until {expires}, which is over")));
    }
    Ok(Observation {
        // Of each quantile and window one figure stands: none takes the place of another.
        question: Question::Metric(figure.clone()),
        subject: Subject::Artefact {
            digest: release.artefact.clone(),
            environment: release.environment.clone(),
        },
        taken,
        expires,
        answer: Answer::Pass,
        figures: std::iter::once((figure, body.value)).chain(events).collect(),
        by: Some(body.by.clone()),
        inputs: body.text.clone(),
        output: None,
        control_failed: None,
        settle: 1,
        demand: None,
        via: via.map(str::to_owned),
    })
}

fn admit(moment: &Moment<'_>, metric: &Metric, body: &Said) -> Result<(), Refused> {
    let policy = &moment.loaded.policy;
    person(policy, "by", &body.by)?;
    if metric.from_incidents.is_some() {
        let words = format!("metric `{}` is computed from the incidents: nobody is asked for it", metric.id);
        return Err(Refused::conflict("metric", words));
    }
    if metric.query.is_some() && metric.attested_by.is_none() {
        let words = format!("metric `{}` is asked of a machine: nobody can say it", metric.id);
        return Err(Refused::conflict("metric", words).hint("give it an `attested_by` if people say it, too"));
    }
    match &metric.attested_by {
        Some(role) => holds(policy, &body.by, role)?,
        None if policy.people.iter().any(|known| known.id == body.by && !known.roles.is_empty()) => {}
        None => return Err(Refused::field("by", format!("{} holds no role of the policy", body.by))),
    }
    let beyond =
        metric.min.is_some_and(|min| body.value < min) || metric.max.is_some_and(|max| body.value > max);
    if beyond {
        let shown = |limit: Option<Figure>| limit.map_or("any".to_owned(), |limit| limit.to_string());
        let words = format!("`{}` is from {} to {}", metric.id, shown(metric.min), shown(metric.max));
        return Err(Refused::field("value", words));
    }
    Ok(())
}

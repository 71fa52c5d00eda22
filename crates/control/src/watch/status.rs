//! The routes: the status page for everybody, checks and objectives with their reasons for those with a key.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderName, header};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use release::Policy;
use release::calendar::Calendars;
use release::slo::evaluate::{Data, State as Alert};
use release::slo::{Objective, objectives};
use release::watch::html::html;
use release::watch::page::{Source, component};
use release::watch::{Histories, Page, page, watched};
use serde::Deserialize;
use serde_json::{Value, json};

use super::policies::{self, Current};
use super::slos::Judged;
use crate::Control;
use crate::api::{Access, READ, Table};
use crate::refused::Refused;

/// Its routes.
pub fn routes(table: &mut Table) {
    table.add("GET", "/status", Access::Public, status);
    table.add("GET", "/status.json", Access::Public, feed);
    table.add("GET", "/v1/release/watch", READ, checks);
    table.add("GET", "/v1/slos", READ, slos);
}

/// No script, no picture, nothing from elsewhere; the style is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn status(
    State(control): State<Arc<Control>>,
) -> Result<([(HeaderName, &'static str); 2], String), Refused> {
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    Ok((headers, html(&*of_now(&control)?)))
}

async fn feed(State(control): State<Arc<Control>>) -> Result<Json<Page>, Refused> {
    Ok(Json((*of_now(&control)?).clone()))
}

/// Everybody may ask, so it is not made for each of them.
fn of_now(control: &Control) -> Result<Arc<Page>, Refused> {
    let now = control.book.now();
    Ok(control.book.read(|ledger| {
        if let Some(page) = control.watch.page(ledger.rows, now) {
            return page;
        }
        let current = policies::of(control, ledger);
        let running: Vec<_> = current.iter().map(|one| control.watch.running(&one.service)).collect();
        let sources: Vec<Source<'_>> = current
            .iter()
            .zip(&running)
            .map(|(one, running)| {
                let service = ledger.services.get(&one.service);
                Source {
                    policy: &one.policy,
                    records: service.map_or(&[], |service| &service.records),
                    incidents: service.map_or(&[], |service| &service.incident_rows),
                    running,
                }
            })
            .collect();
        let made = Arc::new(page(now, &sources));
        control.watch.keep_page(ledger.rows, &made);
        made
    })?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    #[serde(default)]
    service: Option<String>,
}

impl Of {
    fn is(&self, current: &Current) -> bool {
        self.service.as_ref().is_none_or(|wanted| *wanted == current.service)
    }

    /// A name that nobody has is a mistake.
    fn some<T>(&self, found: Vec<T>) -> Result<Vec<T>, Refused> {
        match &self.service {
            Some(name) if found.is_empty() => {
                Err(Refused::unknown(format!("no policy is kept for `{name}`"))
                    .hint("open a release of it, or keep its policy"))
            }
            _ => Ok(found),
        }
    }
}

async fn checks(State(control): State<Arc<Control>>, Query(of): Query<Of>) -> Result<Json<Value>, Refused> {
    let now = control.book.now();
    let services = control.book.read(|ledger| {
        let current = policies::of(&control, ledger);
        let wanted = current.iter().filter(|one| of.is(one));
        wanted
            .map(|one| {
                let records = ledger.services.get(&one.service).map_or(&[][..], |service| &service.records);
                json!({"service": one.service, "checks": all_checks(&control, one, records, now)})
            })
            .collect::<Vec<_>>()
    })?;
    Ok(Json(json!({"at": now, "services": of.some(services)?})))
}

fn all_checks(
    control: &Control,
    one: &Current,
    records: &[release::ledger::event::Event],
    now: Timestamp,
) -> Vec<Value> {
    let histories = Histories::fold(records);
    let running = control.watch.running(&one.service);
    let zone = one.policy.service.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    watched(&one.policy)
        .iter()
        .map(|watched| {
            let seen = component(now, watched, &histories, &running, &zone);
            let key = (one.service.clone(), watched.place.clone());
            let why = control.watch.with(&key, |recorder| recorder.why().to_owned());
            json!({
                "check": watched.place.check, "environment": watched.place.environment, "title": seen.title,
                "public": watched.public, "every_seconds": watched.every.as_seconds(), "condition": seen.condition,
                "since": seen.since, "asked": seen.asked,
                "why": why.unwrap_or_else(|| histories.of(&watched.place).why),
                "last_day": seen.last_day, "mean_ms": seen.mean_ms, "total": seen.total(), "days": seen.days,
            })
        })
        .collect()
}

async fn slos(State(control): State<Arc<Control>>, Query(of): Query<Of>) -> Result<Json<Value>, Refused> {
    let now = control.book.now();
    let current = policies::current(&control)?;
    let judged = control.watch.judged();
    let services: Vec<Value> = current
        .iter()
        .filter(|one| of.is(one))
        .map(|one| json!({"service": one.service, "slos": of_service(&one.policy, &judged, now)}))
        .collect();
    Ok(Json(json!({"at": now, "services": of.some(services)?})))
}

/// What is judged here, or what would be.
fn of_service(policy: &Policy, judged: &[((String, String), Vec<Judged>)], now: Timestamp) -> Vec<Value> {
    let here = judged.iter().filter(|((service, _), _)| *service == policy.service.name);
    let live: Vec<Value> = here
        .flat_map(|((_, environment), all)| all.iter().map(move |one| figures(environment, one)))
        .collect();
    if !live.is_empty() {
        return live;
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    let all = objectives(policy, &Calendars::builtin(), today).unwrap_or_default();
    all.iter().map(definition).collect()
}

fn definition(objective: &Objective) -> Value {
    json!({
        "slo": objective.slo.id, "title": objective.title(), "objective_percent": objective.slo.objective,
        "period_seconds": objective.slo.period.as_seconds(), "budget_minutes": objective.budget.minutes(),
        "observed_since": null,
    })
}

fn figures(environment: &str, one: &Judged) -> Value {
    let objective = &one.objective;
    let status = &one.status;
    let bad_share = objective.budget.bad_share().as_f64();
    let burn: Vec<Value> = status
        .ratios
        .iter()
        .map(|(window, ratio)| {
            json!({
                "window": window.to_string(), "window_seconds": window.as_seconds(), "bad_share": ratio,
                "burn_rate": ratio.map(|ratio| ratio / bad_share),
            })
        })
        .collect();
    let alerts: Vec<Value> = status
        .alerts
        .iter()
        .map(|(name, state)| {
            let (state, since) = match state {
                Alert::Quiet => ("quiet", None),
                Alert::Pending { since } => ("pending", Some(since)),
                Alert::Firing { since } => ("firing", Some(since)),
                Alert::Unknown => ("unknown", None),
            };
            json!({"alert": name, "state": state, "since": since, "pages": one.pages(name)})
        })
        .collect();
    let (data, missing_since) = match status.data {
        Data::Present => ("present", None),
        Data::Idle => ("idle", None),
        Data::Missing { since } => ("missing", Some(since)),
    };
    let mut value = definition(objective);
    for (name, part) in [
        ("environment", json!(environment)),
        ("observed_since", json!(one.observed_since)),
        ("at", json!(status.at)),
        ("data", json!(data)),
        ("missing_since", json!(missing_since)),
        ("lost", json!(one.lost)),
        ("budget_left", json!(status.budget_left)),
        ("burn", json!(burn)),
        ("alerts", json!(alerts)),
        ("series_refused", json!(status.refused)),
    ] {
        value[name] = part;
    }
    value
}

//! Incidents: opened by people, triggers and alerts, told to the end, looked back upon.
//!
//! Enters: commands of people, alerts as Alertmanager sends them. Leaves: rows of the book, views of what they add up to.
//! Never here: who has to be called when (that is `release::incident`), calling them (that is `paging`).
//!
//! Ids are `INC-1`, `INC-2` and so on over all services of a book, since people and receivers know an incident by its id
//! alone; tests of paging are `TEST-1` and so on.

mod alerts;
mod changes;
mod delivered;
mod lists;
mod measured;
mod opening;
mod pages;
mod retro;
mod test_page;
mod view;

use std::sync::Arc;

use release::Policy;
use release::incident::{Incident, Nonsense};
use release::ledger::Ledger;

use crate::api::Table;
use crate::refused::Refused;
use crate::releases::policy;

/// Its routes.
pub fn routes(table: &mut Table) {
    lists::routes(table);
    opening::routes(table);
    changes::routes(table);
    retro::routes(table);
    measured::routes(table);
    test_page::routes(table);
    pages::routes(table);
    alerts::routes(table);
}

/// Names and texts that people give are at most so long, characters.
const NAME_MOST: usize = 64;
const TEXT_MOST: usize = 4_000;

/// One incident with its service.
struct Found<'a> {
    service: &'a str,
    incident: &'a Incident,
}

fn find<'a>(ledger: &'a Ledger, id: &str) -> Result<Found<'a>, Refused> {
    let mut all = ledger.services.iter();
    let found = all.find_map(|(service, known)| {
        known.incidents.incidents.get(id).map(|incident| Found { service, incident })
    });
    found.ok_or_else(|| {
        Refused::unknown(format!("there is no incident `{id}`")).hint("`meridian incident list` names all")
    })
}

/// The service that is meant, and its policy: the only one where none is named.
fn service(ledger: &Ledger, named: Option<&str>) -> Result<(String, Arc<Policy>), Refused> {
    let known: Vec<&String> =
        ledger.services.keys().filter(|service| ledger.policy_of(service).is_some()).collect();
    let keep = "keep its policy first: `meridian incident open --policy FILE`";
    let name = match (named, known.as_slice()) {
        (Some(named), _) => named,
        (None, [only]) => only.as_str(),
        (None, []) => return Err(Refused::field("service", "no service has a policy").hint(keep)),
        (None, several) => {
            let names: Vec<_> = several.iter().map(|name| format!("`{name}`")).collect();
            return Err(Refused::field("service", format!("which one: {}?", names.join(", "))));
        }
    };
    let missing = || Refused::field("service", format!("`{name}` has no policy")).hint(keep);
    let digest = ledger.policy_of(name).ok_or_else(missing)?;
    let (loaded, _) = policy(ledger, &digest)?;
    Ok((name.to_owned(), Arc::new(loaded.policy)))
}

/// A severity of the policy.
fn severity(policy: &Policy, wanted: &str) -> Result<String, Refused> {
    if policy.severities.iter().any(|known| known.id == wanted) {
        return Ok(wanted.to_owned());
    }
    let known: Vec<_> = policy.severities.iter().map(|known| format!("`{}`", known.id)).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Refused::field("severity", format!("`{wanted}` is no severity of the policy: it knows {known}")))
}

/// A person's name.
fn name(field: &'static str, text: &str) -> Result<String, Refused> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= NAME_MOST && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Refused::field(field, format!("1 to {NAME_MOST} letters, on one line")))
    }
}

/// Words on one line that must be there.
fn line(field: &'static str, text: &str) -> Result<String, Refused> {
    let text = words(field, text)?;
    let is_one = !text.contains(char::is_control);
    if is_one { Ok(text) } else { Err(Refused::field(field, "on one line, without control characters")) }
}

/// Words that must be there, on one or more lines.
fn words(field: &'static str, text: &str) -> Result<String, Refused> {
    let text = text.trim();
    if text.contains(|letter: char| letter.is_control() && letter != '\n' && letter != '\t') {
        return Err(Refused::field(field, "without control characters"));
    }
    let fits = !text.is_empty() && text.chars().count() <= TEXT_MOST;
    if fits { Ok(text.to_owned()) } else { Err(Refused::field(field, format!("1 to {TEXT_MOST} letters"))) }
}

/// Words that may be missing.
fn any_words(field: &'static str, text: Option<&str>) -> Result<String, Refused> {
    text.filter(|text| !text.trim().is_empty()).map_or(Ok(String::new()), |text| words(field, text))
}

fn refuse(nonsense: Nonsense) -> Refused {
    match nonsense {
        Nonsense::Unknown => Refused::unknown(nonsense.to_string()),
        Nonsense::Id | Nonsense::Twice | Nonsense::Resolved | Nonsense::Already | Nonsense::Test => {
            Refused::conflict("incident", nonsense.to_string())
        }
    }
}

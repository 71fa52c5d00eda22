//! How many findings of which severity a scanner's report has: SARIF, the JSON of Trivy and Grype, or plain counts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::Source;
use super::{Found, figures};

const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "unknown"];

/// Counts by severity. Every severity has one, so that none is missing because nothing was found.
struct Counts {
    counts: BTreeMap<&'static str, usize>,
    suppressed: usize,
    notes: Vec<String>,
}

impl Counts {
    fn new() -> Counts {
        Counts { counts: SEVERITIES.map(|name| (name, 0)).into(), suppressed: 0, notes: Vec::new() }
    }

    /// What is named otherwise has no severity that anybody knows.
    fn add(&mut self, severity: &str, id: &str) {
        let word = match severity.to_ascii_lowercase().as_str() {
            "moderate" => "medium",
            "negligible" | "none" | "info" | "informational" => "low",
            word => SEVERITIES.into_iter().find(|known| *known == word).unwrap_or("unknown"),
        };
        *self.counts.entry(word).or_default() += 1;
        self.notes.push(format!("{word}: {id}"));
    }

    fn found(self) -> Found {
        let mut found = Found::default();
        for (name, count) in self.counts {
            found.count(name, count);
        }
        found.count("suppressed", self.suppressed);
        let rank = |note: &String| SEVERITIES.iter().position(|name| note.starts_with(name));
        let mut notes = self.notes;
        notes.sort_by_key(rank);
        notes.into_iter().for_each(|note| found.note(note));
        found
    }
}

/// SARIF 2.1.0. What `security-severity` says of a rule counts; without it, the level does. `area` is the name of a
/// tool.
pub(super) fn sarif(source: &mut Source, area: Option<&str>) -> Result<Found, String> {
    let value = source.json()?;
    let runs = value["runs"]
        .as_array()
        .filter(|runs| !runs.is_empty())
        .ok_or("it has no run: nothing was scanned")?;
    let mut counts = Counts::new();
    let mut any = false;
    for run in runs {
        let driver = &run["tool"]["driver"];
        if area.is_some_and(|area| driver["name"].as_str() != Some(area)) {
            continue;
        }
        any = true;
        let invocations = list(&run["invocations"]);
        if invocations.iter().any(|invocation| invocation["executionSuccessful"] == false) {
            return Err("its scanner says that the scan did not succeed".to_owned());
        }
        let results = run["results"].as_array().ok_or("a run has no results: nothing was scanned")?;
        let rules = rules(run);
        for result in results {
            let id = result["ruleId"].as_str().or_else(|| result["rule"]["id"].as_str()).unwrap_or_default();
            if list(&result["suppressions"])
                .iter()
                .any(|one| matches!(one["status"].as_str(), None | Some("accepted")))
            {
                counts.suppressed += 1;
                continue;
            }
            let by_index = || {
                result["ruleIndex"]
                    .as_u64()
                    .and_then(|index| driver["rules"].get(usize::try_from(index).ok()?))
            };
            let rule = rules.get(id).copied().or_else(by_index).unwrap_or(&Value::Null);
            counts.add(severity(result, rule), id);
        }
    }
    if any { Ok(counts.found()) } else { Err("no run is of that tool".to_owned()) }
}

fn rules(run: &Value) -> BTreeMap<&str, &Value> {
    let extensions = list(&run["tool"]["extensions"]);
    let tools = std::iter::once(&run["tool"]["driver"]).chain(extensions);
    let rules = tools.flat_map(|tool| list(&tool["rules"]));
    rules.filter_map(|rule| Some((rule["id"].as_str()?, rule))).collect()
}

fn severity(result: &Value, rule: &Value) -> &'static str {
    let score =
        [result, rule].into_iter().find_map(|place| match &place["properties"]["security-severity"] {
            Value::String(text) => text.parse::<f64>().ok(),
            number => number.as_f64(),
        });
    let level = result["level"].as_str().or_else(|| rule["defaultConfiguration"]["level"].as_str());
    match (score, level.unwrap_or("warning")) {
        (Some(score), _) if score >= 9.0 => "critical",
        (Some(score), _) if score >= 7.0 => "high",
        (Some(score), _) if score >= 4.0 => "medium",
        (Some(_), _) => "low",
        (None, "error") => "high",
        (None, "warning") => "medium",
        (None, "note" | "none") => "low",
        (None, _) => "unknown",
    }
}

/// The JSON of Trivy, of Grype, or an object with the counts. `area` is the name of a target. A report that names the
/// digests of its image must name `digest` among them.
pub(super) fn json(source: &mut Source, area: Option<&str>, digest: Option<&str>) -> Result<Found, String> {
    let value = source.json()?;
    if let Some(digest) = digest {
        is_about(&value, digest)?;
    }
    let mut counts = Counts::new();
    if value.get("Results").is_some() || value.get("SchemaVersion").is_some() {
        // A scan that found nothing names what it looked at.
        if list(&value["Results"]).is_empty() {
            return Err("it has no `Results`: nothing was scanned".to_owned());
        }
        let chosen = |result: &&Value| area.is_none_or(|area| result["Target"].as_str() == Some(area));
        let results: Vec<_> = list(&value["Results"]).iter().filter(chosen).collect();
        if results.is_empty() && area.is_some() {
            return Err("nothing of that target is in it".to_owned());
        }
        for result in results {
            for (kind, id) in
                [("Vulnerabilities", "VulnerabilityID"), ("Misconfigurations", "ID"), ("Secrets", "RuleID")]
            {
                for one in list(&result[kind]).iter().filter(|one| one["Status"] != "PASS") {
                    counts.add(
                        one["Severity"].as_str().unwrap_or_default(),
                        one[id].as_str().unwrap_or_default(),
                    );
                }
            }
        }
    } else if let Some(matches) = value["matches"].as_array() {
        counts.suppressed = list(&value["ignoredMatches"]).len();
        for one in matches {
            let one = &one["vulnerability"];
            counts.add(one["severity"].as_str().unwrap_or_default(), one["id"].as_str().unwrap_or_default());
        }
    } else {
        return plain(area.map_or(&value, |area| &value[area]));
    }
    Ok(counts.found())
}

fn is_about(report: &Value, digest: &str) -> Result<(), String> {
    let bare = |text: &str| text.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    // As `registry/name@sha256:...`.
    let named = [&report["Metadata"]["RepoDigests"], &report["source"]["target"]["repoDigests"]];
    let mut named = named.into_iter().flat_map(list).filter_map(Value::as_str).peekable();
    match named.peek().map(|first| (*first).to_owned()) {
        Some(first) if !named.any(|name| bare(name) == bare(digest)) => {
            Err(format!("it is about {first}, not about {digest}"))
        }
        _ => Ok(()),
    }
}

/// A severity that is not named is not zero: nobody says so.
fn plain(value: &Value) -> Result<Found, String> {
    let mut found = Found::default();
    figures::collect(value, "", &mut found)?;
    found.figures =
        found.figures.into_iter().map(|(name, figure)| (name.to_ascii_lowercase(), figure)).collect();
    if !SEVERITIES.iter().any(|name| found.figures.contains_key(*name)) {
        return Err("it has no severity: neither SARIF, nor of Trivy or Grype, nor counts".to_owned());
    }
    // Whoever counts by hand knows all of them.
    found.figures.entry("unknown".to_owned()).or_default();
    Ok(found)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

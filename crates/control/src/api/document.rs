//! The part of the OpenAPI document that is about control: one line for each route.

use serde_json::{Map, Value, json};

/// What comes back.
#[derive(Clone, Copy)]
enum Answer {
    /// One JSON object.
    Object,
    /// A page.
    Page,
    /// Events: pieces as they happen, then `done` with the answer, or `error`.
    Stream,
}
use Answer::{Object, Page, Stream};

/// A route, for people: method, path, what it does, an example of its body, names in its query, what comes back.
type Line = (&'static str, &'static str, &'static str, Option<&'static str>, &'static [&'static str], Answer);

#[rustfmt::skip]
const LINES: &[Line] = &[
    ("GET", "/status", "The status page for users: what is up, what is being mended", None, &[], Page),
    ("GET", "/status.json", "The same as data", None, &[], Object),
    ("POST", "/v1/alerts", "Alerts as Alertmanager sends them: the policy's triggers open incidents", Some(r#"{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"HighErrorRate"},"startsAt":"2026-11-22T09:00:00Z","fingerprint":"a1"}]}"#), &[], Object),
    ("POST", "/v1/alerts/{firing}/judge", "Say whether there was anything to do", Some(r#"{"actionable":true,"by":"asha"}"#), &[], Object),
    ("GET", "/v1/incidents", "Incidents, the newest first", None, &["service", "open"], Object),
    ("POST", "/v1/incidents", "Open an incident: people are called as the policy says", Some(r#"{"service":"ticker-service","severity":"P1","title":"orders are slow","by":"asha"}"#), &[], Object),
    ("GET", "/v1/incidents/channels", "Where pages go, and how the last ones went; no secret is shown", None, &[], Object),
    ("GET", "/v1/incidents/measures", "How many there were and how long they took, by severity", None, &["service", "from", "to"], Object),
    ("POST", "/v1/incidents/test-page", "Call people once to see whether that works; the code in the page's text is asked for when it is acknowledged", Some(r#"{"service":"ticker-service","alert":"slo_orders_page_fast","by":"asha"}"#), &[], Object),
    ("GET", "/v1/incidents/{id}", "One incident: clocks, timeline, pages", None, &[], Object),
    ("POST", "/v1/incidents/{id}/acknowledge", "Somebody works on it; of a test page, with the `code` in its text", Some(r#"{"by":"asha"}"#), &[], Object),
    ("POST", "/v1/incidents/{id}/mitigate", "Service is back", Some(r#"{"how":"rolled back","by":"asha"}"#), &[], Object),
    ("POST", "/v1/incidents/{id}/note", "Write down what was seen, done or said", Some(r#"{"text":"the feed is back","public":false,"by":"asha"}"#), &[], Object),
    ("POST", "/v1/incidents/{id}/pages", "Send what is due now, also where nothing goes on by itself", Some(r#"{}"#), &[], Object),
    ("POST", "/v1/incidents/{id}/reopen", "It is back", Some(r#"{"why":"slow again","by":"asha"}"#), &[], Object),
    ("POST", "/v1/incidents/{id}/resolve", "Nothing is left to do", Some(r#"{"how":"the pool is larger","by":"asha"}"#), &[], Object),
    ("POST", "/v1/incidents/{id}/retro", "Draft the retrospective from the timeline, and keep it", Some(r#"{"by":"asha"}"#), &[], Object),
    ("POST", "/v1/incidents/{id}/severity", "It is worse than it seemed, or not as bad", Some(r#"{"severity":"P0","why":"orders are lost","by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/checks", "Ask checks, all at once; what comes out is kept for the release", Some(r#"{"release":"ticker-service-1.2.0","checks":["health"]}"#), &[], Stream),
    ("POST", "/v1/release/policies", "Keep a policy under the digest of its text: whoever may can run programs here, so it needs `keys:admin`", Some(r#"{"text":"format = 1 ...","name":"ticker-service.toml","folder":"/srv/policies"}"#), &[], Object),
    ("GET", "/v1/release/policies/{digest}", "A policy that is kept: of which service, and the folders it was kept with", None, &[], Object),
    ("GET", "/v1/release/releases", "Releases that were opened", None, &["service"], Object),
    ("POST", "/v1/release/releases", "Open a release: what is to go where, decided by which policy", Some(r#"{"policy":"sha256:...","folder":"/srv/policies","artefact":"sha256:...","environment":"production","by":"asha"}"#), &[], Object),
    ("GET", "/v1/release/releases/{id}", "One release: what would come out now, what was decided", None, &["incident"], Object),
    ("GET", "/v1/release/releases/{id}/agenda", "The agenda of the next meeting, or of one", None, &["meeting"], Object),
    ("GET", "/v1/release/releases/{id}/announcements", "Who has to be told what, and when", None, &[], Object),
    ("POST", "/v1/release/releases/{id}/announcements/{announcement}", "People were told", Some(r#"{"text":"we release at noon","by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/artefact", "Another artefact: signatures are void, evidence about the old one does not count", Some(r#"{"artefact":"sha256:...","version":"1.2.1","by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/conditions/{condition}/met", "A condition of the GO is met", Some(r#"{"by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/conditions/{condition}/missed", "A condition of the GO was not met", Some(r#"{"by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/day0", "Another day", Some(r#"{"day0":"2026-11-26","why":"the exchange moved","by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/decision", "Decide, and record it with everything that it was decided from", Some(r#"{}"#), &[], Object),
    ("GET", "/v1/release/releases/{id}/evaluation", "Whether it was a success, at a horizon", None, &["horizon"], Object),
    ("POST", "/v1/release/releases/{id}/evidence", "Somebody says that something is so, gives a mark or a figure", Some(r#"{"check":"runbooks-reviewed","by":"asha","text":"all four, on Friday"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/findings", "Something was found", Some(r#"{"finding":"F-7","title":"no limit on uploads","severity":"high","by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/findings/{finding}/closed", "It is gone", Some(r#"{"why":"limited to 1 MiB","by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/meetings/{meeting}", "A recurring review was held, or not", Some(r#"{"held":true,"text":"nothing new","by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/metrics/{metric}", "A figure that somebody measured", Some(r#"{"value":"41","by":"asha"}"#), &[], Object),
    ("GET", "/v1/release/releases/{id}/notes", "Release notes of a range of commits", None, &["from", "to"], Object),
    ("POST", "/v1/release/releases/{id}/policy", "Bind it to another text of the policy: signatures are void", Some(r#"{"policy":"sha256:...","folder":"/srv/policies","by":"asha"}"#), &[], Object),
    ("GET", "/v1/release/releases/{id}/promotion", "How far this artefact has come through the environments", None, &[], Object),
    ("GET", "/v1/release/releases/{id}/report", "The dossier: the files of `release report`", None, &["at"], Object),
    ("GET", "/v1/release/releases/{id}/reviews", "Reviews by role: mark, status, findings, when they are due again", None, &[], Object),
    ("GET", "/v1/release/releases/{id}/risks", "The register of risks; red checks raise them", None, &[], Object),
    ("GET", "/v1/release/releases/{id}/schedule", "The dated plan: tasks, phases, what is late", None, &[], Object),
    ("POST", "/v1/release/releases/{id}/signatures", "A signature, made with the key of the person", Some(r#"{"release":"ticker-service-1.2.0","matter":"release","role":"security","person":"asha","vote":"go","table":"sha256:...","at":"2026-11-22T09:00:00Z","signature":"..."}"#), &[], Object),
    ("GET", "/v1/release/releases/{id}/table", "What whoever signs now has to sign: release, open checks, scores, their hash; and whose keys count", None, &["blocker"], Object),
    ("POST", "/v1/release/releases/{id}/tasks/{task}/done", "A task of the plan is done", Some(r#"{"by":"asha"}"#), &[], Object),
    ("POST", "/v1/release/releases/{id}/withdrawals", "Take a yes back", Some(r#"{"role":"security","person":"asha","why":"a new finding"}"#), &[], Object),
    ("GET", "/v1/release/reports/{kind}", "A `daily` or `weekly` report, or a `retrospective`", None, &["service", "on", "incident"], Object),
    ("GET", "/v1/release/watch", "Synthetic checks: what is up, since when, how often it was", None, &[], Object),
    ("GET", "/v1/runs", "Runs of runbooks", None, &["service", "open"], Object),
    ("POST", "/v1/runs", "Run a runbook: its steps are done one after the other", Some(r#"{"release":"ticker-service-1.2.0","runbook":"deploy","environment":"staging","rehearsal":true,"by":"asha"}"#), &[], Object),
    ("GET", "/v1/runs/{id}", "One run: its steps, their times beside their budgets, who is asked for what", None, &[], Object),
    ("POST", "/v1/runs/{id}/abandon", "End it and leave everything as it is", Some(r#"{"by":"asha","why":"the market moves"}"#), &[], Object),
    ("POST", "/v1/runs/{id}/back", "Undo what was done", Some(r#"{"by":"asha","why":"the market moves"}"#), &[], Object),
    ("POST", "/v1/runs/{id}/confirm", "A person says that a step is done", Some(r#"{"step":"announce","by":"asha"}"#), &[], Object),
    ("GET", "/v1/runs/{id}/events", "The same as it happens, until it ends", None, &[], Stream),
    ("POST", "/v1/runs/{id}/fail", "A person's own step did not work out", Some(r#"{"step":"announce","why":"the page is down","by":"asha"}"#), &[], Object),
    ("POST", "/v1/runs/{id}/go-ahead", "A step may be done, or done once more", Some(r#"{"step":"migrate","by":"asha"}"#), &[], Object),
    ("POST", "/v1/runs/{id}/pause", "Nothing new is begun", Some(r#"{"by":"asha","why":"the market moves"}"#), &[], Object),
    ("POST", "/v1/runs/{id}/resume", "It goes on", Some(r#"{"by":"asha","why":"the market moves"}"#), &[], Object),
    ("POST", "/v1/runs/{id}/skip", "Pass a step over", Some(r#"{"step":"announce","why":"nobody to tell","by":"asha"}"#), &[], Object),
    ("GET", "/v1/slos", "Objectives in operation: budget, burn, alerts, since when observed", None, &["service"], Object),
];

/// `paths` of all routes, without access: whoever serves them adds that.
pub fn document() -> Value {
    let mut paths = Map::new();
    for line in LINES {
        let path = paths.entry(line.1).or_insert_with(|| json!({}));
        path[line.0.to_lowercase()] = operation(line);
    }
    json!({"paths": paths, "components": {"schemas": {"ControlError": error()}}})
}

fn operation(line: &Line) -> Value {
    let (method, path, summary, body, query, answer) = line;
    let content = match answer {
        Object => json!({"application/json": {"schema": {"type": "object"}}}),
        Page => json!({"text/html": {"schema": {"type": "string"}}}),
        Stream => json!({"text/event-stream": {"schema": {"type": "string"}}}),
    };
    let refused = json!({
        "description": "Refused: the code is for programs, the message and the hint are for people",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ControlError"}}},
    });
    let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        named.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let in_query =
        query.iter().map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}));
    let mut operation = json!({
        "operationId": operation_id(method, path),
        "summary": summary,
        "tags": ["going live"],
        "parameters": in_path.chain(in_query).collect::<Vec<Value>>(),
        "responses": {"200": {"description": summary, "content": content}, "default": refused},
    });
    if let Some(example) = body {
        let example: Value = serde_json::from_str(example).unwrap_or_default();
        operation["requestBody"] =
            json!({"content": {"application/json": {"schema": {"type": "object"}, "example": example}}});
    }
    operation
}

/// `post_runs_id_confirm`.
fn operation_id(method: &str, path: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    let words: String = path.trim_start_matches("/v1/").chars().map(plain).collect();
    let words = words.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    format!("{}_{words}", method.to_lowercase())
}

fn error() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": text, "message": text, "field": text, "hint": text},
        }},
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn describes_every_route_and_nothing_else() {
        let described: BTreeSet<(&str, &str)> = LINES.iter().map(|line| (line.0, line.1)).collect();
        let served = crate::api::table();
        let served: BTreeSet<(&str, &str)> = served.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(described, served);
        assert_eq!(described.len(), LINES.len(), "each once");
    }

    #[test]
    fn examples_are_json() {
        for (method, path, _, body, ..) in LINES {
            let readable = body.is_none_or(|text| serde_json::from_str::<Value>(text).is_ok());
            assert!(readable, "{method} {path}");
        }
    }
}

//! Deployments and their rehearsals: what has to stand before they begin.

use super::*;

/// A deployment that writes its version, a way back, and severities of which the first stands in the way of releases.
const BOOKS: &str = r#"
[[severity]]
id = "P0"
means = "nobody is served"
respond_within = "5m"
blocks_release = true
[[severity]]
id = "P2"
means = "some are not served"
respond_within = "1h"
[[runbook]]
id = "deploy"
purpose = "deploy"
[[runbook.step]]
id = "first"
action.command = { run = ["sh", "-c", 'echo first $MERIDIAN_VERSION $MERIDIAN_ARTEFACT >> log; while test -e hold; do sleep 0.02; done'] }
[[runbook.step]]
id = "second"
action.command = { run = ["sh", "-c", 'echo second $MERIDIAN_VERSION $MERIDIAN_ARTEFACT >> log'] }
[[runbook]]
id = "back"
purpose = "roll-back"
[[runbook.step]]
id = "a"
action.command = { run = ["true"] }
[[runbook]]
id = "back-there"
purpose = "roll-back"
environment = "production"
[[runbook.step]]
id = "a"
action.command = { run = ["true"] }
"#;

const FROZEN: &str = r#"
[windows]
zone = "UTC"
[[windows.freeze]]
from = "2020-01-01"
to = "2199-01-01"
why = "nothing moves"
[windows.hotfix]
severities = ["P2"]
signers = []
"#;

fn artefact(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

impl Office {
    /// A release with an answer of GO.
    async fn decided(&self, incident: Option<&str>) -> String {
        let body = json!({"policy": self.policy, "artefact": artefact("a"), "by": "asha"});
        let release = self.ok("POST", "/v1/release/releases", body).await["release"].clone();
        let release = release.as_str().unwrap().to_owned();
        self.decide(&release, incident).await;
        release
    }

    async fn decide(&self, release: &str, incident: Option<&str>) {
        let path = format!("/v1/release/releases/{release}/decision");
        let view = self.ok("POST", &path, json!({"incident": incident})).await;
        assert_eq!(view["stands"]["outcome"], "go", "{:#}", view["would_be"]);
    }

    async fn incident(&self, severity: &str) -> String {
        let body =
            json!({"service": "ticker", "severity": severity, "title": "orders are refused", "by": "asha"});
        self.ok("POST", "/v1/incidents", body).await["incident"].as_str().unwrap().to_owned()
    }
}

fn deploy(release: &str) -> Value {
    json!({"release": release, "runbook": "deploy", "by": "asha"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_go_is_asked_again_when_it_is_acted_upon() {
    let office = Office::new(BOOKS).await;
    let release = office.decided(None).await;
    let incident = office.incident("P0").await;
    let (status, why) = office.refused("/v1/runs", deploy(&release)).await;
    assert!(status == 409 && why.contains("NO-GO now") && why.contains(&incident), "{why}");
    assert_eq!(office.read("log"), "");
    office.ok("POST", &format!("/v1/incidents/{incident}/resolve"), json!({"by": "asha"})).await;
    let run = office.ok("POST", "/v1/runs", deploy(&release)).await["run"].clone();
    let view = office.ends(run.as_str().unwrap()).await;
    assert_eq!((&view["outcome"], &view["environment"]), (&json!("done"), &json!("production")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotfix_names_its_incident_when_it_is_deployed_too() {
    let office = Office::new(&format!("{BOOKS}{FROZEN}")).await;
    let incident = office.incident("P2").await;
    let release = office.decided(Some(&incident)).await;
    let (status, why) = office.refused("/v1/runs", deploy(&release)).await;
    assert!(status == 409 && why.contains("nothing moves"), "{why}");
    let hotfix = |id: &str| {
        let mut body = deploy(&release);
        body["incident"] = json!(id);
        body
    };
    let (status, why) = office.refused("/v1/runs", hotfix("INC-7")).await;
    assert!(status == 400 && why.contains("INC-7"), "{why}");
    let run = office.ok("POST", "/v1/runs", hotfix(&incident)).await["run"].clone();
    assert_eq!(office.ends(run.as_str().unwrap()).await["outcome"], "done");
}

/// A deployment whose first step waits; the release changes meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_deployed_stays_what_was_decided() {
    let mut office = Office::new(BOOKS).await;
    let hold = office.folder.path().join("hold");
    fs::write(&hold, "").unwrap();
    let release = office.decided(None).await;
    let run = office.ok("POST", "/v1/runs", deploy(&release)).await["run"].as_str().unwrap().to_owned();
    let line = |step: &str| format!("{step} 1.2.3 {}\n", artefact("a"));
    office.until(&run, |_| office.read("log") == line("first")).await;
    let changed = json!({"artefact": artefact("b"), "version": "1.2.4", "by": "bob"});
    office.ok("POST", &format!("/v1/release/releases/{release}/artefact"), changed).await;
    fs::remove_file(&hold).unwrap();
    let view = office.until(&run, |view| view["standing"] == "paused").await;
    let why = view["paused"]["why"].as_str().unwrap();
    assert!(
        why.contains(&artefact("b")) && why.contains("no decision stands") && why.contains("bob"),
        "{why}"
    );
    assert_eq!(office.read("log"), line("first"), "nothing more was begun");
    // Whoever goes on with it asks nobody else for the version.
    office.canceller.cancel();
    office.reopen();
    tokio::spawn(serve(Arc::clone(&office.control)));
    office.say(&run, "resume", json!({"by": "asha"})).await;
    assert_eq!(office.ends(&run).await["outcome"], "done");
    assert_eq!(office.read("log"), format!("{}{}", line("first"), line("second")), "one version throughout");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_rehearses_in_a_target_by_leaving_something_out() {
    let office = Office::new(BOOKS).await;
    let body = |runbook: &str, environment: Option<&str>| json!({"policy": office.policy, "runbook": runbook, "environment": environment, "rehearsal": true, "by": "asha"});
    for (runbook, environment) in [
        ("deploy", None),
        ("deploy", Some("production")),
        ("back", None),
        ("back", Some("production")),
        ("back-there", None),
    ] {
        let (status, why) = office.refused("/v1/runs", body(runbook, environment)).await;
        let named = why.contains("\"environment\"") && why.contains("staging");
        assert!(status == 400 && named, "{runbook} in {environment:?}: {why}");
    }
    assert_eq!(office.read("log"), "");
    for (runbook, environment) in [("deploy", "staging"), ("back", "staging"), ("back-there", "production")] {
        let run = office.ok("POST", "/v1/runs", body(runbook, Some(environment))).await["run"].clone();
        let view = office.ends(run.as_str().unwrap()).await;
        assert_eq!((&view["outcome"], &view["environment"]), (&json!("done"), &json!(environment)));
    }
}

//! Commands, manifests, alert rules and checks.

use super::spotting::{Fault, findings, silent, spot};

const RULES: &str = "[[file]]
id = \"rules\"
format = \"prometheus-rules\"
path = \"rules.yaml\"
";

const MANIFESTS: &str = "[[file]]
id = \"k8s\"
format = \"kubernetes\"
path = \"k8s.yaml\"
";

const GREEN: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: ticker-service-green, namespace: production}
spec:
  template:
    metadata: {labels: {app: ticker, version: v1.0.0}}
    spec:
      containers:
        - {name: ticker, image: 'registry.internal/ticker@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}
---
apiVersion: v1
kind: Service
metadata: {name: ticker-service, namespace: production}
spec: {selector: {app: ticker, version: v1.0.0}}
";

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// One runbook with one step of shell.
macro_rules! deploy {
    ($touches:literal, $text:literal) => {
        concat!(
            "[[runbook]]\nid = \"deploy\"\npurpose = \"deploy\"\n[[runbook.step]]\nid = \"one\"\n",
            $touches,
            "\n[runbook.step.action.shell]\ntext = '''\n",
            $text,
            "\n'''\n"
        )
    };
    ($text:literal) => {
        deploy!("", $text)
    };
}

/// A runbook, and one that goes back.
macro_rules! there_and_back {
    ($there:literal, $back:literal) => {
        concat!(
            "[[runbook]]\nid = \"deploy\"\npurpose = \"deploy\"\n[[runbook.step]]\nid = \"one\"\n",
            "[runbook.step.action.shell]\ntext = '''\n",
            $there,
            "\n'''\n[[runbook]]\nid = \"back\"\npurpose = \"roll-back\"\n[[runbook.step]]\nid = \"one\"\n",
            "[runbook.step.action.shell]\ntext = '''\n",
            $back,
            "\n'''\n"
        )
    };
}

/// A file of alert rules with one alert.
macro_rules! alert {
    ($expr:literal) => {
        alert!($expr, "for: 5m")
    };
    ($expr:literal, $for:literal) => {
        alert!($expr, $for, "Something is wrong")
    };
    ($expr:literal, $for:literal, $summary:literal) => {
        concat!(
            "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: ",
            $expr,
            "\n    ",
            $for,
            "\n    annotations: {summary: '",
            $summary,
            "'}\n"
        )
    };
}

const FAULTS: &[Fault] = &[
    Fault {
        code: "C01",
        policy: RULES,
        files: &[("rules", "groups: [")],
        mend: ("groups: [", "groups: []"),
        says: &["cannot be read as Prometheus rules"],
    },
    Fault {
        code: "C01",
        policy: RULES,
        files: &[("rules", "group: []")],
        mend: ("group:", "groups:"),
        says: &["no list of `groups` in it"],
    },
    Fault {
        code: "C02",
        policy: MANIFESTS,
        files: &[("k8s", "kind: Deployment
metadata: {name: ticker}
spec: {template: {metadata: {labels: {app: ticker, version: v1.0.0}}}}
---
kind: Service
metadata: {name: ticker}
spec: {selector: {app: ticker, version: '1.0.0'}}
")],
        mend: ("'1.0.0'", "v1.0.0"),
        says: &["app=ticker, version=v1.0.0"],
    },
    Fault {
        code: "C03",
        policy: deploy!("kubectl patch service ticker-service -p \\
  '{\"spec\":{\"selector\":{\"version\":\"v1.0.0\",\"weight\":\"10\"}}}'"),
        files: &[],
        mend: (",\"weight\":\"10\"", ""),
        says: &["Service `ticker-service`", "version=v1.0.0, weight=10"],
    },
    Fault {
        code: "C03",
        policy: MANIFESTS,
        files: &[("k8s", "kind: Service\nmetadata: {name: ticker}\nspec: {selector: {app: ticker, canary-weight: 10}}\n")],
        mend: (", canary-weight: 10", ""),
        says: &["canary-weight=10"],
    },
    Fault {
        code: "C04",
        policy: there_and_back!(
            "kubectl rollout status deployment/ticker-service-green",
            "kubectl rollout undo deployment/ticker-service"
        ),
        files: &[],
        mend: ("undo deployment/ticker-service", "undo deployment/ticker-service-green"),
        says: &["rolls back deployment `ticker-service`", "ticker-service-green"],
    },
    Fault {
        code: "C05",
        policy: deploy!("kubectl apply -f ticker.yaml -n production
kubectl rollout status deployment/ticker"),
        files: &[],
        mend: ("deployment/ticker", "deployment/ticker -n production"),
        says: &["no -n", "-n production"],
    },
    Fault {
        code: "C05",
        policy: "environment = [{ id = \"production\", namespace = \"prod\" }]
[[runbook]]
id = \"deploy\"
purpose = \"deploy\"
environment = \"production\"
step = [{ id = \"one\", action.command.run = [\"kubectl\", \"scale\", \"deploy\", \"ticker\", \"--replicas=3\", \"--namespace\", \"production\"] }]",
        files: &[],
        mend: ("\"production\"] }]", "\"prod\"] }]"),
        says: &["-n production", "-n prod"],
    },
    Fault {
        code: "C06",
        policy: "environment = [{ id = \"production\", target = true }]
artefact = [{ id = \"ticker\", environment = \"production\", reference = \"registry.internal/ticker:1.0.0\" }]",
        files: &[],
        mend: ("ticker:1.0.0", "ticker:1.0.0@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        says: &["registry.internal/ticker:1.0.0@sha256:"],
    },
    Fault {
        code: "C06",
        policy: deploy!("kubectl set image deployment/ticker ticker=ticker:v1.0.0-rc1"),
        files: &[],
        mend: ("ticker:v1.0.0-rc1", "ticker@$DIGEST"),
        says: &["ticker:v1.0.0-rc1"],
    },
    Fault {
        code: "C07",
        policy: "environment = [{ id = \"staging\" }, { id = \"production\", target = true }]
artefact = [
  { id = \"rc\", environment = \"staging\", reference = \"r/ticker@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" },
  { id = \"release\", environment = \"production\", reference = \"r/ticker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\" },
]",
        files: &[],
        mend: ("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        says: &["was not in `staging`"],
    },
    Fault {
        code: "C08",
        policy: "service: requests_per_second = 30
file = [{ id = \"rules\", format = \"prometheus-rules\", path = \"rules.yaml\" }]",
        files: &[("rules", alert!("rate(http_requests_total{status=~\"5..\"}[5m]) > 0.01", "for: 5m", "Error rate exceeds 1%"))],
        mend: ("exceeds 1%", "is high"),
        says: &["0.01 failures a second of 30 requests a second are 0.033 %"],
    },
    Fault {
        code: "C08",
        policy: "metric = [{ id = \"errors\", kind = \"ratio\", query = \"sum(rate(errors_total[5m]))\" }]",
        files: &[],
        mend: ("errors_total[5m]))", "errors_total[5m])) / sum(rate(requests_total[5m]))"),
        says: &["`errors` is a ratio"],
    },
    Fault {
        code: "C09",
        policy: RULES,
        files: &[("rules", alert!("histogram_quantile(0.99, http_request_duration_seconds) > 0.2"))],
        mend: ("http_request_duration_seconds", "sum by (le) (rate(http_request_duration_seconds_bucket[5m]))"),
        says: &["no rate of the buckets"],
    },
    Fault {
        code: "C09",
        policy: "metric = [{ id = \"p99\", kind = \"latency\", query = \"histogram_quantile(0.99, sum by (job) (rate(x_bucket[5m])))\" }]",
        files: &[],
        mend: ("by (job)", "by (job, le)"),
        says: &["does not keep `le`"],
    },
    Fault {
        code: "C10",
        policy: RULES,
        files: &[("rules", alert!("up{job=\"ticker\"} == 0"))],
        mend: ("== 0", "== 0 or absent(up{job=\"ticker\"})"),
        says: &["absent(up{job="],
    },
    Fault {
        code: "C11",
        policy: RULES,
        files: &[("rules", alert!("queue_length > 100", "labels: {severity: page}"))],
        mend: ("labels: {severity: page}", "for: 1m"),
        says: &["`A` fires on a single evaluation"],
    },
    Fault {
        code: "C12",
        policy: RULES,
        files: &[("rules", alert!("sum(rate(bad[5m])) / sum(rate(all[5m])) > 0.01"))],
        mend: ("> 0.01", "> 0.01 and sum(rate(all[5m])) > 1"),
        says: &["next to nothing"],
    },
    Fault {
        code: "C13",
        policy: concat!(
            deploy!("git filter-repo --path app/config.py --replace-text <(echo \"hunter2==>REDACTED\")"),
            "[[check]]\nid = \"history\"\nprobe.git-history = { repository = \".\", secrets = true }\n"
        ),
        files: &[],
        mend: ("--path app/config.py ", ""),
        says: &["every file but `app/config.py`"],
    },
    Fault {
        code: "C14",
        policy: concat!(
            deploy!("git filter-repo --path tokens/ --invert-paths
git remote add origin git@git.internal:ticker
git push --force --all origin"),
            "[[check]]\nid = \"history\"\nprobe.git-history = { repository = \".\", secrets = true }\n"
        ),
        files: &[],
        mend: ("--all origin", "--all origin && git push --force --tags origin"),
        says: &["tags are not pushed and keep"],
    },
    Fault {
        code: "C14",
        policy: concat!(
            deploy!("git filter-repo --path tokens/ --invert-paths
git push --force --mirror"),
            "[[check]]\nid = \"history\"\nprobe.git-history = { repository = \".\", secrets = true }\n"
        ),
        files: &[],
        mend: ("--mirror", "--mirror git@git.internal:ticker"),
        says: &["has removed the remote"],
    },
    Fault {
        code: "C15",
        policy: deploy!("git filter-repo --path tokens/ --invert-paths
git log --all -- tokens/"),
        files: &[],
        mend: ("git log --all", "git clone git@git.internal:ticker fresh && git -C fresh log --all"),
        says: &["no fresh clone"],
    },
    Fault {
        code: "C16",
        policy: "[[check]]
id = \"cors\"
probe.http = { url = \"{env}/orders\", lacks_headers = [\"Access-Control-Allow-Origin\"] }
[[blocker]]
id = \"cors\"
title = \"CORS\"
checks = [\"cors\"]",
        files: &[],
        mend: ("[[blocker]]", "control.http = { url = \"http://127.0.0.1:9/open\", lacks_headers = [\"Access-Control-Allow-Origin\"] }\n[[blocker]]"),
        says: &["Check `cors`", "blocker `cors`"],
    },
    Fault {
        code: "C16",
        policy: "[[check]]
id = \"port\"
probe.port-closed = { address = \"127.0.0.1:9\" }
control.port-closed = { address = \"127.0.0.1:9\" }
[[blocker]]
id = \"port\"
title = \"Port\"
checks = [\"port\"]",
        files: &[],
        mend: ("control.port-closed = { address = \"127.0.0.1:9\" }", "control.port-closed = { address = \"127.0.0.1:80\" }"),
        says: &["asks the very same"],
    },
    Fault {
        code: "C17",
        policy: "[[check]]
id = \"cors\"
probe.http = { url = \"{env}/orders\", method = \"OPTIONS\", headers = { Origin = \"https://evil.test\" } }",
        files: &[],
        mend: ("\"https://evil.test\"", "\"https://evil.test\", access-control-request-method = \"POST\""),
        says: &["preflight"],
    },
    Fault {
        code: "C17",
        policy: deploy!("curl -H \"Origin: https://evil.test\" \\
     -X OPTIONS \\
     https://ticker.internal/orders"),
        files: &[],
        mend: ("-X OPTIONS", "-X OPTIONS -H 'Access-Control-Request-Method: POST'"),
        says: &["Access-Control-Request-Method"],
    },
    Fault {
        code: "C18",
        policy: "[[check]]
id = \"encrypted\"
probe.command.run = [\"python3\", \"-c\", \"assert len(get_credential('api_key')) > 256\"]",
        files: &[],
        mend: ("assert len(get_credential('api_key')) > 256", "assert decrypt(get_credential('api_key')) == 'known'"),
        says: &["its length"],
    },
    Fault {
        code: "C18",
        policy: "[[check]]
id = \"encrypted\"
probe.command = { run = [\"show\", \"credential\"], lacks = \"Mg\" }",
        files: &[],
        mend: ("lacks = \"Mg\"", "contains = \"known\""),
        says: &["a few letters"],
    },
    Fault {
        code: "C19",
        policy: deploy!("aws kms generate-random --number-of-bytes 32 | base64"),
        files: &[],
        mend: ("32 |", "32 --query Plaintext --output text |"),
        says: &["--output text"],
    },
    Fault {
        code: "C19",
        policy: deploy!(
            "aws kms generate-random --number-of-bytes 32 | aws secretsmanager put-secret-value --secret-id x \
             --secret-string file:///dev/stdin"
        ),
        files: &[],
        mend: ("32 |", "32 --query Plaintext --output text |"),
        says: &["--output text"],
    },
    Fault {
        code: "C20",
        policy: deploy!("psql -U postgres -c \"ALTER USER stocks WITH PASSWORD '<kms_password>';\""),
        files: &[],
        mend: ("'<kms_password>'", "'$NEW'"),
        says: &["PASSWORD '...'"],
    },
    Fault {
        code: "C20",
        policy: "[[runbook]]
id = \"rotate\"
purpose = \"task\"
step = [{ id = \"one\", action.command = { run = [\"rotate\"], env = { DB_PASSWORD = \"hunter2\" } } }]",
        files: &[],
        mend: ("hunter2", "secret:db-password"),
        says: &["`DB_PASSWORD`"],
    },
    Fault {
        code: "C21",
        policy: deploy!("psql -f rotate.sql -c \"ALTER USER stocks PASSWORD :'new'\"
aws secretsmanager create-secret --name ticker/db --secret-string file://secret.json"),
        files: &[],
        mend: (
            "aws secretsmanager create-secret",
            "aws secretsmanager put-secret-value --secret-id ticker/db --secret-string file://secret.json ||
aws secretsmanager create-secret",
        ),
        says: &["the password has changed by then"],
    },
    Fault {
        code: "C22",
        policy: deploy!("touches = \"smoke\"", "curl https://ticker-green.internal/health
# Expected: the right version"),
        files: &[],
        mend: ("/health", "/health | jq -e '.version == \"1.0.0\"'"),
        says: &["Step `one`"],
    },
    Fault {
        code: "C22",
        policy: "[[check]]
id = \"healthy\"
probe.http = { url = \"{env}/health\", json = { \"/status\" = \"ok\" } }
[[runbook]]
id = \"deploy\"
purpose = \"deploy\"
step = [{ id = \"health\", touches = \"health\", action.wait-for.check = \"healthy\" }]",
        files: &[],
        mend: ("\"/status\" = \"ok\"", "\"/build\" = \"{version}\""),
        says: &["Step `health`"],
    },
    Fault {
        code: "C22",
        policy: "[[check]]
id = \"healthy\"
probe.http = { url = \"{env}/health\", contains = '\"version\"' }
[[runbook]]
id = \"deploy\"
purpose = \"deploy\"
step = [{ id = \"health\", touches = \"health\", action.wait-for.check = \"healthy\" }]",
        files: &[],
        mend: ("'\"version\"'", "'\"version\":\"{version}\"'"),
        says: &["Step `health`"],
    },
];

#[test]
fn each_fault_of_commands_is_found_alone() {
    spot('C', FAULTS);
}

/// In a text of several lines the finding is at the line, not where the text begins.
#[test]
fn a_quote_is_the_line_of_the_command() {
    let text = deploy!(
        "kubectl get pods -n production

kubectl logs -f deployment/ticker \\
  --tail=100
kubectl wait deployment/ticker"
    );
    let seen = findings(text, &[]);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!((seen[0].code, seen[0].quote.as_str()), ("C05", "kubectl logs -f deployment/ticker \\"));
    assert!(seen[0].message.contains("1 more"), "{seen:#?}");

    let rules = alert!("x > 1", "labels: {}");
    let inline =
        format!("[[file]]\nid = \"r\"\nformat = \"prometheus-rules\"\ntext = \"\"\"\n{rules}\"\"\"\n");
    assert_eq!(findings(&inline, &[])[0].quote, "- alert: A");
}

#[test]
fn manifests_that_agree_are_silent() {
    silent(MANIFESTS, &[("k8s", GREEN)]);
    // A file that is not given is not known.
    silent(MANIFESTS, &[]);
    let inline = format!("file = [{{ id = \"k8s\", format = \"kubernetes\", text = '''\n{GREEN}''' }}]");
    silent(&inline, &[]);
    let codes: Vec<&str> = findings(&inline.replace("selector: {app", "selector: {application"), &[])
        .iter()
        .map(|one| one.code)
        .collect();
    assert_eq!(codes, ["C02"]);
}

#[test]
fn a_patch_adds_to_the_selector_that_is_there() {
    let patch = |labels: &str| {
        let run = format!(
            "action.command.run = [\"kubectl\", \"-n\", \"production\", \"patch\", \"svc\", \"ticker-service\", \"-p\", '{{\"spec\":{{\"selector\":{labels}}}}}']"
        );
        format!(
            "{MANIFESTS}[[runbook]]\nid = \"d\"\npurpose = \"deploy\"\nstep = [{{ id = \"s\", {run} }}]\n"
        )
    };
    silent(&patch("{\"version\":\"v1.0.0\"}"), &[("k8s", GREEN)]);
    let seen = findings(&patch("{\"version\":\"v2\"}"), &[("k8s", GREEN.into())]);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!((seen[0].code, seen[0].stated.as_str()), ("C02", "app=ticker, version=v2"));
}

#[test]
fn what_the_shell_fills_in_is_not_known() {
    silent(
        deploy!(
            "kubectl apply -n \"$NS\" -f ticker.yaml
kubectl -n \"$NS\" rollout status \"deployment/$NAME\"
PGPASSWORD=\"$(cat /run/secrets/db)\" psql -c \"ALTER USER x PASSWORD '$NEW'\"
aws secretsmanager get-secret-value --secret-id x | jq -r .SecretString
export DB_PASSWORD_FILE=/run/secrets/db
curl -H \"Authorization: Bearer $TOKEN\" https://ticker.internal/orders
docker run --password-stdin < file
echo 'git filter-repo --path x --replace-text y' # git push --force"
        ),
        &[],
    );
}

#[test]
fn rules_that_hold_are_silent() {
    for expression in [
        "histogram_quantile(0.99, sum by (le, route) (rate(http_request_duration_seconds_bucket[5m]))) > 0.2",
        // A native histogram has no buckets.
        "histogram_quantile(0.99, sum(rate(http_request_duration_seconds[5m]))) > 0.2",
        "histogram_quantile(0.99, job:latency:rate5m) > 0.2",
        "process_resident_memory_bytes / 1024 > 100",
        "rate(errors_total[5m]) > 3",
        "up == 1",
        "absent(up{job=\"x\"})",
    ] {
        let rules = format!("groups: [{{name: g, rules: [{{alert: A, for: 1m, expr: {expression:?}}}]}}]");
        silent(RULES, &[("rules", &rules)]);
    }
    // In an operator's resource, and beside a rule about absence.
    silent(
        RULES,
        &[(
            "rules",
            "kind: PrometheusRule
spec:
  groups:
  - name: g
    rules:
    - {record: a, expr: 'sum(rate(x[5m])) / sum(rate(y[5m]))'}
    - {alert: Down, for: 1m, expr: up == 0}
    - {alert: Gone, for: 1m, expr: 'absent(up)'}
",
        )],
    );
}

#[test]
fn one_digest_through_all_environments_is_silent() {
    silent(
        &format!(
            "environment = [{{ id = \"staging\" }}, {{ id = \"production\", target = true }}]
artefact = [
  {{ id = \"s\", environment = \"staging\", reference = \"ghcr.io/x/ticker@{A}\" }},
  {{ id = \"t\", environment = \"staging\", reference = \"ghcr.io/x/worker@{A}\" }},
  {{ id = \"p\", environment = \"production\", reference = \"mirror.internal:5000/ticker:1.0@{A}\" }},
]"
        ),
        &[],
    );
}

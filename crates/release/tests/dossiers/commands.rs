//! Commands, manifests, alert rules and checks.

use crate::change::Change;
use crate::reading::Mended::Ticker;

pub const CHANGES: &[Change] = &[
    Change::new("C01", Ticker, &[("groups:\n  - name: ticker_service", "group:\n  - name: ticker_service")]),
    Change::new(
        "C02",
        Ticker,
        &[(
            "  selector: { app: ticker-service, version: v0.9 }",
            "  selector: { app: ticker-service, version: v0.9.7 }",
        )],
    ),
    Change::new(
        "C03",
        Ticker,
        &[(
            "  selector: { app: ticker-service, version: v1.0.0 }",
            "  selector: { app: ticker-service, version: v1.0.0, weight: \"10\" }",
        )],
    ),
    Change::new(
        "C04",
        Ticker,
        &[(
            r#""deployment/ticker-service-green", "-n", "production", "--tail=200""#,
            r#""deployment/ticker-service", "-n", "production", "--tail=200""#,
        )],
    ),
    Change::new("C05", Ticker, &[(r#""--replicas=0", "-n", "production""#, r#""--replicas=0""#)]),
    Change::new(
        "C06",
        Ticker,
        &[(
            r#"environment = "production"
reference = "registry.ticker.internal/ticker-service@sha256:f3068973b644a5ae2368806d6ed1db10b41255c8566af32afbd8971fef81588f""#,
            r#"environment = "production"
reference = "registry.ticker.internal/ticker-service:v1.0.0""#,
        )],
    ),
    Change::new(
        "C07",
        Ticker,
        &[(
            r#"environment = "production"
reference = "registry.ticker.internal/ticker-service@sha256:f3068973b644a5ae2368806d6ed1db10b41255c8566af32afbd8971fef81588f""#,
            r#"environment = "production"
reference = "registry.ticker.internal/ticker-service@sha256:5d41c0a7e2b8f96314d7a05b9c8e6f2130a4b7d59e8c1f6023b7a4d9e5c8f016""#,
        )],
    ),
    Change::new(
        "C08",
        Ticker,
        &[("              / sum(rate(http_requests_total{job=\"ticker_service\"}[5m]))\n", "")],
    ),
    Change::new(
        "C09",
        Ticker,
        &[(
            r#"sum by (le) (rate(http_request_duration_seconds_bucket{job="ticker_service"}[5m]))) > 0.25"#,
            r#"sum(rate(http_request_duration_seconds_bucket{job="ticker_service"}[5m]))) > 0.25"#,
        )],
    ),
    Change::new("C10", Ticker, &[(r#" or absent(up{job="ticker_service"})"#, "")]),
    Change::new("C11", Ticker, &[("        for: 1m\n", "")]),
    Change::new(
        "C12",
        Ticker,
        &[("          and sum(rate(http_requests_total{job=\"ticker_service\"}[30m])) > 1\n", "")],
    ),
    Change::new(
        "C13",
        Ticker,
        &[(
            "git filter-repo --force --replace-text ../replacements.txt",
            "git filter-repo --force --path app/config.py --replace-text ../replacements.txt",
        )],
    ),
    Change::new(
        "C14",
        Ticker,
        &[("git push --force --tags https://git.ticker.internal/ticker-service.git\n", "")],
    ),
    // Either of the two checks looks at a fresh clone.
    Change::new(
        "C15",
        Ticker,
        &[
            (
                r#"probe.git-history = { repository = "https://git.ticker.internal/ticker-service.git", paths = [".env"], secrets = true }
control.git-history = { repository = "https://git.ticker.internal/history-with-secrets.git", paths = [".env"], secrets = true }"#,
                r#"probe.command = { run = ["git", "-C", "ticker-service", "log", "--all", "--", ".env"], lacks = "commit" }
control.command = { run = ["git", "-C", "history-with-secrets", "log", "--all", "--", ".env"], lacks = "commit" }"#,
            ),
            (
                r#"probe.git-history = { repository = "https://git.ticker.internal/ticker-service.git", paths = ["tokens/"], secrets = true }
control.git-history = { repository = "https://git.ticker.internal/history-with-secrets.git", paths = ["tokens/"], secrets = true }"#,
                r#"probe.command = { run = ["git", "-C", "ticker-service", "log", "--all", "--", "tokens/"], lacks = "commit" }
control.command = { run = ["git", "-C", "history-with-secrets", "log", "--all", "--", "tokens/"], lacks = "commit" }"#,
            ),
        ],
    ),
    Change::new(
        "C16",
        Ticker,
        &[(
            r#"control.command = { run = ["bin/try-token", "--token-from", "secret:kite-token"], contains = "TokenException" }
"#,
            "",
        )],
    ),
    Change::new(
        "C17",
        Ticker,
        &[(
            r#"[check.probe.http]
url = "{env}/orders"
method = "OPTIONS"
headers = { Origin = "https://app.ticker.internal", Access-Control-Request-Method = "GET" }"#,
            r#"[check.probe.http]
url = "{env}/orders"
method = "OPTIONS"
headers = { Origin = "https://app.ticker.internal" }"#,
        )],
    ),
    Change::new(
        "C18",
        Ticker,
        &[(
            r#"run = ["bin/prove-encryption", "--decrypt", "all", "--flip-a-bit"], contains = "decrypted 12 of 12, refused 12 of 12""#,
            r#"run = ["python3", "-c", "print(all(len(row) > 100 for row in open('credentials.txt')))"], contains = "True""#,
        )],
    ),
    Change::new("C19", Ticker, &[(" --query Plaintext --output text", "")]),
    Change::new(
        "C20",
        Ticker,
        &[(
            r#""select 1"], env = { PGPASSWORD = "secret:ticker-service-db-password" }"#,
            r#""select 1"], env = { PGPASSWORD = "Correct-Horse-7" }"#,
        )],
    ),
    Change::new(
        "C21",
        Ticker,
        &[(
            r"aws secretsmanager describe-secret --secret-id ticker-service/db-password >/dev/null 2>&1 \
  || aws secretsmanager create-secret --name ticker-service/db-password
aws kms generate-random --number-of-bytes 32 --query Plaintext --output text \
  | aws secretsmanager put-secret-value --secret-id ticker-service/db-password \
      --version-stages AWSPENDING --secret-string file:///dev/stdin",
            r"aws kms generate-random --number-of-bytes 32 --query Plaintext --output text \
  | aws secretsmanager create-secret --name ticker-service/db-password --secret-string file:///dev/stdin",
        )],
    ),
    Change::new(
        "C22",
        Ticker,
        &[(
            r#"title = "The new version answers before it has traffic"
environment = "production"
probe.http = { url = "https://ticker-service-green.ticker.internal/health", json = { "/status" = "ok", "/version" = "{version}" }, "#,
            r#"title = "The new version answers before it has traffic"
environment = "production"
probe.http = { url = "https://ticker-service-green.ticker.internal/health", json = { "/status" = "ok" }, "#,
        )],
    ),
];

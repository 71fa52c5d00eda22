//! Commands, manifests, alert rules and checks: what is run, and whether it does what it is for.
//!
//! Enters: shell text, arguments, probes, the contents of named files. Leaves: findings `C01` to `C22`. Never here: running any of it.
//! A word that the shell fills in, or a file that is not given, is not known, and nothing is said about it.

mod alerts;
mod artefacts;
mod files;
mod history;
mod kubernetes;
mod probes;
mod promql;
mod resources;
mod rules;
mod scripts;
mod secrets;
mod shell;
mod version;

use std::collections::BTreeMap;

use super::Level::{Error, Warning};
use super::Rule;
use crate::policy::{FileFormat, Policy};

/// Everything that is run or relied on, read once.
pub(super) struct Seen<'a> {
    scripts: Vec<scripts::Script<'a>>,
    alerts: Vec<rules::Alert<'a>>,
    manifests: Vec<kubernetes::Manifest>,
    faults: Vec<files::Fault>,
}

impl<'a> Seen<'a> {
    /// `files` are the contents of the files that the policy names, by their `id`.
    pub(super) fn of(policy: &'a Policy, files: &'a BTreeMap<String, String>) -> Seen<'a> {
        let mut faults = Vec::new();
        let mut read = |format| files::read(policy, files, format, &mut faults);
        let alerts = rules::alerts(&read(FileFormat::PrometheusRules));
        let manifests = kubernetes::manifests(read(FileFormat::Kubernetes));
        Seen { scripts: scripts::read(policy, files), alerts, manifests, faults }
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "C01",
        level: Error,
        title: "A named file is not what it is said to be",
        explain: "The release relies on a file that cannot be read as its format says, so nothing in it takes effect and no other \
                  rule can look at it. Mend the file, or its `format`. Files that unfold into very much are refused, too.",
        look: files::unreadable,
    },
    Rule {
        code: "C02",
        level: Error,
        title: "A Service selects no pod",
        explain: "A Service sends traffic to pods that carry every label of its selector. None of the pod templates does, so the \
                  Service has no endpoint and every request fails. Select labels that a template has.",
        look: kubernetes::selects_nothing,
    },
    Rule {
        code: "C03",
        level: Error,
        title: "A weight in a selector",
        explain: "A selector picks pods by their labels and knows no shares: with `weight` in it, it matches no pod, which is an \
                  outage and not a canary. Shift weights where traffic is routed: gateway, mesh, proxy or replicas.",
        look: kubernetes::weight,
    },
    Rule {
        code: "C04",
        level: Error,
        title: "A command names a resource that no other step has",
        explain: "The way back acts on a name that was never deployed, so it fails when it is needed most. Use the names of the \
                  deployment, and rehearse the runbook.",
        look: resources::names,
    },
    Rule {
        code: "C05",
        level: Error,
        title: "A command in another namespace than the rest",
        explain: "Without `-n` kubectl uses whatever namespace the caller last chose, and with a wrong one it does not find what the \
                  other steps have made. Name the environment's namespace in every command.",
        look: resources::namespaces,
    },
    Rule {
        code: "C06",
        level: Error,
        title: "An image reference without a digest",
        explain: "A tag can be moved, so what was tested, scanned and signed need not be what runs. Write registry, name and \
                  `@sha256:` digest; a tag may stand beside it.",
        look: artefacts::without_digest,
    },
    Rule {
        code: "C07",
        level: Error,
        title: "What is released is not what was tested",
        explain: "Evidence belongs to one artefact. Another build, even from the same commit, has none. Build once, test that digest \
                  and promote the same one.",
        look: artefacts::differs,
    },
    Rule {
        code: "C08",
        level: Error,
        title: "A percentage is asked of a bare rate",
        explain: "`rate(errors)` is errors per second, not a share: the alert fires at a handful of errors when traffic is high and \
                  never when it is low. Divide by the rate of all requests.",
        look: alerts::percentage,
    },
    Rule {
        code: "C09",
        level: Error,
        title: "histogram_quantile of something that is no histogram",
        explain: "It needs the rate of the `_bucket` series, with the label `le` kept by every aggregation: anything else gives no \
                  result and never fires, and syntax checks do not see it. Write \
                  `histogram_quantile(0.99, sum by (le) (rate(NAME_bucket[5m])))`.",
        look: alerts::quantile,
    },
    Rule {
        code: "C10",
        level: Error,
        title: "A down alert that is silent when the target is gone",
        explain: "`up == 0` needs a target that is known and does not answer. Once it is gone from discovery there is no series to \
                  compare. Add `or absent(up{job=\"...\"})`, or an alert of its own.",
        look: alerts::down,
    },
    Rule {
        code: "C11",
        level: Warning,
        title: "An alert without `for`",
        explain: "It fires on a single evaluation, so one late scrape wakes somebody. Say how long the condition has to hold.",
        look: alerts::at_once,
    },
    Rule {
        code: "C12",
        level: Warning,
        title: "A ratio alert without a floor of traffic",
        explain: "At night one failure of two requests is 50 percent. Add a condition on the traffic, as in \
                  `and sum(rate(requests_total[5m])) > 1`.",
        look: alerts::floor,
    },
    Rule {
        code: "C13",
        level: Error,
        title: "Rewriting history deletes every other file",
        explain: "`git filter-repo --path X` keeps only X in all of history; `--replace-text` beside it does not change that. Leave \
                  `--path` out to replace text everywhere, or add `--invert-paths` to delete X.",
        look: history::deletes_the_rest,
    },
    Rule {
        code: "C14",
        level: Error,
        title: "Rewritten history is not pushed as a whole",
        explain: "`git push --all` leaves out tags, and old tags keep the secret; `git filter-repo` also removes the remote, so a \
                  push without one fails. Add the remote again, then push `--force --all` and `--force --tags` to it.",
        look: history::half_pushed,
    },
    Rule {
        code: "C15",
        level: Error,
        title: "Rewritten history is not verified in a fresh clone",
        explain: "The clone in which history was rewritten shows what is local, not what the server still hands out. Add a check \
                  with a `git-history` probe, which clones afresh with all branches and tags.",
        look: history::unverified,
    },
    Rule {
        code: "C16",
        level: Error,
        title: "A blocker's check has no negative control",
        explain: "A check that cannot fail proves nothing. Give it a `control`: the same probe at something known to be broken, which \
                  has to fail as long as the blocker is open.",
        look: probes::control,
    },
    Rule {
        code: "C17",
        level: Error,
        title: "A preflight that is none",
        explain: "Servers treat OPTIONS as a CORS preflight only with `Origin` and `Access-Control-Request-Method`. Without the second \
                  the answer is the same with and without the fix. Add it to the probe.",
        look: probes::preflight,
    },
    Rule {
        code: "C18",
        level: Error,
        title: "Encryption proven by length or first letters",
        explain: "Long base64 passes and a short key that is well encrypted fails. What proves encryption is that it decrypts with the \
                  right key to the known value, and not with another key.",
        look: probes::encryption,
    },
    Rule {
        code: "C19",
        level: Error,
        title: "Output in JSON is used as if it were the value",
        explain: "The program prints a JSON document, and the next one works on its braces and names. Take the value out first: \
                  `--query NAME --output text`, or `jq -r`.",
        look: secrets::json,
    },
    Rule {
        code: "C20",
        level: Error,
        title: "A secret stands in a command",
        explain: "Arguments are seen by everybody on the machine, kept in shell history and in logs, and this policy is kept in version \
                  control. Use `secret:NAME` from the vault, a file, or standard input.",
        look: secrets::clear,
    },
    Rule {
        code: "C21",
        level: Error,
        title: "Creates what may exist already",
        explain: "The second run fails, and so does the first where the name is taken, in the middle of a change. Create or update: \
                  try `put-secret-value` and create on failure, or `--dry-run=client -o yaml | kubectl apply -f -`.",
        look: secrets::create,
    },
    Rule {
        code: "C22",
        level: Error,
        title: "Smoke tests pass on the wrong version",
        explain: "A health answer without a version is the same from the old release, from a wrong image or from another service. Let \
                  one step compare the version that answers, as in `json = { \"/version\" = \"{version}\" }`.",
        look: version::unasserted,
    },
];

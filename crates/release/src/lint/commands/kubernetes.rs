//! Services and the pods they mean to select.

use std::collections::BTreeMap;

use serde_json::Value;

use super::files::{Named, scalar};
use super::resources::{self, Resource};
use super::scripts::Script;
use super::shell::Command;
use crate::lint::{Case, Found, Words};

type Labels = BTreeMap<String, String>;

/// One resource of a manifest.
pub(super) struct Manifest {
    /// Its file in the policy.
    pub(super) path: String,
    /// In lower case.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    document: Value,
}

/// The resources of files with their documents, those in lists one by one.
pub(super) fn manifests(files: Vec<(Named<'_>, Vec<Value>)>) -> Vec<Manifest> {
    let mut all = Vec::new();
    let documents = files.into_iter().flat_map(|(file, documents)| {
        documents.into_iter().map(move |document| (file.path.clone(), document))
    });
    for (path, document) in documents {
        let items = match document.get("items").and_then(Value::as_array) {
            Some(items) => items.clone(),
            None => vec![document],
        };
        all.extend(items.into_iter().filter_map(|document| {
            let metadata = document.get("metadata");
            let field = |name: &str| metadata.and_then(|metadata| metadata.get(name)).and_then(scalar);
            let (name, namespace) = (field("name")?, field("namespace"));
            let kind = document.get("kind")?.as_str()?.to_lowercase();
            Some(Manifest { path: path.clone(), kind, name, namespace, document })
        }));
    }
    all
}

impl Manifest {
    /// Labels of the pods that this makes.
    fn pods(&self) -> Option<Labels> {
        let spec = || self.document.get("spec");
        let template = match self.kind.as_str() {
            "pod" => &self.document,
            "cronjob" => spec()?.get("jobTemplate")?.get("spec")?.get("template")?,
            "deployment"
            | "statefulset"
            | "daemonset"
            | "replicaset"
            | "replicationcontroller"
            | "job"
            | "rollout" => spec()?.get("template")?,
            _ => return None,
        };
        Some(
            template
                .get("metadata")
                .and_then(|metadata| metadata.get("labels"))
                .map(labels)
                .unwrap_or_default(),
        )
    }

    fn selector(&self) -> Option<Labels> {
        (self.kind == "service").then(|| self.document.get("spec")?.get("selector").map(labels)).flatten()
    }

    /// Images of its containers.
    pub(super) fn images(&self) -> Vec<String> {
        let mut images = Vec::new();
        if self.pods().is_some() {
            collect_images(&self.document, &mut images);
        }
        images
    }
}

fn labels(value: &Value) -> Labels {
    let fields = value.as_object().into_iter().flatten();
    fields.filter_map(|(name, value)| Some((name.clone(), scalar(value)?))).collect()
}

fn collect_images(value: &Value, images: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "containers" || name == "initContainers" {
                    let containers = value.as_array().into_iter().flatten();
                    images.extend(containers.filter_map(|container| scalar(container.get("image")?)));
                } else {
                    collect_images(value, images);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_images(value, images)),
        _ => {}
    }
}

/// A selector, wherever it stands.
struct Selector<'s> {
    path: &'s str,
    /// The command that sets it.
    by: Option<(&'s Script<'s>, &'s Command)>,
    service: String,
    namespace: Option<String>,
    labels: Labels,
}

impl Selector<'_> {
    fn tell(&self, found: &mut Found<'_>, words: Words) {
        match self.by {
            Some((script, command)) => script.tell(found, command, words),
            None => found.at(self.path, words),
        }
    }
}

/// Those of manifests, and those that commands patch in.
fn selectors<'s>(case: &Case<'s>) -> Vec<Selector<'s>> {
    let manifests = &case.seen.manifests;
    let mut all: Vec<Selector<'_>> = manifests
        .iter()
        .filter_map(|manifest| {
            let (path, service) = (manifest.path.as_str(), manifest.name.clone());
            Some(Selector {
                path,
                by: None,
                service,
                namespace: manifest.namespace.clone(),
                labels: manifest.selector()?,
            })
        })
        .collect();
    for script in &case.seen.scripts {
        for command in script.commands() {
            let Some(Resource { verb: "patch", kind: "service", name, namespace }) = resources::of(command)
            else {
                continue;
            };
            let patch =
                command.value("-p").or_else(|| command.value("--patch")).filter(|patch| !patch.expands);
            let patch: Option<Value> = patch.and_then(|patch| serde_json::from_str(&patch.text).ok());
            let Some(change) =
                patch.as_ref().and_then(|patch| patch.get("spec")?.get("selector")).map(labels)
            else {
                continue;
            };
            // A patch adds to the selector that is there.
            let base = manifests.iter().find(|known| known.kind == "service" && known.name == name.text);
            let mut labels = base.and_then(Manifest::selector).unwrap_or_default();
            labels.extend(change);
            let by = Some((script, command));
            all.push(Selector { path: &script.path, by, service: name.text, namespace, labels });
        }
    }
    all
}

fn is_weight(label: &str) -> bool {
    let name = label.rsplit('/').next().unwrap_or(label).to_lowercase();
    ["weight", "percent", "percentage"]
        .iter()
        .any(|word| name == *word || name.ends_with(&format!("-{word}")))
}

fn shown(labels: &Labels) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

pub(super) fn selects_nothing(case: &Case<'_>, found: &mut Found<'_>) {
    let manifests = &case.seen.manifests;
    let pods: Vec<(&Manifest, Labels)> =
        manifests.iter().filter_map(|manifest| Some((manifest, manifest.pods()?))).collect();
    if pods.is_empty() {
        return;
    }
    for selector in selectors(case) {
        let wanted: Labels =
            selector.labels.clone().into_iter().filter(|(label, _)| !is_weight(label)).collect();
        // Without a selector, somebody else writes the endpoints.
        let selected = wanted.is_empty()
            || pods.iter().any(|(workload, labels)| {
                let apart = matches!((&selector.namespace, &workload.namespace), (Some(one), Some(other)) if one != other);
                !apart && wanted.iter().all(|(label, value)| labels.get(label) == Some(value))
            });
        if !selected {
            let message =
                format!("No pod template has all the labels that Service `{}` selects.", selector.service);
            let there = pods.iter().map(|(workload, labels)| format!("{}: {}", workload.name, shown(labels)));
            let right = format!("labels of one of: {}", there.collect::<Vec<_>>().join("; "));
            selector.tell(found, Words::new(message, shown(&wanted), right));
        }
    }
}

pub(super) fn weight(case: &Case<'_>, found: &mut Found<'_>) {
    for selector in selectors(case) {
        if selector.labels.keys().any(|label| is_weight(label)) {
            let message =
                format!("The selector of Service `{}` has a weight, so it matches no pod.", selector.service);
            let right = "a selector of labels only, and the weight in the router";
            selector.tell(found, Words::new(message, shown(&selector.labels), right));
        }
    }
}

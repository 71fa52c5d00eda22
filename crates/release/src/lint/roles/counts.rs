//! Ticks and counts against what they stand for.

use std::collections::BTreeMap;

use crate::lint::{Case, Found, Words};

pub(super) fn ticks(case: &Case<'_>, found: &mut Found<'_>) {
    for (i, section) in case.policy.sections.iter().enumerate() {
        for (j, item) in section.items.iter().enumerate() {
            if item.stated_done && item.checks.is_empty() {
                let message = "The item is ticked, and no check could prove it.";
                let words = Words::new(message, "done", "checks = [...]");
                found.at(&format!("section.{i}.item.{j}.stated_done"), words);
            }
        }
    }
    for (i, blocker) in
        case.policy.blockers.iter().enumerate().filter(|(_, blocker)| blocker.checks.is_empty())
    {
        let message = format!("No check could prove that blocker `{}` is gone.", blocker.id);
        let stated = blocker.stated.as_deref().unwrap_or("no checks");
        found.at(&format!("blocker.{i}.checks"), Words::new(message, stated, "checks = [...]"));
    }
}

pub(super) fn lists(case: &Case<'_>, found: &mut Found<'_>) {
    sections(case, found);
    let policy = case.policy;
    for (i, review) in policy.reviews.iter().enumerate() {
        let mut listed: BTreeMap<String, u32> = BTreeMap::new();
        for finding in policy.findings.iter().filter(|finding| finding.review == review.id) {
            *listed.entry(finding.severity.to_lowercase()).or_default() += 1;
        }
        // A review whose findings are nowhere listed has nothing to be compared with.
        if listed.is_empty() || review.stated_findings.is_empty() {
            continue;
        }
        let mut stated: BTreeMap<String, u32> = BTreeMap::new();
        for (severity, count) in &review.stated_findings {
            let sum = stated.entry(severity.to_lowercase()).or_default();
            *sum = sum.saturating_add(*count);
        }
        let severities =
            stated.keys().chain(listed.keys().filter(|severity| !stated.contains_key(*severity)));
        for severity in severities {
            let (count, list) = (stated.get(severity).copied(), listed.get(severity).copied().unwrap_or(0));
            if count.unwrap_or(0) != list {
                let message = format!(
                    "Review `{}` counts {} {severity}, and {list} are listed.",
                    review.id,
                    count.unwrap_or(0)
                );
                let words = Words::new(message, count.unwrap_or(0).to_string(), list.to_string());
                found.at(&format!("review.{i}.stated_findings"), words);
            }
        }
    }
}

fn sections(case: &Case<'_>, found: &mut Found<'_>) {
    for (i, section) in case.policy.sections.iter().enumerate() {
        let items = section.items.len();
        if let Some(stated) = section.stated_items.filter(|stated| usize::try_from(*stated) != Ok(items)) {
            let message = format!("Section `{}` counts {stated} items, and {items} are listed.", section.id);
            let words = Words::new(message, stated.to_string(), items.to_string());
            found.at(&format!("section.{i}.stated_items"), words);
        }
        let blockers = section.items.iter().filter(|item| item.blocker.is_some()).count();
        let required = section.items.iter().filter(|item| item.blocker.is_some() || item.required).count();
        if let Some(stated) = section.stated_blocking
            && !usize::try_from(stated).is_ok_and(|stated| stated == blockers || stated == required)
        {
            let message =
                format!("Section `{}` counts {stated} blocking items, and {required} are.", section.id);
            let words = Words::new(message, stated.to_string(), required.to_string())
                .because(format!("{blockers} name a blocker, {} more are required", required - blockers));
            found.at(&format!("section.{i}.stated_blocking"), words);
        }
    }
}

//! Whether a person may say something about a run.

use release::policy::{Policy, Runbook};

use crate::refused::Refused;

/// Somebody whom the policy knows, in this role if there is one. A policy without people takes anybody at their word.
pub(super) fn may(policy: &Policy, by: &str, role: Option<&str>) -> Result<(), Refused> {
    if by.trim().is_empty() {
        return Err(Refused::field("by", "say who you are").hint("name a person of the policy by their `id`"));
    }
    if policy.people.is_empty() {
        return Ok(());
    }
    let Some(person) = policy.people.iter().find(|person| person.id == by) else {
        return Err(Refused::field("by", format!("the policy knows no `{by}`")).hint(format!(
            "its people are: {}",
            policy.people.iter().map(|person| person.id.as_str()).collect::<Vec<_>>().join(", ")
        )));
    };
    match role {
        Some(role) if !person.roles.iter().any(|held| held == role) => {
            let holders = policy.people.iter().filter(|person| person.roles.iter().any(|held| held == role));
            let holders: Vec<&str> = holders.map(|person| person.id.as_str()).collect();
            Err(Refused::field("by", format!("`{by}` does not hold the role `{role}` that is asked")).hint(
                match holders.as_slice() {
                    [] => "nobody does: mend the policy".to_owned(),
                    holders => format!("these do: {}", holders.join(", ")),
                },
            ))
        }
        _ => Ok(()),
    }
}

/// Whoever runs a runbook, where it says who.
pub(super) fn runs(policy: &Policy, runbook: &Runbook, by: &str) -> Result<(), Refused> {
    may(policy, by, runbook.run_by.as_deref())
}

//! What may go wrong, the worst first, and whether what is done about it still holds.
//!
//! Enters: a release at a moment. Leaves: the register with levels. Never here: incidents (those have gone wrong already).
//!
//! The level follows from likelihood and impact by the table of the OWASP Risk Rating Methodology, whose "note" is `low` here; an
//! impact of `critical`, which it does not have, is one step above `high`:
//!
//! | impact \ likelihood | low    | medium   | high     |
//! |---------------------|--------|----------|----------|
//! | low                 | low    | low      | medium   |
//! | medium              | low    | medium   | high     |
//! | high                | medium | high     | critical |
//! | critical            | high   | critical | critical |
//!
//! While a check that is linked to a risk has not passed, the risk is one step higher: what was to keep it low is not proven. A word
//! that the table does not have counts as the worst.

use serde::Serialize;

use crate::moment::{Moment, Who};
use crate::policy::Risk;
use crate::schedule::{Proof, proof};

/// How bad a risk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// To be known.
    Low,
    /// To be watched.
    Medium,
    /// To be acted on.
    High,
    /// To be acted on before anything else.
    Critical,
}

/// A risk at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rated {
    /// Its `id` in the policy.
    pub id: String,
    /// For people.
    pub title: String,
    /// `low`, `medium`, `high`.
    pub likelihood: String,
    /// `low`, `medium`, `high`, `critical`.
    pub impact: String,
    /// By the table.
    pub inherent: Level,
    /// With what the checks say.
    pub level: Level,
    /// Why it is raised; empty: it is not, or it is at the top already and this is open all the same.
    pub raised: Vec<String>,
    /// What its authors called it.
    pub stated: Option<String>,
    /// What is done about it.
    pub mitigation: String,
    /// Who watches it.
    pub owner: Option<Who>,
    /// The checks that watch it.
    pub checks: Vec<Proof>,
}

/// By the table.
pub fn level(likelihood: &str, impact: &str) -> Level {
    let likelihood = match likelihood {
        "low" => 0,
        "medium" => 1,
        _ => 2,
    };
    let by_likelihood = match impact {
        "low" => [Level::Low, Level::Low, Level::Medium],
        "medium" => [Level::Low, Level::Medium, Level::High],
        "high" => [Level::Medium, Level::High, Level::Critical],
        _ => [Level::High, Level::Critical, Level::Critical],
    };
    by_likelihood[likelihood]
}

impl Level {
    /// One step worse.
    #[must_use]
    pub const fn raised(self) -> Level {
        match self {
            Level::Low => Level::Medium,
            Level::Medium => Level::High,
            Level::High | Level::Critical => Level::Critical,
        }
    }
}

/// The register, the worst first; equals in the policy's order.
pub fn risks(moment: &Moment<'_>) -> Vec<Rated> {
    let mut rated: Vec<Rated> = moment.policy().risks.iter().map(|risk| rated(moment, risk)).collect();
    rated.sort_by_key(|risk| (std::cmp::Reverse(risk.level), std::cmp::Reverse(risk.inherent)));
    rated
}

fn rated(moment: &Moment<'_>, risk: &Risk) -> Rated {
    let case = moment.case();
    let checks: Vec<Proof> = risk.checks.iter().map(|check| proof(case.as_ref(), check)).collect();
    let open = checks.iter().filter(|proof| proof.answer != "passed");
    let raised: Vec<String> = open
        .map(|proof| match proof.answer {
            "failed" => format!("check `{}` failed: {}", proof.check, proof.why),
            _ => format!("check `{}`: {}", proof.check, proof.why),
        })
        .collect();
    let inherent = level(&risk.likelihood, &risk.impact);
    Rated {
        id: risk.id.clone(),
        title: risk.title.clone(),
        likelihood: risk.likelihood.clone(),
        impact: risk.impact.clone(),
        inherent,
        level: if raised.is_empty() { inherent } else { inherent.raised() },
        raised,
        stated: risk.stated_severity.clone(),
        mitigation: risk.mitigation.clone(),
        owner: risk.owner.as_ref().map(|owner| Who::of(moment.policy(), owner)),
        checks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 4] = ["low", "medium", "high", "critical"];

    #[test]
    fn worse_words_never_make_a_better_level() {
        for likelihood in 0..3 {
            for impact in 0..4 {
                let here = level(WORDS[likelihood], WORDS[impact]);
                assert!(likelihood == 0 || here >= level(WORDS[likelihood - 1], WORDS[impact]));
                assert!(impact == 0 || here >= level(WORDS[likelihood], WORDS[impact - 1]));
                assert!(here.raised() >= here);
            }
        }
        assert_eq!(level("never heard of", "nor this"), Level::Critical);
        assert_eq!(level("low", "low"), Level::Low);
        assert_eq!(level("medium", "critical"), Level::Critical);
    }
}

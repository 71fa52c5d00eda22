//! What a policy's authors computed by hand, beside what comes out.
//!
//! Enters: a policy. Leaves: each claimed figure with its computed twin. Never here: what follows from a difference (that is lint).

use crate::budget::downtime_minutes;
use crate::policy::Policy;
use crate::{Figure, Length, marks, runbook_time};

/// One claimed figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which figure.
    pub what: String,
    /// As the policy states it.
    pub stated: String,
    /// As it comes out.
    pub computed: String,
    /// Both are the same.
    pub agrees: bool,
}

/// All of them, in the order of the policy. A figure that cannot be computed from the policy alone is left out.
pub fn claims(policy: &Policy) -> Vec<Claim> {
    let mut claims = Vec::new();
    for card in &policy.scorecards {
        if let (Some(stated), Some(computed)) = (card.stated_total, marks::stated(policy, card)) {
            claims.push(Claim {
                what: format!("total of {}", card.id),
                stated: stated.to_string(),
                computed: computed.rounded(3).to_string(),
                // Rounded as it was stated.
                agrees: computed.rounded(stated.decimals()) == stated,
            });
        }
    }
    for slo in &policy.slos {
        if let Some(stated) = slo.stated_downtime {
            let stated =
                Figure::whole(stated.signed_seconds()).per(Figure::whole(60)).unwrap_or(Figure::ZERO);
            let allowed = downtime_minutes(slo.objective, slo.period);
            claims.push(Claim {
                what: format!("downtime of {} % in {}", slo.objective, slo.period),
                stated: format!("{} min", stated.rounded(1)),
                computed: format!("{} min", allowed.rounded(1)),
                // Rounded as it was stated.
                agrees: allowed.rounded(stated.decimals()) == stated,
            });
        }
    }
    for runbook in &policy.runbooks {
        if let Some(stated) = runbook.stated_total {
            let needed = runbook_time::of(runbook).all;
            claims.push(Claim {
                what: format!("length of {}", runbook.id),
                stated: stated.to_string(),
                computed: needed.to_string(),
                agrees: stated == needed,
            });
        }
    }
    for meeting in &policy.plan.meetings {
        if let Some(stated) = meeting.stated_length {
            lengths(&mut claims, &meeting.id, stated, meeting.agenda.iter().map(|item| item.length).sum());
        }
    }
    for milestone in &policy.plan.milestones {
        if let (Some(stated), Ok(days)) =
            (milestone.stated_length, u64::try_from(milestone.to_day - milestone.from_day + 1))
        {
            lengths(&mut claims, &milestone.id, stated, Length::days(days));
        }
    }
    for section in &policy.sections {
        let blocking = section.items.iter().filter(|item| item.blocker.is_some() || item.required).count();
        let counted = [
            ("items", section.stated_items, section.items.len()),
            ("blocking items", section.stated_blocking, blocking),
        ];
        for (what, stated, computed) in counted {
            if let Some(stated) = stated {
                claims.push(Claim {
                    what: format!("{what} of {}", section.id),
                    stated: stated.to_string(),
                    computed: computed.to_string(),
                    agrees: usize::try_from(stated) == Ok(computed),
                });
            }
        }
    }
    claims
}

fn lengths(claims: &mut Vec<Claim>, what: &str, stated: Length, computed: Length) {
    claims.push(Claim {
        what: format!("length of {what}"),
        stated: stated.to_string(),
        computed: computed.to_string(),
        agrees: stated == computed,
    });
}

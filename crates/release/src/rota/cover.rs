//! Whether somebody is on call at every minute that the policy demands, as the answer to a check.

use jiff::civil::Date;

use super::Roster;
use crate::day::Days;
use crate::evidence::Answer;
use crate::policy::Policy;

/// Pass: no minute of the covered time is without anybody. Fail: the first gap and how much there is, or somebody on call whom the
/// policy does not know. Error: there is no rota, or it cannot be put on the calendar. `day0` counts before the policy's own.
pub fn covered(policy: &Policy, day0: Option<Date>) -> Answer {
    let error = |why: String| Answer::Error { why };
    let Some(rota) = &policy.rota else { return error("the policy has no `[rota]`".to_owned()) };
    let days = Days::of(policy, day0);
    let Some(day0) = days.date(0) else {
        return error("nobody knows when day 0 is: give the release or the plan its `day0`".to_owned());
    };
    let roster = match Roster::new(rota, day0, days.zone()) {
        Ok(roster) => roster,
        Err(fault) => return error(fault.to_string()),
    };
    let stranger =
        rota.shifts.iter().find(|shift| policy.people.iter().all(|known| known.id != shift.person));
    if let Some(shift) = stranger {
        return Answer::Fail {
            why: format!("`{}` is on call, and the policy knows nobody of that name", shift.person),
        };
    }
    match roster.gaps().first() {
        None => Answer::Pass,
        Some(gap) => {
            let shown = |at: jiff::Timestamp| {
                at.to_zoned(days.zone().clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
            };
            let minutes = roster.uncovered_minutes();
            let why = format!(
                "nobody is on call from {} to {}: {minutes} minutes without anybody in all",
                shown(gap.from),
                shown(gap.to)
            );
            Answer::Fail { why }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Loaded;

    fn policy(second: &str) -> Policy {
        let text = format!(
            "format = 1\n[service]\nname = \"x\"\nzone = \"Asia/Kolkata\"\n[plan]\nday0 = \"2026-11-24\"\n\
             [[person]]\nid = \"asha\"\nname = \"Asha\"\nroles = []\n[rota]\ncovered = \"2d\"\nshift = [\n\
             {{ person = \"asha\", from_day = 0, from = \"00:00\", lasts = \"1d\" }},\n{second}\n]\n"
        );
        Loaded::parse(&text).unwrap().policy
    }

    #[test]
    fn every_minute_has_somebody_whom_the_policy_knows() {
        let whole = "{ person = \"asha\", from_day = 1, from = \"00:00\", lasts = \"1d\" }";
        assert_eq!(covered(&policy(whole), None), Answer::Pass);
        let late = whole.replace("\"00:00\"", "\"00:01\"");
        let Answer::Fail { why } = covered(&policy(&late), None) else { panic!("a minute is missing") };
        assert!(why.contains("2026-11-25 00:00") && why.contains("1 minutes"), "{why}");
        let stranger = whole.replace("asha", "nobody");
        assert!(covered(&policy(&stranger), None).why().contains("`nobody`"));
        let mut without = policy(whole);
        without.rota = None;
        assert_eq!(covered(&without, None).as_str(), "error");
    }
}

//! Days and times of a policy that can be computed with.
//!
//! Enters: a policy. Leaves: the first value that is beyond all reason, with its place. Never here: whether a value makes sense.

use super::{Announcement, Policy};

/// Days of the plan, either way.
pub(super) const DAYS_MAX: i32 = 3_660;

/// The place and the words of what is beyond its bound.
pub(super) fn beyond(policy: &Policy) -> Option<(String, String)> {
    let far = |(path, day): (String, i64)| {
        let name = path.rsplit('.').next().unwrap_or_default().to_owned();
        let words = format!("`{name}` is {day}: days are from -{DAYS_MAX} to {DAYS_MAX}, ten years");
        (path, words)
    };
    let days =
        days(policy).into_iter().find(|(_, day)| day.unsigned_abs() > u64::from(DAYS_MAX.unsigned_abs()));
    days.map(far).or_else(|| announced_twice(&policy.announcements))
}

/// Every day, with its path.
fn days(policy: &Policy) -> Vec<(String, i64)> {
    let mut all: Vec<(String, Option<i32>)> = Vec::new();
    for (i, task) in policy.plan.tasks.iter().enumerate() {
        all.push((format!("plan.task.{i}.day"), Some(task.day)));
        all.push((format!("plan.task.{i}.to_day"), task.to_day));
    }
    for (i, milestone) in policy.plan.milestones.iter().enumerate() {
        all.push((format!("plan.milestone.{i}.from_day"), Some(milestone.from_day)));
        all.push((format!("plan.milestone.{i}.to_day"), Some(milestone.to_day)));
    }
    for (i, meeting) in policy.plan.meetings.iter().enumerate() {
        all.push((format!("plan.meeting.{i}.from_day"), Some(meeting.from_day)));
        all.push((format!("plan.meeting.{i}.to_day"), Some(meeting.to_day)));
    }
    if let Some(approval) = &policy.approval {
        all.push(("approval.on_day".to_owned(), approval.on_day));
        for (i, condition) in approval.conditions.iter().enumerate() {
            all.push((format!("approval.condition.{i}.due_day"), condition.due_day));
        }
    }
    for (i, finding) in policy.findings.iter().enumerate() {
        all.push((format!("finding.{i}.due_day"), finding.due_day));
    }
    for (i, section) in policy.sections.iter().enumerate() {
        for (k, item) in section.items.iter().enumerate() {
            all.push((format!("section.{i}.item.{k}.deferred_to_day"), item.deferred_to_day));
        }
    }
    for (i, shift) in policy.rota.iter().flat_map(|rota| &rota.shifts).enumerate() {
        all.push((format!("rota.shift.{i}.from_day"), Some(shift.from_day)));
    }
    let signed = all.into_iter().filter_map(|(path, day)| Some((path, i64::from(day?))));
    let again = policy.reviews.iter().enumerate().filter_map(|(i, review)| {
        Some((format!("review.{i}.again_after_days"), i64::from(review.again_after_days?)))
    });
    let every = policy.plan.meetings.iter().enumerate();
    let every =
        every.map(|(i, meeting)| (format!("plan.meeting.{i}.every_days"), i64::from(meeting.every_days)));
    signed.chain(again).chain(every).collect()
}

/// An announcement is made once, so it has one time.
fn announced_twice(announcements: &[Announcement]) -> Option<(String, String)> {
    let times = |one: &Announcement| {
        usize::from(one.before.is_some()) + usize::from(one.during) + usize::from(one.after.is_some())
    };
    let (i, twice) = announcements.iter().enumerate().find(|(_, one)| times(one) > 1)?;
    let words = format!(
        "announcement `{}` has several times: give one of `before`, `during` and `after`, and each other time an announcement of its own",
        twice.id
    );
    Some((format!("announcement.{i}"), words))
}

#[cfg(test)]
mod tests {
    use crate::policy::Loaded;

    const HEAD: &str = "format = 1\nservice = { name = \"x\" }\n";

    fn words(more: &str) -> (usize, String) {
        let fault = Loaded::parse(&format!("{HEAD}{more}")).unwrap_err();
        (fault.position.line, fault.words)
    }

    #[test]
    fn a_day_beyond_ten_years_is_named_with_its_place() {
        let task = |day: i64| format!("[[plan.task]]\nid = \"t\"\ntitle = \"T\"\nday = {day}\n");
        assert!(Loaded::parse(&format!("{HEAD}{}", task(-3_660))).is_ok());
        let (line, why) = words(&task(8_000_000));
        assert!(line == 6 && why.contains("`day` is 8000000") && why.contains("3660"), "{line}: {why}");
        assert_eq!(words(&task(-3_661)).0, 6);
        assert!(words(&task(i64::from(i32::MIN))).1.contains("2147483648"));
        let condition = r#"approval = { outcomes = [], votes = [], rule = "unanimous", author = "lead", condition = [
            { id = "c", text = "C", due_day = 8000000 } ] }"#;
        assert!(words(condition).1.contains("`due_day` is 8000000"));
        let review = "[[review]]\nid = \"r\"\ntitle = \"R\"\nrole = \"qa\"\nscore = 8\nagain_after_days = 4000000000\n";
        assert!(words(review).1.contains("`again_after_days` is 4000000000"));
    }

    #[test]
    fn a_length_beyond_ten_years_is_named_with_its_place() {
        let recovery = |point: &str| format!("[recovery]\ntime = \"15m\"\npoint = \"{point}\"\n");
        assert!(Loaded::parse(&format!("{HEAD}{}", recovery("3660d"))).is_ok());
        for long in ["3661d", "9000000000d", "3660d1s", "213000000000000d"] {
            let (line, why) = words(&recovery(long));
            assert!(line == 5 && why.contains(long) && why.contains("3660d"), "{line}: {why}");
        }
    }

    #[test]
    fn an_announcement_has_one_time() {
        let twice = "[[announcement]]\nid = \"a\"\nbefore = \"1d\"\nafter = \"1h\"\nto = []\ntext = \"x\"\n";
        let (line, why) = words(twice);
        assert!(line == 3 && why.contains("`a` has several times"), "{line}: {why}");
    }
}

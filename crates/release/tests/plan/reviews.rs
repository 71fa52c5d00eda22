//! Reviews and risks.

use release::event::{Event, FindingOpened};
use release::evidence::{Answer, Question};
use release::reviews::reviews;
use release::risks::{Level, risks};

use crate::desk::{Desk, SMALL};

#[test]
fn a_review_counts_its_findings_and_says_when_it_is_due_again() {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    desk.add(Event::FindingOpened(FindingOpened {
        finding: "F-2".to_owned(),
        title: "Typo".to_owned(),
        severity: "P3".to_owned(),
        review: "quality".to_owned(),
        closed_by: Vec::new(),
        at: desk.now,
        by: "binod".to_owned(),
    }));
    let review = desk.look("2026-11-21T00:00:00Z", reviews).remove(0);
    assert_eq!(
        (review.status.as_deref(), review.stated_status.as_deref()),
        (Some("pass"), Some("conditional"))
    );
    assert_eq!((review.findings["P0"].open, review.findings["P0"].stated), (1, Some(1)));
    assert_eq!(
        review.open.iter().map(|open| (open.id.as_str(), open.blocks)).collect::<Vec<_>>(),
        [("F-1", true), ("F-2", false)]
    );
    assert_eq!((review.again_on.unwrap().to_string(), review.overdue), ("2026-12-01".to_owned(), false));
    desk.saw(Question::Check("smoke".to_owned()), Answer::Pass, &[], None);
    let review = desk.look("2026-11-21T00:00:00Z", reviews).remove(0);
    assert_eq!((review.findings["P0"].open, review.findings["P0"].closed), (0, 1));
    let review = desk.look("2026-12-02T00:00:00Z", reviews).remove(0);
    assert!(review.overdue && review.score.is_none(), "{}", review.from);
}

#[test]
fn a_risk_is_one_step_higher_until_its_checks_have_passed() {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    let levels = |desk: &Desk| -> Vec<(String, Level, usize)> {
        let all = desk.look("2026-11-21T00:00:00Z", risks).into_iter();
        all.map(|risk| (risk.id, risk.level, risk.raised.len())).collect()
    };
    assert_eq!(levels(&desk), [("calm".to_owned(), Level::High, 1), ("wild".to_owned(), Level::High, 1)]);
    desk.saw(Question::Check("smoke".to_owned()), Answer::Pass, &[], None);
    desk.saw(Question::Check("load".to_owned()), Answer::Fail { why: "slow".to_owned() }, &[], None);
    assert_eq!(levels(&desk), [("wild".to_owned(), Level::High, 1), ("calm".to_owned(), Level::Medium, 0)]);
}

//! What stands after repeated evidence: one odd answer among many does not change it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, Evidence, Question, SCORE};

/// All that is kept of the evidence about one question and one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The newest, whatever it says.
    pub newest: Evidence,
    /// So many like it in a row, itself included.
    pub run: u32,
    /// The latest moment at which any of it was taken: a pass from before then comes too late.
    pub latest: Timestamp,
    /// What stands; absent until there were enough in a row.
    pub settled: Option<Settled>,
}

/// An answer that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The newest evidence with this answer that had enough like it in a row.
    pub evidence: Evidence,
    /// When the answer last became another one.
    pub changed_at: Timestamp,
    /// The row of the journal that made it so.
    pub changed_row: u64,
}

impl Standing {
    /// With one more piece of evidence about the same question and subject, from row `row` of the journal. A pass older than the
    /// newest, and the same once more, change nothing. What is no pass counts whenever it was taken, so that no date hides it.
    pub fn settle(before: Option<Standing>, evidence: Evidence, row: u64) -> Standing {
        let Some(before) = before else {
            let settled = (needed(&evidence) == 1).then(|| Settled::new(evidence.clone(), row));
            let latest = evidence.observed.taken;
            return Standing { newest: evidence, run: 1, latest, settled };
        };
        let late = evidence.observed.taken < before.latest && evidence.answer() == Answer::Pass;
        if late || evidence.hash == before.newest.hash {
            return before;
        }
        let latest = before.latest.max(evidence.observed.taken);
        let run = if alike(&before.newest, &evidence) { before.run.saturating_add(1) } else { 1 };
        let settled = match before.settled {
            Some(settled) if alike(&settled.evidence, &evidence) => {
                // One answer among others does not renew it either: what keeps turning has to run out.
                let enough = run >= needed(&evidence);
                Some(if enough { Settled { evidence: evidence.clone(), ..settled } } else { settled })
            }
            _ if run >= needed(&evidence) => Some(Settled::new(evidence.clone(), row)),
            other => other,
        };
        Standing { newest: evidence, run, latest, settled }
    }
}

impl Settled {
    fn new(evidence: Evidence, row: u64) -> Settled {
        let taken = evidence.observed.taken;
        Settled { evidence, changed_at: taken, changed_row: row }
    }
}

fn needed(evidence: &Evidence) -> u32 {
    evidence.observed.settle.max(1)
}

/// True for equal answers, whatever was measured and said; a mark has to be the same and by the same person, too, and an answer
/// to another demand is another one.
fn alike(one: &Evidence, other: &Evidence) -> bool {
    let kind = |evidence: &Evidence| evidence.answer().as_str();
    let mark = |evidence: &Evidence| match (&evidence.observed.question, evidence.answer()) {
        (Question::Check(_) | Question::Metric(_), _) | (_, Answer::Fail { .. } | Answer::Error { .. }) => {
            None
        }
        _ => Some((evidence.observed.figures.get(SCORE).copied(), evidence.observed.by.clone())),
    };
    let same_demand = match (one.observed.demand, other.observed.demand) {
        (Some(one), Some(other)) => one == other,
        // Old rows do not say.
        _ => true,
    };
    kind(one) == kind(other) && mark(one) == mark(other) && same_demand
}

#[cfg(test)]
mod tests {
    use super::super::{Observation, Subject};
    use super::*;

    /// Taken at this minute.
    fn seen(letter: char, minute: u64, settle: u32) -> Evidence {
        let why = String::new();
        let answer = match letter {
            'p' => Answer::Pass,
            'f' => Answer::Fail { why },
            _ => Answer::Error { why },
        };
        let taken = Timestamp::from_second(60 * minute as i64).unwrap();
        let observed = Observation {
            question: Question::Check("x".to_owned()),
            subject: Subject::Team,
            taken,
            expires: taken + jiff::SignedDuration::from_hours(1),
            answer,
            figures: Default::default(),
            by: None,
            inputs: String::new(),
            output: None,
            control_failed: None,
            settle,
            demand: None,
            via: None,
        };
        observed.seal()
    }

    fn stands(answers: &str, settle: u32) -> String {
        let mut standing = None;
        let mut seen = String::new();
        for (place, letter) in (0_u64..).zip(answers.chars()) {
            let next = Standing::settle(standing, self::seen(letter, place, settle), place);
            let settled = next.settled.as_ref();
            seen.push(
                settled.map_or('-', |settled| settled.evidence.observed.answer.as_str().as_bytes()[0].into()),
            );
            standing = Some(next);
        }
        seen
    }

    /// What stood when this much was seen, by letter and minute.
    fn last(answers: &[(char, u64)]) -> &'static str {
        let all = answers.iter().fold(None, |before, (letter, minute)| {
            Some(Standing::settle(before, seen(*letter, *minute, 1), 0))
        });
        all.unwrap().settled.unwrap().evidence.answer().as_str()
    }

    #[test]
    fn no_date_hides_a_failure() {
        assert_eq!(last(&[('p', 9_000), ('f', 1)]), "fail");
        assert_eq!(
            last(&[('p', 9), ('f', 1), ('p', 5)]),
            "fail",
            "a pass from before the newest comes too late"
        );
        assert_eq!(last(&[('p', 9), ('f', 1), ('p', 10)]), "pass");
    }

    #[test]
    fn what_keeps_turning_renews_nothing() {
        let standing = (0_u64..).zip("pppffpffpffp".chars()).fold(None, |before, (minute, letter)| {
            Some(Standing::settle(before, seen(letter, minute, 3), minute))
        });
        let settled = standing.unwrap().settled.unwrap();
        assert_eq!(
            (settled.evidence.answer(), settled.evidence.observed.taken),
            (Answer::Pass, Timestamp::from_second(120).unwrap())
        );
    }

    #[test]
    fn answers_to_another_demand_are_no_run() {
        let asked = |minute, demand: &[u8]| {
            let observed = seen('p', minute, 3).observed;
            Observation { demand: Some(crate::Digest::of(demand)), ..observed }.seal()
        };
        let all = [asked(0, b"easy"), asked(1, b"easy"), asked(2, b"hard"), asked(3, b"hard")];
        let fold = |all: &[Evidence]| {
            all.iter().fold(None, |before, one| Some(Standing::settle(before, one.clone(), 0))).unwrap()
        };
        assert_eq!(fold(&all).settled, None);
        let more = [&all[..], &[asked(4, b"hard")]].concat();
        assert!(fold(&more).settled.is_some());
    }

    #[test]
    fn so_many_equal_answers_in_a_row() {
        assert_eq!(stands("pfpe", 1), "pfpe");
        assert_eq!(stands("ppp", 3), "--p");
        assert_eq!(stands("pppffpfff", 3), "--ppppppf");
        assert_eq!(stands("pfpfpf", 2), "------");
        assert_eq!(stands("ppefe", 2), "-pppp");
    }
}

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
    /// What stands; absent until there were enough in a row.
    pub settled: Option<Settled>,
}

/// An answer that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The newest evidence with this answer.
    pub evidence: Evidence,
    /// When the answer last became another one.
    pub changed_at: Timestamp,
    /// The row of the journal that made it so.
    pub changed_row: u64,
}

impl Standing {
    /// With one more piece of evidence about the same question and subject, from row `row` of the journal. Older evidence than the
    /// newest, and the same once more, change nothing.
    pub fn settle(before: Option<Standing>, evidence: Evidence, row: u64) -> Standing {
        let Some(before) = before else {
            let settled = (needed(&evidence) == 1).then(|| Settled::new(evidence.clone(), row));
            return Standing { newest: evidence, run: 1, settled };
        };
        if evidence.observed.taken < before.newest.observed.taken || evidence.hash == before.newest.hash {
            return before;
        }
        let run = if alike(&before.newest, &evidence) { before.run.saturating_add(1) } else { 1 };
        let settled = match before.settled {
            Some(settled) if alike(&settled.evidence, &evidence) => {
                Some(Settled { evidence: evidence.clone(), ..settled })
            }
            _ if run >= needed(&evidence) => Some(Settled::new(evidence.clone(), row)),
            other => other,
        };
        Standing { newest: evidence, run, settled }
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

/// True for equal answers, whatever was measured and said; a mark has to be the same and by the same person, too.
fn alike(one: &Evidence, other: &Evidence) -> bool {
    let kind = |evidence: &Evidence| evidence.answer().as_str();
    let mark = |evidence: &Evidence| match (&evidence.observed.question, evidence.answer()) {
        (Question::Check(_), _) | (_, Answer::Fail { .. } | Answer::Error { .. }) => None,
        _ => Some((evidence.observed.figures.get(SCORE).copied(), evidence.observed.by.clone())),
    };
    kind(one) == kind(other) && mark(one) == mark(other)
}

#[cfg(test)]
mod tests {
    use super::super::{Observation, Subject};
    use super::*;

    fn stands(answers: &str, settle: u32) -> String {
        let mut standing = None;
        let mut seen = String::new();
        for (place, letter) in (0_u64..).zip(answers.chars()) {
            let why = String::new();
            let answer = match letter {
                'p' => Answer::Pass,
                'f' => Answer::Fail { why },
                _ => Answer::Error { why },
            };
            let taken = Timestamp::from_second(60 * place as i64).unwrap();
            let evidence = Observation {
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
            };
            let next = Standing::settle(standing, evidence.seal(), place);
            let settled = next.settled.as_ref();
            seen.push(
                settled.map_or('-', |settled| settled.evidence.observed.answer.as_str().as_bytes()[0].into()),
            );
            standing = Some(next);
        }
        seen
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

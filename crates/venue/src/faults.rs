//! Faults on demand: what a bad day at a venue looks like, decided by numbers instead of by chance.
//!
//! Enters: rules, and every request, read and update as it comes. Leaves: what to do to it, and how often each rule
//! was met. Never here: doing it.
//!
//! A rule strikes the next `next` things it is about, and of the others so many of a million as `per_million` says.
//! Which ones depends on the seed, the rule's place in the list and the number of the thing alone, so the same
//! sequence meets the same faults. Requests are numbered by the log, also over restarts; reads and updates from the
//! start of the process.

use serde::{Deserialize, Serialize};

/// Longest delay that can be asked for, in milliseconds.
pub const MS_MAX: u64 = 600_000;
/// Most rules at once.
pub const RULES_MAX: usize = 64;

/// All rules that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Other seeds strike other requests.
    #[serde(default)]
    pub seed: u64,
    /// The rules; the first that says how an answer looks wins, delays add up.
    #[serde(default)]
    pub faults: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What goes wrong.
    pub kind: Kind,
    /// With what; where it says nothing, with placements, modifications and cancellations. Not used by faults of
    /// updates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<Target>,
    /// Only for this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How long, in milliseconds: for the kinds that wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Which status, 500 to 599: for `answer_error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// So many of a million.
    #[serde(default)]
    pub per_million: u32,
    /// The next ones, whatever `per_million` says.
    #[serde(default)]
    pub next: u64,
    /// How often it has struck.
    #[serde(default)]
    pub hits: u64,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The connection ends and nothing is done.
    CloseBefore,
    /// It is done, and the connection ends without an answer.
    CloseAfter,
    /// It is done, and the answer comes `ms` later.
    AnswerLate,
    /// It is done, and the answer is an error with `status`.
    AnswerError,
    /// It is done, and the answer is no JSON.
    Garbage,
    /// It is refused with 400 and nothing is done.
    Refuse,
    /// The order is acknowledged, and rejected in the book.
    Reject,
    /// The order, its states and its fills are not in the book for `ms`.
    Hide,
    /// The answer to the placement waits until its first fill or its end was told, at most `ms`.
    FillFirst,
    /// The update is sent twice.
    DuplicateUpdate,
    /// The update is sent behind the next one, or after `ms`.
    ReorderUpdate,
    /// The update is not sent.
    DropUpdate,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Placements.
    Place,
    /// Modifications.
    Modify,
    /// Cancellations.
    Cancel,
    /// Requests that change nothing.
    Read,
    /// Messages about orders on the ticker socket.
    Update,
}

/// Why a plan cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not the JSON of a plan.
    #[error("the faults are no plan: {0}")]
    Json(String),
    /// More than [`RULES_MAX`].
    #[error("at most {RULES_MAX} faults hold at once")]
    TooMany,
    /// A rule that could not do what it says.
    #[error("fault {index} ({kind:?}): {why}")]
    Rule {
        /// Its place in the list, from 0.
        index: usize,
        /// Its kind.
        kind: Kind,
        /// What is wrong.
        why: &'static str,
    },
}

/// What is to be done to one request or read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is done about it.
    pub doing: Doing,
    /// How the answer looks.
    pub look: Look,
    /// The answer waits so many milliseconds.
    pub late_ms: u64,
    /// The order is hidden for so many milliseconds.
    pub hide_ms: Option<u64>,
    /// The answer waits for a fill, at most so many milliseconds.
    pub fill_first_ms: Option<u64>,
}

/// What is done about a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// What it asks for.
    #[default]
    AsAsked,
    /// Nothing, and the connection ends.
    Nothing,
    /// It is refused.
    Refuse,
    /// The order is taken and then rejected.
    Reject,
}

/// How an answer looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// As it should.
    #[default]
    Honest,
    /// The connection ends instead.
    Closed,
    /// An error with this status.
    Error(u16),
    /// No JSON.
    Garbage,
}

/// What is to be done to one update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateVerdict {
    /// Sent.
    #[default]
    Sent,
    /// Sent twice.
    Twice,
    /// Sent behind the next one, or after so many milliseconds.
    Behind {
        /// Milliseconds.
        ms: u64,
    },
    /// Not sent.
    Dropped,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong.
    pub fn parse(json: &str) -> Result<Plan, PlanError> {
        let plan: Plan = serde_json::from_str(json).map_err(|error| PlanError::Json(error.to_string()))?;
        if plan.faults.len() > RULES_MAX {
            return Err(PlanError::TooMany);
        }
        for (index, rule) in plan.faults.iter().enumerate() {
            rule.check().map_err(|why| PlanError::Rule { index, kind: rule.kind, why })?;
        }
        Ok(plan)
    }

    /// What is to be done to request or read `number` of `account`.
    pub fn judge(&mut self, target: Target, account: &str, number: u64) -> Verdict {
        let mut verdict = Verdict::default();
        let seed = self.seed;
        for (index, rule) in (0u64..).zip(&mut self.faults) {
            let is_taken = match rule.kind {
                // A fault that could not show any more must not use up its count.
                Kind::CloseBefore | Kind::Refuse | Kind::Reject => verdict.doing != Doing::AsAsked,
                Kind::CloseAfter | Kind::AnswerError | Kind::Garbage => verdict.look != Look::Honest,
                _ => false,
            };
            if is_taken
                || verdict.doing == Doing::Nothing
                || !rule.strikes(target, account, seed, index, number)
            {
                continue;
            }
            let ms = rule.ms.unwrap_or(0);
            match rule.kind {
                Kind::CloseBefore => verdict.doing = Doing::Nothing,
                Kind::Refuse => verdict.doing = Doing::Refuse,
                Kind::Reject => verdict.doing = Doing::Reject,
                Kind::CloseAfter => verdict.look = Look::Closed,
                Kind::AnswerError => verdict.look = Look::Error(rule.status.unwrap_or(503)),
                Kind::Garbage => verdict.look = Look::Garbage,
                Kind::AnswerLate => verdict.late_ms = verdict.late_ms.saturating_add(ms),
                Kind::Hide => verdict.hide_ms = Some(verdict.hide_ms.unwrap_or(0).max(ms)),
                Kind::FillFirst => verdict.fill_first_ms = Some(ms),
                Kind::DuplicateUpdate | Kind::ReorderUpdate | Kind::DropUpdate => {}
            }
        }
        verdict
    }

    /// What is to be done to update `number` of `account`.
    pub fn judge_update(&mut self, account: &str, number: u64) -> UpdateVerdict {
        let seed = self.seed;
        for (index, rule) in (0u64..).zip(&mut self.faults) {
            if rule.strikes(Target::Update, account, seed, index, number) {
                return match rule.kind {
                    Kind::DuplicateUpdate => UpdateVerdict::Twice,
                    Kind::DropUpdate => UpdateVerdict::Dropped,
                    _ => UpdateVerdict::Behind { ms: rule.ms.unwrap_or(0) },
                };
            }
        }
        UpdateVerdict::Sent
    }
}

impl Kind {
    const fn waits(self) -> bool {
        matches!(self, Kind::AnswerLate | Kind::Hide | Kind::FillFirst | Kind::ReorderUpdate)
    }

    /// What a fault of this kind can be about.
    const fn targets(self) -> &'static [Target] {
        match self {
            Kind::CloseBefore | Kind::CloseAfter | Kind::AnswerLate | Kind::AnswerError | Kind::Garbage => {
                &[Target::Place, Target::Modify, Target::Cancel, Target::Read]
            }
            Kind::Refuse => &[Target::Place, Target::Modify, Target::Cancel],
            Kind::Reject | Kind::Hide | Kind::FillFirst => &[Target::Place],
            Kind::DuplicateUpdate | Kind::ReorderUpdate | Kind::DropUpdate => &[Target::Update],
        }
    }
}

impl Rule {
    fn check(&self) -> Result<(), &'static str> {
        if self.kind.waits() != self.ms.is_some() {
            return Err("`ms` belongs to answer_late, hide, fill_first and reorder_update, and they need it");
        }
        if self.ms.is_some_and(|ms| ms > MS_MAX) {
            return Err("`ms` is at most 600000");
        }
        if (self.kind == Kind::AnswerError) != self.status.is_some() {
            return Err("`status` belongs to answer_error, and it needs it");
        }
        if self.status.is_some_and(|status| !(500..=599).contains(&status)) {
            return Err("`status` must be 500 to 599");
        }
        if self.on.iter().any(|target| !self.kind.targets().contains(target)) {
            return Err("it cannot be about everything in `on`");
        }
        if self.per_million > 1_000_000 {
            return Err("`per_million` is at most 1000000");
        }
        if self.per_million == 0 && self.next == 0 {
            return Err("it would never strike: give `per_million` or `next`");
        }
        Ok(())
    }

    fn is_about(&self, target: Target) -> bool {
        let stated = if self.on.is_empty() { target != Target::Read } else { self.on.contains(&target) };
        stated && self.kind.targets().contains(&target)
    }

    fn strikes(&mut self, target: Target, account: &str, seed: u64, index: u64, number: u64) -> bool {
        if !self.is_about(target) || self.account.as_deref().is_some_and(|only| only != account) {
            return false;
        }
        let drawn = mix(mix(seed ^ mix(index)) ^ number) % 1_000_000 < u64::from(self.per_million);
        let strikes = self.next > 0 || drawn;
        self.next = self.next.saturating_sub(1);
        self.hits += u64::from(strikes);
        strikes
    }
}

/// The finaliser of `SplitMix64`, after one step of its counter: every bit that goes in moves every bit that comes
/// out.
fn mix(bits: u64) -> u64 {
    let mut mixed = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(faults: &str) -> Plan {
        Plan::parse(&format!(r#"{{"seed":7,"faults":[{faults}]}}"#)).unwrap()
    }

    #[test]
    fn the_next_ones_are_struck_and_then_none() {
        let mut plan = plan(r#"{"kind":"close_after","next":2,"account":"a"}"#);
        let mut closed = |target, account| plan.judge(target, account, 1).look == Look::Closed;
        assert!(!closed(Target::Read, "a") && !closed(Target::Place, "b"), "neither uses up the count");
        assert!(closed(Target::Place, "a") && closed(Target::Cancel, "a") && !closed(Target::Place, "a"));
        assert_eq!((plan.faults[0].hits, plan.faults[0].next), (2, 0));
    }

    #[test]
    fn a_rate_is_kept_and_the_same_sequence_meets_the_same_faults() {
        let rule = r#"{"kind":"refuse","per_million":200000},{"kind":"hide","ms":5,"per_million":200000}"#;
        let run = |mut plan: Plan| {
            let verdicts: Vec<_> = (1..=10_000).map(|n| plan.judge(Target::Place, "a", n)).collect();
            let hits = [plan.faults[0].hits, plan.faults[1].hits];
            (verdicts, hits)
        };
        let (verdicts, hits) = run(plan(rule));
        assert_eq!((verdicts.clone(), hits), run(plan(rule)));
        assert!(hits.iter().all(|hits| (1_850..2_150).contains(hits)), "{hits:?}");
        let both = verdicts.iter().filter(|v| v.doing == Doing::Refuse && v.hide_ms.is_some()).count();
        assert!((300..500).contains(&both), "rules draw apart from each other: {both}");
        let other = Plan { seed: 8, ..plan(rule) };
        assert_ne!(run(other).0, verdicts);
    }

    #[test]
    fn a_request_that_is_dropped_uses_up_no_other_fault() {
        let mut plan = plan(r#"{"kind":"close_before","next":1},{"kind":"garbage","next":1}"#);
        assert_eq!(plan.judge(Target::Place, "a", 1).doing, Doing::Nothing);
        assert_eq!(plan.judge(Target::Place, "a", 2).look, Look::Garbage);
    }

    #[test]
    fn rules_that_could_not_work_are_named() {
        for (rule, word) in [
            (r#"{"kind":"answer_late","next":1}"#, "`ms`"),
            (r#"{"kind":"garbage","ms":1,"next":1}"#, "`ms`"),
            (r#"{"kind":"answer_late","ms":600001,"next":1}"#, "600000"),
            (r#"{"kind":"answer_error","next":1}"#, "`status`"),
            (r#"{"kind":"answer_error","status":200,"next":1}"#, "500"),
            (r#"{"kind":"reject","on":["cancel"],"next":1}"#, "`on`"),
            (r#"{"kind":"garbage"}"#, "never"),
            (r#"{"kind":"garbage","next":1,"often":true}"#, "often"),
            (r#"{"kind":"flood","next":1}"#, "flood"),
        ] {
            let error = Plan::parse(&format!(r#"{{"faults":[{rule}]}}"#)).unwrap_err().to_string();
            assert!(error.contains(word), "{rule}: {error}");
        }
        assert_eq!(Plan::parse("{}"), Ok(Plan::default()));
    }
}

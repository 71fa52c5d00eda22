//! Roles and states: who may say what, and what is said to be so.
//!
//! Enters: roles, reviews, scorecards, checklist, approval, runbooks. Leaves: findings `R01` to `R18`. Never here: whether a score is
//! deserved, or a person fit.

mod approval;
mod counts;
mod entries;
mod leftover;
mod names;
mod references;
mod scores;

use super::Level::{Error, Warning};
use super::Rule;

pub(super) use leftover::placeholder;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "R01",
        level: Error,
        title: "A score says GO while a blocker is open",
        explain: "A total above its threshold reads as a decision, but a blocker is not outvoted by points. As long as one is open \
                  the answer is no, whatever the total is. Close the blocker and prove it, or leave the total out until then.",
        look: scores::outvoted,
    },
    Rule {
        code: "R02",
        level: Error,
        title: "Called done, and nothing could prove it",
        explain: "A tick without a check is an opinion, and a blocker without a check can never be shown to be gone. Name the \
                  checks that prove it; an `attest` check by a role is one, too.",
        look: counts::ticks,
    },
    Rule {
        code: "R03",
        level: Error,
        title: "Whoever made it is the only one who approves it",
        explain: "Nobody finds their own mistakes well, and one stolen account is enough to release anything. At least one other \
                  role, held by another person, has to sign.",
        look: approval::alone,
    },
    Rule {
        code: "R04",
        level: Error,
        title: "A role that is declared nowhere",
        explain: "Signatures, pages and tasks go to declared roles only: for this one nobody can sign and nobody is called. \
                  Declare it under `[[role]]`, or use the name of one that is.",
        look: names::undeclared,
    },
    Rule {
        code: "R05",
        level: Error,
        title: "A signature that nobody can give",
        explain: "The people of the policy are listed, and none of them holds the role that has to sign. The release would wait \
                  for ever. Give the role to a person, or ask another role.",
        look: names::unheld,
    },
    Rule {
        code: "R06",
        level: Warning,
        title: "Two roles have nearly the same name",
        explain: "Two titles that differ in a letter, or only in words like Lead and Manager, are mostly one function that was \
                  written twice: then one of them never signs. Keep one, or name the difference.",
        look: names::alike,
    },
    Rule {
        code: "R07",
        level: Error,
        title: "Approvals wait for each other",
        explain: "Each of these signatures may be given only after another one of them, so none can be the first. Take one \
                  `after` away, or let another role attest the check.",
        look: approval::cycles,
    },
    Rule {
        code: "R08",
        level: Error,
        title: "An outcome that nobody can vote for",
        explain: "What came out, or what can come out, is not among the votes, so no count of votes gives it. An outcome is one \
                  of the votes, or one with conditions added (GO gives GO WITH CONDITIONS).",
        look: approval::outcome,
    },
    Rule {
        code: "R09",
        level: Error,
        title: "A lower score has the better status",
        explain: "If the status follows from the score, more points cannot be worse. Where something else decided, say so as a \
                  blocker; do not bend the status.",
        look: scores::monotone,
    },
    Rule {
        code: "R10",
        level: Error,
        title: "A status is not the one of its band",
        explain: "The bands say which score has which status, and this one was called something else. Write what the bands give, \
                  or change the bands for everybody.",
        look: scores::bands,
    },
    Rule {
        code: "R11",
        level: Warning,
        title: "One measure counts twice in a matrix",
        explain: "Two rows rise and fall with the same measure, so it has the weight of both and the matrix is less balanced than \
                  it looks. Merge the rows, or measure something else in one of them.",
        look: scores::twice,
    },
    Rule {
        code: "R12",
        level: Error,
        title: "A yes-or-no criterion has something in between",
        explain: "The title is either true or not: six of ten is neither. Give 0 or the full mark, or ask a question that has \
                  degrees.",
        look: scores::yes_or_no,
    },
    Rule {
        code: "R13",
        level: Error,
        title: "A count disagrees with the list beside it",
        explain: "The stated number and the entries differ, so something was left out or counted twice. The list is what is \
                  worked on: complete it, then let the number follow.",
        look: counts::lists,
    },
    Rule {
        code: "R14",
        level: Error,
        title: "A placeholder was left",
        explain: "Somebody wanted to fill this in later. At night nobody can call `[Phone]`, and a check of an example address \
                  proves nothing. Write the real value, or leave the field out until it is known.",
        look: leftover::placeholders,
    },
    Rule {
        code: "R15",
        level: Error,
        title: "A required document that nothing provides",
        explain: "The item or task needs something that no task delivers and no file of the policy is. Add it to the `delivers` \
                  of a task, or name the file.",
        look: references::unprovided,
    },
    Rule {
        code: "R16",
        level: Error,
        title: "An escalation that does not go up",
        explain: "Whoever runs the runbook is asked to call themselves, or somebody below. Name a rung further up the chain.",
        look: approval::escalation,
    },
    Rule {
        code: "R17",
        level: Error,
        title: "A reference to something that does not exist",
        explain: "A name is used that no entry of the policy has, so the check is never asked and the runbook never run. Mend \
                  the name, or add the entry.",
        look: references::dangling,
    },
    Rule {
        code: "R18",
        level: Error,
        title: "Two entries have one name",
        explain: "References to this name can mean either entry, and only one of them is seen. Give each its own.",
        look: entries::twice,
    },
];

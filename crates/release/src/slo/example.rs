//! Series that a selector matches, made up for tests of rules.
//!
//! Enters: selectors. Leaves: labels, or nothing where none are found. Never here: real series.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::selector::{Matcher, Op, Selector, quoted};

/// Labels of a series, in the order of the selector.
type Labels = Vec<(String, String)>;

/// Series of a pair of selectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Examples {
    /// Matched by the narrow selector.
    pub(super) narrow: String,
    /// Matched by the wide one only.
    pub(super) rest: String,
    /// The narrow one is matched by the wide one, too: their sum is the whole.
    pub(super) nested: bool,
}

/// One series of a selector; `None` where no value is found for a label.
pub(super) fn series(selector: &Selector) -> Option<String> {
    labels(selector.matchers(), &[], &Labels::new()).map(|labels| written(selector.metric(), &labels))
}

/// Series for a selector of some events and one of all of them.
pub(super) fn pair(narrow: &Selector, wide: &Selector) -> Option<Examples> {
    if narrow.metric() != wide.metric() {
        return Some(Examples { narrow: series(narrow)?, rest: series(wide)?, nested: false });
    }
    let both: Vec<Matcher> = narrow.matchers().iter().chain(wide.matchers()).cloned().collect();
    let inside = labels(&both, &[], &Labels::new())?;
    let outside = narrow.matchers().iter().find_map(|broken| {
        let against = Matcher::new(broken.label(), broken.op().opposite(), broken.value()).ok()?;
        let mut all = vec![against];
        all.extend(wide.matchers().iter().cloned());
        labels(&all, narrow.matchers(), &inside)
    })?;
    let metric = wide.metric();
    Some(Examples { narrow: written(metric, &inside), rest: written(metric, &outside), nested: true })
}

/// Values that all matchers accept. `others` name labels that may be as in `model`.
fn labels(matchers: &[Matcher], others: &[Matcher], model: &Labels) -> Option<Labels> {
    let mut chosen = Labels::new();
    for matcher in others.iter().chain(matchers) {
        let label = matcher.label();
        if chosen.iter().any(|(known, _)| known == label) {
            continue;
        }
        let modelled = model.iter().find(|(known, _)| known == label).map(|(_, value)| value.clone());
        let written = matchers.iter().filter(|other| other.label() == label).filter_map(candidate);
        let fixed = ["", "other", "0"].map(str::to_owned);
        let mut candidates = modelled.into_iter().chain(written).chain(fixed);
        let fits = |value: &String| {
            matchers.iter().filter(|other| other.label() == label).all(|other| other.accepts(value))
        };
        chosen.push((label.to_owned(), candidates.find(fits)?));
    }
    Some(chosen)
}

/// A value that the text of a matcher suggests.
fn candidate(matcher: &Matcher) -> Option<String> {
    match matcher.op() {
        Op::Equal | Op::NotEqual => Some(matcher.value().to_owned()),
        Op::Like | Op::NotLike => {
            let mut text = String::new();
            spell(&regex_syntax::parse(matcher.value()).ok()?, &mut text)?;
            Some(text)
        }
    }
}

/// Longest value that is made up.
const VALUE_MAX: usize = 200;

/// The shortest text of a pattern, more or less.
fn spell(pattern: &Hir, text: &mut String) -> Option<()> {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(letter(class)?),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                spell(&repetition.sub, text)?;
                if text.len() > VALUE_MAX {
                    return None;
                }
            }
        }
        HirKind::Capture(capture) => spell(&capture.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| spell(part, text))?,
        HirKind::Alternation(choices) => spell(choices.first()?, text)?,
    }
    (text.len() <= VALUE_MAX).then_some(())
}

fn letter(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
    };
    let usual = ['0', 'a', 'A'].into_iter();
    let inside = |letter: &char| ranges.iter().any(|(first, last)| (first..=last).contains(&letter));
    usual.chain(ranges.first().map(|range| range.0)).find(inside)
}

fn written(metric: &str, labels: &Labels) -> String {
    let there = labels.iter().filter(|(_, value)| !value.is_empty());
    let all: Vec<String> = there.map(|(label, value)| format!("{label}={}", quoted(value))).collect();
    format!("{metric}{{{}}}", all.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair_of(narrow: &str, wide: &str) -> Option<(String, String)> {
        let examples = pair(&narrow.parse().unwrap(), &wide.parse().unwrap())?;
        Some((examples.narrow, examples.rest))
    }

    #[test]
    fn bad_and_good_series_of_one_counter() {
        for (narrow, wide, inside, outside) in [
            ("m{c=~\"5..\"}", "m", "m{c=\"500\"}", "m{}"),
            ("m{j=\"a\",c=~\"5..|429\"}", "m{j=\"a\"}", "m{j=\"a\",c=\"500\"}", "m{j=\"a\"}"),
            ("m{c!~\"2..\"}", "m{c!=\"\"}", "m{c=\"other\"}", "m{c=\"200\"}"),
            ("m{c!=\"ok\"}", "m{}", "m{}", "m{c=\"ok\"}"),
        ] {
            let (found, rest) = pair_of(narrow, wide).unwrap();
            let (narrow, wide): (Selector, Selector) = (narrow.parse().unwrap(), wide.parse().unwrap());
            assert_eq!((found.as_str(), rest.as_str()), (inside, outside), "{narrow} {wide}");
        }
        assert_eq!(pair_of("e{a=\"1\"}", "t").unwrap(), ("e{a=\"1\"}".to_owned(), "t{}".to_owned()));
        assert_eq!(pair_of("m{a=\"1\"}", "m{a=\"2\"}"), None, "no event is both");
        assert_eq!(pair_of("m", "m"), None, "nothing is good");
    }
}

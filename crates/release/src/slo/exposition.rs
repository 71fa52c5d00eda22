//! What a service says of itself at `/metrics`: Prometheus's text format.
//!
//! Enters: text from outside. Leaves: samples, or the line that is none. Never here: reading it from anywhere.
//!
//! Comments, exemplars and times of samples are passed over; a line with more than [`LABELS_MAX`] labels or
//! [`LABEL_BYTES_MAX`] bytes of them is left out and counted. One line that cannot be read makes all of it worth nothing, as it does in
//! Prometheus: half an answer would look like a service at rest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::evaluate::Sample;
use super::objective::Objective;
use super::selector::{Op, Selector};
use super::signal::Signal;

/// Most labels of one line.
pub const LABELS_MAX: usize = 64;
/// Most bytes of the labels of one line.
pub const LABEL_BYTES_MAX: usize = 4_096;

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposition<'a> {
    /// In the order of the text.
    pub series: Vec<Series<'a>>,
    /// Lines that were left out for their labels, by the name of the metric.
    pub refused: BTreeMap<&'a str, u64>,
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Series<'a> {
    /// Name of the metric.
    pub name: &'a str,
    /// In the order of the text.
    pub labels: Vec<(&'a str, Cow<'a, str>)>,
    /// In the unit of the metric; may be no number.
    pub value: f64,
}

/// A line is no sample.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the metrics cannot be read: {why}")]
pub struct Malformed {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// All samples of a text.
///
/// # Errors
/// [`Malformed`]: the first line that is no sample.
pub fn series(text: &str) -> Result<Exposition<'_>, Malformed> {
    let mut all = Exposition::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match read(line) {
            Ok(series) => all.series.push(series),
            Err(Unread::TooLong(name)) => *all.refused.entry(name).or_default() += 1,
            Err(Unread::Malformed(why)) => return Err(Malformed { line: number, why }),
        }
    }
    Ok(all)
}

enum Unread<'a> {
    Malformed(&'static str),
    /// Of this metric.
    TooLong(&'a str),
}

impl From<&'static str> for Unread<'_> {
    fn from(why: &'static str) -> Self {
        Unread::Malformed(why)
    }
}

fn read(line: &str) -> Result<Series<'_>, Unread<'_>> {
    let end = line.find(|letter: char| !is_letter(letter, true)).ok_or("it has no value")?;
    let (name, mut rest) = line.split_at(end);
    if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Err("it does not begin with a name".into());
    }
    rest = rest.trim_start();
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = read_labels(inside, &mut labels)?.ok_or(Unread::TooLong(name))?;
    }
    let value = rest.split_whitespace().next().ok_or("it has no value")?;
    // `infinity` and `nan` are read in any case, hexadecimal never is: as Rust does, near enough to Go.
    let value = value.parse().map_err(|_| "its value is no number")?;
    Ok(Series { name, labels, value })
}

/// Takes `a="1",b="2"}` and answers what follows; `None`: there is too much of it.
fn read_labels<'a>(
    mut rest: &'a str,
    labels: &mut Vec<(&'a str, Cow<'a, str>)>,
) -> Result<Option<&'a str>, &'static str> {
    let whole = rest.len();
    loop {
        if labels.len() > LABELS_MAX || whole - rest.len() > LABEL_BYTES_MAX {
            return Ok(None);
        }
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(Some(after));
        }
        let end = rest.find(|letter: char| !is_letter(letter, false)).ok_or("its labels do not end")?;
        let (label, after) = rest.split_at(end);
        if label.is_empty() {
            return Err("a label has no name");
        }
        let after = after.trim_start().strip_prefix('=').ok_or("a label has no value")?;
        let after = after.trim_start().strip_prefix('"').ok_or("the value of a label is not quoted")?;
        let (value, after) = read_value(after)?;
        if labels.iter().any(|(known, _)| *known == label) {
            return Err("a label is there twice");
        }
        labels.push((label, value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more,
            None if after.starts_with('}') => after,
            None => return Err("neither `,` nor `}` follows a label"),
        };
    }
}

/// Takes a value up to its closing quote and answers what follows.
fn read_value(text: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let end = text.find(['"', '\\']).ok_or("the value of a label does not end")?;
    if text[end..].starts_with('"') {
        return Ok((Cow::Borrowed(&text[..end]), &text[end + 1..]));
    }
    let mut value = text[..end].to_owned();
    let mut letters = text[end..].char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return Ok((Cow::Owned(value), &text[end + place + 1..])),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                // As Prometheus: what is no escape stays.
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            },
            letter => value.push(letter),
        }
    }
    Err("the value of a label does not end")
}

const fn is_letter(letter: char, colons: bool) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || (colons && letter == ':')
}

/// Labels that Prometheus gives to whatever it scrapes, and that a service does not know of itself.
const OF_TARGETS: [&str; 2] = ["job", "instance"];

/// Hands the samples that `objective` asks for to `take`. Where it asks for one `job` or `instance`, this is the one: whoever scrapes
/// the service itself has no other.
pub fn samples_for(objective: &Objective, all: &[Series<'_>], mut take: impl FnMut(&[Sample<'_>])) {
    let selectors: [Option<&Selector>; 2] = match &objective.signal {
        Signal::Events { bad, total } => [Some(bad), Some(total)],
        Signal::Latency { within, total } => [Some(within), Some(total)],
        Signal::Probe { success, .. } => [Some(success), None],
    };
    let matchers = || selectors.iter().flatten().flat_map(|selector| selector.matchers());
    let given: Vec<(&str, &str)> = OF_TARGETS
        .iter()
        .filter_map(|label| {
            let mut named =
                matchers().filter(|matcher| matcher.label() == *label && matcher.op() == Op::Equal);
            named.next().map(|matcher| (matcher.label(), matcher.value()))
        })
        .collect();
    let wanted: Vec<&Series<'_>> = all
        .iter()
        .filter(|series| selectors.iter().flatten().any(|selector| selector.metric() == series.name))
        .collect();
    let labelled = |series: &Series<'_>| {
        let known = |label: &str| series.labels.iter().any(|(name, _)| *name == label);
        given.iter().copied().filter(|(label, _)| !known(label)).collect::<Vec<_>>()
    };
    let labels: Vec<Vec<(&str, &str)>> = wanted
        .iter()
        .map(|series| {
            let own = series.labels.iter().map(|(label, value)| (*label, &**value));
            own.chain(labelled(series)).collect()
        })
        .collect();
    let samples: Vec<Sample<'_>> = wanted
        .iter()
        .zip(&labels)
        .map(|(series, labels)| Sample { name: series.name, labels, value: series.value })
        .collect();
    take(&samples);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_services_write_it() {
        let text = "# HELP http_requests_total Requests.\r\n# TYPE http_requests_total counter\n\n\
            http_requests_total{code=\"200\", path=\"C:\\\\x\\n\\\"q\\\"\",} 1.5e3 1700000000000\n\
            up 1\nempty{} NaN\n\
            h_bucket{le=\"+Inf\"} 7 # {trace_id=\"a\"} 0.5\ninf +Inf\n# EOF\n";
        let all = series(text).unwrap().series;
        let names: Vec<_> = all.iter().map(|one| one.name).collect();
        assert_eq!(names, ["http_requests_total", "up", "empty", "h_bucket", "inf"]);
        assert_eq!(all[0].value, 1500.0);
        assert_eq!(all[0].labels[1], ("path", Cow::from("C:\\x\n\"q\"")));
        assert!(all[2].value.is_nan() && all[4].value.is_infinite());
        assert_eq!(all[3].labels, [("le", Cow::from("+Inf"))]);
    }

    #[test]
    fn one_bad_line_is_named() {
        for (bad, why) in [
            ("<html>", "name"),
            ("{\"x\":1}", "name"),
            ("up", "value"),
            ("up{", "end"),
            ("up{a} 1", "value"),
            ("up{a=1} 1", "quoted"),
            ("up{a=\"1} 1", "end"),
            ("up{a=\"1\\", "end"),
            ("up{a=\"1\" b=\"2\"} 1", "follows"),
            ("up{a=\"1\",a=\"2\"} 1", "twice"),
            ("up one", "number"),
            ("7up 1", "name"),
        ] {
            let error = series(&format!("ok 1\n{bad}\nok 2")).unwrap_err();
            assert_eq!(error.line, 2, "{bad}");
            assert!(error.why.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn a_line_with_endless_labels_is_left_out_and_counted() {
        let labels = |count: usize| (0..count).map(|at| format!("l{at}=\"x\"")).collect::<Vec<_>>().join(",");
        let (most, over) = (labels(LABELS_MAX), labels(150_000));
        let long = "x".repeat(LABEL_BYTES_MAX);
        let text = format!("ok{{{most}}} 1\nbad{{{over}}} 1\nbad{{a=\"{long}\"}} 1\nok 2\n");
        let read = series(&text).unwrap();
        assert_eq!(read.series.len(), 2);
        assert_eq!(read.refused, BTreeMap::from([("bad", 2)]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn garbage_is_an_error_or_samples(text in "(\\PC|[\\n\"{}=,\\\\ #_a1.])*") {
            if let Ok(all) = series(&text) {
                prop_assert!(all.series.iter().all(|one| !one.name.is_empty()));
            }
        }

        /// What is written is read.
        #[test]
        fn any_label_survives(value in "\\PC*|[\\n\"\\\\n]*", number in any::<f64>()) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let text = format!("m{{a=\"{escaped}\"}} {number}\n");
            let all = series(&text).unwrap().series;
            prop_assert_eq!(&*all[0].labels[0].1, &*value);
            prop_assert!(all[0].value == number || number.is_nan());
        }
    }
}

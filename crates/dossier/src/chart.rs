//! Drawings as data: rows of spans on one scale.
//!
//! Enters: figures, lengths, dates. Leaves: places in thousandths of the width. Never here: markup, doubles.

use jiff::SignedDuration;
use jiff::civil::Date;
use release::{Budget, Figure, Length};

use crate::document::{Tone, one_line};

/// The right edge.
pub const WIDTH: u32 = 1000;
/// Letters of a row that is drawn as text.
const LETTERS: u32 = 40;

/// A drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// At the left and at the right edge.
    pub scale: (String, String),
    /// In order.
    pub rows: Vec<Row>,
    /// A line through all rows, and what it is.
    pub mark: Option<(u32, String)>,
}

/// From one place to another, which is never before it: its width is their difference.
pub type Span = (u32, u32);

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub label: String,
    /// Its value in words.
    pub shown: String,
    /// What was allowed.
    pub band: Option<Span>,
    /// What is.
    pub bar: Option<Span>,
    /// How it is meant.
    pub tone: Tone,
}

impl Chart {
    /// Figures from 0 to `most`.
    pub fn bars(title: &str, most: Figure, mark: Option<(Figure, String)>) -> Chart {
        let mark = mark.map(|(value, words)| (place(value.millionths(), most.millionths()), words));
        Chart { title: title.to_owned(), scale: ("0".to_owned(), most.to_string()), rows: Vec::new(), mark }
    }

    /// The next figure of [`Chart::bars`]; `None`: nobody knows it.
    pub fn bar(&mut self, label: &str, value: Option<Figure>, most: Figure, tone: Tone) {
        let bar = value.map(|value| (0, place(value.millionths(), most.millionths())));
        let shown = value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        self.rows.push(Row { label: one_line(label), shown, band: None, bar, tone });
    }

    /// Times beside budgets, each a label, the budget and what it took.
    pub fn times(
        title: &str,
        times: &[(String, Option<Budget>, Option<SignedDuration>)],
        limit: Option<Length>,
    ) -> Chart {
        let planned = times.iter().filter_map(|(_, budget, _)| budget.map(|budget| millis(budget.most)));
        let took = times.iter().filter_map(|(_, _, took)| took.map(of));
        let most = planned.chain(took).chain(limit.map(millis)).max().unwrap_or(0);
        let row = |(label, budget, took): &(String, Option<Budget>, Option<SignedDuration>)| {
            let over =
                matches!((budget, took), (Some(budget), Some(took)) if of(*took) > millis(budget.most));
            let planned = budget.map_or_else(|| "no budget".to_owned(), |budget| budget.to_string());
            Row {
                label: one_line(label),
                shown: match took {
                    Some(took) => format!("{} of {planned}", release::runbook::shown(*took)),
                    None => planned,
                },
                band: budget.map(|budget| (0, place(millis(budget.most), most))),
                bar: match (took, budget) {
                    (Some(took), _) => Some((0, place(of(*took), most))),
                    (None, Some(budget)) => Some((0, place(millis(budget.least), most))),
                    (None, None) => None,
                },
                tone: match (took, over) {
                    (None, _) => Tone::Plain,
                    (Some(_), false) => Tone::Good,
                    (Some(_), true) => Tone::Bad,
                },
            }
        };
        let right = Length::seconds(u64::try_from(most / 1_000).unwrap_or(0)).to_string();
        Chart {
            title: title.to_owned(),
            scale: ("0s".to_owned(), right),
            rows: times.iter().map(row).collect(),
            mark: limit.map(|limit| (place(millis(limit), most), format!("limit {limit}"))),
        }
    }

    /// Stretches of days of a calendar, each a label, the first and the last day, in whichever order; `mark` is one of the days.
    pub fn days(
        title: &str,
        stretches: &[(String, Date, Date, Tone)],
        mark: Option<(Date, String)>,
    ) -> Chart {
        let days = || stretches.iter().flat_map(|(_, from, to, _)| [*from, *to]);
        let first = days().min().unwrap_or(Date::ZERO);
        let last = days().max().unwrap_or(first);
        let day = |date: Date| i64::from(date.since(first).map_or(0, |span| span.get_days()));
        let most = day(last) + 1;
        let row = |(label, from, to, tone): &(String, Date, Date, Tone)| Row {
            label: one_line(label),
            shown: if from == to { from.to_string() } else { format!("{from} to {to}") },
            band: None,
            bar: Some((place(day(*from.min(to)), most), place(day(*from.max(to)) + 1, most))),
            tone: *tone,
        };
        Chart {
            title: title.to_owned(),
            scale: (first.to_string(), last.to_string()),
            rows: stretches.iter().map(row).collect(),
            mark: mark.map(|(date, words)| (place(day(date), most), words)),
        }
    }
}

impl Row {
    /// Drawn with letters: what is, what was allowed beyond it, nothing.
    pub fn letters(&self) -> String {
        let within = |span: Option<Span>, at: u32| {
            span.is_some_and(|(from, to)| from * LETTERS < (at + 1) * WIDTH && at * WIDTH < to * LETTERS)
        };
        let letter = |at| match (within(self.bar, at), within(self.band, at)) {
            (true, _) => '█',
            (false, true) => '░',
            (false, false) => ' ',
        };
        (0..LETTERS).map(letter).collect()
    }
}

/// Where `value` lies between nothing and `most`, in thousandths, rounded down.
fn place(value: i64, most: i64) -> u32 {
    let thousandths = i128::from(value.max(0)) * i128::from(WIDTH) / i128::from(most.max(1));
    u32::try_from(thousandths).unwrap_or(WIDTH).min(WIDTH)
}

fn of(length: SignedDuration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn millis(length: Length) -> i64 {
    length.signed_seconds().saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_longer_than_allowed_stands_out() {
        let budget: Budget = "5m..10m".parse().unwrap();
        let times = [
            ("quick".to_owned(), Some(budget), Some(SignedDuration::from_mins(5))),
            ("slow".to_owned(), Some(budget), Some(SignedDuration::from_mins(20))),
            ("planned".to_owned(), Some(budget), None),
        ];
        let chart = Chart::times("t", &times, None);
        assert_eq!(chart.rows[0].bar, Some((0, 250)));
        assert_eq!(chart.rows[0].band, Some((0, 500)));
        assert_eq!((chart.rows[1].bar, chart.rows[1].tone), (Some((0, 1000)), Tone::Bad));
        assert_eq!(chart.rows[2].shown, "5m..10m");
        assert_eq!(
            chart.rows[0].letters(),
            format!("{}{}{}", "█".repeat(10), "░".repeat(10), " ".repeat(20))
        );
    }

    #[test]
    fn a_day_has_a_width() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let stretches = [
            ("a".to_owned(), date("2025-11-18"), date("2025-11-18"), Tone::Plain),
            ("b".to_owned(), date("2025-11-19"), date("2025-12-27"), Tone::Plain),
        ];
        let chart = Chart::days("t", &stretches, Some((date("2025-11-18"), "day 0".to_owned())));
        assert_eq!(chart.rows[0].bar, Some((0, 25)), "one of forty days");
        assert_eq!(chart.rows[1].bar, Some((25, 1000)));
        assert_eq!(chart.mark, Some((0, "day 0".to_owned())));
    }

    #[test]
    fn a_phase_that_ends_before_it_begins_is_drawn() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let stretches = [
            ("a".to_owned(), date("2025-11-20"), date("2025-11-18"), Tone::Plain),
            ("b".to_owned(), date("2025-11-21"), date("2025-11-21"), Tone::Plain),
        ];
        let chart = Chart::days("t", &stretches, None);
        assert_eq!(chart.scale, ("2025-11-18".to_owned(), "2025-11-21".to_owned()));
        assert_eq!((chart.rows[0].bar, chart.rows[1].bar), (Some((0, 750)), Some((750, 1000))));
    }
}

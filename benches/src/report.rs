//! What a bench found, as a table or as JSON, and whether its bars are held.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::machine;
use crate::spread::Spread;

/// What a figure must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// At least this.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
}

impl Bar {
    /// True when `figure` reaches it. What is not a number reaches nothing.
    pub fn is_held_by(self, figure: f64) -> bool {
        match self {
            Bar::AtLeast(bar) => figure >= bar,
            Bar::Below(bar) => figure < bar,
        }
    }

    fn text(self) -> String {
        match self {
            Bar::AtLeast(bar) => format!(">= {}", amount(bar)),
            Bar::Below(bar) => format!("< {}", amount(bar)),
        }
    }
}

/// One line of a report.
#[derive(Clone, Debug)]
pub struct Row {
    what: String,
    unit: &'static str,
    figure: f64,
    spread: Spread,
    baseline: Option<(&'static str, f64)>,
    bar: Option<Bar>,
}

impl Row {
    /// A figure that is the median of rounds.
    pub fn of(what: impl Into<String>, unit: &'static str, rounds: &[f64]) -> Row {
        let spread = Spread::of(rounds);
        Row { what: what.into(), unit, figure: spread.median, spread, baseline: None, bar: None }
    }

    /// Another figure than the median of the rounds: over all their samples, or the worst of them.
    pub fn with_figure(self, figure: f64) -> Row {
        Row { figure, ..self }
    }

    /// Says how many times `baseline`'s figure this one is.
    pub fn against(self, name: &'static str, baseline: &Row) -> Row {
        Row { baseline: Some((name, baseline.figure)), ..self }
    }

    /// Says what must be reached.
    pub fn bar(self, bar: Bar) -> Row {
        Row { bar: Some(bar), ..self }
    }

    /// The figure.
    pub fn figure(&self) -> f64 {
        self.figure
    }

    fn is_missed(&self) -> bool {
        self.bar.is_some_and(|bar| !bar.is_held_by(self.figure))
    }

    fn ratio(&self) -> Option<f64> {
        self.baseline.map(|(_, baseline)| self.figure / baseline)
    }

    fn verdict(&self) -> &'static str {
        match self.bar {
            None => "",
            Some(_) if self.is_missed() => "MISSED",
            Some(_) => "ok",
        }
    }

    fn cells(&self) -> [String; 8] {
        [
            self.what.clone(),
            amount(self.figure),
            amount(self.spread.min),
            amount(self.spread.median),
            amount(self.spread.max),
            self.unit.to_string(),
            self.baseline
                .zip(self.ratio())
                .map_or_else(String::new, |((name, _), ratio)| format!("{} x {name}", amount(ratio))),
            self.bar.map_or_else(String::new, |bar| format!("{}  {}", bar.text(), self.verdict())),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what,
            "unit": self.unit,
            "figure": self.figure,
            "min": self.spread.min,
            "median": self.spread.median,
            "max": self.spread.max,
            "baseline": self.baseline.map(|(name, figure)| json!({"what": name, "figure": figure})),
            "bar": self.bar.map(Bar::text),
            "verdict": self.verdict(),
        })
    }
}

/// All that one bench found.
#[derive(Clone, Debug)]
pub struct Report {
    name: &'static str,
    load_before: f64,
    rounds: usize,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    /// An empty report of a bench that measures in so many rounds. Call it before the load begins.
    pub fn begin(name: &'static str, rounds: usize) -> Report {
        Report { name, load_before: machine::load(), rounds, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a line.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a remark under the table.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The lines so far.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// True when a bar is missed.
    pub fn is_missed(&self) -> bool {
        self.rows.iter().any(Row::is_missed)
    }

    /// For people.
    pub fn table(&self, command: &str) -> String {
        let titles = ["what", "figure", "min", "median", "max", "unit", "baseline", "bar"].map(String::from);
        let lines: Vec<[String; 8]> =
            std::iter::once(titles).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
        let widths: [usize; 8] = std::array::from_fn(width);
        let mut text = format!(
            "{}: {} rounds\nmachine: {}, {} cores, load {:.2} before and {:.2} after\ncommand: {command}\n",
            self.name,
            self.rounds,
            machine::cpu_model(),
            machine::cores(),
            self.load_before,
            machine::load(),
        );
        for line in &lines {
            let mut row = String::new();
            for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
                // Numbers end, words begin in one column. Writing into a String cannot fail.
                let _ = match column {
                    1..=4 => write!(row, "{cell:>width$}  "),
                    _ => write!(row, "{cell:<width$}  "),
                };
            }
            text.push_str(row.trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(note);
            text.push('\n');
        }
        text
    }

    /// For programs.
    pub fn json(&self, command: &str) -> Value {
        json!({
            "bench": self.name,
            "rounds": self.rounds,
            "command": command,
            "machine": {
                "cpu": machine::cpu_model(),
                "cores": machine::cores(),
                "load_before": self.load_before,
                "load_after": machine::load(),
            },
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "notes": self.notes,
            "missed": self.is_missed(),
        })
    }
}

/// Three or four digits, with M for millions and k for thousands.
fn amount(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = match scaled.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{scaled:.digits$}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(bar: Bar) -> Report {
        let mut report = Report::begin("bench-test", 3);
        let baseline = Row::of("baseline: copy", "things/s", &[40e6]);
        report.push(Row::of("things", "things/s", &[8e6, 1e7, 9e6]).against("copy", &baseline).bar(bar));
        report.push(baseline);
        report
    }

    #[test]
    fn a_bar_decides_and_is_printed() {
        let held = report(Bar::AtLeast(5e6));
        assert!(!held.is_missed());
        let table = held.table("bench-test --quick");
        assert!(table.contains("things          9.00 M  8.00 M  9.00 M  10.0 M"), "{table}");
        assert!(table.contains("0.225 x copy  >= 5.00 M  ok"), "{table}");
        let missed = report(Bar::Below(9e6));
        assert!(missed.is_missed());
        assert!(missed.table("").contains("< 9.00 M  MISSED"));
        assert_eq!(missed.json("")["rows"][0]["verdict"], "MISSED");
        assert_eq!(missed.json("")["rows"][1]["verdict"], "");
    }

    #[test]
    fn what_is_not_a_number_holds_no_bar() {
        assert!(!Bar::AtLeast(0.0).is_held_by(f64::NAN));
        assert!(!Bar::Below(0.0).is_held_by(f64::NAN));
    }

    #[test]
    fn amounts_are_short() {
        let texts = [0.0, 0.0421, 4.2, 42.0, 420.0, 4_200.0, 42_000.0, 4_200_000.0].map(amount);
        assert_eq!(texts, ["0", "0.042", "4.20", "42.0", "420", "4200", "42.0 k", "4.20 M"]);
    }
}

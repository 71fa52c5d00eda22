//! Words that mean a date: `nov`, `26nov`, `nov2026`, `24nov26`, `2026-11`, `2026-11-24`.

use jiff::civil::Date;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const YEAR_SHIFT: u32 = 9;
const MONTH_SHIFT: u32 = 5;

/// Year, month and day in one number that sorts like the date: 15, 4 and 5 bits.
pub(super) fn pack(date: Date) -> u32 {
    fields(
        u32::try_from(date.year()).unwrap_or(0),
        date.month().unsigned_abs().into(),
        date.day().unsigned_abs().into(),
    )
}

const fn fields(year: u32, month: u32, day: u32) -> u32 {
    year << YEAR_SHIFT | month << MONTH_SHIFT | day
}

/// Some of year, month and day; the others may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    mask: u32,
    value: u32,
}

impl Pattern {
    fn new(year: Option<u32>, month: u32, day: Option<u32>) -> Pattern {
        let mask = fields(year.map_or(0, |_| 0x7fff), 0xf, day.map_or(0, |_| 0x1f));
        Pattern { mask, value: fields(year.unwrap_or(0), month, day.unwrap_or(0)) }
    }

    /// True for a packed date that has the wanted fields; never for none (zero), as a month is always wanted.
    pub(super) fn matches(self, packed: u32) -> bool {
        packed & self.mask == self.value
    }
}

/// Number of the month that `word` abbreviates with at least three letters.
pub(super) fn month(word: &str) -> Option<u32> {
    if word.len() < 3 {
        return None;
    }
    (1..).zip(MONTHS).find(|(_, name)| name.starts_with(word)).map(|(number, _)| number)
}

/// A two-digit year is in this century.
fn year(digits: &str) -> Option<u32> {
    match (digits.len(), digits.parse::<u32>().ok()?) {
        (2, short) => Some(2000 + short),
        (4, full) if full >= 1900 => Some(full),
        _ => None,
    }
}

fn day(digits: &str) -> Option<u32> {
    digits.parse().ok().filter(|day| digits.len() <= 2 && (1..=31).contains(day))
}

/// The dates that `word` (lower case) may mean: none, one pattern, or two when `26` can be a day and a year.
pub(super) fn patterns(word: &str) -> Vec<Pattern> {
    let mut parts = word.split('-');
    let iso = (parts.next(), parts.next(), parts.next(), parts.next());
    if let (Some(y), Some(m), d, None) = iso {
        let whole_year = year(y).filter(|_| y.len() == 4);
        let numbers = (whole_year, m.parse::<u32>().ok().filter(|m| (1..=12).contains(m)), d.map(day));
        return match numbers {
            (Some(y), Some(m), None) => vec![Pattern::new(Some(y), m, None)],
            (Some(y), Some(m), Some(Some(d))) => vec![Pattern::new(Some(y), m, Some(d))],
            _ => Vec::new(),
        };
    }
    let letters = word.trim_matches(|c: char| c.is_ascii_digit());
    let Some(month) = month(letters) else { return Vec::new() };
    let before_len = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (before, after) = (&word[..before_len], &word[before_len + letters.len()..]);
    let either = |digits: &str| {
        let as_day = day(digits).map(|day| Pattern::new(None, month, Some(day)));
        let as_year = year(digits).map(|year| Pattern::new(Some(year), month, None));
        as_day.into_iter().chain(as_year).collect()
    };
    match (before, after) {
        ("", "") => vec![Pattern::new(None, month, None)],
        (digits, "") | ("", digits) => either(digits),
        (before, after) => match (day(before), year(after)) {
            (Some(day), Some(year)) => vec![Pattern::new(Some(year), month, Some(day))],
            _ => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[track_caller]
    fn check(word: &str, yes: &[Date], no: &[Date]) {
        let patterns = patterns(word);
        for (dates, expected) in [(yes, true), (no, false)] {
            for date in dates {
                assert_eq!(patterns.iter().any(|p| p.matches(pack(*date))), expected, "{word} {date}");
            }
        }
        assert!(!patterns.iter().any(|p| p.matches(0)), "{word} matches no expiry");
    }

    #[test]
    fn words_that_mean_dates() {
        let (d24, d26, dec, next) =
            (date(2026, 11, 24), date(2026, 11, 26), date(2026, 12, 24), date(2027, 11, 24));
        check("nov", &[d24, d26, next], &[dec]);
        check("november", &[d24], &[dec]);
        check("26nov", &[d24, d26], &[dec, next]);
        check("nov26", &[d24, d26], &[dec, next]);
        check("24nov", &[d24, next], &[d26, dec]);
        check("nov2026", &[d24, d26], &[next]);
        check("24nov2026", &[d24], &[d26, next]);
        check("24nov26", &[d24], &[d26, next]);
        check("2026-11", &[d24, d26], &[dec, next]);
        check("2026-11-24", &[d24], &[d26, next]);
        for none in [
            "no",
            "24",
            "2026",
            "2026-13",
            "2026-11-",
            "2026-11-x",
            "99nova",
            "x24nov",
            "24nov24nov",
            "-",
            "1-2-3-4",
        ] {
            assert_eq!(patterns(none), [], "{none}");
        }
    }

    #[test]
    fn packed_dates_sort_like_dates() {
        assert!(pack(date(2026, 11, 30)) < pack(date(2026, 12, 1)));
        assert!(pack(date(2026, 12, 31)) < pack(date(2027, 1, 1)));
    }
}

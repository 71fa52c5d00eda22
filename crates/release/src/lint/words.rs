//! How numbers and lengths are written in findings.

use crate::{Budget, Figure, Length};

/// `29 min`, `50.4 min`, `214 min`.
pub(crate) fn minutes(length: Length) -> String {
    minutes_of(Figure::from_millionths(
        i64::try_from(u128::from(length.as_seconds()) * 1_000_000 / 60).unwrap_or(i64::MAX),
    ))
}

/// The same of a number of minutes.
pub(crate) fn minutes_of(figure: Figure) -> String {
    format!("{} min", short(figure))
}

/// One decimal, none from a hundred on: `50.4`, `29`, `214`, `10,080`.
pub(crate) fn short(figure: Figure) -> String {
    let decimals = u32::from(figure < Figure::HUNDRED);
    let text = figure.rounded(decimals).to_string();
    match text.parse::<u64>() {
        Ok(whole) => grouped(whole),
        Err(_) => text,
    }
}

/// In the unit that people would choose: `90 s`, `29 min`, `14.7 h`, `3.3 d`.
pub(crate) fn spoken(length: Length) -> String {
    let seconds = length.as_seconds();
    let (unit, name) = match seconds {
        60 => (60, "min"),
        0..120 => return format!("{seconds} s"),
        120..10_800 => (60, "min"),
        10_800..172_800 => (3_600, "h"),
        _ => (86_400, "d"),
    };
    let amount = i64::try_from(u128::from(seconds) * 1_000_000 / unit).unwrap_or(i64::MAX);
    format!("{} {name}", short(Figure::from_millionths(amount)))
}

/// `17 min`, `27 to 47 min`.
pub(crate) fn span(budget: Budget) -> String {
    if budget.least == budget.most {
        return minutes(budget.most);
    }
    let least = minutes(budget.least);
    format!("{} to {}", least.trim_end_matches(" min"), minutes(budget.most))
}

/// `10,080`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `67 %`; of nothing, all of it.
pub(crate) fn percent_of(part: Figure, whole: Figure) -> String {
    match (part * Figure::HUNDRED).per(whole) {
        Some(percent) => format!("{} %", percent.rounded(0)),
        None => "all".to_owned(),
    }
}

/// `a, b and c`.
pub(crate) fn all_of<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// A path into the policy: the place in a list, then names.
pub(crate) fn at(list: &str, place: usize, rest: &[&str]) -> Vec<String> {
    let mut path = vec![list.to_owned(), place.to_string()];
    path.extend(rest.iter().map(|part| (*part).to_owned()));
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_them() {
        assert_eq!(minutes(Length::seconds(3_024)), "50.4 min");
        assert_eq!(minutes(Length::days(7)), "10,080 min");
        assert_eq!(spoken(Length::seconds(52_898)), "14.7 h");
        assert_eq!(spoken(Length::seconds(288_000)), "3.3 d");
        assert_eq!(spoken(Length::minutes(24 * 60)), "24 h");
        assert_eq!(span("27m..47m".parse().unwrap()), "27 to 47 min");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(all_of(&["a", "b", "c"]), "a, b and c");
    }
}

//! PromQL as tokens: enough to see what is divided, compared and aggregated. Not a parser; what it does not know it calls unknown.

/// Longest expression that is looked at, bytes.
const TEXT_MAX: usize = 16 * 1024;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// Metric, function, keyword or label.
    Name(String),
    /// Anything that begins with a digit, durations included.
    Number(String),
    /// Text in quotes.
    Text,
    /// `{...}` after a metric.
    Labels(String),
    /// `[5m]`.
    Range,
    /// `+`, `==`, `(` and so on.
    Sign(&'static str),
}

const SIGNS: [&str; 18] =
    ["==", "!=", ">=", "<=", "=~", "!~", ">", "<", "+", "-", "*", "/", "%", "^", "(", ")", ",", "@"];

/// The tokens of an expression; `None` for what is no PromQL.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    if text.len() > TEXT_MAX {
        return None;
    }
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first == '#' {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if first.is_ascii_alphabetic() || first == '_' || first == ':' {
            let length =
                span(rest, |letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':');
            (Some(Token::Name(rest[..length].to_owned())), length)
        } else if first.is_ascii_digit() || first == '.' {
            let length = span(rest, |letter| letter.is_ascii_alphanumeric() || letter == '.');
            (Some(Token::Number(rest[..length].to_owned())), length)
        } else if matches!(first, '"' | '\'' | '`') {
            (Some(Token::Text), quoted(rest)?)
        } else if first == '{' {
            let length = braces(rest)?;
            (Some(Token::Labels(rest[1..length - 1].to_owned())), length)
        } else if first == '[' {
            (Some(Token::Range), rest.find(']')? + 1)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            (Some(Token::Sign(sign)), sign.len())
        };
        tokens.extend(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn span(text: &str, part: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !part(letter)).unwrap_or(text.len())
}

/// Length of a text in quotes, quotes included.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            _ if letter == quote => return Some(place + 1),
            _ => {}
        }
    }
    None
}

fn braces(text: &str) -> Option<usize> {
    let mut place = 1;
    loop {
        match text[place..].chars().next()? {
            '}' => return Some(place + 1),
            '"' | '\'' | '`' => place += quoted(&text[place..])?,
            letter => place += letter.len_utf8(),
        }
    }
}

/// True for functions that make a rate of a counter.
fn is_rate(token: &Token) -> bool {
    matches!(token, Token::Name(name) if ["rate", "irate", "increase", "delta"].contains(&name.as_str()))
}

pub(super) fn has_rate(tokens: &[Token]) -> bool {
    tokens.iter().any(is_rate)
}

pub(super) fn has_name(tokens: &[Token], wanted: &str) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Name(name) if name.eq_ignore_ascii_case(wanted)))
}

fn is_comparison(token: &Token) -> bool {
    matches!(token, Token::Sign("==" | "!=" | ">" | "<" | ">=" | "<="))
}

pub(super) fn is_compared(tokens: &[Token]) -> bool {
    tokens.iter().any(is_comparison)
}

/// Divided by something that is not a plain number.
pub(super) fn is_divided(tokens: &[Token]) -> bool {
    tokens.windows(2).any(|pair| pair[0] == Token::Sign("/") && !matches!(pair[1], Token::Number(_)))
}

/// The number on the right of the first comparison.
pub(super) fn limit(tokens: &[Token]) -> Option<f64> {
    let place = tokens.iter().position(is_comparison)?;
    match tokens.get(place + 1)? {
        Token::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// The arguments of each call of `function`.
pub(super) fn calls<'t>(tokens: &'t [Token], function: &str) -> Vec<Vec<&'t [Token]>> {
    let mut calls = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let named = matches!(token, Token::Name(name) if name == function);
        if !named || tokens.get(place + 1) != Some(&Token::Sign("(")) {
            continue;
        }
        let (mut depth, mut begin, mut arguments) = (0_usize, place + 2, Vec::new());
        for (at, token) in tokens.iter().enumerate().skip(place + 1) {
            match token {
                Token::Sign("(") => depth += 1,
                Token::Sign(")") => depth -= 1,
                Token::Sign(",") if depth == 1 => {
                    arguments.push(&tokens[begin..at]);
                    begin = at + 1;
                }
                _ => {}
            }
            if depth == 0 {
                arguments.push(&tokens[begin..at]);
                calls.push(arguments);
                break;
            }
        }
    }
    calls
}

/// `up == 0`, `up{...} < 1`: the labels, or nothing.
pub(super) fn down(tokens: &[Token]) -> Option<&str> {
    tokens.iter().enumerate().find_map(|(place, token)| {
        if *token != Token::Name("up".into()) {
            return None;
        }
        let (labels, next) = match tokens.get(place + 1)? {
            Token::Labels(labels) => (labels.as_str(), place + 2),
            _ => ("", place + 1),
        };
        let number = |text: &str| tokens.get(next + 1) == Some(&Token::Number(text.into()));
        let is_down = match tokens.get(next)? {
            Token::Sign("==" | "<=") => number("0"),
            Token::Sign("<" | "!=") => number("1"),
            _ => false,
        };
        is_down.then_some(labels)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read() {
        let expression =
            tokens("sum(rate(x{a=\"}/\"}[5m])) by (le) / sum(rate(y[5m])) > 0.01 # a / b").unwrap();
        assert!(is_divided(&expression) && has_rate(&expression) && is_compared(&expression));
        assert_eq!(limit(&expression), Some(0.01));
        assert!(!is_divided(&tokens("memory_bytes{path=\"/\"} / 1024").unwrap()));
        assert_eq!(down(&tokens("up{job=\"x\"} == 0 for").unwrap()), Some("job=\"x\""));
        assert_eq!(down(&tokens("up == 1").unwrap()), None);
        let expression = tokens("histogram_quantile(0.99, f(a, b))").unwrap();
        let calls = calls(&expression, "histogram_quantile");
        assert_eq!((calls.len(), calls[0].len(), calls[0][1].len()), (1, 2, 6));
        for text in ["\"open", "{open", "a[5m", "a ; b", "é"] {
            assert_eq!(tokens(text), None, "{text}");
        }
    }
}

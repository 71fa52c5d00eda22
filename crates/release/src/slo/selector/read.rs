//! Selectors from text.

use std::str::FromStr;

use super::{Matcher, NotASelector, Op, Selector, is_name};

impl FromStr for Selector {
    type Err = NotASelector;

    fn from_str(text: &str) -> Result<Selector, NotASelector> {
        let mut reader = Reader { rest: text.trim() };
        reader.selector().map_err(|why| NotASelector { text: text.to_owned(), why })
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn selector(&mut self) -> Result<Selector, String> {
        let metric = self.name();
        if !is_name(&metric, true) {
            return Err("it does not begin with the name of a metric".to_owned());
        }
        let mut matchers = Vec::new();
        if self.take("{") {
            while !self.take("}") {
                matchers.push(self.matcher()?);
                if !self.take(",") && !self.rest.starts_with('}') {
                    return Err("a comma or a closing brace is missing".to_owned());
                }
            }
        }
        match self.rest.trim() {
            "" => Ok(Selector { metric, matchers }),
            more => Err(format!("`{more}` follows it")),
        }
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        let label = self.name();
        let op = [("=~", Op::Like), ("!~", Op::NotLike), ("!=", Op::NotEqual), ("=", Op::Equal)]
            .into_iter()
            .find_map(|(text, op)| self.take(text).then_some(op))
            .ok_or_else(|| format!("`{label}` is compared with nothing"))?;
        let value = self.string()?;
        Matcher::new(&label, op, &value)
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> String {
        let rest = self.rest.trim_start();
        let inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
        let end = rest.find(|letter| !inside(letter)).unwrap_or(rest.len());
        self.rest = rest[end..].trim_start();
        rest[..end].to_owned()
    }

    fn string(&mut self) -> Result<String, String> {
        let open = || "a value is not in quotes".to_owned();
        let quote = self.rest.chars().next().filter(|quote| "\"'`".contains(*quote)).ok_or_else(open)?;
        let mut letters = self.rest[1..].chars();
        let mut value = String::new();
        loop {
            match letters.next().ok_or_else(|| "a value has no closing quote".to_owned())? {
                end if end == quote => break,
                '\\' if quote != '`' => value.push(escaped(&mut letters)?),
                letter => value.push(letter),
            }
        }
        self.rest = letters.as_str().trim_start();
        Ok(value)
    }
}

fn escaped(letters: &mut std::str::Chars<'_>) -> Result<char, String> {
    let wrong = || "a value has an escape that is not understood".to_owned();
    let digits = match letters.next().ok_or_else(wrong)? {
        letter @ ('\\' | '"' | '\'') => return Ok(letter),
        'n' => return Ok('\n'),
        't' => return Ok('\t'),
        'r' => return Ok('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return Err(wrong()),
    };
    let text: String = letters.take(digits).collect();
    let code = u32::from_str_radix(&text, 16).map_err(|_| wrong())?;
    // `\x80` and above are bytes, not characters.
    if text.len() != digits || (digits == 2 && code > 0x7f) {
        return Err(wrong());
    }
    char::from_u32(code).ok_or_else(wrong)
}

//! Where a text stops being JSON, as the path of the field: `[3].order.price`.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The path of the value at which reading fails; `None` if that is outside of any field, or if it does not fail.
pub fn place(text: &str) -> Option<String> {
    let path = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let walked = Walk(&path).deserialize(&mut deserializer);
    let path = path.into_inner();
    if walked.is_ok() || path.is_empty() {
        return None;
    }
    let mut words = String::new();
    for step in path {
        match step {
            Step::Field(name) if words.is_empty() => words = name,
            Step::Field(name) => words = format!("{words}.{name}"),
            Step::Element(index) => words = format!("{words}[{index}]"),
        }
    }
    Some(words)
}

enum Step {
    Field(String),
    Element(usize),
}

/// Reads anything; the path stays where it was when reading failed.
#[derive(Clone, Copy)]
struct Walk<'p>(&'p RefCell<Vec<Step>>);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = self.0.borrow().len();
        // The field before stays until the next one begins: `0x10` goes wrong after its 0.
        while let Some(name) = map.next_key::<String>()? {
            self.0.borrow_mut().truncate(depth);
            self.0.borrow_mut().push(Step::Field(super::fields::shorten(&name)));
            map.next_value_seed(self)?;
        }
        self.0.borrow_mut().truncate(depth);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.0.borrow_mut().push(Step::Element(index));
            let more = elements.next_element_seed(self)?.is_some();
            self.0.borrow_mut().pop();
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_field_that_is_no_json() {
        for (text, found) in [
            (r#"{"a":1,"b":NaN}"#, Some("b")),
            (r#"{"a":0x10,"b":1}"#, Some("a")),
            (r#"{"a":{"b":1},"c":{"d":{"e":01}}}"#, Some("c.d.e")),
            (r#"[{"a":1},{"a":[1,2,Infinity]}]"#, Some("[1].a[2]")),
            ("{", None),
            ("nonsense", None),
            (r#"{"a":1}"#, None),
        ] {
            assert_eq!(place(text).as_deref(), found, "{text}");
        }
    }
}

//! Lines of a Cobertura report; where it has none, its `line-rate`.

use release::Figure;

use super::super::target;
use super::Found;
use super::lines::Lines;
use super::source::Source;
use super::xml::{Step, walk};

pub(super) fn read(source: &mut Source, area: Option<&str>) -> Result<Found, String> {
    let mut lines = Lines::default();
    let mut any = false;
    let mut file: Option<String> = None;
    let mut rate: Option<String> = None;
    let mut first = true;
    walk(source, |step| {
        match step {
            Step::Begin(element) if std::mem::take(&mut first) => {
                if element.name != "coverage" {
                    return Err(format!("it begins with `{}`, not with `coverage`", element.name));
                }
                rate = Some(element.get("line-rate").to_owned());
            }
            Step::Begin(element) if element.name == "class" => {
                file = Some(element.get("filename").to_owned())
            }
            Step::Begin(element) if element.name == "line" => {
                let file = file.as_deref().ok_or("a line outside of a class")?;
                let number =
                    element.get("number").parse().map_err(|_| format!("a line of {file} has no number"))?;
                let hits: f64 =
                    element.get("hits").parse().map_err(|_| format!("a line of {file} has no hits"))?;
                lines.line(file, number, hits > 0.0)?;
                any = true;
            }
            Step::End(name) if name == "class" => file = None,
            Step::Begin(_) | Step::End(_) => {}
        }
        Ok(())
    })?;
    if any || area.is_some() {
        return lines.found(area);
    }
    let rate = rate.and_then(|rate| rate.parse::<f64>().ok()).filter(|rate| (0.0..=1.0).contains(rate));
    let rate = rate.and_then(target::figure).ok_or("it has neither lines nor a `line-rate` of 0 to 1")?;
    let mut found = Found::default();
    found.figures.insert("lines".to_owned(), rate * Figure::HUNDRED);
    Ok(found)
}

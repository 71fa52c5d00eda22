//! Lines of an lcov tracefile: `SF` names a file, `DA` a line and how often it was run, `LF` and `LH` how many lines
//! there are and were run, `end_of_record` ends the file.

use super::Found;
use super::lines::Lines;
use super::source::Source;

pub(super) fn read(source: &mut Source, area: Option<&str>) -> Result<Found, String> {
    let mut lines = Lines::default();
    let mut file: Option<String> = None;
    let (mut all, mut run) = (None, None);
    let mut bytes = Vec::new();
    let mut number = 0_u64;
    while source.line(&mut bytes)? {
        number += 1;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end();
        let wrong = || format!("line {number} is not as lcov writes it");
        if text == "end_of_record" {
            let file = file.take().ok_or_else(wrong)?;
            if let (Some(all), Some(run)) = (all.take(), run.take()) {
                lines.total(&file, all, run)?;
            }
            continue;
        }
        let Some((word, rest)) = text.split_once(':') else {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            return Err(wrong());
        };
        match word {
            "SF" => file = Some(rest.to_owned()),
            "DA" => {
                let mut parts = rest.split(',');
                let line: u32 = parts.next().and_then(|part| part.parse().ok()).ok_or_else(wrong)?;
                // Some tools write negative or fractional counts; all that matters is whether there was one.
                let count: f64 = parts.next().and_then(|part| part.parse().ok()).ok_or_else(wrong)?;
                lines.line(file.as_deref().ok_or_else(wrong)?, line, count > 0.0)?;
            }
            "LF" => all = Some(rest.parse().map_err(|_| wrong())?),
            "LH" => run = Some(rest.parse().map_err(|_| wrong())?),
            // Functions, branches, names of tests.
            _ => {}
        }
    }
    if file.is_some() {
        return Err("it breaks off: the last file has no `end_of_record`".to_owned());
    }
    lines.found(area)
}

//! Elements of an XML file, one at a time, without anything that XML can do to its reader: no document type, so no
//! entities of its own; a bounded depth; a file that ends where its first element does.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::source::Source;

const DEPTH_MAX: usize = 64;
const ATTRIBUTES_MAX: usize = 64;

/// What happens in a file.
#[derive(Debug)]
pub(super) enum Step {
    /// An element begins.
    Begin(Element),
    /// The newest open one ends.
    End(String),
}

/// The beginning of an element.
#[derive(Debug)]
pub(super) struct Element {
    /// Without a prefix.
    pub(super) name: String,
    attributes: BTreeMap<String, String>,
}

impl Element {
    /// Nothing for an attribute that is not there.
    pub(super) fn get(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", String::as_str)
    }
}

/// Walks through a file. Texts between elements are skipped.
///
/// # Errors
/// What is wrong with the file, or what `step` says.
pub(super) fn walk(
    source: &mut Source,
    mut step: impl FnMut(Step) -> Result<(), String>,
) -> Result<(), String> {
    let mut reader = Reader::from_reader(source.reader());
    let mut buffer = Vec::new();
    let (mut depth, mut any) = (0_usize, false);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|failure| format!("it is no XML: {failure}"))? {
            Event::Start(start) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(format!("its elements are nested deeper than {DEPTH_MAX}"));
                }
                any = true;
                step(Step::Begin(element(&start)?))?;
            }
            Event::Empty(start) => {
                any = true;
                let element = element(&start)?;
                let name = element.name.clone();
                step(Step::Begin(element))?;
                step(Step::End(name))?;
            }
            Event::End(end) => {
                depth = depth.checked_sub(1).ok_or("an element ends that did not begin")?;
                step(Step::End(end.local_name().as_ref().to_owned()))?;
            }
            // The only document types that reports use are a name and an address, which nobody needs; others are
            // attacks.
            Event::DocType(kind) if kind.contains('[') => {
                return Err("it declares entities of its own".to_owned());
            }
            Event::Eof if depth > 0 => return Err("it breaks off".to_owned()),
            Event::Eof if !any => return Err("it is empty".to_owned()),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|failure| format!("it is no XML: {failure}"))?;
        let value = quick_xml::escape::unescape(&attribute.value)
            .map_err(|failure| format!("it is no XML: {failure}"))?;
        attributes.insert(attribute.key.local_name().as_ref().to_owned(), value.into_owned());
        if attributes.len() > ATTRIBUTES_MAX {
            return Err(format!("an element has more than {ATTRIBUTES_MAX} attributes"));
        }
    }
    Ok(Element { name: start.local_name().as_ref().to_owned(), attributes })
}

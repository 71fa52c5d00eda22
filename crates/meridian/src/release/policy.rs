//! Policies as files: reading one with what it names, writing a first one.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use release::Loaded;
use release::init::starter;

use crate::cli::InitArguments;
use crate::failure::Failure;
use crate::output;

/// Largest policy, and largest file that one names: these are written by people.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A policy and the files that it names.
pub struct Read {
    pub loaded: Loaded,
    /// By `id`.
    pub files: BTreeMap<String, String>,
}

/// Reads a policy and the files that it names, relative to it.
///
/// # Errors
/// Names the file, the place and what is wrong.
pub fn read(path: &Path) -> Result<Read, Failure> {
    let text = content(path)?;
    let loaded = Loaded::parse(&text).map_err(|fault| {
        Failure::new(format!("{}:{}: {}", path.display(), fault.position, fault.words))
            .cause(format!("the line is: {}", fault.quote))
            .hint(
                "docs/policy.md explains every field; `meridian release init` writes a policy to start from",
            )
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut files = BTreeMap::new();
    for file in &loaded.policy.files {
        let text = match (&file.text, &file.path) {
            (Some(text), None) => text.clone(),
            (None, Some(relative)) => content(&folder.join(relative))?,
            _ => {
                let words = format!("the file `{}` needs either `path` or `text`", file.id);
                return Err(Failure::new(format!("{}: {words}", path.display())));
            }
        };
        files.insert(file.id.clone(), text);
    }
    Ok(Read { loaded, files })
}

/// A text written by people.
///
/// # Errors
/// Names the file.
pub fn content(path: &Path) -> Result<String, Failure> {
    let failure = |cause: &dyn std::fmt::Display| {
        Failure::new(format!("cannot read {}", path.display())).cause(cause).hint("check the path")
    };
    // Before it is opened: opening a pipe would wait for somebody who writes to it.
    let known = fs::metadata(path).map_err(|error| failure(&error))?;
    if !known.is_file() {
        return Err(failure(&"it is no regular file"));
    }
    let length = known.len();
    if length > FILE_BYTES_MAX {
        return Err(failure(&format!("it has {length} bytes; the most is {FILE_BYTES_MAX}")));
    }
    let file = File::open(path).map_err(|error| failure(&error))?;
    // It may grow while it is read.
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| failure(&error))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(failure(&format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// `meridian release init`.
pub fn init(arguments: &InitArguments) -> Result<(), Failure> {
    let text = starter(&arguments.name);
    let path = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", arguments.name)));
    if path == Path::new("-") {
        output::data(&text);
        return Ok(());
    }
    let name = path.display();
    let failed = |error: std::io::Error| Failure::new(format!("cannot write {name}")).cause(error);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| {
        let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
        failed(error).maybe_hint(
            exists.then(|| "nothing is overwritten: remove it, or name another with --out".into()),
        )
    })?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    output::data(&format!("{name}\n"));
    output::talk(&format!("next: meridian release lint {name}\n"));
    Ok(())
}

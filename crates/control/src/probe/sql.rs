//! Whether the first value of a query on a SQLite file is what it must be. The file is opened for reading only, and
//! one statement that only reads is run.

use std::path::{Path, PathBuf};

use release::Figure;
use release::policy::SqlProbe;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, InterruptHandle, OpenFlags};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::case::{Asked, Case, Miss, Notes, error, fail};

/// Longest value or row, bytes.
const VALUE_BYTES_MAX: i32 = 1024 * 1024;

pub(super) async fn ask(probe: &SqlProbe, case: &Case, notes: &mut Notes) -> Asked {
    notes.inputs = format!("{}: {}", probe.database, probe.query);
    let (path, query) = (case.path(&probe.database), probe.query.clone());
    let (sender, opened) = oneshot::channel();
    let left = case.left();
    let asked = spawn_blocking(move || {
        if !path.is_file() {
            return error(format!("{} is no file", path.display()));
        }
        let connection = open(&path).map_err(|failure| not_asked(&path, &failure))?;
        connection.busy_timeout(left).map_err(|failure| not_asked(&path, &failure))?;
        // Nobody listens any more: nobody wants to know.
        let stop = sender.send(connection.get_interrupt_handle());
        if stop.is_err() {
            error("stopped")
        } else {
            first(&connection, &query).map_err(|failure| not_asked(&path, &failure))
        }
    });
    // Dropped with this future, it stops the statement.
    let _stop = opened.await.ok().map(Stop);
    let found = match asked.await {
        Ok(found) => found?,
        Err(broken) => return error(broken.to_string()),
    };
    let Some(found) = found else {
        return fail(format!("no row, instead of `{}`", probe.equals));
    };
    notes.output.push(0, found.as_bytes());
    let number = found.parse::<Figure>().ok();
    if let Some(number) = number {
        notes.figures.insert("value".to_owned(), number);
    }
    let equals = case.fill(&probe.equals)?;
    if found == equals || (number.is_some() && number == equals.parse().ok()) {
        return Ok(());
    }
    fail(format!("{} instead of `{equals}`", case.quote(&found)))
}

struct Stop(InterruptHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

fn not_asked(path: &Path, failure: &rusqlite::Error) -> Miss {
    Miss::Error(format!("{}: {failure}", path.display()))
}

fn open(path: &PathBuf) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    // A query about this file is about no other.
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn first(connection: &Connection, query: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(query)?;
    if !statement.readonly() {
        return Err(rusqlite::Error::InvalidQuery);
    }
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(match row.get_ref(0)? {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }))
}

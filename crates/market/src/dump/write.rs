//! Writes a dump as the broker does: same columns, same decimals, same quoting, a line end after every line.

use std::io::Write;

use super::COLUMNS;
use crate::instrument::Instrument;

/// How lines end: the broker's answers use CRLF, files that people keep mostly LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// `\n`
    Lf,
    /// `\r\n`
    Crlf,
}

impl LineEnd {
    const fn bytes(self) -> &'static [u8] {
        match self {
            LineEnd::Lf => b"\n",
            LineEnd::Crlf => b"\r\n",
        }
    }
}

/// Appends the header and one line per instrument to `out`. A dump that was read without bad lines, in the usual column
/// order and with minimal quoting, comes back byte for byte.
pub fn write<'a>(instruments: impl Iterator<Item = &'a Instrument>, end: LineEnd, out: &mut Vec<u8>) {
    out.extend_from_slice(COLUMNS.join(",").as_bytes());
    out.extend_from_slice(end.bytes());
    for instrument in instruments {
        write_row(instrument, out);
        out.extend_from_slice(end.bytes());
    }
}

fn write_row(row: &Instrument, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail, so the results are dropped.
    let _ = write!(out, "{},{},", row.token, row.exchange_token);
    write_text(&row.tradingsymbol, out);
    out.push(b',');
    write_text(&row.name, out);
    let _ = write!(out, ",{},", row.last_price);
    if let Some(expiry) = row.expiry {
        let _ = write!(out, "{:04}-{:02}-{:02}", expiry.year(), expiry.month(), expiry.day());
    }
    let _ = write!(
        out,
        ",{},{},{},{},{},{}",
        row.strike, row.tick_size, row.lot_size, row.kind, row.segment, row.exchange
    );
}

/// Quotes only where a reader would otherwise misread, as the broker does.
fn write_text(text: &str, out: &mut Vec<u8>) {
    if !text.contains([',', '"', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

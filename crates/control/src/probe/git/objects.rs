//! Looks for secrets in a stream of git objects, whole files of any size in little memory.

use super::super::patterns;

/// So much is looked at at once, bytes.
const WINDOW_BYTES: usize = 1024 * 1024;
/// So much of it is looked at again with what follows, so that nothing is missed at the seam: longer than any secret,
/// bytes.
const SEAM_BYTES: usize = 16 * 1024;
/// More findings change nothing.
const FINDINGS_MAX: usize = 200;
/// Longest line that announces an object, bytes.
const HEADER_BYTES_MAX: usize = 256;

/// What a finding is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blob,
    Commit,
    Tag,
}

/// One secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) object: String,
    pub(super) kind: Kind,
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) pattern: &'static str,
}

/// The object that is being read.
struct Current {
    id: String,
    /// None for what is not looked at: lists of files.
    kind: Option<Kind>,
    left: u64,
}

/// Reads what `git cat-file --batch` writes: `ID KIND SIZE`, a line break, so many bytes, a line break.
pub(super) struct Objects {
    header: Vec<u8>,
    current: Option<Current>,
    window: Vec<u8>,
    /// Line breaks before the window.
    lines: usize,
    looked_at: u64,
    findings: Vec<Finding>,
    broken: bool,
}

impl Objects {
    pub(super) fn new() -> Objects {
        Objects {
            header: Vec::new(),
            current: None,
            window: Vec::new(),
            lines: 0,
            looked_at: 0,
            findings: Vec::new(),
            broken: false,
        }
    }

    /// How many were looked at and what is in them; `None` if the stream was not what it should be.
    pub(super) fn finish(self) -> Option<(u64, Vec<Finding>)> {
        let whole = !self.broken && self.current.is_none() && self.header.is_empty();
        whole.then_some((self.looked_at, self.findings))
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.broken {
            bytes = if self.current.is_some() { self.content(bytes) } else { self.announcement(bytes) };
        }
    }

    fn announcement<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.header.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
        let Some(end) = end else {
            self.broken = self.header.len() > HEADER_BYTES_MAX;
            return &[];
        };
        let line = String::from_utf8_lossy(&self.header).into_owned();
        self.header.clear();
        // The line break after the object before.
        if !line.is_empty() {
            self.current = current(&line);
            self.broken = self.current.is_none();
            self.lines = 0;
            if self.current.as_ref().is_some_and(|current| current.left == 0) {
                self.current = None;
            }
        }
        &bytes[end + 1..]
    }

    fn content<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(current) = &mut self.current else { return bytes };
        let count = usize::try_from(current.left).unwrap_or(usize::MAX).min(bytes.len());
        let (part, rest) = bytes.split_at(count);
        current.left -= count as u64;
        let ends = current.left == 0;
        if current.kind.is_some() {
            self.window.extend_from_slice(part);
            if ends || self.window.len() >= WINDOW_BYTES {
                self.look(ends);
            }
            self.looked_at += u64::from(ends);
        }
        if ends {
            self.window.clear();
            self.current = None;
        }
        rest
    }

    fn look(&mut self, ends: bool) {
        let Some(Current { id, kind: Some(kind), .. }) = &self.current else { return };
        // What begins in the seam is found with the next window, which begins at a line where there is one.
        let seam = if ends { self.window.len() } else { self.window.len() - SEAM_BYTES };
        let line_end = self.window[..seam].iter().rev().take(SEAM_BYTES).position(|byte| *byte == b'\n');
        let seam = if ends { seam } else { line_end.map_or(seam, |back| seam - back) };
        let (mut counted, mut line) = (0, self.lines + 1);
        for (place, pattern) in patterns::find(&self.window).into_iter().filter(|(place, _)| *place < seam) {
            line += breaks(&self.window[counted..place]);
            counted = place;
            if self.findings.len() < FINDINGS_MAX {
                self.findings.push(Finding { object: id.clone(), kind: *kind, line, pattern });
            }
        }
        self.lines += breaks(&self.window[..seam]);
        self.window.drain(..seam);
    }
}

fn breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

fn current(line: &str) -> Option<Current> {
    let mut words = line.split(' ');
    let id = words.next()?.to_owned();
    let kind = match words.next()? {
        "blob" => Some(Kind::Blob),
        "commit" => Some(Kind::Commit),
        "tag" => Some(Kind::Tag),
        "tree" => None,
        _ => return None,
    };
    Some(Current { id, kind, left: words.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that this file holds nothing that looks like a secret.
    fn secret() -> String {
        ["-----BEGIN", "PRIVATE KEY-----"].join(" ")
    }

    fn stream(objects: &[(&str, &[u8])]) -> Vec<u8> {
        let mut stream = Vec::new();
        for (number, (kind, content)) in objects.iter().enumerate() {
            stream.extend_from_slice(format!("{number:040} {kind} {}\n", content.len()).as_bytes());
            stream.extend_from_slice(content);
            stream.push(b'\n');
        }
        stream
    }

    #[test]
    fn secrets_are_found_wherever_the_pieces_end() {
        let file = format!("one\ntwo\n{}\n", secret());
        let stream = stream(&[
            ("blob", b""),
            ("tree", file.as_bytes()),
            ("blob", file.as_bytes()),
            ("commit", b"x\n"),
        ]);
        for size in [1, 7, 64, stream.len()] {
            let mut objects = Objects::new();
            stream.chunks(size).for_each(|piece| objects.push(piece));
            let (looked_at, findings) = objects.finish().unwrap();
            assert_eq!(looked_at, 2, "empty files and lists of files have nothing to look at");
            let found =
                Finding { object: format!("{:040}", 2), kind: Kind::Blob, line: 3, pattern: "private key" };
            assert_eq!(findings, [found]);
        }
    }

    #[test]
    fn large_files_are_looked_through_to_their_end_once() {
        for line in [&b"x"[..], b"0123456789abcde\n"] {
            let before = line.repeat((2 * WINDOW_BYTES - 20) / line.len());
            let mut file = before.clone();
            file.extend_from_slice(b"\n");
            file.extend_from_slice(secret().as_bytes());
            file.extend_from_slice(&line.repeat(WINDOW_BYTES));
            let mut objects = Objects::new();
            stream(&[("blob", &file)]).chunks(65_536).for_each(|piece| objects.push(piece));
            let (_, findings) = objects.finish().unwrap();
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].line, breaks(&before) + 2);
        }
    }

    #[test]
    fn what_is_no_such_stream_is_not_believed() {
        for broken in [&b"0000 blob 5\nab"[..], b"0000 missing\n", b"0000 blob x\n", &[b'a'; 1_000]] {
            let mut objects = Objects::new();
            objects.push(broken);
            assert_eq!(objects.finish(), None);
        }
    }
}

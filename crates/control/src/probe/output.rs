//! Keeps the beginning and the end of what a probe was told, and the digest of all of it. Memory stays bounded,
//! however much comes.

use std::collections::VecDeque;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::outcome::KEPT_BYTES_MAX;
use super::patterns;
use super::redact::Redactor;

/// Longer lines are cut.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// Room for the words that say how much is left out, bytes.
const MARK_BYTES: usize = 64;
/// A cut may go through a secret, which nobody would recognise then: at least so much before a cut is dropped, too,
/// and more where longer secrets are known.
const EDGE_BYTES: usize = 256;

/// One line, still as it came.
struct Line {
    bytes: Vec<u8>,
    /// It was longer.
    cut: bool,
    /// It belongs to a private key.
    key: bool,
}

/// What was told so far.
pub(super) struct Output {
    redactor: Arc<Redactor>,
    keep: usize,
    digest: Sha256,
    /// One line in the making for each source, so that those of a program's two streams do not mix.
    unfinished: [Line; 2],
    in_key: [bool; 2],
    head: Vec<Line>,
    head_bytes: usize,
    tail: VecDeque<Line>,
    tail_bytes: usize,
    left_out: usize,
}

impl Output {
    /// Keeps at most `keep` bytes.
    pub(super) fn new(redactor: Arc<Redactor>, keep: usize) -> Output {
        let empty = || Line { bytes: Vec::new(), cut: false, key: false };
        Output {
            redactor,
            keep: keep.min(KEPT_BYTES_MAX),
            digest: Sha256::new(),
            unfinished: [empty(), empty()],
            in_key: [false; 2],
            head: Vec::new(),
            head_bytes: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
            left_out: 0,
        }
    }

    /// Keeps less from now on.
    pub(super) fn keep_at_most(&mut self, keep: usize) {
        self.keep = self.keep.min(keep);
    }

    /// Bytes came from source 0 or 1.
    pub(super) fn push(&mut self, source: usize, bytes: &[u8]) {
        self.digest.update(bytes);
        self.show(source, bytes);
    }

    /// What came was read elsewhere; this is its digest.
    pub(super) fn digest_is(&mut self, digest: Sha256) {
        self.digest = digest;
    }

    /// A line for people that does not count for the digest.
    pub(super) fn note(&mut self, line: &str) {
        self.show(0, line.as_bytes());
        self.show(0, b"\n");
    }

    /// More would have come from there: the line in the making is not whole.
    pub(super) fn breaks_off(&mut self, source: usize) {
        self.unfinished[source].cut = true;
    }

    fn show(&mut self, source: usize, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = &mut self.unfinished[source];
            let room = LINE_BYTES_MAX - line.bytes.len();
            line.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                line.cut = true;
                self.left_out += piece.len() - room;
            }
            if piece.ends_with(b"\n") {
                self.end_line(source);
            }
        }
    }

    fn end_line(&mut self, source: usize) {
        let empty = Line { bytes: Vec::new(), cut: false, key: false };
        let mut line = std::mem::replace(&mut self.unfinished[source], empty);
        let begins = patterns::begins_key(&line.bytes);
        let in_key = &mut self.in_key[source];
        line.key = begins || *in_key;
        *in_key = (begins || *in_key) && !patterns::ends_key(&line.bytes);
        let share = self.share();
        if line.bytes.len() > share {
            self.left_out += line.bytes.len() - share;
            line.bytes.truncate(share);
            line.cut = true;
        }
        let bytes = line.bytes.len();
        if self.tail.is_empty() && self.head_bytes + bytes <= share {
            self.head_bytes += bytes;
            self.head.push(line);
            return;
        }
        self.tail_bytes += bytes;
        self.tail.push_back(line);
        while self.tail_bytes > share {
            let Some(gone) = self.tail.pop_front() else { break };
            self.tail_bytes -= gone.bytes.len();
            self.left_out += gone.bytes.len();
        }
    }

    /// What is kept, without secrets, and the digest in hex.
    pub(super) fn finish(mut self) -> (String, String) {
        for source in 0..2 {
            if !self.unfinished[source].bytes.is_empty() {
                self.end_line(source);
            }
        }
        let mut kept: String = self.head.iter().map(|line| self.clean(line)).collect();
        // Texts may have grown a little: each side keeps to its own share, at the cost of the middle.
        kept.truncate(kept.floor_char_boundary(self.share()));
        if self.left_out > 0 {
            kept.push_str(&format!("[{} bytes are left out]\n", self.left_out));
        }
        let end: String = self.tail.iter().map(|line| self.clean(line)).collect();
        kept.push_str(&end[end.ceil_char_boundary(end.len().saturating_sub(self.share()))..]);
        kept.truncate(kept.floor_char_boundary(self.keep));
        let digest = self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (kept, digest)
    }

    /// Bytes for the beginning, and as many for the end.
    fn share(&self) -> usize {
        self.keep.saturating_sub(MARK_BYTES) / 2
    }

    fn clean(&self, line: &Line) -> String {
        if line.key {
            return "[redacted]\n".to_owned();
        }
        let mut text = self.redactor.clean(&String::from_utf8_lossy(&line.bytes));
        if line.cut {
            let edge = EDGE_BYTES.max(self.redactor.part_bytes_max());
            text.truncate(text.floor_char_boundary(text.len().saturating_sub(edge)));
            text.push_str("...\n");
        }
        // What a terminal would obey is not shown to it.
        let shown = |letter: char| letter == '\n' || letter == '\t' || !letter.is_control();
        text.chars()
            .filter(|letter| *letter != '\r')
            .map(|letter| if shown(letter) { letter } else { '\u{fffd}' })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn output(keep: usize) -> Output {
        Output::new(Arc::new(Redactor::new(["correct horse battery"])), keep)
    }

    #[test]
    fn the_beginning_and_the_end_of_a_flood_are_kept() {
        let mut output = output(1_000);
        for number in 0..100_000 {
            output.push(0, format!("line {number}\n").as_bytes());
        }
        let (kept, _) = output.finish();
        assert!(kept.starts_with("line 0\n") && kept.contains("line 99999\n"), "{kept}");
        assert!(kept.contains("bytes are left out") && kept.len() <= 1_000, "{kept}");
    }

    #[test]
    fn no_part_of_a_secret_survives_a_cut() {
        for before in LINE_BYTES_MAX - 30..LINE_BYTES_MAX {
            let mut output = output(KEPT_BYTES_MAX);
            output.push(0, "x".repeat(before).as_bytes());
            output.push(0, b"correct horse battery\nafter\n");
            let (kept, _) = output.finish();
            assert!(!kept.contains("corr") && kept.contains("after"), "{before}");
        }
    }

    #[test]
    fn no_part_of_a_long_secret_survives_a_cut() {
        let secret: String = (0..100).map(|number| format!("part{number:03}-")).collect();
        let told = format!("{}{secret}\nafter\n", "x".repeat(8_000));
        // The line is longer than what is kept, or its source breaks off.
        for (keep, bytes) in [(16_600, told.len()), (17_400, told.len()), (KEPT_BYTES_MAX, 8_700)] {
            let mut output = Output::new(Arc::new(Redactor::new([secret.as_str(), "part001"])), keep);
            output.push(0, &told.as_bytes()[..bytes]);
            output.breaks_off(0);
            let (kept, _) = output.finish();
            assert!(!kept.contains("part"), "{keep}: {kept}");
        }
    }

    #[test]
    fn the_body_of_a_private_key_goes_with_its_header() {
        let mut output = output(200);
        let header = ["-----BEGIN", "PRIVATE KEY-----\n"].join(" ");
        output.push(0, header.as_bytes());
        for _ in 0..1_000 {
            output.push(0, b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n");
        }
        let (kept, _) = output.finish();
        assert!(!kept.contains("MII") && !kept.contains("BEGIN"), "{kept}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_shown() {
        let mut output = output(1_000);
        output.push(0, b"\x1b[2Jgone\r\n");
        assert_eq!(output.finish().0, "\u{fffd}[2Jgone\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn digest_and_kept_do_not_depend_on_how_the_bytes_come(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..3_000), cut in 0..3_000_usize,
        ) {
            let (mut whole, mut halves) = (output(500), output(500));
            whole.push(0, &bytes);
            let (one, other) = bytes.split_at(cut.min(bytes.len()));
            halves.push(0, one);
            halves.push(0, other);
            let (kept, digest) = whole.finish();
            prop_assert!(kept.len() <= 500);
            prop_assert_eq!((kept, digest), halves.finish());
        }
    }
}

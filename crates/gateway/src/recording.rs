//! Writing down what the feed delivered, so that `--market replay:FILE` can play it again.
//!
//! A thread of its own writes; the market never waits for the disk. A recording with a hole would look whole, so when
//! the disk cannot keep up or fails the recording ends there, loudly.
//!
//! A file names the instruments of its ticks once, at its top. When the listing changes (at midnight contracts expire and
//! new ones are listed) the recording goes on in a new file: `morning.mticks`, `morning.2.mticks`, and so on. Each is a
//! recording of its own and is played by itself. No file is ever overwritten.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use feed::segment::{SegmentHeader, SegmentWriter};
use kite::ticker::message::Builder;
use market::{Instrument, Mode, Source, Tick, UnixNanos};

use crate::clock::{machine_now, mono_now};

/// Batches that may wait for the disk: at the usual ten steps a second, half a minute.
const QUEUE: usize = 300;
/// Ticks of one record.
const TICKS_PER_RECORD: usize = 1_000;
/// A crash of this process loses at most what came in such a span, and what still waits in the queue.
const FLUSH: Duration = Duration::from_secs(1);

/// A recording in progress.
#[derive(Debug)]
pub struct Recording {
    queue: Option<SyncSender<Entry>>,
    writer: Option<JoinHandle<()>>,
    path: PathBuf,
}

/// What the writer is told.
#[derive(Debug)]
enum Entry {
    /// These were received at this market time.
    Ticks(Vec<Tick>, UnixNanos),
    /// From this market time on these instruments are listed.
    Listing(Vec<Instrument>, UnixNanos),
}

impl Recording {
    /// Starts a new file; refuses to touch an existing one.
    ///
    /// # Errors
    /// When the file or the one that would follow it exists, or it cannot be written.
    pub fn start(
        path: &Path,
        source: Source,
        instruments: &[Instrument],
        market_start: UnixNanos,
    ) -> io::Result<Recording> {
        // Told now rather than at midnight.
        if numbered(path, 2).try_exists()? {
            let text = format!("`{}`, which would follow it, exists", numbered(path, 2).display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let files = Files::create(path, source, instruments, market_start)?;
        let (queue, entries) = sync_channel(QUEUE);
        let shown = path.display().to_string();
        let writer = std::thread::Builder::new().name("recording".into()).spawn(move || {
            match write(files, &entries, mono_now) {
                Ok((records, files)) => tracing::info!(records, files, path = shown, "recording finished"),
                Err(error) => tracing::error!(%error, path = shown, "recording ended early"),
            }
        })?;
        Ok(Recording { queue: Some(queue), writer: Some(writer), path: path.to_path_buf() })
    }

    /// Hands over what was received at the market time `at`. Never waits.
    pub fn write(&mut self, ticks: &[Tick], at: UnixNanos) {
        self.tell(Entry::Ticks(ticks.to_vec(), at));
    }

    /// The listing is another one from the market time `at` on: what follows goes into the next file. Never waits.
    pub fn relist(&mut self, instruments: &[Instrument], at: UnixNanos) {
        self.tell(Entry::Listing(instruments.to_vec(), at));
    }

    fn tell(&mut self, entry: Entry) {
        let Some(queue) = &self.queue else { return };
        if let Err(refused) = queue.try_send(entry) {
            if matches!(refused, TrySendError::Full(_)) {
                tracing::error!(path = %self.path.display(), "recording ended early: the disk is too slow");
            }
            self.queue = None;
        }
    }

    /// Writes what is still queued and closes the file.
    pub fn finish(mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A panic in the writer has been reported by the thread itself.
            let _ = writer.join();
        }
    }
}

/// The files of one recording, the last of them open.
struct Files {
    first: PathBuf,
    source: Source,
    count: u32,
    segment: SegmentWriter<BufWriter<File>>,
    /// Records of the files before.
    records: u64,
}

impl Files {
    fn create(path: &Path, source: Source, list: &[Instrument], start: UnixNanos) -> io::Result<Files> {
        let segment = segment(path, source, list, start)?;
        Ok(Files { first: path.to_path_buf(), source, count: 1, segment, records: 0 })
    }

    fn next(&mut self, list: &[Instrument], start: UnixNanos) -> io::Result<()> {
        self.close()?;
        let path = numbered(&self.first, self.count.saturating_add(1));
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        self.segment = segment(&path, self.source, list, start).map_err(named)?;
        self.count = self.count.saturating_add(1);
        tracing::info!(path = %path.display(), "the listing changed: recording into the next file");
        Ok(())
    }

    fn append(&mut self, ticks: &[Tick], at: UnixNanos) -> io::Result<()> {
        for chunk in ticks.chunks(TICKS_PER_RECORD) {
            let mut message = Builder::new();
            for tick in chunk {
                message.push_tick(tick, Mode::Full).map_err(io::Error::other)?;
            }
            self.segment.append(at, &message.finish()).map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Brings everything onto the disk; nothing may be appended to this file afterwards.
    fn close(&mut self) -> io::Result<()> {
        self.segment.flush()?;
        self.segment.get_mut().get_ref().sync_all()?;
        self.records += self.segment.records();
        Ok(())
    }
}

fn segment(
    path: &Path,
    source: Source,
    list: &[Instrument],
    market_start: UnixNanos,
) -> io::Result<SegmentWriter<BufWriter<File>>> {
    let file = File::create_new(path)?;
    let header = SegmentHeader { source, day: market_start.ist_date(), created: machine_now(), market_start };
    let mut segment = SegmentWriter::create(BufWriter::new(file), &header, list.iter())?;
    segment.flush()?;
    Ok(segment)
}

/// `morning.mticks` becomes `morning.2.mticks`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push(format!(".{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Writes until every sender is gone. Leaves: how many records, in how many files.
fn write(mut files: Files, entries: &Receiver<Entry>, now: impl Fn() -> Instant) -> io::Result<(u64, u32)> {
    let mut flushed = now();
    loop {
        let wait = FLUSH.saturating_sub(now().saturating_duration_since(flushed));
        match entries.recv_timeout(wait) {
            Ok(Entry::Ticks(ticks, at)) => files.append(&ticks, at)?,
            Ok(Entry::Listing(list, at)) => files.next(&list, at)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                files.close()?;
                return Ok((files.records, files.count));
            }
        }
        // Also while entries never stop coming.
        if now().saturating_duration_since(flushed) >= FLUSH {
            files.segment.flush()?;
            flushed = now();
        }
    }
}

#[cfg(test)]
mod tests;

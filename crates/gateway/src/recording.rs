//! Writing down what the feed delivered, so that `--market replay:FILE` can play it again.
//!
//! A thread of its own writes; the market never waits for the disk. A recording with a hole would look whole, so when
//! the disk cannot keep up or fails the recording ends there, loudly.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use feed::segment::{SegmentHeader, SegmentWriter};
use kite::ticker::message::Builder;
use market::{Instrument, Mode, Source, Tick, UnixNanos};

/// Batches that may wait for the disk: at the usual ten steps a second, half a minute.
const QUEUE: usize = 300;
/// Ticks of one record.
const TICKS_PER_RECORD: usize = 1_000;
/// A crash loses at most this much.
const FLUSH: Duration = Duration::from_secs(1);

/// A recording in progress.
#[derive(Debug)]
pub struct Recording {
    queue: Option<SyncSender<(Vec<Tick>, UnixNanos)>>,
    writer: Option<JoinHandle<()>>,
    path: PathBuf,
}

impl Recording {
    /// Starts a new file; refuses to touch an existing one.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn start(
        path: &Path,
        source: Source,
        instruments: &[Instrument],
        created: UnixNanos,
        market_start: UnixNanos,
    ) -> io::Result<Recording> {
        let file = File::create_new(path)?;
        let header = SegmentHeader { source, day: market_start.ist_date(), created, market_start };
        let segment = SegmentWriter::create(BufWriter::new(file), &header, instruments.iter())?;
        let (queue, batches) = sync_channel(QUEUE);
        let shown = path.display().to_string();
        let writer = std::thread::Builder::new().name("recording".into()).spawn(move || {
            match write(segment, &batches) {
                Ok(records) => tracing::info!(records, path = shown, "recording finished"),
                Err(error) => tracing::error!(%error, path = shown, "recording ended early: the disk failed"),
            }
        })?;
        Ok(Recording { queue: Some(queue), writer: Some(writer), path: path.to_path_buf() })
    }

    /// Hands over what was received at the market time `at`. Never waits.
    pub fn write(&mut self, ticks: &[Tick], at: UnixNanos) {
        let Some(queue) = &self.queue else { return };
        if let Err(refused) = queue.try_send((ticks.to_vec(), at)) {
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

fn write(
    mut segment: SegmentWriter<BufWriter<File>>,
    batches: &Receiver<(Vec<Tick>, UnixNanos)>,
) -> io::Result<u64> {
    loop {
        match batches.recv_timeout(FLUSH) {
            Ok((ticks, at)) => {
                for chunk in ticks.chunks(TICKS_PER_RECORD) {
                    let mut message = Builder::new();
                    for tick in chunk {
                        message.push_tick(tick, Mode::Full).map_err(io::Error::other)?;
                    }
                    segment.append(at, &message.finish()).map_err(io::Error::other)?;
                }
            }
            Err(RecvTimeoutError::Timeout) => segment.flush()?,
            Err(RecvTimeoutError::Disconnected) => {
                segment.flush()?;
                segment.get_mut().get_ref().sync_all()?;
                return Ok(segment.records());
            }
        }
    }
}

//! A gateway in a process and a data directory of its own, which end with the value that stands for it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::clock;

/// Longest wait for the ready line. The bar is 2 s; a bench waits longer, to say by how much it was missed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running gateway. Dropping it kills the process and removes its directory.
#[derive(Debug)]
pub struct GatewayProcess {
    child: Child,
    folder: TempDir,
    native: SocketAddr,
    ready_after: Duration,
}

/// The program to load.
///
/// # Errors
/// When there is none where it is looked for.
pub fn program() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("MERIDIAN_BIN").map(PathBuf::from);
    let path = match named {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("meridian"),
    };
    if !path.is_file() {
        bail!(
            "{} is not there: run `cargo build --release`, or name another in MERIDIAN_BIN",
            path.display()
        );
    }
    Ok(path)
}

impl GatewayProcess {
    /// Starts `up` with `flags` in an empty directory, on ports of its own, and waits for the ready line.
    ///
    /// # Errors
    /// When it cannot be started, ends early or is not ready within half a minute; its log is part of the message.
    pub fn start(program: &Path, flags: &[&str]) -> anyhow::Result<GatewayProcess> {
        let folder = tempfile::Builder::new().prefix("meridian-bench-").tempdir()?;
        let log = folder.path().join("log");
        let mut command = Command::new(program);
        command.args(["up", "--listen", "127.0.0.1:0", "--kite-listen", "127.0.0.1:0", "--log", "warn"]);
        command.arg("--data").arg(folder.path().join("data")).args(flags);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let begun = clock::now();
        let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let output = child.stdout.take();
        let (sender, ready) = mpsc::channel();
        // Reads on until the end, so that the gateway can always write. The thread ends with the process.
        std::thread::spawn(move || {
            for line in BufReader::new(output?).lines() {
                if let Some(address) = line.ok()?.strip_prefix("ready http://") {
                    sender.send((address.parse::<SocketAddr>().ok()?, begun.elapsed())).ok()?;
                }
            }
            Some(())
        });
        // From here on the process ends with the value, whatever happens.
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut started = GatewayProcess { child, folder, native: unknown, ready_after: Duration::ZERO };
        match ready.recv_timeout(PATIENCE) {
            Ok((native, ready_after)) => {
                (started.native, started.ready_after) = (native, ready_after);
                Ok(started)
            }
            Err(_) => {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("the gateway did not get ready; its log: {}", log.trim())
            }
        }
    }

    /// Where the native API answers.
    pub fn native(&self) -> SocketAddr {
        self.native
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From the order to start until the ready line.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The access token of the first admin key.
    ///
    /// # Errors
    /// When the gateway has not written it down.
    pub fn admin_token(&self) -> anyhow::Result<String> {
        let path = self.folder.path().join("data").join("admin.key");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text.trim().to_string())
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Runs a program for a limited time and leaves nothing of it behind.
//!
//! A program runs in a process group of its own. When it ends, when its time is up, when everything is cancelled, the
//! whole group is killed: children that go on, hold its pipes open, ignore signals, multiply. What leaves the group
//! on purpose (a daemon with a session of its own) is out of reach and only loses its pipes.
//!
//! With a guard in the [context](super::Context) the group is also killed when this process itself is: a shell that is in the
//! group waits for the end of a pipe that only we hold open.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use super::case::{Case, Miss, error};

/// So long a killed program's pipes are read for what is still in them, and so long its end may take.
const AFTER_THE_END: Duration = Duration::from_secs(1);
const READ_BYTES: usize = 64 * 1024;

/// Waits for the word that its group is written down, leaves a guard behind, and becomes the program. Without the word, which
/// never comes once we are gone, nothing is run.
const GUARDED: &str = r#"exec 3<&0 </dev/null
read -r word <&3 || exit 125
( { trap '' HUP INT TERM; read -r word <&3; kill -KILL 0; } >/dev/null 2>&1 & )
exec 3<&-
exec "$@""#;

/// Standard output, standard error.
pub(super) const OUT: usize = 0;
pub(super) const ERR: usize = 1;

/// Runs `command` until it ends, within the case's time. `take` gets all of its output as it comes, with [`OUT`] or
/// [`ERR`].
pub(super) async fn run(
    mut command: Command,
    case: &Case,
    mut take: impl FnMut(usize, &[u8]),
) -> Result<ExitStatus, Miss> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let guard = case.context.guard.as_ref();
    let stdin = if guard.is_some() { Stdio::piped() } else { Stdio::null() };
    if guard.is_some() {
        command = guarded(&command);
    }
    command.process_group(0).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let unusable = |failure: io::Error| Miss::Error(format!("`{program}` cannot be run: {failure}"));
    // Listens before there is anything to hear.
    let ends = signal(SignalKind::child()).map_err(unusable)?;
    let mut child = command.spawn().map_err(unusable)?;
    let group = Group::of(&child).map_err(unusable)?;
    if let (Some(started), Some(word)) = (guard, &mut child.stdin) {
        started(group.0.as_raw_pid().unsigned_abs()).map_err(unusable)?;
        // If it is gone already, its end says so.
        let _ = word.write_all(b"run\n").await;
    }
    let mut pipes = Pipes { out: child.stdout.take(), err: child.stderr.take() };
    let stopped = tokio::select! {
        biased;
        ended = group.ended(ends) => ended.err().map(unusable),
        () = case.cancel.asked() => Some(Miss::NotRun("cancelled".to_owned())),
        () = sleep(case.left()) => Some(too_long(&program, case)),
        () = async { pipes.drain(&mut take).await; std::future::pending().await } => None,
    };
    group.kill();
    let _ = timeout(AFTER_THE_END, pipes.drain(&mut take)).await;
    let status = timeout(AFTER_THE_END, child.wait()).await;
    // Its number is free now; nothing may be sent there any more.
    std::mem::forget(group);
    match (stopped, status) {
        (Some(why), _) => Err(why),
        (None, Ok(status)) => status.map_err(unusable),
        (None, Err(_)) => error(format!("`{program}` was killed and does not end")),
    }
}

/// The same command, as the shell above runs it.
fn guarded(command: &Command) -> Command {
    let inner = command.as_std();
    let mut outer = Command::new("/bin/sh");
    outer.args(["-c", GUARDED, "guard"]).arg(inner.get_program()).args(inner.get_args()).env_clear();
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(directory) = inner.get_current_dir() {
        outer.current_dir(directory);
    }
    outer
}

fn too_long(program: &str, case: &Case) -> Miss {
    Miss::Error(format!("`{program}` did not end within {} s and was killed", case.limit.as_secs()))
}

/// How it ended, for people: `ended with 3`.
pub(super) fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended in a way of its own".to_owned(),
    }
}

/// A process group; killed when it goes out of scope, since then its task was dropped.
struct Group(Pid);

impl Group {
    fn of(child: &Child) -> io::Result<Group> {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        id.map(Group).ok_or_else(|| io::Error::other("it ended before it began"))
    }

    /// Returns once the program has ended, and leaves it uncollected: until then nobody else can get its number, so
    /// the group that is killed afterwards is its own.
    async fn ended(&self, mut ends: tokio::signal::unix::Signal) -> io::Result<()> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        while waitid(WaitId::Pid(self.0), look)?.is_none() {
            ends.recv().await;
        }
        Ok(())
    }

    fn kill(&self) {
        // That it is gone already is as good.
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Pipes {
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
}

impl Pipes {
    /// Reads until both are closed. What was read before it is dropped has been taken.
    async fn drain(&mut self, take: &mut impl FnMut(usize, &[u8])) {
        let (mut out, mut err) = (vec![0; READ_BYTES], vec![0; READ_BYTES]);
        while self.out.is_some() || self.err.is_some() {
            tokio::select! {
                count = read(&mut self.out, &mut out), if self.out.is_some() => match count {
                    0 => self.out = None,
                    count => take(OUT, &out[..count]),
                },
                count = read(&mut self.err, &mut err), if self.err.is_some() => match count {
                    0 => self.err = None,
                    count => take(ERR, &err[..count]),
                },
            }
            // A flood is always ready to be read: clocks and cancels get their turn after each piece of it.
            tokio::task::yield_now().await;
        }
    }
}

/// Nothing at the end, and when it breaks.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}

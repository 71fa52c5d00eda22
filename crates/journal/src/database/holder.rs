//! Who holds the write lock, and ending that process if it is a stuck instance of the same data directory.
//!
//! Enters: a data directory. Leaves: the process that was ended, or why none was.
//! Never here: the decision that it is stuck, which its caller takes after a second of waiting.
//!
//! The kernel says in `/proc/locks` who holds SQLite's write lock (byte 120 of the `-shm` file). That file is only
//! asked for its inode: opening and closing it would drop our own locks on it.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::directory::DataDirectory;

/// Place of the write lock in the file, a part of SQLite's file format.
const WRITE_LOCK: u64 = 120;
/// A killed process that sits in the kernel, waiting for a disk, may need a moment.
const DEATH: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// Why a holder was not ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HolderError {
    /// This process holds it: another thread of ours does not get on.
    #[error("this process itself holds the write lock of the database")]
    Ourselves,
    /// Some other program, for example a shell that somebody opened on the database. End it by hand.
    #[error("process {pid} holds the write lock of the database and is no instance of this data directory")]
    NotAnInstance {
        /// Its process id.
        pid: u32,
    },
    /// It runs in another container. End it there.
    #[error("a process of another process namespace holds the write lock of the database")]
    Hidden,
    /// It runs as another user. End it as that user.
    #[error("process {pid} holds the write lock of the database and belongs to another user")]
    OtherUser {
        /// Its process id.
        pid: u32,
    },
    /// It was killed and is still there after five seconds: the kernel waits for something, mostly a disk.
    #[error("process {pid} holds the write lock of the database and does not end after SIGKILL")]
    Survived {
        /// Its process id.
        pid: u32,
    },
    /// The system did not answer.
    #[error("cannot find or end the holder of the write lock of the database")]
    Io(#[from] io::Error),
}

/// Ends the process that holds the write lock of `directory`'s database, if it is an instance of that directory and
/// runs as the same user, and waits until it is dead. Call it only after a wait that no transaction explains.
///
/// `None` if nobody holds the lock any more.
///
/// # Errors
/// See [`HolderError`]; nothing was ended then, except for [`HolderError::Survived`].
pub fn end_stuck_holder(directory: &DataDirectory) -> Result<Option<u32>, HolderError> {
    let Some((pid, process)) = open_holder(directory)? else { return Ok(None) };
    // Looked up again after opening: now the descriptor, the lock and the instance are of one process, even if the
    // number was given to another one in between.
    let locks = Locks::read()?;
    if locks.holder(directory)? != Some(pid) {
        return Ok(None);
    }
    if !locks.is_instance(directory, pid)? {
        return Err(HolderError::NotAnInstance { pid });
    }
    end(pid, &process)
}

/// Ends the instance `name` of `directory`, which has not renewed its leases, if it runs as the same user, and waits until it is
/// dead: from then on nothing that it had begun can leave any more.
///
/// `None` if it was gone already.
///
/// # Errors
/// See [`HolderError`]; nothing was ended then, except for [`HolderError::Survived`].
pub fn end_instance(directory: &DataDirectory, name: &str) -> Result<Option<u32>, HolderError> {
    let find = || -> Result<Option<u32>, HolderError> {
        let file = format!("{name}.lock");
        let path = directory.instance_locks()?.into_iter().find(|path| path.ends_with(&file));
        let Some(inode) = path.as_deref().map(inode_of).transpose()?.flatten() else { return Ok(None) };
        match Locks::read()?.instance_lock(inode) {
            Some(0) => Err(HolderError::Hidden),
            holder => Ok(holder),
        }
    };
    let Some(pid) = find()? else { return Ok(None) };
    let Some(process) = open_process(pid)? else { return Ok(None) };
    // Looked up again after opening, for the same reason.
    if find()? != Some(pid) {
        return Ok(None);
    }
    end(pid, &process)
}

fn end(pid: u32, process: &OwnedFd) -> Result<Option<u32>, HolderError> {
    if user_of(&pid.to_string())? != user_of("self")? {
        return Err(HolderError::OtherUser { pid });
    }
    match pidfd_send_signal(process, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => {}
        Err(error) => return Err(HolderError::Io(error.into())),
    }
    if has_ended(process)? { Ok(Some(pid)) } else { Err(HolderError::Survived { pid }) }
}

fn open_holder(directory: &DataDirectory) -> Result<Option<(u32, OwnedFd)>, HolderError> {
    let Some(pid) = Locks::read()?.holder(directory)? else { return Ok(None) };
    Ok(open_process(pid)?.map(|process| (pid, process)))
}

fn open_process(pid: u32) -> Result<Option<OwnedFd>, HolderError> {
    if pid == std::process::id() {
        return Err(HolderError::Ourselves);
    }
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(HolderError::Hidden)?;
    match pidfd_open(raw, PidfdFlags::empty()) {
        Ok(process) => Ok(Some(process)),
        Err(Errno::SRCH) => Ok(None),
        Err(error) => Err(HolderError::Io(error.into())),
    }
}

fn has_ended(process: &OwnedFd) -> io::Result<bool> {
    loop {
        let mut ends = [PollFd::from_borrowed_fd(process.as_fd(), PollFlags::IN)];
        match poll(&mut ends, Some(&DEATH)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The real and effective user of a process. Not the owner of its folder: that is root for one that allows no dumps.
fn user_of(process: &str) -> io::Result<Vec<u32>> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    Ok(line.split_whitespace().take(2).filter_map(|uid| uid.parse().ok()).collect())
}

/// What `/proc/locks` said at one moment.
struct Locks {
    held: Vec<Lock>,
}

#[derive(Debug, PartialEq, Eq)]
struct Lock {
    posix: bool,
    exclusive: bool,
    /// Zero if the process cannot be seen from here.
    pid: u32,
    inode: u64,
    first: u64,
    last: u64,
}

impl Locks {
    fn read() -> io::Result<Locks> {
        Ok(Locks::parse(&fs::read_to_string("/proc/locks")?))
    }

    fn parse(text: &str) -> Locks {
        Locks { held: text.lines().filter_map(Lock::parse).collect() }
    }

    fn holder(&self, directory: &DataDirectory) -> Result<Option<u32>, HolderError> {
        let mut shared_memory = directory.database().into_os_string();
        shared_memory.push("-shm");
        let Some(inode) = inode_of(Path::new(&shared_memory))? else { return Ok(None) };
        match self.write_lock(inode) {
            Some(0) => Err(HolderError::Hidden),
            holder => Ok(holder),
        }
    }

    fn write_lock(&self, inode: u64) -> Option<u32> {
        let is_it = |lock: &&Lock| {
            lock.posix
                && lock.exclusive
                && lock.inode == inode
                && (lock.first..=lock.last).contains(&WRITE_LOCK)
        };
        self.held.iter().find(is_it).map(|lock| lock.pid)
    }

    fn instance_lock(&self, inode: u64) -> Option<u32> {
        let is_it = |lock: &&Lock| !lock.posix && lock.exclusive && lock.inode == inode;
        self.held.iter().find(is_it).map(|lock| lock.pid)
    }

    fn is_instance(&self, directory: &DataDirectory, pid: u32) -> io::Result<bool> {
        for path in directory.instance_locks()? {
            let Some(inode) = inode_of(&path)? else { continue };
            let holds = |lock: &Lock| !lock.posix && lock.exclusive && lock.inode == inode && lock.pid == pid;
            if self.held.iter().any(holds) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Lock {
    /// `1: POSIX  ADVISORY  WRITE 4242 fe:00:10084357 120 120`. A line with `->` is of a process that waits.
    fn parse(line: &str) -> Option<Lock> {
        let mut words = line.split_whitespace().skip(1);
        let posix = match words.next()? {
            "POSIX" => true,
            "FLOCK" => false,
            _ => return None,
        };
        let exclusive = words.nth(1)? == "WRITE";
        let pid = words.next()?.parse::<i64>().ok()?;
        // Not the device: some file systems give another one here than to those who ask for the file.
        let inode = words.next()?.rsplit(':').next()?.parse().ok()?;
        let first = words.next()?.parse().ok()?;
        let last = match words.next()? {
            "EOF" => u64::MAX,
            number => number.parse().ok()?,
        };
        Some(Lock { posix, exclusive, pid: u32::try_from(pid).unwrap_or(0), inode, first, last })
    }
}

fn inode_of(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "\
1: POSIX  ADVISORY  READ  11 fe:00:500 124 124
2: POSIX  ADVISORY  WRITE 12 fe:00:500 121 121
3: POSIX  ADVISORY  WRITE 13 fe:00:501 120 120
4: FLOCK  ADVISORY  WRITE 14 fe:00:500 0 EOF
5: POSIX  ADVISORY  WRITE 42 00:2f:500 119 121
5: -> POSIX  ADVISORY  WRITE 15 fe:00:500 120 120
6: OFDLCK ADVISORY  READ  -1 00:06:118 0 EOF
7: POSIX  ADVISORY  WRITE 0 fe:00:502 120 EOF
8: LEASE  ACTIVE    READ 16 fe:00:500 0 EOF
nonsense
";

    #[test]
    fn the_holder_is_the_one_with_byte_120_of_that_file() {
        let locks = Locks::parse(LOCKS);
        assert_eq!(locks.write_lock(500), Some(42));
        assert_eq!(locks.write_lock(501), Some(13));
        assert_eq!(locks.write_lock(502), Some(0), "a process that cannot be seen from here");
        assert_eq!(locks.write_lock(118), None);
        assert_eq!(Locks::parse("").write_lock(500), None);
    }

    #[test]
    fn a_process_belongs_to_its_user() {
        let own = user_of("self").unwrap();
        assert_eq!(own.len(), 2);
        assert_eq!(user_of(&std::process::id().to_string()).unwrap(), own);
    }
}

//! Which file system a path is on, from the text of `/proc/self/mountinfo` (std has no `statfs`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Kinds whose locks or shared memory do not hold between hosts. `9p` and `virtiofs` share a host's directory with
/// guests, and every `fuse.*` is somebody's program: whether its locks hold is not ours to guess.
const NETWORK: &[&str] = &[
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "smb3",
    "smbfs",
    "virtiofs",
];
/// Local overlays of rootless containers.
const LOCAL_FUSE: &[&str] = &["fuse.fuse-overlayfs"];

/// True if SQLite's locking cannot be trusted there.
pub(super) fn is_network(kind: &str) -> bool {
    NETWORK.contains(&kind) || (kind.starts_with("fuse.") && !LOCAL_FUSE.contains(&kind))
}

/// The type of the file system that holds `place` (absolute, without links).
pub(super) fn kind_of(mountinfo: &str, place: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in mountinfo.lines() {
        // `36 35 98:0 /root /mount/point rw,noatime shared:1 - ext4 /dev/sda rw`; the optional fields end at the dash.
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (Some(point), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next()) else { continue };
        let point = unescape(point);
        let point = Path::new(OsStr::from_bytes(&point));
        if !place.starts_with(point) {
            continue;
        }
        let depth = point.components().count();
        // A later mount on the same point hides the earlier one.
        if best.is_none_or(|(deepest, _)| depth >= deepest) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:30 / /srv/shared rw shared:1 master:2 - nfs4 host:/x rw
31 27 0:31 / /srv/shared/scratch rw - tmpfs tmpfs rw
32 27 0:32 / /mnt/my\\040disk rw - cifs //host/x rw
33 27 0:33 / /twice rw - ext4 /dev/vdb rw
34 27 0:34 / /twice rw - fuse.sshfs host:/y rw
nonsense
";

    #[test]
    fn the_deepest_and_latest_mount_decides() {
        let rows = [
            ("/home/me", "ext4", false),
            ("/srv/shared", "nfs4", true),
            ("/srv/shared/a/b", "nfs4", true),
            ("/srv/sharedmore", "ext4", false),
            ("/srv/shared/scratch/a", "tmpfs", false),
            ("/mnt/my disk/a", "cifs", true),
            ("/twice/a", "fuse.sshfs", true),
        ];
        for (place, kind, network) in rows {
            assert_eq!(kind_of(MOUNTS, Path::new(place)).as_deref(), Some(kind), "{place}");
            assert_eq!(is_network(kind), network, "{kind}");
        }
        assert_eq!(kind_of("", Path::new("/a")), None);
        assert!(!is_network("fuseblk") && !is_network("fuse.fuse-overlayfs") && !is_network("overlay"));
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(unescape("a\\04"), b"a\\04");
        assert_eq!(unescape("\\777\\134"), b"\\777\\");
    }
}

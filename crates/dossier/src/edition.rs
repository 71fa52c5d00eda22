//! Which edition of a document it is, and why there is none.

use jiff::Timestamp;
use release::Digest;

/// What a document names so that everybody can compute it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// What it says, it says of this moment.
    pub at: Timestamp,
    /// Sequence of the newest row of the journal that it knows.
    pub seq: u64,
    /// That row's hash, in hexadecimal digits: it covers every row before it.
    pub hash: String,
    /// Version of the program that computed it.
    pub program: String,
    /// So many rows were written later than that moment, and are left out.
    pub left_out: u64,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CannotWrite {
    /// The rows know no such release.
    NoRelease(String),
    /// The rows know no such service, or neither a release nor a policy of it.
    NoService(String),
    /// The rows know no such incident.
    NoIncident(String),
    /// The release is bound to a policy that is not among the rows, or that this build cannot read.
    NoPolicy(Digest),
}

impl std::fmt::Display for CannotWrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CannotWrite::NoRelease(id) => write!(f, "there is no release `{id}`"),
            CannotWrite::NoService(name) => {
                write!(f, "there is neither a release nor a policy of a service `{name}`")
            }
            CannotWrite::NoIncident(id) => write!(f, "there is no incident `{id}`"),
            CannotWrite::NoPolicy(digest) => {
                write!(f, "the policy {digest} is not kept, or this version cannot read it")
            }
        }
    }
}

impl std::error::Error for CannotWrite {}

//! The arguments of `meridian journal`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Check the chain of hashes from the first row to the head, also beside a running instance
    #[command(after_help = "Examples:\n  \
        meridian journal verify\n  \
        meridian journal verify --anchors meridian-data/anchors.jsonl\n\n\
        Without anchors the chain proves that nothing was damaged, not that nobody has rewritten it.\n\
        Exit code 1 when it is broken.")]
    Verify {
        /// File of signed heads, best a copy that was kept elsewhere
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
        /// The key that must have signed them, as the log of the gateway has told it; else the directory's own
        #[arg(long, value_name = "HEX", requires = "anchors", value_parser = parse_key)]
        public_key: Option<PublicKey>,
        #[command(flatten)]
        journal: JournalArguments,
    },
    /// Sign the head now, as a gateway does every hour and when a day has ended
    #[command(
        after_help = "Example:\n  meridian journal anchor && cp meridian-data/anchors.jsonl /elsewhere/\n\n\
        The line is added to anchors.jsonl in the data directory. Keep a copy where nobody who can write the\n\
        database can write."
    )]
    Anchor {
        /// Data directory
        #[arg(long, value_name = "DIR", default_value = "meridian-data")]
        data: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Fold the journal from its first row and print the hash of the state
    #[command(after_help = "Example:\n  meridian journal replay --to 1000 --json")]
    Replay {
        /// Stop after this row
        #[arg(long, value_name = "SEQ")]
        to: Option<u64>,
        #[command(flatten)]
        journal: JournalArguments,
    },
    /// Say up to which row two journals are the same, and where they part
    #[command(after_help = "Example:\n  meridian journal diff meridian-data /backups/2026-11-20\n\n\
        Exit code 0 when they are the same or one is the beginning of the other, 1 when they part.")]
    Diff {
        /// Data directory, backup, or database file
        a: PathBuf,
        /// The same
        b: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print rows, one JSON object a line
    #[command(after_help = "Examples:\n  \
        meridian journal export --from 1000 | head\n  \
        meridian journal export --stream control > control.jsonl")]
    Export {
        /// First row
        #[arg(long, value_name = "SEQ", default_value_t = 1)]
        from: u64,
        /// Last row; the newest one unless given
        #[arg(long, value_name = "SEQ")]
        to: Option<u64>,
        /// Only rows of this stream: intake, control, venue:ACCOUNT, account:ACCOUNT
        #[arg(long, value_name = "STREAM", value_parser = parse_stream)]
        stream: Option<journal::events::Stream>,
        /// How
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
        /// Data directory
        #[arg(long, value_name = "DIR", default_value = "meridian-data")]
        data: PathBuf,
    },
    /// Copy the database while instances run, check the copy, and print the hash of its state
    #[command(after_help = "Examples:\n  \
        meridian journal backup /backups/noon\n  \
        meridian journal backup /backups/whole --include-keys\n\n\
        The backup is a new directory with meridian.db and manifest.json. The key files server.key, vault.key and\n\
        admin.key are not in it unless you ask: keep them in another place than backups that others can read.")]
    Backup {
        /// The new directory; refused if it exists
        to: PathBuf,
        /// Put server.key and vault.key into the backup, too: whoever reads it has your secrets
        #[arg(long)]
        include_keys: bool,
        #[command(flatten)]
        journal: JournalArguments,
    },
    /// Make a data directory from a backup; all accounts are halted in it until you have reconciled them
    #[command(after_help = "Examples:\n  \
        meridian journal restore /backups/noon --data restored\n  \
        meridian journal restore /backups/noon --log /standby/log --data restored")]
    Restore {
        /// Directory that `meridian journal backup` has made
        from: PathBuf,
        /// Directory that `meridian journal ship` has filled: rows after the backup come from there
        #[arg(long, value_name = "DIR")]
        log: Option<PathBuf>,
        /// The new data directory; refused if there is anything in it
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Copy rows into files elsewhere; goes on where it was, never overwrites
    #[command(after_help = "Examples:\n  \
        meridian journal ship --to /standby/log --follow\n  \
        meridian journal restore /backups/noon --log /standby/log --data restored\n\n\
        What is lost with the disk of the journal is what was not yet shipped, and releases, runs and incidents since the last\n\
        backup: their rows are not shipped. --follow ends with Ctrl-C.")]
    Ship {
        /// Directory of the log, created if it is missing
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Go on with new rows as they come
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        journal: JournalArguments,
    },
}

/// Which journal a command looks at.
#[derive(Clone, Debug, Args)]
pub struct JournalArguments {
    /// Data directory, a backup of one, or a database file
    #[arg(long, value_name = "DIR", default_value = "meridian-data")]
    pub data: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
}

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

fn parse_key(text: &str) -> Result<PublicKey, String> {
    journal::hex::decode_array(text)
        .map(PublicKey)
        .ok_or_else(|| "a public key is 64 hexadecimal digits in lower case".into())
}

fn parse_stream(text: &str) -> Result<journal::events::Stream, String> {
    text.parse().map_err(|error: journal::events::StreamError| error.to_string())
}

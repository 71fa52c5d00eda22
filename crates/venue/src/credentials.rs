//! Who may call: one access token per account, all under one key, kept over restarts.
//!
//! Enters: what the operator gives, random bytes for what he does not, the file of an earlier start. Leaves: the
//! account behind a token. Never here: requests.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use kite::auth::is_credential;
pub use kite::secret::Secret;
use serde::{Deserialize, Serialize};

/// The file's name in the venue's directory.
pub const FILE: &str = "credentials.json";

/// What the operator gives; the rest is drawn at the first start and kept.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Names of the accounts; at least one.
    pub accounts: Vec<String>,
    /// The key.
    pub api_key: Option<String>,
    /// Tokens, in the order of the accounts; none or one for each.
    pub access_tokens: Vec<Secret>,
}

/// The key and the tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Credentials {
    /// Public.
    pub api_key: String,
    /// In the order that the operator gave.
    pub accounts: Vec<Account>,
}

/// One account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub account: String,
    /// What opens it.
    pub access_token: Secret,
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// An account's name is none, or stands there twice.
    #[error("accounts need different names of letters, digits, `-` and `_`")]
    Accounts,
    /// A key or token with a character that would not survive a header, or two accounts with one token.
    #[error(
        "the key and the tokens may have letters, digits, `-` and `_` only, and every account needs its own token"
    )]
    Characters,
    /// Another number of tokens than of accounts.
    #[error("give one access token for each account, or none: {tokens} for {accounts}")]
    Count {
        /// How many tokens.
        tokens: usize,
        /// How many accounts.
        accounts: usize,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a token: give --api-key and --access-token")]
    Entropy,
    /// The file cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Credentials {
    /// What was given, else what the file in `directory` has, else what is drawn; the file then has all of it.
    /// `draw` fills a slice with random bytes, or says `false`.
    ///
    /// # Errors
    /// [`CredentialsError`].
    pub fn settle(
        directory: &Path,
        given: Given,
        draw: &dyn Fn(&mut [u8]) -> bool,
    ) -> Result<Credentials, CredentialsError> {
        let Given { accounts, api_key, access_tokens } = given;
        let is_repeated = |(index, name): (usize, &String)| accounts.iter().take(index).any(|n| n == name);
        if accounts.is_empty()
            || !accounts.iter().all(|name| is_credential(name))
            || accounts.iter().enumerate().any(is_repeated)
        {
            return Err(CredentialsError::Accounts);
        }
        if !access_tokens.is_empty() && access_tokens.len() != accounts.len() {
            return Err(CredentialsError::Count { tokens: access_tokens.len(), accounts: accounts.len() });
        }
        let path = directory.join(FILE);
        let io = |source| CredentialsError::Io { path: path.clone(), source };
        let kept: Option<Credentials> = match std::fs::read(&path) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(|error| io(error.into()))?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(io(error)),
        };
        let kept_key = kept.as_ref().map(|kept| kept.api_key.clone());
        let api_key = api_key.or(kept_key).map_or_else(|| drawn::<8>(draw), Ok)?;
        let mut settled = Vec::with_capacity(accounts.len());
        for (index, account) in accounts.into_iter().enumerate() {
            let of_file = || kept.iter().flat_map(|kept| &kept.accounts).find(|kept| kept.account == account);
            let access_token =
                match access_tokens.get(index).or_else(|| of_file().map(|kept| &kept.access_token)) {
                    Some(token) => token.clone(),
                    None => Secret::new(drawn::<16>(draw)?),
                };
            settled.push(Account { account, access_token });
        }
        let tokens = || settled.iter().map(|account| account.access_token.expose());
        let is_shared = tokens().enumerate().any(|(index, token)| tokens().take(index).any(|t| t == token));
        if !is_credential(&api_key) || !tokens().all(is_credential) || is_shared {
            return Err(CredentialsError::Characters);
        }
        let settled = Credentials { api_key, accounts: settled };
        let json = serde_json::to_vec_pretty(&settled).map_err(|error| io(error.into()))?;
        write(&path, &json).map_err(io)?;
        Ok(settled)
    }

    /// Whose the pair is.
    pub fn account(&self, api_key: &str, access_token: &str) -> Option<&str> {
        let mut found = None;
        for account in &self.accounts {
            if is_same(account.access_token.expose(), access_token) {
                found = Some(account.account.as_str());
            }
        }
        found.filter(|_| api_key == self.api_key)
    }
}

/// Takes as long for a token that begins right as for one that does not.
fn is_same(ours: &str, theirs: &str) -> bool {
    let differing = ours.bytes().zip(theirs.bytes()).fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs));
    ours.len() == theirs.len() && differing == 0
}

fn drawn<const BYTES: usize>(draw: &dyn Fn(&mut [u8]) -> bool) -> Result<String, CredentialsError> {
    let mut bytes = [0; BYTES];
    if !draw(&mut bytes) {
        return Err(CredentialsError::Entropy);
    }
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Readers see the old content or the new, also after a power cut.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(accounts: &[&str], tokens: &[&str]) -> Given {
        Given {
            accounts: accounts.iter().map(ToString::to_string).collect(),
            api_key: None,
            access_tokens: tokens.iter().copied().map(Secret::new).collect(),
        }
    }

    #[test]
    fn what_was_drawn_is_kept_and_what_is_given_wins() {
        let folder = tempfile::tempdir().unwrap();
        let next = std::cell::Cell::new(0);
        let draw = |bytes: &mut [u8]| {
            next.set(next.get() + 1);
            bytes.fill(next.get());
            true
        };
        let first = Credentials::settle(folder.path(), given(&["a", "b"], &[]), &draw).unwrap();
        let token = first.accounts[1].access_token.expose().to_owned();
        assert_eq!(first.account(&first.api_key, &token), Some("b"));
        assert_eq!((first.account(&first.api_key, "no"), first.account("no", &token)), (None, None));
        let again = Credentials::settle(folder.path(), given(&["b", "c"], &[]), &draw).unwrap();
        assert_eq!(
            again.account(&first.api_key, &token),
            Some("b"),
            "it opens the same account after a restart"
        );
        let set = Credentials::settle(folder.path(), given(&["b"], &["T-1"]), &draw).unwrap();
        assert_eq!(
            (set.account(&first.api_key, "T-1"), set.account(&first.api_key, &token)),
            (Some("b"), None)
        );
    }

    #[test]
    fn names_and_tokens_that_could_be_mixed_up_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let settle = |accounts: &[&str], tokens: &[&str]| {
            Credentials::settle(folder.path(), given(accounts, tokens), &|_| false).unwrap_err()
        };
        for accounts in [&[][..], &["a", "a"], &["a b"]] {
            assert!(matches!(settle(accounts, &[]), CredentialsError::Accounts), "{accounts:?}");
        }
        assert!(matches!(settle(&["a", "b"], &["t"]), CredentialsError::Count { .. }));
        assert!(matches!(settle(&["a"], &[]), CredentialsError::Entropy));
        let given = Given { api_key: Some("k".into()), ..given(&["a", "b"], &["t", "t"]) };
        let error = Credentials::settle(folder.path(), given, &|_| false).unwrap_err();
        assert!(matches!(error, CredentialsError::Characters));
    }
}

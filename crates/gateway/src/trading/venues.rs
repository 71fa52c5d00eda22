//! Where an account's calls go: the paper book in this process, or a connection.

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;

use broker::kite::credentials::Credentials;
use broker::kite::endpoint::Endpoint;
use broker::paper::{MatcherConfig, PaperVenue};
use kite::secret::Secret;
use tokio::runtime::Handle;
use tokio::sync::watch;
use trade::event::Class;
use trade::{AccountId, State};

use super::credentials::AccessTokens;
use super::desk::Message;
use super::remote::Remote;
use crate::config::Reach;

/// The venues of the accounts that this instance decides for.
pub struct Venues {
    paper_config: MatcherConfig,
    paper: BTreeMap<AccountId, PaperVenue>,
    remote: BTreeMap<AccountId, Remote>,
    reach: Reach,
    tokens: AccessTokens,
    runtime: Handle,
    messages: SyncSender<Message>,
    states: watch::Receiver<State>,
}

impl Venues {
    /// None yet.
    pub(super) const fn new(
        paper_config: MatcherConfig,
        reach: Reach,
        tokens: AccessTokens,
        runtime: Handle,
        messages: SyncSender<Message>,
        states: watch::Receiver<State>,
    ) -> Venues {
        Venues {
            paper_config,
            paper: BTreeMap::new(),
            remote: BTreeMap::new(),
            reach,
            tokens,
            runtime,
            messages,
            states,
        }
    }

    /// This instance decides for `account` now, or its address or token has changed.
    pub fn gain(&mut self, name: &AccountId, state: &State, market_now: i64) {
        let Some(account) = state.account(name) else { return };
        let added = &account.added;
        if added.class == Class::Paper {
            let venue = PaperVenue::from_state(self.paper_config, state, name, market_now);
            self.paper.insert(name.clone(), venue);
            return;
        }
        match self.connect(name, added) {
            Ok(remote) => {
                self.remote.insert(name.clone(), remote);
            }
            Err(why) => {
                tracing::error!(account = %name, why, "the account is not connected: nothing is decided for it");
            }
        }
    }

    fn connect(&self, name: &AccountId, added: &trade::event::AccountAdded) -> Result<Remote, String> {
        if !self.reach.includes(added.class) {
            return Err(format!("this start does not reach it: `--broker {}` would", added.class.as_str()));
        }
        let endpoint = Endpoint::parse(&added.url).map_err(|error| error.to_string())?;
        if added.class == Class::Venue && !endpoint.is_local() {
            return Err(format!("a venue account reaches this machine only, and {} is elsewhere", added.url));
        }
        let token = self.tokens.get(name).map_err(|error| error.to_string())?;
        let token =
            token.ok_or_else(|| format!("it has no access token: `meridian account login {name}`"))?;
        let credentials =
            Credentials::new(&added.api_key, Secret::new(token)).map_err(|error| error.to_string())?;
        Ok(Remote::start(
            &self.runtime,
            (name.clone(), added.class),
            endpoint,
            credentials,
            self.messages.clone(),
            self.states.clone(),
        ))
    }

    /// It does not any more.
    pub fn lose(&mut self, account: &AccountId) {
        self.paper.remove(account);
        self.remote.remove(account);
    }

    /// The paper account's venue.
    pub fn paper(&mut self, account: &AccountId) -> Option<&mut PaperVenue> {
        self.paper.get_mut(account)
    }

    /// All paper accounts' venues.
    pub fn papers(&mut self) -> impl Iterator<Item = (&AccountId, &mut PaperVenue)> {
        self.paper.iter_mut()
    }

    /// The connection of an account that is not paper.
    pub fn remote(&self, account: &AccountId) -> Option<&Remote> {
        self.remote.get(account)
    }
}

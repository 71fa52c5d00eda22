//! Which accounts this instance decides for: taking leases, keeping them, losing them.

use std::collections::BTreeSet;

use journal::DbError;
use journal::events::{Journal, Stream};
use trade::AccountId;

use crate::engine::{Config, Engine, EngineError, Times};
use crate::input::Output;

/// A lease that this instance holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) epoch: u64,
    /// Monotonic time from before the newest renewal.
    pub(crate) renewed: i64,
    /// Calls of the predecessor have not been doubted yet.
    pub(crate) fresh: bool,
    /// The venue's book has been read since it was taken.
    pub(crate) ready: bool,
}

impl Held {
    /// By our own clock, with a tenth of the time to live to spare.
    pub(crate) const fn valid_until(&self, config: &Config) -> i64 {
        self.renewed + config.lease_ttl - config.lease_ttl / 10
    }

    pub(crate) const fn is_valid(&self, times: Times, config: &Config) -> bool {
        times.mono < self.valid_until(config)
    }
}

impl<J: Journal> Engine<J> {
    /// True while this instance may decide for `account`.
    pub fn holds(&self, account: &AccountId, times: Times) -> bool {
        self.held.get(account).is_some_and(|held| held.is_valid(times, &self.config))
    }

    /// The accounts that this instance holds and the epochs of their leases.
    pub fn held(&self) -> impl Iterator<Item = (&AccountId, u64)> {
        self.held.iter().map(|(account, held)| (account, held.epoch))
    }

    /// True while nothing is decided for `account`, which this instance holds, because its venue's book has not been read yet.
    pub fn awaits_book(&self, account: &AccountId) -> bool {
        self.held.get(account).is_some_and(|held| !held.ready)
    }

    /// There is proof at `mono`, in monotonic nanoseconds, that these instances are dead: their locks are free, or they were reaped.
    pub fn note_dead(&mut self, instances: impl IntoIterator<Item = u32>, mono: i64) {
        for number in instances.into_iter().filter(|number| *number != self.config.instance) {
            self.dead.entry(number).or_insert(mono);
        }
    }

    /// Instances whose leases can be taken because they were silent for the time to live, and whose death is not proven. Who can,
    /// ends them first ([`Engine::note_dead`]): otherwise what they had begun stays unknown while they live.
    pub fn overdue(&self, times: Times) -> BTreeSet<u32> {
        let mono = u64::try_from(times.mono).unwrap_or(0);
        self.state
            .accounts
            .keys()
            .filter(|account| self.reaches(account))
            .map(|account| Stream::account(account.as_str()))
            .filter(|stream| self.watch.may_take(stream, mono, self.challengers_ttl()))
            .filter_map(|stream| self.watch.seen(&stream).map(|lease| lease.holder))
            .filter(|holder| *holder != self.config.instance && !self.dead.contains_key(holder))
            .collect()
    }

    fn reaches(&self, account: &AccountId) -> bool {
        self.state.account(account).is_some_and(|account| self.config.classes.contains(&account.added.class))
    }

    /// The clock is read before the leases are: a tenth more makes up for it.
    fn challengers_ttl(&self) -> u64 {
        u64::try_from(self.config.lease_ttl + self.config.lease_ttl / 10).unwrap_or(u64::MAX)
    }

    /// Renews what is held, takes what is free, gives up what was taken. Call it several times per time to live.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn keep_leases(&mut self, times: Times) -> Result<Vec<Output>, EngineError> {
        let mut out = Vec::new();
        self.doubt_what_was_told(times);
        self.renew(times, &mut out)?;
        let leases = self.journal.leases()?;
        let mono = u64::try_from(times.mono).unwrap_or(0);
        for lease in &leases {
            self.watch.observe(lease, mono);
        }
        let ttl = self.challengers_ttl();
        let accounts: Vec<AccountId> = self.state.accounts.keys().cloned().collect();
        for account in accounts {
            if !self.reaches(&account) {
                continue;
            }
            let stream = Stream::account(account.as_str());
            let lease = leases.iter().find(|lease| lease.stream == stream);
            let taken = match lease {
                None => self.journal.take_lease(&stream, self.config.instance, 0),
                Some(lease) if lease.holder == self.config.instance => continue,
                Some(lease) if self.dead.contains_key(&lease.holder) => {
                    self.journal.take_lease(&stream, self.config.instance, lease.epoch)
                }
                Some(lease) if self.watch.may_take(&stream, mono, ttl) => {
                    self.journal.take_expired(lease, self.config.instance)
                }
                Some(_) => continue,
            };
            let taken = match taken {
                Err(DbError::Busy) => None,
                taken => taken?,
            };
            if let Some(epoch) = taken {
                tracing::info!(%account, epoch, "this instance decides for the account now");
                self.held
                    .insert(account.clone(), Held { epoch, renewed: times.mono, fresh: true, ready: false });
                // Everything the predecessor wrote comes before our first decision.
                self.follow()?;
                self.doubt_the_unknown(&account, times);
                out.push(Output::Gained(account));
            }
        }
        Ok(out)
    }

    /// Gives up the accounts that `which` names.
    pub(crate) fn lose(&mut self, which: impl Fn(&AccountId) -> bool, out: &mut Vec<Output>) {
        let lost: Vec<AccountId> = self.held.keys().filter(|account| which(account)).cloned().collect();
        for account in lost {
            tracing::warn!(%account, "another instance decides for the account now");
            self.held.remove(&account);
            out.push(Output::Lost(account));
        }
    }

    fn renew(&mut self, times: Times, out: &mut Vec<Output>) -> Result<(), EngineError> {
        let due = |renewed: i64| times.mono - renewed >= self.config.lease_ttl / 4;
        let streams: Vec<Stream> = self
            .held
            .iter()
            .filter(|(_, held)| due(held.renewed))
            .map(|(account, _)| Stream::account(account.as_str()))
            .collect();
        if streams.is_empty() {
            return Ok(());
        }
        let lost = match self.journal.renew(self.config.instance, &streams) {
            // Tried again soon; what is held runs out by itself.
            Err(DbError::Busy) => return Ok(()),
            renewed => renewed?,
        };
        self.lose(|account| lost.contains(&Stream::account(account.as_str())), out);
        for (account, held) in &mut self.held {
            if streams.contains(&Stream::account(account.as_str())) {
                held.renewed = times.mono;
            }
        }
        Ok(())
    }
}

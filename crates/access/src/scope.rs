//! What a key may do: a closed list of scopes, and sets of them.

use std::fmt;
use std::str::FromStr;

/// One permission. The list is closed: routes name one of these or declare themselves public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Scope {
    /// `market:read`
    MarketRead,
    /// `signals:write`
    SignalsWrite,
    /// `orders:read`
    OrdersRead,
    /// `orders:write`
    OrdersWrite,
    /// `accounts:read`
    AccountsRead,
    /// `accounts:admin`
    AccountsAdmin,
    /// `trade:halt`
    TradeHalt,
    /// `limits:write`
    LimitsWrite,
    /// `flags:write`
    FlagsWrite,
    /// `keys:admin`
    KeysAdmin,
    /// `journal:read`
    JournalRead,
    /// `release:read`
    ReleaseRead,
    /// `release:sign`
    ReleaseSign,
    /// `release:run`
    ReleaseRun,
    /// `incidents:write`
    IncidentsWrite,
    /// `metrics:read`
    MetricsRead,
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u32);

/// A word that is not a scope, or no word at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScope(Option<String>);

impl Scope {
    /// Every scope, in the order of the documentation.
    pub const ALL: [Scope; 16] = [
        Scope::MarketRead,
        Scope::SignalsWrite,
        Scope::OrdersRead,
        Scope::OrdersWrite,
        Scope::AccountsRead,
        Scope::AccountsAdmin,
        Scope::TradeHalt,
        Scope::LimitsWrite,
        Scope::FlagsWrite,
        Scope::KeysAdmin,
        Scope::JournalRead,
        Scope::ReleaseRead,
        Scope::ReleaseSign,
        Scope::ReleaseRun,
        Scope::IncidentsWrite,
        Scope::MetricsRead,
    ];

    /// The word on the wire and in the database: `market:read`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::MarketRead => "market:read",
            Scope::SignalsWrite => "signals:write",
            Scope::OrdersRead => "orders:read",
            Scope::OrdersWrite => "orders:write",
            Scope::AccountsRead => "accounts:read",
            Scope::AccountsAdmin => "accounts:admin",
            Scope::TradeHalt => "trade:halt",
            Scope::LimitsWrite => "limits:write",
            Scope::FlagsWrite => "flags:write",
            Scope::KeysAdmin => "keys:admin",
            Scope::JournalRead => "journal:read",
            Scope::ReleaseRead => "release:read",
            Scope::ReleaseSign => "release:sign",
            Scope::ReleaseRun => "release:run",
            Scope::IncidentsWrite => "incidents:write",
            Scope::MetricsRead => "metrics:read",
        }
    }

    /// One line for people.
    pub const fn description(self) -> &'static str {
        match self {
            Scope::MarketRead => "read instruments, quotes, candles and streams, and keep subscriptions",
            Scope::SignalsWrite => "send trading signals",
            Scope::OrdersRead => "read orders, trades, positions, profile and margins",
            Scope::OrdersWrite => "place, change and cancel orders",
            Scope::AccountsRead => "list accounts",
            Scope::AccountsAdmin => "add, change and remove accounts",
            Scope::TradeHalt => "halt and resume trading",
            Scope::LimitsWrite => "change risk limits",
            Scope::FlagsWrite => "change feature flags",
            Scope::KeysAdmin => "create, list and revoke keys",
            Scope::JournalRead => "read the journal",
            Scope::ReleaseRead => "read releases and their evidence",
            Scope::ReleaseSign => "sign a release",
            Scope::ReleaseRun => {
                "ask checks, decide, start, pause and roll back a release: runs the programs of kept policies"
            }
            Scope::IncidentsWrite => "open, change and close incidents",
            Scope::MetricsRead => "read metrics from other machines",
        }
    }

    /// The scope with that word; case matters.
    ///
    /// # Errors
    /// [`UnknownScope`] with the word and the list of known ones.
    pub fn parse(word: &str) -> Result<Scope, UnknownScope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or_else(|| {
            // It may be a pasted token: enough to recognise a typing mistake, and nothing that moves the cursor.
            UnknownScope(Some(word.chars().take(24).flat_map(char::escape_debug).collect()))
        })
    }

    const fn bit(self) -> u32 {
        1 << (self as u8)
    }
}

impl Scopes {
    /// No permission.
    pub const NONE: Scopes = Scopes(0);
    /// All permissions: those of the first admin key.
    pub const ALL: Scopes = {
        let mut bits = 0;
        let mut index = 0;
        while index < Scope::ALL.len() {
            bits |= Scope::ALL[index].bit();
            index += 1;
        }
        Scopes(bits)
    };

    /// Reads `a,b`; spaces around words and repetitions are allowed.
    ///
    /// # Errors
    /// [`UnknownScope`] for the first word that is not a scope, and if there is no word.
    pub fn parse(text: &str) -> Result<Scopes, UnknownScope> {
        let words = || text.split(',').map(str::trim).filter(|word| !word.is_empty());
        if words().next().is_none() {
            return Err(UnknownScope(None));
        }
        words().map(Scope::parse).collect()
    }

    /// Reads what a newer build may have stored: words this build does not know give no permission.
    pub(crate) fn parse_known(text: &str) -> Scopes {
        text.split(',').filter_map(|word| Scope::parse(word).ok()).collect()
    }

    /// True if `scope` is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// True if every scope of `other` is in the set.
    pub const fn contains_all(self, other: Scopes) -> bool {
        self.0 & other.0 == other.0
    }

    /// True for the empty set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Scopes {
        Scopes(scope.bit())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Scope, UnknownScope> {
        Scope::parse(word)
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Scopes, UnknownScope> {
        Scopes::parse(text)
    }
}

impl fmt::Display for UnknownScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(word) => write!(formatter, "`{word}` is not a scope")?,
            None => formatter.write_str("no scope is named")?,
        }
        write!(formatter, "; known scopes: {}", Scopes::ALL)
    }
}

impl std::error::Error for UnknownScope {}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                formatter.write_str(",")?;
            }
            formatter.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scopes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_documented_one() {
        assert_eq!(
            Scopes::ALL.to_string().replace(',', " "),
            "market:read signals:write orders:read orders:write accounts:read accounts:admin trade:halt \
             limits:write flags:write keys:admin journal:read release:read release:sign release:run \
             incidents:write metrics:read"
        );
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
            assert!(!scope.description().is_empty());
        }
    }

    #[test]
    fn every_set_survives_its_text() {
        for bits in 1..=Scopes::ALL.0 {
            let set = Scopes(bits);
            assert_eq!(Scopes::parse(&set.to_string()), Ok(set));
            assert_eq!(Scopes::parse_known(&set.to_string()), set);
        }
    }

    #[test]
    fn sets() {
        let set = Scopes::parse(" orders:read, market:read,orders:read,").unwrap();
        assert_eq!(set.to_string(), "market:read,orders:read");
        assert!(set.contains(Scope::OrdersRead) && !set.contains(Scope::OrdersWrite));
        assert!(
            Scopes::ALL.contains_all(set) && !set.contains_all(Scopes::ALL) && set.contains_all(Scopes::NONE)
        );
        assert_eq!(Scopes::parse_known("market:read,later:thing"), Scope::MarketRead.into());
    }

    #[test]
    fn mistakes_name_the_word_and_the_known_ones() {
        let text = Scopes::parse("market:read,orders:wrte").unwrap_err().to_string();
        assert!(
            text.starts_with("`orders:wrte` is not a scope; known scopes: market:read,signals:write,"),
            "{text}"
        );
        for empty in ["", " ", ",", " , "] {
            assert!(
                Scopes::parse(empty).unwrap_err().to_string().starts_with("no scope is named; known scopes:")
            );
        }
        let long = Scopes::parse(&"\n".repeat(1_000)).unwrap_err();
        assert!(long.to_string().starts_with("no scope"));
        let long = Scopes::parse(&"x\n".repeat(1_000)).unwrap_err().to_string();
        assert!(long.len() < 400 && !long.contains('\n'));
        assert!(Scopes::parse("Market:Read").is_err());
    }
}

//! The one account of this version. The order issue makes it trade.

use market::Price;

/// A trading account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Name in commands and keys.
    pub name: String,
    /// Funds in paise.
    pub funds: Price,
}

impl Account {
    /// What profiles say: nobody may take a paper account for a live one.
    pub const BROKER: &'static str = "MERIDIAN-PAPER";
    /// The account that `up` starts with.
    pub const PAPER: &'static str = "paper";
    /// One crore rupees, in paise.
    const PAPER_FUNDS: Price = Price::from_mantissa(1_000_000_000);

    /// The paper account.
    pub fn paper() -> Account {
        Account { name: Account::PAPER.into(), funds: Account::PAPER_FUNDS }
    }

    /// The broker's user id.
    pub fn user_id(&self) -> String {
        self.name.to_uppercase()
    }

    /// For people.
    pub fn user_name(&self) -> String {
        format!("Meridian {}", self.name)
    }

    /// An address that can never receive mail.
    pub fn email(&self) -> String {
        format!("{}@meridian.invalid", self.name)
    }
}

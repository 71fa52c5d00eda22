//! Who an account belongs to, as profiles tell it. What it holds and may do is in the state of the desk.

use trade::event::Class;

/// The owner of a trading account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Name in commands and keys.
    pub name: String,
    /// How its orders reach a market.
    pub class: Class,
}

impl Account {
    /// The account that `up` starts with: keys that are bound to no account use it where a call names none.
    pub const PAPER: &'static str = "paper";

    /// The paper account.
    pub fn paper() -> Account {
        Account { name: Account::PAPER.into(), class: Class::Paper }
    }

    /// What profiles say: nobody may take a paper account for a live one.
    pub const fn broker(&self) -> &'static str {
        match self.class {
            Class::Paper => "MERIDIAN-PAPER",
            Class::Venue => "MERIDIAN-VENUE",
            Class::Kite => "KITE",
        }
    }

    /// The broker's user id.
    pub fn user_id(&self) -> String {
        user_id(&self.name)
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

/// The broker's user id of the account `name`.
pub fn user_id(name: &str) -> String {
    name.to_uppercase()
}

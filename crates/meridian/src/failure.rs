//! How a command says that it did not work: what was attempted, what stopped it, what to do next.

use std::error::Error;
use std::fmt::Display;
use std::process::ExitCode;

use crate::output;

/// A failed command.
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    usage: bool,
    /// Of the answer that refused it.
    status: Option<u16>,
}

impl Failure {
    /// With a message of its own.
    pub fn new(message: impl Display) -> Failure {
        Failure { message: message.to_string(), causes: Vec::new(), hint: None, usage: false, status: None }
    }

    /// With the whole chain of an error.
    pub fn of(error: &dyn Error) -> Failure {
        let failure = Failure::new(error);
        error.source().map_or(failure.clone(), |source| failure.chain(source))
    }

    /// Because of an error and all that caused it.
    pub fn chain(mut self, error: &dyn Error) -> Failure {
        let mut next = Some(error);
        while let Some(cause) = next {
            let text = cause.to_string();
            // A transparent error repeats its source's text.
            if !self.message.contains(&text) && self.causes.last() != Some(&text) {
                self.causes.push(text);
            }
            next = cause.source();
        }
        self
    }

    /// The arguments were wrong: exit code 2.
    pub fn usage(message: impl Display) -> Failure {
        Failure { usage: true, ..Failure::new(message) }
    }

    /// Refused by an answer with this HTTP status.
    pub fn answered(self, status: u16) -> Failure {
        Failure { status: Some(status), ..self }
    }

    /// The HTTP status of the answer that refused it, if one did.
    pub const fn status(&self) -> Option<u16> {
        self.status
    }

    /// The same failure as the cause of a larger one.
    pub fn about(mut self, message: impl Display) -> Failure {
        self.causes.insert(0, std::mem::replace(&mut self.message, message.to_string()));
        self
    }

    /// Why.
    pub fn cause(mut self, cause: impl Display) -> Failure {
        self.causes.push(cause.to_string());
        self
    }

    /// What to do next.
    pub fn hint(mut self, hint: impl Display) -> Failure {
        self.hint = Some(hint.to_string());
        self
    }

    /// What to do next, if it is known.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Failure {
        self.hint = hint;
        self
    }

    /// Prints it and gives the exit code.
    pub fn report(&self) -> ExitCode {
        let mut text = format!("error: {}\n", self.message);
        for cause in &self.causes {
            text.push_str(&format!("  cause: {cause}\n"));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("hint: {hint}\n"));
        }
        output::talk(&text);
        ExitCode::from(if self.usage { 2 } else { 1 })
    }
}

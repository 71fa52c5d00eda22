//! What the linter finds in a policy, and where it is silent.

mod commands;
mod dates;
mod hostile;
mod roles;
mod spotting;

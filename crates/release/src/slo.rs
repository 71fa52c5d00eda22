//! Objectives as code: from one definition the error budget, Prometheus rules with their tests, dashboards, and the
//! same answers without Prometheus.
//!
//! Enters: the SLOs of a policy, calendars, a day; samples with their times; OpenSLO documents. Leaves: figures,
//! texts, states. Never here: files, sockets, clocks.
//!
//! - [`budget`]: how much may be bad, how much is left, when it is gone; [`sessions`]: how much of a period is
//!   session time.
//! - [`burn`]: which burn raises which alert; [`objective`]: an SLO with all of that.
//! - [`selector`], [`signal`]: how it is asked for in PromQL.
//! - [`evaluate`]: the same answers without Prometheus; [`exposition`]: what a service says of itself, read.
//! - [`dashboard`]: Grafana dashboards.
//! - [`openslo`]: SLOs from OpenSLO documents.
//! - [`rules`]: rules for Prometheus, written as YAML; [`mod@rule_tests`]: their tests;
//!   [`trigger_rules`]: rules from a policy's triggers.

pub mod budget;
pub mod burn;
pub mod dashboard;
pub mod evaluate;
mod example;
pub mod exposition;
mod history;
pub mod objective;
pub mod openslo;
pub mod rule_tests;
pub mod rules;
pub mod selector;
pub mod sessions;
pub mod signal;
mod supply;
pub mod trigger_rules;
mod yaml;

pub use budget::ErrorBudget;
pub use evaluate::Evaluator;
pub use objective::{Objective, SloFault, objectives};
pub use rule_tests::rule_tests;
pub use rules::{RulesFile, slo_rules};
pub use trigger_rules::rules_for;

//! .
pub(super) fn routes(_table: &mut crate::api::Table) {}

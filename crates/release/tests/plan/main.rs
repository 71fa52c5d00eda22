//! The plan around day 0, meetings, success, promotion: on the policies that come with the product, and on a small one.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod dates;
mod desk;
mod meetings;
mod promotion;
mod reviews;
mod success;

//! Incidents over the routes of control, and pages to real receivers on loopback that fail, hang, break off and recover.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../probes/certificate.rs"]
mod certificate;
mod life;
mod mail;
mod pages;
mod receiver;
mod world;

//! Whether a name has addresses, and which.

use std::collections::BTreeSet;
use std::net::IpAddr;

use release::policy::DnsProbe;
use tokio::net::lookup_host;

use super::case::{Asked, Case, Miss, Notes, error, fail};

pub(super) async fn ask(probe: &DnsProbe, case: &Case, notes: &mut Notes) -> Asked {
    let name = case.fill(&probe.name)?;
    notes.inputs = format!("addresses of {name}");
    let mut expected = BTreeSet::new();
    for address in &probe.addresses {
        let read: Result<IpAddr, _> = address.parse();
        expected.insert(read.map_err(|_| Miss::Error(format!("`{address}` is no IP address")))?);
    }
    // The machine's own resolver, as every program here uses it; it has a thread of its own and is left alone when
    // time is up.
    let found: BTreeSet<IpAddr> = match lookup_host((name.as_str(), 0)).await {
        Ok(found) => found.map(|address| address.ip()).collect(),
        // The resolver has no codes that reach us, only words; these mean that no server could be asked.
        Err(failure) if failure.to_string().contains("emporary failure") => {
            return error(format!("{name} could not be looked up: {failure}"));
        }
        Err(failure) => return fail(format!("{name} has no address: {failure}")),
    };
    notes.count("addresses", found.len());
    for address in &found {
        notes.output.push(0, format!("{address}\n").as_bytes());
    }
    let list =
        |addresses: &BTreeSet<IpAddr>| addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
    if found.is_empty() {
        return fail(format!("{name} has no address"));
    }
    if !expected.is_empty() && found != expected {
        return fail(format!("{name} has {} instead of {}", list(&found), list(&expected)));
    }
    Ok(())
}

//! Whether a connection is accepted, or is not.

use std::io;
use std::time::Duration;

use release::policy::TcpProbe;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::case::{Asked, Case, Miss, Notes, error, fail};
use super::wire;

/// So long a closed port may stay silent until it counts as closed: a firewall drops what it does not want, and the
/// kernel has asked three times by then.
const SILENCE: Duration = Duration::from_secs(4);

/// Passes once somebody accepts.
pub(super) async fn accepts(probe: &TcpProbe, case: &Case, notes: &mut Notes) -> Asked {
    let address = host_and_port(probe, case, notes)?;
    let connected = timeout(case.left(), TcpStream::connect(&address)).await;
    notes.count("ms", case.elapsed().as_millis());
    match connected {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(failure)) => Err(wire::not_connected(&address, &failure)),
        Err(_) => fail(format!("no connection to {address} within {} ms", case.limit.as_millis())),
    }
}

/// Passes when no address of the name accepts.
pub(super) async fn refuses(probe: &TcpProbe, case: &Case, notes: &mut Notes) -> Asked {
    let address = host_and_port(probe, case, notes)?;
    let found = lookup_host(&address).await;
    let addresses: Vec<_> =
        found.map_err(|failure| Miss::Error(format!("no address of {address}: {failure}")))?.collect();
    if addresses.is_empty() {
        return error(format!("{address} has no address: nothing was tried"));
    }
    let silence = SILENCE.min(case.limit / 2) / u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        match timeout(silence, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return fail(format!("{address} accepts connections")),
            Ok(Err(failure)) if failure.kind() == io::ErrorKind::ConnectionRefused => {
                notes.output.push(0, format!("{address} refuses\n").as_bytes());
            }
            Ok(Err(failure)) => return error(format!("{address} was not reached: {failure}")),
            Err(_) => notes.output.push(0, format!("{address} says nothing\n").as_bytes()),
        }
    }
    Ok(())
}

/// `host:port`, and notes what is asked.
fn host_and_port(probe: &TcpProbe, case: &Case, notes: &mut Notes) -> Result<String, Miss> {
    let address = case.fill(&probe.address)?;
    notes.inputs = format!("connect to {address}");
    match address.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => {
            Ok(address)
        }
        _ => error(format!("`{address}` is not `host:port`")),
    }
}

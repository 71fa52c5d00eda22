//! Whether a connection is accepted, or is not.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use release::policy::TcpProbe;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::case::{Asked, Case, Miss, Notes, error, fail};
use super::wire;

/// So long a closed port may stay silent until it counts as closed: a firewall drops what it does not want, and the
/// kernel has asked three times by then.
const SILENCE: Duration = Duration::from_secs(4);
/// Most addresses that are tried at once.
const ADDRESSES_MAX: usize = 64;

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
    if addresses.len() > ADDRESSES_MAX {
        return error(format!("{address} has {} addresses, more than {ADDRESSES_MAX}", addresses.len()));
    }
    let left = case.left();
    let enough = left > SILENCE;
    // Ends a little before everything does, to say why it is unknown.
    let silence = if enough { SILENCE } else { left - left / 8 };
    let mut unknown = None;
    for (address, answer) in ask_all(addresses, silence).await {
        let said = match answer {
            Answer::Accepts => return fail(format!("{address} accepts connections")),
            Answer::Refuses => "refuses",
            Answer::Silent if enough => "says nothing",
            Answer::Silent => {
                unknown.get_or_insert(format!(
                    "{address} says nothing, which means closed only after {} s: `timeout` must be longer",
                    SILENCE.as_secs()
                ));
                "says nothing so far"
            }
            Answer::Unreached(failure) => {
                unknown.get_or_insert(format!("{address} was not reached: {failure}"));
                "was not reached"
            }
        };
        notes.output.push(0, format!("{address} {said}\n").as_bytes());
    }
    unknown.map_or(Ok(()), error)
}

/// What an address says to somebody who wants to connect.
#[derive(Debug)]
enum Answer {
    Accepts,
    Refuses,
    Silent,
    Unreached(io::Error),
}

/// Asks all at once, so that each has the whole time for its answer; they come in the order of the answers.
async fn ask_all(addresses: Vec<SocketAddr>, silence: Duration) -> Vec<(SocketAddr, Answer)> {
    let mut asked = JoinSet::new();
    for address in addresses {
        asked.spawn(async move {
            let answer = match timeout(silence, TcpStream::connect(address)).await {
                Ok(Ok(_)) => Answer::Accepts,
                Ok(Err(failure)) if failure.kind() == io::ErrorKind::ConnectionRefused => Answer::Refuses,
                Ok(Err(failure)) => Answer::Unreached(failure),
                Err(_) => Answer::Silent,
            };
            (address, answer)
        });
    }
    asked.join_all().await
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use tokio::net::{TcpListener, TcpSocket};

    /// A port whose queue is full: it stays silent until somebody takes a connection from it.
    async fn busy() -> (TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let mut waiting = Vec::new();
        let address = listener.local_addr().unwrap();
        while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            waiting.push(stream.unwrap());
        }
        (listener, waiting)
    }

    #[tokio::test]
    async fn an_open_port_has_the_whole_time_however_many_addresses_there_are() {
        let (listener, _waiting) = busy().await;
        let open = listener.local_addr().unwrap();
        let mut addresses: Vec<SocketAddr> =
            (2..10).map(|last| (IpAddr::from([127, 0, 0, last]), open.port()).into()).collect();
        addresses.push(open);
        let asked = tokio::spawn(ask_all(addresses, SILENCE));
        // The kernel asks again a second after the first time.
        let served = tokio::spawn(async move {
            timeout(Duration::from_millis(700), std::future::pending::<()>()).await.unwrap_err();
            while listener.accept().await.is_ok() {}
        });
        let answers = asked.await.unwrap();
        served.abort();
        for (address, answer) in answers {
            assert_eq!(matches!(answer, Answer::Accepts), address == open, "{address}: {answer:?}");
        }
    }
}

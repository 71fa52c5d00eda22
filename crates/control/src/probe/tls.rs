//! Whether a certificate is valid long enough: its name, its chain, its dates, today and at the end of that time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use release::policy::TlsProbe;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::case::{Asked, Case, Miss, Notes, error, fail};
use super::{certificate, wire};

pub(super) async fn ask(probe: &TlsProbe, case: &Case, notes: &mut Notes) -> Asked {
    let address = case.fill(&probe.address)?;
    notes.inputs = format!("certificate of {address}, valid for {}", probe.valid_for);
    let Some((host, port)) =
        address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)))
    else {
        return error(format!("`{address}` is not `host:port`"));
    };
    let host = host.trim_matches(['[', ']']);
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Miss::Error(format!("`{host}` is no valid name")))?;
    let stream = wire::connect(host, port).await?;
    let now = u64::try_from(case.context.clock.wall().seconds()).unwrap_or_default();
    let seen = shake_hands(name, stream, now, probe, case).await?;

    let Some(until) = certificate::valid_until(&seen.certificate) else {
        return fail(format!("{address} shows something that is no certificate"));
    };
    let days = until.saturating_sub(i64::try_from(now).unwrap_or(i64::MAX)).div_euclid(86_400);
    notes.count("days", days);
    notes.output.push(0, format!("it ends in {days} days\n").as_bytes());
    match (seen.today, seen.later) {
        (Err(failure), _) => fail(format!("the certificate is not valid: {failure}")),
        // Another certificate of its chain may be the one that ends.
        (Ok(()), Err(failure)) => fail(format!(
            "the certificate ends in {days} days; in {} it is not valid: {failure}",
            probe.valid_for
        )),
        (Ok(()), Ok(())) => Ok(()),
    }
}

/// What was seen in a handshake.
#[derive(Debug)]
struct Seen {
    certificate: CertificateDer<'static>,
    /// As of now.
    today: Result<(), Error>,
    /// As of the end of the time for which it must be valid.
    later: Result<(), Error>,
}

async fn shake_hands(
    name: ServerName<'static>,
    stream: tokio::net::TcpStream,
    now: u64,
    probe: &TlsProbe,
    case: &Case,
) -> Result<Seen, Miss> {
    let unusable = |failure: &dyn std::fmt::Display| Miss::Error(format!("no TLS here: {failure}"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let inner =
        WebPkiServerVerifier::builder_with_provider(Arc::clone(&case.context.roots), Arc::clone(&provider));
    let witness = Arc::new(Witness {
        inner: inner.build().map_err(|failure| unusable(&failure))?,
        times: [now, now.saturating_add(probe.valid_for.as_seconds())],
        seen: Mutex::new(None),
        signed: AtomicBool::new(false),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|failure| unusable(&failure))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Witness>::clone(&witness))
        .with_no_client_auth();
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let seen = witness.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (seen, shaken) {
        // A server that breaks off because it wants a certificate of ours has shown its own before, and that it has
        // the key.
        (Some(seen), _) if witness.signed.load(Ordering::Relaxed) => Ok(seen),
        (_, Err(failure)) => fail(format!("no TLS connection: {failure}")),
        (_, Ok(_)) => error("the server has shown no certificate"),
    }
}

/// Judges the certificate now and for later, and lets the handshake go on whatever the verdict: nothing is sent over
/// it.
#[derive(Debug)]
struct Witness {
    inner: Arc<WebPkiServerVerifier>,
    times: [u64; 2],
    seen: Mutex<Option<Seen>>,
    /// The server has proven that the certificate's key is its own.
    signed: AtomicBool,
}

impl Witness {
    fn signed(
        &self,
        proof: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.store(proof.is_ok(), Ordering::Relaxed);
        proof
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let [today, later] = self.times.map(|seconds| {
            let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            self.inner
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, at)
                .map(|_| ())
        });
        let certificate = end_entity.clone().into_owned();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { certificate, today, later });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(self.inner.verify_tls12_signature(message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(self.inner.verify_tls13_signature(message, certificate, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

//! TLS of the server: a certificate and its key from files, which are read again when they change.
//!
//! Connections that are open keep what they began with. Files that do not fit each other change nothing but the log.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at: they are renewed every few weeks.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The protocol that is spoken on every connection inside.
const ALPN: &[u8] = b"http/1.1";

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read as PEM.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A file without any certificate.
    #[error("{path} holds no certificate", path = .0.display())]
    Empty(PathBuf),
    /// The key is not the certificate's, or of a kind that is not spoken.
    #[error("the certificate and the key do not fit: {0}")]
    Unfit(#[from] rustls::Error),
}

/// Which versions are spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    #[default]
    From12,
    /// TLS 1.3 alone.
    Only13,
}

/// When a file was written, and how long it is.
type Stamp = Option<(SystemTime, u64)>;

/// The certificate that connections begin with.
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<[Stamp; 2]>,
}

impl Certificates {
    /// Reads both files.
    pub fn read(certificate: PathBuf, key: PathBuf) -> Result<Self, CertificateError> {
        let seen = Mutex::new([stamp(&certificate), stamp(&key)]);
        let current = RwLock::new(Arc::new(certified(&certificate, &key)?));
        Ok(Self { certificate, key, current, seen })
    }

    /// Reads both files again. Where they cannot be used, what was in use stays in use.
    pub fn reload(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.stamps();
        match certified(&self.certificate, &self.key) {
            Ok(renewed) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
                tracing::info!(certificate = %self.certificate.display(), "read the certificate again");
            }
            Err(error) => {
                tracing::error!(error = %error, "the certificate could not be read again: the one before stays in use");
            }
        }
    }

    /// Reads them again whenever they change.
    pub async fn follow(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.reload_if_changed();
        }
    }

    /// Reads them again if they changed since they were read.
    pub(super) fn reload_if_changed(&self) {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen != self.stamps() {
            self.reload();
        }
    }

    fn stamps(&self) -> [Stamp; 2] {
        [stamp(&self.certificate), stamp(&self.key)]
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificates").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn stamp(path: &Path) -> Stamp {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

fn certified(certificate: &Path, key: &Path) -> Result<CertifiedKey, CertificateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| CertificateError::Unreadable { path, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(unreadable(certificate))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(unreadable(certificate))?;
    if chain.is_empty() {
        return Err(CertificateError::Empty(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable(key))?;
    Ok(CertifiedKey::from_der(chain, key, &provider())?)
}

fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

/// TLS of a server.
#[derive(Debug, Clone)]
pub struct Tls {
    certificates: Arc<Certificates>,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// TLS with these certificates.
    pub fn new(certificates: Arc<Certificates>, versions: Versions) -> Result<Self, CertificateError> {
        let versions: &[&SupportedProtocolVersion] = match versions {
            Versions::From12 => &[&TLS13, &TLS12],
            Versions::Only13 => &[&TLS13],
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificates) as _);
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { certificates, config: Arc::new(config) })
    }

    /// The certificate that connections begin with.
    pub fn certificates(&self) -> &Arc<Certificates> {
        &self.certificates
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

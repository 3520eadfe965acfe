//! From a connection to the router: how many there are, how long the head of a request may take and how long it may be, how
//! long an answer may go unread, and TLS.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::{
    admission::{Network, Slot, Slots, is_trusted},
    settings::{ConnectionSettings, HttpSettings},
    stall::Stalling,
};

/// The request line and headers of one request.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// What is kept of a connection before it is parsed or written.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// How long to wait when the process has no descriptor left.
const BREATH: Duration = Duration::from_secs(1);

/// What every connection gets.
#[derive(Clone)]
struct Terms {
    router: Router,
    settings: ConnectionSettings,
    tls: Option<TlsAcceptor>,
    draining: watch::Receiver<bool>,
}

/// Serves connections until the server is to stop, and then those that there are until they end.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    http: &HttpSettings,
    mut draining: watch::Receiver<bool>,
) {
    let settings = http.connection.clone();
    let tls = http.tls.as_ref().map(|tls| tls.acceptor());
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let addresses = Slots::new(settings.max_per_address);
    let terms = Terms { router, settings, tls, draining: draining.clone() };
    let mut connections = JoinSet::new();
    loop {
        // A place first: connections that nobody has room for wait in the system's queue.
        let place = tokio::select! {
            biased;
            () = stopped(&mut draining) => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut draining) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                wait_out(&error, &mut draining).await;
                continue;
            }
        };
        // A proxy brings the connections of many; each of its requests is counted for its own address.
        let slot = match is_trusted(peer.ip(), &http.trusted_proxies) {
            true => None,
            false => match addresses.take(Network::of(peer.ip())) {
                Some(slot) => Some(slot),
                None => {
                    tracing::debug!(%peer, "closed a connection of an address that has too many");
                    continue;
                }
            },
        };
        connections.spawn(connection(stream, peer, terms.clone(), (place, slot)));
    }
    drop((listener, terms));
    while connections.join_next().await.is_some() {}
}

/// What a connection holds while it is open.
type Held = (Result<OwnedSemaphorePermit, tokio::sync::AcquireError>, Option<Slot<Network>>);

async fn wait_out(error: &io::Error, draining: &mut watch::Receiver<bool>) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    // The process is out of descriptors or memory: others have to end first.
    tracing::error!(error = %error, "a connection could not be accepted");
    tokio::select! {
        () = stopped(draining) => {}
        () = tokio::time::sleep(BREATH) => {}
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, terms: Terms, held: Held) {
    // Answers are written whole; waiting for more of them would only delay.
    let _ = stream.set_nodelay(true);
    match &terms.tls {
        None => speak(stream, peer, terms).await,
        Some(acceptor) => match tokio::time::timeout(terms.settings.header_timeout, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => speak(stream, peer, terms).await,
            Ok(Err(error)) => tracing::debug!(%peer, error = %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        },
    }
    drop(held);
}

async fn speak(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: SocketAddr, terms: Terms) {
    let Terms { router, settings, mut draining, .. } = terms;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_BUFFER_BYTES);
    let io = TokioIo::new(Stalling::new(io, settings.stall_timeout));
    let mut connection = pin!(builder.serve_connection(io, service).with_upgrades());
    let mut is_told = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, error = %error, "a connection broke");
                }
                return;
            }
            () = stopped(&mut draining), if !is_told => {
                is_told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Completes when the server is to stop, or when nobody is left who could say so.
async fn stopped(draining: &mut watch::Receiver<bool>) {
    let _ = draining.wait_for(|draining| *draining).await;
}

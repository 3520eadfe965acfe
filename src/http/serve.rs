//! From a service and its settings to a running server, and to its end.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::watch};

use crate::graphql::GraphqlService;

use super::{
    connection,
    router::router,
    settings::{HttpSettings, Runtime, Shared},
};

/// The HTTP interface of a server.
pub struct App {
    shared: Arc<Shared>,
    draining: Arc<watch::Sender<bool>>,
}

impl App {
    /// Puts the HTTP interface in front of a service.
    pub fn new(service: Arc<dyn GraphqlService>, settings: HttpSettings, runtime: Runtime) -> Self {
        let (sender, draining) = watch::channel(false);
        let shared = Arc::new(Shared::new(service, settings, runtime, draining));
        Self { shared, draining: Arc::new(sender) }
    }

    /// Every route, to be called without a socket.
    pub fn router(&self) -> Router {
        router(Arc::clone(&self.shared))
    }

    /// Serves until `shutdown` completes, then lets requests and WebSockets end, at most for `deadline`.
    ///
    /// From the shutdown on no connection is accepted, `/health/ready` says `draining`, and WebSockets are told to go away.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
        deadline: Duration,
    ) -> io::Result<()> {
        let Self { shared, draining } = self;
        let tls = shared.settings.tls.clone();
        let settings = shared.settings.clone();
        let connections = connection::serve(listener, router(shared), &settings, draining.subscribe());
        let ended = async {
            connections.await;
            // Completes when the last WebSocket has dropped what it shares with the router.
            draining.closed().await;
        };
        let overdue = async {
            shutdown.await;
            draining.send_replace(true);
            tokio::time::sleep(deadline).await;
        };
        let renewed = async {
            match &tls {
                Some(tls) => tls.certificates().follow().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ended => {}
            () = overdue => {
                tracing::warn!(deadline_ms = deadline.as_millis() as u64, "stopped although requests were still running");
            }
            () = renewed => {}
        }
        Ok(())
    }
}

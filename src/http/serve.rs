//! From a service and its settings to a running server, and to its end.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, oneshot, watch},
};

use crate::graphql::GraphqlService;

use super::{
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
        let sockets = Arc::new(Semaphore::new(settings.socket.max_connections));
        let shared = Arc::new(Shared { service, settings, runtime, draining, sockets });
        Self { shared, draining: Arc::new(sender) }
    }

    /// Every route, to be called without a socket.
    pub fn router(&self) -> Router {
        router(Arc::clone(&self.shared))
    }

    /// Serves until `shutdown` completes, then lets requests and WebSockets end, at most for `deadline`.
    ///
    /// From the shutdown on no connection is accepted, `/health/ready` says `draining`, and WebSockets are told to go away;
    /// axum itself does not wait for those.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
        deadline: Duration,
    ) -> io::Result<()> {
        let Self { shared, draining } = self;
        let (begun, begin) = oneshot::channel();
        let signal = Arc::clone(&draining);
        let service = router(shared).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(async move {
            shutdown.await;
            signal.send_replace(true);
            // Nobody listens only if the server has ended already.
            let _ = begun.send(());
        });
        let ended = async {
            server.await?;
            // Completes when the last WebSocket has dropped what it shares with the router.
            draining.closed().await;
            Ok(())
        };
        let overdue = async {
            match begin.await {
                Ok(()) => tokio::time::sleep(deadline).await,
                // The server ended by itself and `ended` tells how.
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            result = ended => result,
            () = overdue => {
                tracing::warn!(deadline_ms = deadline.as_millis() as u64, "stopped although requests were still running");
                Ok(())
            }
        }
    }
}

//! `serve`: the server on the configured database. It never uses the owner's login.

use std::{future::Future, io, net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::bail;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Context, database::Database, open, signals::Signals, worker};
use crate::{
    config::{Config, Profile},
    graphql::{Api, limits::Limits},
    http::{App, HttpSettings, Runtime},
    services::Services,
    tenancy::Gateway,
};

pub(super) async fn command(context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    if config.profile == Profile::Production {
        config.validate_production()?;
    }
    let listener = bind(&config).await?;
    let signals = Signals::listen()?;
    let database = Database::find(&globals, &config).await?;
    let result = serve(&database, &config, listener, signals).await;
    let closed = database.close().await;
    result?;
    closed?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(
    database: &Database,
    config: &Config,
    listener: TcpListener,
    mut signals: Signals,
) -> anyhow::Result<()> {
    let gateway = database.gateway().await?;
    refuse_published_passwords(config, &gateway)?;
    let services = open::on_gateway(gateway, config).await?;
    let shutdown = async move { signals.received().await };
    run(listener, services, config, json!({ "demo": false }), config.jobs.in_process, shutdown).await
}

fn refuse_published_passwords(config: &Config, gateway: &Gateway) -> anyhow::Result<()> {
    if config.profile == Profile::Production && gateway.is_demo() {
        bail!(
            "this database holds the demo, whose passwords are published; serve a database made by `migrate`, or set \
             profile to `demo` to serve it all the same"
        );
    }
    Ok(())
}

/// Takes the configured address.
pub(super) async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.http.listen;
    let error = match TcpListener::bind(address).await {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    let other = SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(8080));
    match error.kind() {
        io::ErrorKind::AddrInUse => bail!(
            "another program (perhaps this one, started before) listens on {address}; end it, or choose another \
             address with `--listen {other}`"
        ),
        _ => bail!("cannot listen on {address} ({error}); choose another address with `--listen 127.0.0.1:8080`"),
    }
}

/// Serves until `shutdown` completes and running requests have ended, with a worker beside it or without.
pub(super) async fn run(
    listener: TcpListener,
    services: Services,
    config: &Config,
    playground: Value,
    with_worker: bool,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let environment = services.environment.clone();
    let gateway = services.gateway.clone();
    let runtime = Runtime {
        now: {
            let clock = Arc::clone(&environment.clock);
            Arc::new(move || clock.now())
        },
        new_request_id: Arc::new(move || environment.ids.next().to_string()),
    };
    tracing::info!(address = %listener.local_addr()?, "serving");
    let api = Api::new(services.clone(), config.graphql.introspection);
    let app = App::new(Arc::new(api), settings(config, playground), runtime);
    let serving = app.serve(listener, shutdown, config.http.shutdown_grace());
    worker::beside(with_worker, &services, &config.jobs, serving).await?;
    gateway.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn settings(config: &Config, playground: Value) -> HttpSettings {
    let (http, graphql) = (&config.http, &config.graphql);
    let limits = Limits {
        max_depth: graphql.max_depth as u64,
        max_complexity: graphql.max_complexity as u64,
        max_aliases: graphql.max_aliases as u64,
        max_directives: graphql.max_directives as u64,
        max_batch: graphql.max_batch as u64,
        max_tokens: graphql.max_tokens as u64,
        ..Limits::default()
    };
    HttpSettings {
        limits,
        body_limit_bytes: http.body_limit_bytes,
        import_limit_bytes: http.import_limit_bytes,
        request_timeout: http.request_timeout(),
        trusted_proxies: http.trusted_proxies.clone(),
        assets: http.playground_dir.clone(),
        playground,
        ..HttpSettings::default()
    }
}

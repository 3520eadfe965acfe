//! `serve`: the server on the configured database. It never uses the owner's login.

use std::{future::Future, io, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    Context,
    database::Database,
    open,
    signals::{self, Signals},
    worker,
};
use crate::{
    config::{Config, DocumentsMode, GraphqlConfig, IntrospectionName, Profile, TlsConfig, TlsVersion},
    graphql::{Api, Introspection, limits::Limits},
    http::{
        AdmissionSettings, App, Certificates, ConnectionSettings, Documents, HttpSettings, Runtime, SocketSettings,
        Tls, Versions,
    },
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
    let api = Api::new(services.clone());
    let settings = settings(config, playground)?;
    let renewing = renew_on_hangup(settings.tls.as_ref())?;
    let app = App::new(Arc::new(api), settings, runtime);
    let serving = app.serve(listener, shutdown, config.http.shutdown_grace());
    let served = worker::beside(with_worker, &services, &config.jobs, serving).await;
    if let Some(renewing) = renewing {
        renewing.abort();
    }
    served?;
    gateway.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Reads the certificate again on SIGHUP, as those who renew certificates ask servers to.
fn renew_on_hangup(tls: Option<&Tls>) -> io::Result<Option<JoinHandle<()>>> {
    let Some(tls) = tls else { return Ok(None) };
    let certificates = Arc::clone(tls.certificates());
    let mut hangups = signals::hangups()?;
    Ok(Some(tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            certificates.reload();
        }
    })))
}

/// What the HTTP interface is to be, by the configuration.
///
/// # Errors
/// A certificate or a document that cannot be used.
fn settings(config: &Config, playground: Value) -> anyhow::Result<HttpSettings> {
    let (http, graphql, socket) = (&config.http, &config.graphql, &config.http.socket);
    let limits = limits(graphql);
    Ok(HttpSettings {
        documents: documents(graphql, &limits)?,
        limits,
        introspection: match graphql.introspection {
            Some(IntrospectionName::Everyone) => Introspection::Everyone,
            Some(IntrospectionName::Permitted) | None => Introspection::Permitted,
            Some(IntrospectionName::Nobody) => Introspection::Nobody,
        },
        body_limit_bytes: http.body_limit_bytes,
        import_limit_bytes: http.import_limit_bytes,
        request_timeout: http.request_timeout(),
        allowed_origins: http.allowed_origins.clone(),
        trusted_proxies: http.trusted_proxies.clone(),
        tls: tls(&http.tls)?,
        assets: http.playground_dir.clone(),
        playground,
        connection: ConnectionSettings {
            max_connections: http.max_connections,
            max_per_address: http.max_connections_per_address,
            header_timeout: Duration::from_millis(http.header_timeout_ms),
            stall_timeout: Duration::from_millis(http.stall_timeout_ms),
            pause_timeout: Duration::from_millis(http.pause_timeout_ms),
        },
        admission: AdmissionSettings {
            max_concurrent: http.max_concurrent,
            max_per_tenant: http.max_per_tenant,
            max_per_address: http.max_per_address,
            max_waiting: http.max_waiting,
            max_wait: Duration::from_millis(http.max_wait_ms),
            max_imports: http.max_imports,
        },
        socket: SocketSettings {
            init_timeout: Duration::from_millis(socket.init_timeout_ms),
            ping_interval: Duration::from_millis(socket.ping_interval_ms),
            max_operations: socket.max_operations,
            max_connections: socket.max_connections,
            max_per_tenant: socket.max_per_tenant,
            max_per_address: socket.max_per_address,
            max_message_bytes: socket.max_message_bytes,
        },
    })
}

fn limits(graphql: &GraphqlConfig) -> Limits {
    Limits {
        max_bytes: graphql.max_bytes,
        max_tokens: graphql.max_tokens,
        max_nesting: graphql.max_nesting,
        max_operations: graphql.max_operations,
        max_fragments: graphql.max_fragments,
        max_aliases: graphql.max_aliases,
        max_directives: graphql.max_directives,
        max_repeated_fields: graphql.max_repeated_fields,
        max_root_fields: graphql.max_root_fields,
        max_selections: graphql.max_selections,
        max_depth: graphql.max_depth,
        max_complexity: graphql.max_complexity,
        max_introspection: graphql.max_introspection,
        max_variable_values: graphql.max_variable_values,
        max_batch: graphql.max_batch,
        default_page_size: graphql.default_page_size,
    }
}

fn documents(graphql: &GraphqlConfig, limits: &Limits) -> anyhow::Result<Documents> {
    let is_required = match graphql.documents {
        DocumentsMode::Off => return Ok(Documents::default()),
        DocumentsMode::Allow => false,
        DocumentsMode::Require => true,
    };
    let path = graphql.documents_file.as_deref().context("graphql.documents_file is missing")?;
    let file = || format!("graphql.documents_file ({})", path.display());
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", file()))?;
    Documents::read(&text, is_required, limits).with_context(|| format!("{} cannot be used", file()))
}

fn tls(config: &TlsConfig) -> anyhow::Result<Option<Tls>> {
    let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else { return Ok(None) };
    let versions = match config.minimum {
        TlsVersion::V12 => Versions::From12,
        TlsVersion::V13 => Versions::Only13,
    };
    let read = || Tls::new(Arc::new(Certificates::read(certificate.clone(), key.clone())?), versions);
    let tls = read().context("the server's certificate (http.tls) cannot be used")?;
    Ok(Some(tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_unless_it_is_said_otherwise_is_what_the_tests_test() {
        let by_default = HttpSettings::default();
        let settings = settings(&Config::default(), Value::Null).expect("settings");
        assert_eq!(settings.limits, Limits::default());
        assert_eq!(settings.connection, by_default.connection);
        assert_eq!(settings.admission, by_default.admission);
        assert_eq!(settings.socket, by_default.socket);
        assert_eq!(settings.introspection, Introspection::Permitted, "production unless it is said otherwise");
    }
}

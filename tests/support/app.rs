//! The whole server in process.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use portfolio_analyzer::auth::{PasswordParams, TokenSettings};
use portfolio_analyzer::clock::{Clock, Environment, SystemIds};
use portfolio_analyzer::graphql::Api;
use portfolio_analyzer::http::{self, HttpSettings, Runtime};
use portfolio_analyzer::services::Services;
use portfolio_analyzer::services::setup::AuthSettings;
use portfolio_analyzer::tenancy::Gateway;
use tokio::net::TcpListener;

use super::client::Client;
use super::cluster::{self, Database};

/// The instant at which every test begins.
pub const NOW: &str = "2024-03-15T12:00:00Z";
/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct FixedClock(Mutex<DateTime<Utc>>);

impl FixedClock {
    pub fn at(instant: &str) -> Self {
        Self(Mutex::new(instant.parse().expect("an instant")))
    }

    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().expect("no panic while locked") += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no panic while locked")
    }
}

/// Settings whose password hashes cost next to nothing.
pub fn auth_settings() -> AuthSettings {
    AuthSettings {
        secret: "a secret of the tests, 32 bytes and more".into(),
        tokens: TokenSettings {
            issuer: "portfolio-analyzer".to_owned(),
            audience: "portfolio-analyzer".to_owned(),
            lifetime: TimeDelta::minutes(15),
        },
        refresh_lifetime: TimeDelta::days(30),
        passwords: PasswordParams { memory_kib: 8, iterations: 1, parallelism: 1 },
    }
}

/// A server of the test's own.
pub struct App {
    pub services: Services,
    pub clock: Arc<FixedClock>,
    pub database: Database,
    api: Arc<Api>,
    runtime: Runtime,
    router: axum::Router,
}

impl App {
    /// A server with room for every test.
    pub async fn start() -> Self {
        Self::with_connections(8).await
    }

    /// A server with so many connections to its database.
    pub async fn with_connections(connections: u32) -> Self {
        Self::on(cluster::clone(connections).await).await
    }

    /// A server on a database that is ready for it.
    pub async fn on(database: Database) -> Self {
        Self::at(database, Arc::new(FixedClock::at(NOW))).await
    }

    /// A second server on the same database, by the same clock: it has cached nothing yet.
    pub async fn another(&self) -> Self {
        Self::at(self.database.clone(), Arc::clone(&self.clock)).await
    }

    async fn at(database: Database, clock: Arc<FixedClock>) -> Self {
        let environment = Environment { clock: Arc::clone(&clock) as Arc<dyn Clock>, ids: Arc::new(SystemIds) };
        let gateway = Gateway::connect(&database.api).await.expect("the API's connection");
        let services = Services::open(gateway, environment.clone(), auth_settings()).await.expect("services");
        let api = Arc::new(Api::new(services.clone()));
        let now = Arc::clone(&clock);
        let runtime = Runtime {
            now: Arc::new(move || now.now()),
            new_request_id: Arc::new(move || environment.ids.next().to_string()),
        };
        let router = http::App::new(Arc::clone(&api) as _, HttpSettings::default(), runtime.clone()).router();
        Self { services, clock, database, api, runtime, router }
    }

    /// The same interface on a socket, until the test ends, for what speaks HTTP by itself.
    pub async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let app = http::App::new(Arc::clone(&self.api) as _, HttpSettings::default(), self.runtime.clone());
        tokio::spawn(app.serve(listener, std::future::pending(), Duration::ZERO));
        address
    }

    /// A client that has not logged in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    /// A client with an access token of this person: `investor1` of `alpha`, say.
    pub async fn client(&self, tenant: &str, person: &str) -> Client {
        use secrecy::ExposeSecret;
        let record = self.services.gateway.tenant_by_slug(tenant).await.expect("a read").expect("a tenant");
        let email = format!("{person}@{tenant}.example");
        let token = self.services.access_token_for(&record, &email).await.expect("a token");
        Client::new(self.router.clone(), Some(token.expose_secret().to_owned()))
    }

    /// A client of the platform's operator.
    pub async fn operator(&self) -> Client {
        let anonymous = self.anonymous();
        let answer = anonymous
            .run(&format!(
                r#"mutation {{ login(input: {{ email: "operator@platform.example", password: "{PASSWORD}" }}) {{ accessToken }} }}"#
            ))
            .await;
        Client::new(self.router.clone(), Some(answer.text("/login/accessToken")))
    }

    /// A client with any text in place of a token.
    pub fn with_token(&self, token: &str) -> Client {
        Client::new(self.router.clone(), Some(token.to_owned()))
    }
}

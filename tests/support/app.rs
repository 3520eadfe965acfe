//! The whole server in process.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use portfolio_analyzer::auth::{PasswordParams, TokenSettings};
use portfolio_analyzer::clock::{Clock, Environment, SystemIds};
use portfolio_analyzer::graphql::Api;
use portfolio_analyzer::http::{self, HttpSettings, Runtime};
use portfolio_analyzer::mail::Mailer;
use portfolio_analyzer::services::Services;
use portfolio_analyzer::services::setup::AuthSettings;
use portfolio_analyzer::tenancy::Gateway;
use tempfile::TempDir;
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
    mail: Arc<TempDir>,
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
        let mail = Arc::new(tempfile::tempdir().expect("a directory"));
        Self::at(database, Arc::new(FixedClock::at(NOW)), mail).await
    }

    /// A second server on the same database, by the same clock: it has cached nothing yet.
    pub async fn another(&self) -> Self {
        Self::at(self.database.clone(), Arc::clone(&self.clock), Arc::clone(&self.mail)).await
    }

    async fn at(database: Database, clock: Arc<FixedClock>, mail: Arc<TempDir>) -> Self {
        let environment = Environment { clock: Arc::clone(&clock) as Arc<dyn Clock>, ids: Arc::new(SystemIds) };
        let gateway = Gateway::connect(&database.api).await.expect("the API's connection");
        let services = Services::open(gateway, environment.clone(), auth_settings()).await.expect("services");
        let page = "https://portfolio.example/".parse().ok();
        let mailer = Mailer::files(mail.path(), "Portfolio <portfolio@portfolio.example>", page).expect("a mailer");
        let services = services.with_mailer(mailer);
        let api = Arc::new(Api::new(services.clone()));
        let now = Arc::clone(&clock);
        let runtime = Runtime {
            now: Arc::new(move || now.now()),
            new_request_id: Arc::new(move || environment.ids.next().to_string()),
        };
        let router = http::App::new(Arc::clone(&api) as _, HttpSettings::default(), runtime.clone()).router();
        Self { services, clock, database, api, runtime, router, mail }
    }

    /// The same interface on a socket, until the test ends, for what speaks HTTP by itself.
    pub async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let app = http::App::new(Arc::clone(&self.api) as _, HttpSettings::default(), self.runtime.clone());
        tokio::spawn(app.serve(listener, std::future::pending(), Duration::ZERO));
        address
    }

    /// The same server by other settings.
    pub fn with_services(&self, services: Services) -> Client {
        let api = Arc::new(Api::new(services));
        Client::new(http::App::new(api, HttpSettings::default(), self.runtime.clone()).router(), None)
    }

    /// Sends what waits in a tenant's outbox, as the job does.
    pub async fn send_mail(&self, tenant: &str) {
        let record = self.services.gateway.tenant_by_slug(tenant).await.expect("a read").expect("a tenant");
        self.services.mail_deliver(&self.services.system(record, "mail")).await.expect("a delivery");
    }

    /// The texts of the mails to an address, the latest last.
    pub fn mails(&self, address: &str) -> Vec<String> {
        let files = std::fs::read_dir(self.mail.path()).expect("a directory");
        let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        // By their ids, which sort by time.
        paths.sort();
        let texts = paths.iter().map(|path| std::fs::read_to_string(path).expect("a mail"));
        // As it was before it was made fit for the mail: soft line breaks joined, `=3D` an equals sign.
        let texts = texts.map(|text| text.replace("=\r\n", "").replace("=3D", "="));
        texts.filter(|text| text.contains(&format!("To: {address}\r\n"))).collect()
    }

    /// The token in the latest mail to an address.
    #[track_caller]
    pub fn token_in_mail(&self, address: &str) -> String {
        let mails = self.mails(address);
        let mail = mails.last().unwrap_or_else(|| panic!("no mail to {address}"));
        let rest = mail.split("token=").nth(1).unwrap_or_else(|| panic!("no token in {mail}"));
        rest.split_whitespace().next().expect("a token").to_owned()
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

//! One PostgreSQL server a test process, one template database, a clone of it a test.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use portfolio_analyzer::local_postgres::{Durability, LocalPostgres, Login, SqlName};
use portfolio_analyzer::tenancy::DatabaseSettings;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

const TEMPLATE: &str = "template_app";
const API_LOGIN: &str = "test_api";
const API_PASSWORD: &str = "test-api-password";

/// The server, started by the first test that needs it. It ends with the process.
struct Cluster {
    postgres: LocalPostgres,
    owner: Login,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static CLONES: AtomicU32 = AtomicU32::new(0);

fn name(text: &str) -> SqlName {
    SqlName::new(text).expect("a valid name")
}

/// Started on a thread with a runtime of its own, since each test's runtime ends with the test.
fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| {
        let start = || {
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            let cluster = runtime.block_on(async {
                let postgres = LocalPostgres::ephemeral(Durability::Volatile).await.expect("a PostgreSQL server");
                let owner = postgres.ensure_owner(&name("test_owner"), &name(TEMPLATE)).await.expect("an owner");
                let cluster = Cluster { postgres, owner };
                super::market::fill_template(&cluster.settings(TEMPLATE, 4), &cluster.api_settings(TEMPLATE, 4)).await;
                cluster
            });
            // Kept running: the server's supervisor belongs to it.
            std::mem::forget(runtime);
            cluster
        };
        std::thread::spawn(start).join().expect("the cluster starts")
    })
}

impl Cluster {
    fn settings(&self, database: &str, connections: u32) -> DatabaseSettings {
        settings(self.owner.on(&name(database)).url(), connections)
    }

    fn api_settings(&self, database: &str, connections: u32) -> DatabaseSettings {
        let port = self.postgres.port();
        settings(format!("postgres://{API_LOGIN}:{API_PASSWORD}@127.0.0.1:{port}/{database}").into(), connections)
    }
}

fn settings(url: SecretString, max_connections: u32) -> DatabaseSettings {
    DatabaseSettings {
        url,
        max_connections,
        acquire_timeout: Duration::from_secs(20),
        statement_timeout: Duration::from_secs(20),
    }
}

/// A database of the test's own: its owner's settings, its API login's settings, and a superuser's login for looking inside.
#[derive(Clone)]
pub struct Database {
    pub owner: DatabaseSettings,
    pub api: DatabaseSettings,
    pub superuser: Login,
}

/// Clones the template.
pub async fn clone(connections: u32) -> Database {
    create(TEMPLATE, connections).await
}

/// A database without anything, for a test that fills it itself.
pub async fn empty(connections: u32) -> Database {
    create("template1", connections).await
}

async fn create(template: &str, connections: u32) -> Database {
    let cluster = tokio::task::spawn_blocking(cluster).await.expect("the cluster");
    let database = format!("test_{}", CLONES.fetch_add(1, Ordering::Relaxed));
    let superuser = cluster.postgres.superuser(&name("postgres"));
    let mut connection = PgConnection::connect_with(&superuser.connect_options()).await.expect("a connection");
    let statement = format!("CREATE DATABASE {database} TEMPLATE {template} OWNER test_owner STRATEGY FILE_COPY");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.expect("a clone");
    connection.close().await.expect("a clean end");
    Database {
        owner: cluster.settings(&database, 4),
        api: cluster.api_settings(&database, connections),
        superuser: cluster.postgres.superuser(&name(&database)),
    }
}

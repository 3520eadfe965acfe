//! The API's side of the door: opens sessions with a login that owns nothing and inherits nothing.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, Statement};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use super::connection::TransactionConnection;
use super::directory::{self, SchemaState, TenantRecord};
use super::error::DatabaseError;
use super::names::{InstallationTag, quoted};
use super::session::{Access, Market, MarketDoor, Platform, Session, Tenant};
use crate::auth::Actor;

/// How long a connection may lie idle before it is asked whether it still answers.
const TRUSTED_IDLE: Duration = Duration::from_secs(30);

/// How to reach the database as one login.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `postgres://user:password@host:port/database`.
    pub url: SecretString,
    /// The most connections held at once.
    pub max_connections: u32,
    /// How long to wait for a free one.
    pub acquire_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
}

impl DatabaseSettings {
    /// A pool whose connections see only what `"$user"` names.
    pub(super) async fn connect(&self) -> Result<sqlx::PgPool, DatabaseError> {
        let options =
            PgConnectOptions::from_str(self.url.expose_secret())?.application_name("portfolio-analyzer").options([
                ("search_path", "\"$user\"".to_owned()),
                ("statement_timeout", self.statement_timeout.as_millis().to_string()),
                ("idle_in_transaction_session_timeout", "60000".to_owned()),
                ("jit", "off".to_owned()),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(self.max_connections)
            .acquire_timeout(self.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        sqlx::Connection::ping(connection).await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        Ok(pool)
    }
}

/// Opens sessions for the API.
#[derive(Clone)]
pub struct Gateway {
    pool: sqlx::PgPool,
    tag: InstallationTag,
    is_demo: bool,
    statements: Arc<AtomicU64>,
    tenants: moka::sync::Cache<Uuid, TenantRecord>,
}

impl Gateway {
    /// Connects, and refuses a login that could see more than a session gives it.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, GatewayError> {
        let pool = settings.connect().await.map_err(GatewayError::Database)?;
        let statements = Arc::new(AtomicU64::new(0));
        let opening = "BEGIN READ ONLY".to_owned();
        let connection =
            TransactionConnection::begin(&pool, opening, Arc::clone(&statements)).await.map_err(DatabaseError::from)?;
        refuse_powerful_login(&connection).await?;
        let installation = entity::platform::installation::Entity::find()
            .one(&connection)
            .await
            .map_err(|error| GatewayError::NotInstalled(error.into()))?
            .ok_or(GatewayError::NoInstallation)?;
        connection.end("ROLLBACK").await.map_err(DatabaseError::from)?;
        let tag = InstallationTag::new(&installation.tag).map_err(|error| DatabaseError::Corrupt(error.to_string()))?;
        let gateway = Self {
            pool,
            tag,
            is_demo: installation.is_demo,
            statements,
            // Short: a suspension must be felt at once everywhere, within what an access token lives.
            tenants: moka::sync::Cache::builder().max_capacity(20_000).time_to_live(Duration::from_secs(10)).build(),
        };
        let platform = gateway.platform(Access::Read).await?;
        directory::check_version(&platform, "platform", migration::PLATFORM.len()).await?;
        directory::check_version(&platform, "market", migration::MARKET.len()).await?;
        platform.close().await?;
        Ok(gateway)
    }

    /// Whether this installation holds the published demo people.
    pub fn is_demo(&self) -> bool {
        self.is_demo
    }

    /// How many statements all sessions have run, opening and ending them not counted.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many connections are open, and how many of them idle.
    pub fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    /// A session on the platform's own tables.
    pub async fn platform(&self, access: Access) -> Result<Session<Platform>, DatabaseError> {
        let role = quoted(&self.tag.platform_role());
        let opening = format!("{}; SET LOCAL ROLE {role}; SET LOCAL search_path TO platform", begin(access));
        let connection = TransactionConnection::begin(&self.pool, opening, Arc::clone(&self.statements)).await?;
        Ok(Session::new(connection, Platform))
    }

    /// What was begun on the market's tables, ended on the platform's: the audit entry of a change of market data is written in the
    /// transaction of the change.
    pub async fn market_to_platform(&self, session: Session<Market>) -> Result<Session<Platform>, DatabaseError> {
        let role = quoted(&self.tag.platform_role());
        let turn = format!("SET LOCAL ROLE {role}; SET LOCAL search_path TO platform");
        session.connection.execute_unprepared(&turn).await?;
        Ok(Session::new(session.connection, Platform))
    }

    /// A session on one tenant's tables, in the name of an actor.
    pub async fn tenant(
        &self,
        tenant: &TenantRecord,
        actor: Actor,
        access: Access,
    ) -> Result<Session<Tenant>, DatabaseError> {
        let role = quoted(tenant.schema.as_str());
        let opening = format!("{}; SET LOCAL ROLE {role}", begin(access));
        let connection = TransactionConnection::begin(&self.pool, opening, Arc::clone(&self.statements)).await?;
        Ok(Session::new(connection, Tenant { actor }))
    }

    /// The tenant that a token names. Cached for seconds, with its schema's version checked.
    pub async fn tenant_by_id(&self, id: Uuid) -> Result<Option<TenantRecord>, DatabaseError> {
        if let Some(tenant) = self.tenants.get(&id) {
            return Ok(Some(tenant));
        }
        let session = self.platform(Access::Read).await?;
        let tenant = directory::by_id(&session, id).await?;
        if let Some(tenant) = &tenant {
            directory::check_version(&session, tenant.schema.as_str(), migration::TENANT.len()).await?;
            self.tenants.insert(id, tenant.clone());
        }
        session.close().await?;
        Ok(tenant)
    }

    /// Has the tenant read afresh by whoever asks next.
    pub(crate) fn forget_tenant(&self, id: Uuid) {
        self.tenants.invalidate(&id);
    }

    /// The tenant with this short name, read afresh.
    pub async fn tenant_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, DatabaseError> {
        let session = self.platform(Access::Read).await?;
        let tenant = directory::by_slug(&session, slug).await?;
        if let Some(tenant) = &tenant {
            directory::check_version(&session, tenant.schema.as_str(), migration::TENANT.len()).await?;
        }
        session.close().await?;
        Ok(tenant)
    }

    /// All tenants by short name.
    pub async fn tenants(&self) -> Result<Vec<TenantRecord>, DatabaseError> {
        let session = self.platform(Access::Read).await?;
        let tenants = directory::all(&session).await?;
        session.close().await?;
        Ok(tenants)
    }

    /// All tenants by short name, each with how its schema stands to this program.
    pub async fn tenant_states(&self) -> Result<Vec<(TenantRecord, SchemaState)>, DatabaseError> {
        let session = self.platform(Access::Read).await?;
        let tenants = directory::all(&session).await?;
        let needed = migration::TENANT.len();
        let mut states = directory::schema_states(&session, needed).await?;
        session.close().await?;
        let missing = || SchemaState { applied: 0, needed, failure: None };
        let state = |tenant: TenantRecord| {
            let state = states.remove(tenant.schema.as_str()).unwrap_or_else(missing);
            (tenant, state)
        };
        Ok(tenants.into_iter().map(state).collect())
    }

    /// Has this process read a tenant anew where it is asked for next; others do within ten seconds.
    pub fn forget(&self, tenant: Uuid) {
        self.tenants.invalidate(&tenant);
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<(), DatabaseError> {
        self.platform(Access::Read).await?.close().await
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl MarketDoor for Gateway {
    async fn market(&self, access: Access) -> Result<Session<Market>, DatabaseError> {
        let opening = market_opening(&self.tag, access);
        let connection = TransactionConnection::begin(&self.pool, opening, Arc::clone(&self.statements)).await?;
        Ok(Session::new(connection, Market))
    }
}

/// What begins a session on the market's tables. A load may take as long as it takes.
pub(super) fn market_opening(tag: &InstallationTag, access: Access) -> String {
    let role = quoted(&tag.market_role());
    let unlimited = match access {
        Access::Read => "",
        Access::Write => "; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
    };
    format!("{}; SET LOCAL ROLE {role}; SET LOCAL search_path TO market{unlimited}", begin(access))
}

fn begin(access: Access) -> &'static str {
    match access {
        Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Access::Write => "BEGIN",
    }
}

/// Why the API cannot use a database.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The login has rights that would let a query around the tenants' roles.
    #[error("the login {login} of database.api_url {right}; the API must run as a login without that")]
    TooPowerful {
        /// The login's name.
        login: String,
        /// What it may do.
        right: &'static str,
    },
    /// The schema `platform` is missing or not readable.
    #[error("this database has not been set up: run `migrate` first")]
    NotInstalled(#[source] DatabaseError),
    /// The schema exists without the row that names the installation.
    #[error("this database has been set up only in part: run `migrate` again")]
    NoInstallation,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

async fn refuse_powerful_login(db: &impl ConnectionTrait) -> Result<(), GatewayError> {
    let statement = Statement::from_string(
        sea_orm::DbBackend::Postgres,
        // A grant keeps whether it is inherited, whatever was said of the login since: so the grants are asked too.
        "SELECT rolname::text, rolsuper, rolbypassrls, \
         rolinherit OR EXISTS (SELECT FROM pg_roles AS granted WHERE granted.oid <> pg_roles.oid \
         AND pg_has_role(pg_roles.oid, granted.oid, 'USAGE')) AS inherits, \
         EXISTS (SELECT FROM pg_namespace WHERE nspowner = pg_roles.oid) AS owns \
         FROM pg_roles WHERE rolname = session_user",
    );
    let row = db
        .query_one_raw(statement)
        .await
        .map_err(DatabaseError::from)?
        .ok_or_else(|| DatabaseError::Corrupt("the login has no row in pg_roles".to_owned()))?;
    let flag = |name: &str| row.try_get::<bool>("", name).map_err(DatabaseError::from);
    let rights = [
        (flag("rolsuper")?, "is a superuser"),
        (flag("rolbypassrls")?, "bypasses row-level security"),
        (
            flag("inherits")?,
            "inherits the rights of every tenant's role (it needs NOINHERIT and grants WITH INHERIT FALSE)",
        ),
        (flag("owns")?, "owns a schema"),
    ];
    let login: String = row.try_get("", "rolname").map_err(DatabaseError::from)?;
    match rights.iter().find(|(held, _)| *held) {
        Some((_, right)) => Err(GatewayError::TooPowerful { login, right }),
        None => Ok(()),
    }
}

//! The owner's side of the door: installs, migrates, provisions, and lets the data pipeline in. The API never holds one.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use entity::platform::{installation, migration_failure, schema_version, tenant};
use entity::realm::{role, role_permission};
use futures_util::stream::{self, StreamExt};
use migration::Step;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait,
    QueryFilter, QuerySelect, SqlxPostgresConnector, Statement, TransactionTrait,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use super::connection::TransactionConnection;
use super::directory::{self, AuditReads, TenantRecord, TenantStatus};
use super::error::DatabaseError;
use super::gateway::{DatabaseSettings, market_opening};
use super::names::{InstallationTag, SchemaName, quoted};
use super::scram;
use super::session::{Access, Market, MarketDoor, Session};
use crate::auth::{Role, default_grants};

/// Serialises everything that changes the catalogue, across processes.
const CATALOGUE_LOCK: i64 = 0x706f_7274_666f_6c69;

/// How many tenants' schemas are brought up to date at once, as far as there are connections: each of their statements waits for the disk.
const AT_ONCE: usize = 8;

/// What a new tenant is called.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// The id to give it.
    pub id: Uuid,
    /// The short name that its people log in with: `[a-z][a-z0-9-]{1,39}`.
    pub slug: String,
    /// The firm's name.
    pub name: String,
}

/// What a migration did.
#[derive(Debug, Default)]
pub struct MigrationSummary {
    /// Schemas that were brought up to date, with the number of steps each took.
    pub migrated: Vec<(String, usize)>,
    /// Schemas that had nothing to do.
    pub up_to_date: usize,
    /// Tenants that could not be migrated; the others went on.
    pub failed: Vec<(String, DatabaseError)>,
}

impl MigrationSummary {
    fn count(&mut self, schema: &str, taken: usize) {
        match taken {
            0 => self.up_to_date += 1,
            _ => self.migrated.push((schema.to_owned(), taken)),
        }
    }
}

/// A connection as the owner of the schemas.
pub struct Administration {
    pool: sqlx::PgPool,
    db: DatabaseConnection,
    api_login: String,
    tenant_steps: &'static [Step],
}

impl Administration {
    /// Connects as the owner. `api_url` names the login that the API uses, for grants and, where it is missing, to make it.
    pub async fn connect(owner: &DatabaseSettings, api: &DatabaseSettings) -> Result<Self, DatabaseError> {
        let pool = owner.connect().await?;
        let db = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        let api_login = PgConnectOptions::from_str(api.url.expose_secret())?.get_username().to_owned();
        Ok(Self { pool, db, api_login, tenant_steps: migration::TENANT })
    }

    /// As the program was before the last step of a tenant's schema.
    #[must_use]
    pub fn without_the_last_step(self) -> Self {
        let steps = self.tenant_steps;
        Self { tenant_steps: steps.split_last().map_or(steps, |(_, earlier)| earlier), ..self }
    }

    /// As the program is.
    #[must_use]
    pub fn with_every_step(self) -> Self {
        Self { tenant_steps: migration::TENANT, ..self }
    }

    /// Makes the installation if it is new: roles, the API's login, the schemas `platform` and `market`; and brings every
    /// schema up to date. Safe to repeat.
    pub async fn migrate(
        &self,
        api: &DatabaseSettings,
        tag: InstallationTag,
        is_demo: bool,
    ) -> Result<MigrationSummary, DatabaseError> {
        self.db.execute_unprepared(migration::BOOTSTRAP).await?;
        let row = installation::ActiveModel {
            id: Set(1),
            tag: Set(tag.as_str().to_owned()),
            is_demo: Set(is_demo),
            created_at: sea_orm::ActiveValue::NotSet,
        };
        let keep_first = OnConflict::column(installation::Column::Id).do_nothing().to_owned();
        installation::Entity::insert(row).on_conflict(keep_first).exec_without_returning(&self.db).await?;
        let tag = self.tag().await?;
        self.make_roles(&tag, api).await?;
        let mut summary = MigrationSummary::default();
        self.migrate_schema(&tag, "platform", migration::PLATFORM, &mut summary).await?;
        self.migrate_schema(&tag, "market", migration::MARKET, &mut summary).await?;
        let tenants = self.migrate_tenants().await?;
        summary.up_to_date += tenants.up_to_date;
        summary.migrated.extend(tenants.migrated);
        Ok(MigrationSummary { failed: tenants.failed, ..summary })
    }

    /// Brings every tenant's schema up to date, each in a transaction of its own, some at once: what is done stays done whatever comes of the
    /// others, and a migration that is broken off is gone on with by the next one.
    pub async fn migrate_tenants(&self) -> Result<MigrationSummary, DatabaseError> {
        let tag = self.tag().await?;
        let mut summary = MigrationSummary::default();
        let states = directory::schema_states(&self.db, self.tenant_steps.len()).await?;
        let is_behind = |tenant: &TenantRecord| {
            states.get(tenant.schema.as_str()).is_none_or(|state| !state.is_up_to_date() || state.failure.is_some())
        };
        let (behind, done): (Vec<_>, Vec<_>) = self.tenants().await?.into_iter().partition(is_behind);
        summary.up_to_date += done.len();
        let at_once = AT_ONCE.min(self.pool.options().get_max_connections() as usize).max(1);
        let migrated = stream::iter(behind).map(async |tenant| {
            let outcome = self.migrate_tenant(&tag, tenant.schema.as_str()).await;
            (tenant, outcome)
        });
        let mut migrated = Box::pin(migrated.buffer_unordered(at_once));
        while let Some((tenant, outcome)) = migrated.next().await {
            match outcome {
                Ok(taken) => summary.count(tenant.schema.as_str(), taken),
                Err(error) => {
                    self.note_failure(tenant.schema.as_str(), &error).await?;
                    summary.failed.push((tenant.slug, error));
                }
            }
        }
        // The order in which they ended tells nothing.
        summary.migrated.sort();
        summary.failed.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(summary)
    }

    async fn migrate_tenant(&self, tag: &InstallationTag, schema: &str) -> Result<usize, DatabaseError> {
        let transaction = self.db.begin().await?;
        // Beside other tenants' migrations, and neither while roles or the shared schemas change nor twice at once.
        let lock = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock(hashtextextended($2, $1))",
            [CATALOGUE_LOCK.into(), schema.into()],
        );
        transaction.query_one_raw(lock).await?;
        let taken = bring_up_to_date(&transaction, tag, schema, self.tenant_steps).await?;
        migration_failure::Entity::delete_by_id(schema).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(taken)
    }

    /// Keeps why a schema could not be brought up to date, for `tenant status`.
    async fn note_failure(&self, schema: &str, error: &DatabaseError) -> Result<(), DatabaseError> {
        let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
        let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
        let note = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "INSERT INTO platform.migration_failure (schema_name, error, failed_at) VALUES ($1, $2, now()) \
             ON CONFLICT (schema_name) DO UPDATE SET error = excluded.error, failed_at = excluded.failed_at",
            [schema.into(), text.into()],
        );
        self.db.execute_raw(note).await?;
        Ok(())
    }

    /// Makes a tenant's role, schema and tables and enters it in the directory, in one transaction: a short name that is
    /// taken or wrong makes nothing. What an installation has of the role and the schema already is taken over.
    pub async fn create_tenant(&self, new: &NewTenant, now: DateTime<Utc>) -> Result<TenantRecord, DatabaseError> {
        let tag = self.tag().await?;
        let schema = SchemaName::generate(&tag, new.id);
        let name = quoted(schema.as_str());
        let base = quoted(&tag.base_role());
        let api = quoted(&self.api_login);
        let transaction = self.locked().await?;
        if !role_exists(&transaction, schema.as_str()).await? {
            transaction.execute_unprepared(&format!("CREATE ROLE {name} NOLOGIN INHERIT IN ROLE {base}")).await?;
        }
        transaction.execute_unprepared(&format!("GRANT {name} TO {api}")).await?;
        let row = tenant::ActiveModel {
            id: Set(new.id),
            slug: Set(new.slug.clone()),
            name: Set(new.name.clone()),
            schema_name: Set(schema.as_str().to_owned()),
            database_name: Set("primary".to_owned()),
            status: Set(TenantStatus::Active.code().to_owned()),
            created_at: Set(now),
            residency: Set(None),
            audit_reads: Set(AuditReads::None.as_str().to_owned()),
        };
        let record = TenantRecord::try_from(tenant::Entity::insert(row).exec_with_returning(&transaction).await?)?;
        bring_up_to_date(&transaction, &tag, schema.as_str(), self.tenant_steps).await?;
        // On record in the platform's log, as the last thing before the commit.
        let entry = json!({
            "at": now.to_rfc3339(), "actorName": "command", "action": "tenantCreate", "entityType": "Tenant",
            "entityId": new.id, "after": { "slug": new.slug, "name": new.name }, "personal": [],
        });
        let append =
            "SELECT platform.audit_append(jsonb_build_array($1 || jsonb_build_object('id', gen_random_uuid())))";
        transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, append, [entry.into()])).await?;
        transaction.commit().await?;
        Ok(record)
    }

    /// All tenants by short name.
    pub async fn tenants(&self) -> Result<Vec<TenantRecord>, DatabaseError> {
        directory::all(&self.db).await
    }

    /// Closes every connection.
    pub async fn close(self) {
        self.pool.close().await;
    }

    async fn tag(&self) -> Result<InstallationTag, DatabaseError> {
        let row = installation::Entity::find().one(&self.db).await?;
        let tag =
            row.ok_or_else(|| DatabaseError::Corrupt("platform.installation is empty: run `migrate`".to_owned()))?.tag;
        InstallationTag::new(&tag).map_err(|error| DatabaseError::Corrupt(error.to_string()))
    }

    async fn locked(&self) -> Result<DatabaseTransaction, DatabaseError> {
        let transaction = self.db.begin().await?;
        let lock = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [CATALOGUE_LOCK.into()],
        );
        transaction.execute_raw(lock).await?;
        Ok(transaction)
    }

    async fn make_roles(&self, tag: &InstallationTag, api: &DatabaseSettings) -> Result<(), DatabaseError> {
        let transaction = self.locked().await?;
        for role in [tag.base_role(), tag.market_role(), tag.platform_role()] {
            if !role_exists(&transaction, &role).await? {
                transaction.execute_unprepared(&format!("CREATE ROLE {} NOLOGIN", quoted(&role))).await?;
            }
        }
        let login = quoted(&self.api_login);
        if !role_exists(&transaction, &self.api_login).await? {
            let verifier = scram::verifier(&password_of(api)?)?;
            let make = format!("CREATE ROLE {login} LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS PASSWORD '{verifier}'");
            transaction.execute_unprepared(&make).await?;
        }
        for role in [tag.platform_role(), tag.market_role()] {
            transaction.execute_unprepared(&format!("GRANT {} TO {login}", quoted(&role))).await?;
        }
        transaction.execute_unprepared(&format!("GRANT {} TO CURRENT_USER", quoted(&tag.market_role()))).await?;
        transaction.execute_unprepared(&format!("GRANT USAGE ON SCHEMA platform TO {login}")).await?;
        transaction.execute_unprepared(&format!("GRANT SELECT ON platform.installation TO {login}")).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn migrate_schema(
        &self,
        tag: &InstallationTag,
        schema: &str,
        steps: &[Step],
        summary: &mut MigrationSummary,
    ) -> Result<(), DatabaseError> {
        let transaction = self.locked().await?;
        let taken = bring_up_to_date(&transaction, tag, schema, steps).await?;
        transaction.commit().await?;
        summary.count(schema, taken);
        Ok(())
    }
}

impl MarketDoor for Administration {
    async fn market(&self, access: Access) -> Result<Session<Market>, DatabaseError> {
        let opening = market_opening(&self.tag().await?, access);
        let connection = TransactionConnection::begin(&self.pool, opening, Arc::new(AtomicU64::new(0))).await?;
        Ok(Session::new(connection, Market))
    }
}

/// Makes the schema if it is missing and takes the steps that it has not had. Returns how many.
async fn bring_up_to_date(
    transaction: &DatabaseTransaction,
    tag: &InstallationTag,
    schema: &str,
    steps: &[Step],
) -> Result<usize, DatabaseError> {
    transaction.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema))).await?;
    let applied: Vec<String> = schema_version::Entity::find()
        .filter(schema_version::Column::SchemaName.eq(schema))
        .all(transaction)
        .await?
        .into_iter()
        .map(|row| row.name)
        .collect();
    let settings = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT set_config('search_path', $1, true), set_config('installation.tag', $2, true), \
         set_config('statement_timeout', '0', true)",
        [quoted(schema).into(), tag.as_str().into()],
    );
    transaction.query_one_raw(settings).await?;
    let mut taken = 0;
    for (position, step) in (0..).zip(steps) {
        if applied.iter().any(|name| name == step.name()) {
            continue;
        }
        step.up(&SchemaManager::new(transaction)).await?;
        let row = schema_version::ActiveModel {
            schema_name: Set(schema.to_owned()),
            name: Set(step.name().to_owned()),
            position: Set(position),
            applied_at: sea_orm::ActiveValue::NotSet,
        };
        schema_version::Entity::insert(row).exec_without_returning(transaction).await?;
        taken += 1;
    }
    if taken > 0 && schema != "market" {
        seed_roles(transaction).await?;
    }
    Ok(taken)
}

/// The built-in roles and what they may do. What a tenant has changed since is left as it is.
async fn seed_roles(db: &impl ConnectionTrait) -> Result<(), DatabaseError> {
    let there: Vec<String> = role::Entity::find().select_only().column(role::Column::Code).into_tuple().all(db).await?;
    for built_in in Role::ALL.into_iter().filter(|built_in| !there.iter().any(|code| code == built_in.code())) {
        let (name, description) = words(built_in);
        let row = role::ActiveModel {
            code: Set(built_in.to_string()),
            name: Set(name.to_owned()),
            description: Set(description.to_owned()),
            is_custom: Set(false),
        };
        role::Entity::insert(row).exec_without_returning(db).await?;
        let grants: Vec<_> = default_grants(built_in)
            .iter()
            .map(|permission| role_permission::ActiveModel {
                role_code: Set(built_in.to_string()),
                permission: Set(permission.to_string()),
            })
            .collect();
        role_permission::Entity::insert_many(grants).exec_without_returning(db).await?;
    }
    Ok(())
}

/// What a built-in role is called and for.
fn words(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::PlatformOperator => {
            ("Platform operator", "Runs the installation and its tenants; sees no tenant's portfolios.")
        }
        Role::Admin => ("Administrator", "Runs the firm: its people, its portfolios, its data."),
        Role::Advisor => ("Advisor", "Looks after the portfolios of the clients assigned to them."),
        Role::Investor => ("Investor", "Sees and keeps their own portfolios."),
        Role::Auditor => ("Auditor", "Reads everything of the firm and changes nothing."),
        Role::Service => ("Service", "A program with an API key: what the key allows of what stands here."),
        // No installation has it from the beginning.
        Role::Custom => ("Custom", "A role of the firm's own."),
    }
}

async fn role_exists(db: &impl ConnectionTrait, name: &str) -> Result<bool, DatabaseError> {
    let statement =
        Statement::from_sql_and_values(DbBackend::Postgres, "SELECT 1 FROM pg_roles WHERE rolname = $1", [name.into()]);
    Ok(db.query_one_raw(statement).await?.is_some())
}

/// The password inside a connection URL, as PostgreSQL will be asked to store it.
fn password_of(settings: &DatabaseSettings) -> Result<String, DatabaseError> {
    let url = settings.url.expose_secret();
    let password =
        url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).and_then(|(user, _)| user.split_once(':'));
    match password {
        // Percent-encoding is refused rather than half decoded: the login is made once, by whoever may choose its password.
        Some((_, password)) if !password.is_empty() && !password.contains('%') => Ok(password.to_owned()),
        _ => Err(DatabaseError::Corrupt(
            "the login of database.api_url does not exist and its URL holds no plain password to make it with"
                .to_owned(),
        )),
    }
}

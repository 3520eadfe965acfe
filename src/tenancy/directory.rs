//! Which tenants there are, and where.

use std::collections::HashMap;

use entity::platform::{migration_failure, schema_version, tenant};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::error::DatabaseError;
use super::names::SchemaName;

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantStatus {
    /// Served.
    Active,
    /// Its data is kept, nobody reads it.
    Suspended,
}

impl TenantStatus {
    /// The code that it is stored by.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
        }
    }
}

/// Which reads a tenant has in its audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditReads {
    /// None.
    None,
    /// Those of people's data and of the log itself.
    Personal,
    /// Those of portfolios' data.
    Portfolio,
    /// Both.
    All,
}

impl AuditReads {
    const EVERY: [Self; 4] = [Self::None, Self::Personal, Self::Portfolio, Self::All];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Personal => "PERSONAL",
            Self::Portfolio => "PORTFOLIO",
            Self::All => "ALL",
        }
    }
}

/// How a tenant's schema stands to this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaState {
    /// How many of the program's steps it has had.
    pub applied: usize,
    /// How many there are.
    pub needed: usize,
    /// Why it could not be brought up to date when that was last tried, and when.
    pub failure: Option<(String, chrono::DateTime<chrono::Utc>)>,
}

impl SchemaState {
    /// Whether this program serves it.
    pub fn is_up_to_date(&self) -> bool {
        self.applied == self.needed
    }
}

/// A tenant as the platform knows it.
#[derive(Clone, Debug)]
pub struct TenantRecord {
    /// The tenant's id, unique across the installation.
    pub id: Uuid,
    /// The short name that people log in with.
    pub slug: String,
    /// The firm's name.
    pub name: String,
    /// The schema, and the role of the same name.
    pub schema: SchemaName,
    /// Whether it is served.
    pub status: TenantStatus,
    /// Where its data is to stay, as a label; nothing where none was given.
    pub residency: Option<String>,
    /// Since when it exists.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// Which reads are in its audit log.
    pub audit_reads: AuditReads,
}

impl TryFrom<tenant::Model> for TenantRecord {
    type Error = DatabaseError;

    fn try_from(row: tenant::Model) -> Result<Self, DatabaseError> {
        let audit_reads = AuditReads::EVERY.into_iter().find(|reads| reads.as_str() == row.audit_reads);
        Ok(Self {
            audit_reads: audit_reads.ok_or_else(|| DatabaseError::Corrupt("tenant.audit_reads".to_owned()))?,
            id: row.id,
            slug: row.slug,
            name: row.name,
            schema: SchemaName::parse(&row.schema_name).map_err(|error| DatabaseError::Corrupt(error.to_string()))?,
            status: if row.status == "ACTIVE" { TenantStatus::Active } else { TenantStatus::Suspended },
            residency: row.residency,
            created_at: row.created_at,
        })
    }
}

/// The tenant with this short name.
pub(super) async fn by_slug(db: &impl ConnectionTrait, slug: &str) -> Result<Option<TenantRecord>, DatabaseError> {
    let row = tenant::Entity::find().filter(tenant::Column::Slug.eq(slug)).one(db).await?;
    row.map(TenantRecord::try_from).transpose()
}

/// The tenant with this id.
pub(super) async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<TenantRecord>, DatabaseError> {
    let row = tenant::Entity::find_by_id(id).one(db).await?;
    row.map(TenantRecord::try_from).transpose()
}

/// All tenants by short name.
pub(super) async fn all(db: &impl ConnectionTrait) -> Result<Vec<TenantRecord>, DatabaseError> {
    let rows = tenant::Entity::find().order_by_asc(tenant::Column::Slug).all(db).await?;
    rows.into_iter().map(TenantRecord::try_from).collect()
}

/// How the schema of every tenant stands to this program, by its name: two statements, however many there are.
pub(super) async fn schema_states(
    db: &impl ConnectionTrait,
    needed: usize,
) -> Result<HashMap<String, SchemaState>, DatabaseError> {
    let mut states: HashMap<String, SchemaState> = HashMap::new();
    let state = || SchemaState { applied: 0, needed, failure: None };
    let applied: Vec<(String, i64)> = schema_version::Entity::find()
        .select_only()
        .column(schema_version::Column::SchemaName)
        .column_as(schema_version::Column::Name.count(), "applied")
        .group_by(schema_version::Column::SchemaName)
        .into_tuple()
        .all(db)
        .await?;
    for (schema, applied) in applied {
        states.entry(schema).or_insert_with(state).applied = usize::try_from(applied).unwrap_or(usize::MAX);
    }
    for row in migration_failure::Entity::find().all(db).await? {
        states.entry(row.schema_name).or_insert_with(state).failure = Some((row.error, row.failed_at));
    }
    Ok(states)
}

/// Refuses a schema that this program's entities do not fit.
pub(super) async fn check_version(db: &impl ConnectionTrait, schema: &str, needed: usize) -> Result<(), DatabaseError> {
    let applied =
        schema_version::Entity::find().filter(schema_version::Column::SchemaName.eq(schema)).count(db).await?;
    let found = usize::try_from(applied).unwrap_or(usize::MAX);
    if found == needed {
        Ok(())
    } else {
        Err(DatabaseError::VersionMismatch { schema: schema.to_owned(), found, needed })
    }
}

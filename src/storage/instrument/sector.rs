//! Sectors, their industry groups and industries.

use sea_orm::FromQueryResult;

use crate::storage::statement::ask;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// A sector or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Sector {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// SECTOR, INDUSTRY_GROUP or INDUSTRY.
    pub level: String,
    /// Who divides so.
    pub scheme: String,
    /// What it is a part of; nothing for a sector.
    pub parent_code: Option<String>,
}

const ALL: &str = "SELECT code, name, level, scheme, parent_code FROM market.dim_sector ORDER BY code";

/// Every sector with its parts, by code.
pub async fn all(session: &Session<Tenant>) -> Result<Vec<Sector>, DatabaseError> {
    let rows = ask(session, ALL, []).await?;
    rows.iter().map(|row| Ok(Sector::from_query_result(row, "")?)).collect()
}

const PATHS: &str = "
WITH RECURSIVE path AS (
    SELECT code AS leaf, 0 AS height, code, name, level, scheme, parent_code FROM market.dim_sector WHERE code = ANY ($1)
    UNION ALL
    SELECT path.leaf, path.height + 1, s.code, s.name, s.level, s.scheme, s.parent_code
    FROM path JOIN market.dim_sector s ON s.code = path.parent_code
)
SELECT * FROM path ORDER BY leaf, height DESC";

/// Of each of these codes what it is a part of, the widest first and itself last.
pub async fn paths(session: &Session<Tenant>, codes: Vec<String>) -> Result<Vec<(String, Sector)>, DatabaseError> {
    let rows = ask(session, PATHS, [codes.into()]).await?;
    rows.iter().map(|row| Ok((row.try_get("", "leaf")?, Sector::from_query_result(row, "")?))).collect()
}

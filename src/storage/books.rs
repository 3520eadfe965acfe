//! Whether a portfolio's books differ from what they were.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// A sum, so that the order of the rows does not matter. Zeros that end a number say nothing.
const DIGEST: &str = r"
    SELECT sum(hashtextextended(regexp_replace(regexp_replace(line, '(\.[0-9]*[1-9])0+([,}])', '\1\2', 'g'), '\.0+([,}])', '\1', 'g'), 0)::numeric)::text
    FROM (
        SELECT 'lot ' || to_jsonb(r)::text AS line FROM lot r WHERE portfolio_id = $1
        UNION ALL SELECT 'match ' || to_jsonb(r)::text FROM lot_match r WHERE portfolio_id = $1
        UNION ALL SELECT 'position ' || to_jsonb(r)::text FROM fact_daily_positions r WHERE portfolio_id = $1
        UNION ALL SELECT 'cash ' || to_jsonb(r)::text FROM fact_daily_cash r WHERE portfolio_id = $1
        UNION ALL SELECT 'flow ' || to_jsonb(r)::text FROM fact_daily_flows r WHERE portfolio_id = $1
    ) books";

/// What tells the books of a portfolio from others; nothing where it has none.
pub async fn digest(session: &Session<Tenant>, portfolio: Uuid) -> Result<Option<String>, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, DIGEST, [portfolio.into()]);
    let row = session.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}

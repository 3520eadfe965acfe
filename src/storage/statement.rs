//! Constant statements with values, for what the query builder does not say.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use crate::tenancy::{DatabaseError, Realm, Session};

/// A constant statement with its values.
pub(super) fn statement(sql: &'static str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// Runs a statement, and returns how many rows it concerned.
pub(super) async fn run(
    session: &impl ConnectionTrait,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DatabaseError> {
    Ok(session.execute_raw(statement(sql, values)).await?.rows_affected())
}

/// Runs a statement, and returns its rows.
pub(super) async fn ask(
    session: &impl ConnectionTrait,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DatabaseError> {
    Ok(session.query_all_raw(statement(sql, values)).await?)
}

/// Calls a function of the session's own realm that takes an instant and answers a count.
pub(super) async fn count_before<S: Realm>(
    session: &Session<S>,
    sql: &'static str,
    before: chrono::DateTime<chrono::Utc>,
) -> Result<i64, DatabaseError> {
    let row = session.query_one_raw(statement(sql, [before.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

//! A borrowed connection that goes back to the pool only after a clean end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor, Postgres};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::error::db_error;

/// Holds the connection. Dropped before [`Guarded::release`] it is closed, not returned: whatever transaction, role or
/// unread answer it carries ends with it. This also covers a future that is dropped while its `BEGIN` is under way.
struct Guarded(Option<PoolConnection<Postgres>>);

impl Guarded {
    fn get(&mut self) -> Result<&mut PoolConnection<Postgres>, DbErr> {
        self.0.as_mut().ok_or_else(|| DbErr::Custom("the session has ended".to_owned()))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(connection) = self.0.as_mut() {
            connection.close_on_drop();
        }
    }
}

/// The values of one column of many rows. As text any type can be sent; as what they are they take a fraction of the time.
#[derive(Debug, PartialEq)]
pub enum Column {
    /// For a parameter of the type `text[]`.
    Text(Vec<Option<String>>),
    /// `uuid[]`
    Ids(Vec<Option<Uuid>>),
    /// `date[]`
    Days(Vec<Option<NaiveDate>>),
    /// `numeric[]`
    Numbers(Vec<Option<Decimal>>),
}

/// A connection inside a transaction, usable by SeaORM.
pub(super) struct TransactionConnection {
    guarded: Mutex<Guarded>,
    statements: Arc<AtomicU64>,
}

impl TransactionConnection {
    /// Borrows from the pool and runs `opening`, which begins a transaction and takes its rights, in one round trip.
    pub(super) async fn begin(pool: &sqlx::PgPool, opening: String, statements: Arc<AtomicU64>) -> Result<Self, DbErr> {
        let mut guarded = Guarded(Some(pool.acquire().await.map_err(db_error)?));
        let connection = guarded.get()?;
        connection.execute(sqlx::raw_sql(AssertSqlSafe(opening))).await.map_err(db_error)?;
        Ok(Self { guarded: Mutex::new(guarded), statements })
    }

    /// Ends the transaction by `COMMIT` or `ROLLBACK` and gives the connection back.
    pub(super) async fn end(self, statement: &'static str) -> Result<(), DbErr> {
        let mut guarded = self.guarded.into_inner();
        guarded.get()?.execute(sqlx::raw_sql(statement)).await.map_err(db_error)?;
        // Taken out whole: from here on it is an ordinary connection and returns to the pool.
        drop(guarded.0.take());
        Ok(())
    }

    /// Runs a constant statement whose parameters are arrays, one a column.
    pub(super) async fn execute_columns(&self, statement: &'static str, columns: Vec<Column>) -> Result<u64, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut guarded = self.guarded.lock().await;
        let query = columns.into_iter().fold(sqlx::query(statement), |query, column| match column {
            Column::Text(values) => query.bind(values),
            Column::Ids(values) => query.bind(values),
            Column::Days(values) => query.bind(values),
            Column::Numbers(values) => query.bind(values),
        });
        Ok(guarded.get()?.execute(query).await.map_err(db_error)?.rows_affected())
    }

    /// Streams rows in COPY's text format into the table that the constant `statement` names; returns how many.
    pub(super) async fn copy_in(
        &self,
        statement: &'static str,
        chunks: impl Iterator<Item = Vec<u8>> + Send,
    ) -> Result<u64, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut guarded = self.guarded.lock().await;
        let mut copy = guarded.get()?.copy_in_raw(statement).await.map_err(db_error)?;
        for chunk in chunks {
            copy.send(chunk).await.map_err(db_error)?;
        }
        copy.finish().await.map_err(db_error)
    }
}

fn query(statement: Statement) -> sqlx::query::Query<'static, Postgres, SqlxValues> {
    let values = statement.values.unwrap_or(Values(Vec::new()));
    // SeaORM builds the text from the query's structure; the values travel as parameters.
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

#[async_trait::async_trait]
impl ConnectionTrait for TransactionConnection {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut guarded = self.guarded.lock().await;
        Ok(guarded.get()?.execute(query(statement)).await.map_err(db_error)?.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut guarded = self.guarded.lock().await;
        Ok(guarded.get()?.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.map_err(db_error)?.into())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut guarded = self.guarded.lock().await;
        Ok(guarded.get()?.fetch_optional(query(statement)).await.map_err(db_error)?.map(Into::into))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut guarded = self.guarded.lock().await;
        let rows = guarded.get()?.fetch_all(query(statement)).await.map_err(db_error)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

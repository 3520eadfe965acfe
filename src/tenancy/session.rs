//! A transaction with the rights of one schema.

use std::sync::{Mutex, PoisonError};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use serde_json::Value;
use uuid::Uuid;

use super::connection::{Column, TransactionConnection};
use super::error::DatabaseError;
use crate::auth::Actor;

/// Whether a session may write. The database holds a reading one to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Repeatable read, read only: everything an operation reads is of one moment.
    Read,
    /// Read committed; locks decide who is first.
    Write,
}

/// Which schema a session reaches.
pub trait Scope: Send + Sync {}

/// A scope whose schema has people, sessions and an audit log: a tenant's and the platform's.
pub trait Realm: Scope {}

/// One tenant's schema, in the name of one actor.
pub struct Tenant {
    pub(super) actor: Actor,
}

/// The schema `platform`.
pub struct Platform;

/// The schema `market`, for the data pipeline.
pub struct Market;

impl Scope for Tenant {}
impl Realm for Tenant {}
impl Scope for Platform {}
impl Realm for Platform {}
impl Scope for Market {}

/// Where sessions on the schema `market` are had: the API's door and that of commands on the machine.
pub trait MarketDoor: Sync {
    /// A session with the rights of the data pipeline and no others.
    fn market(&self, access: Access) -> impl Future<Output = Result<Session<Market>, DatabaseError>> + Send;
}

/// A transaction that has taken its role. Reads and writes by SeaORM (it is a [`ConnectionTrait`]).
pub struct Session<S: Scope> {
    pub(super) connection: TransactionConnection,
    pub(super) scope: S,
    last: Mutex<Option<Last>>,
    read: Mutex<Vec<(Read, Uuid)>>,
}

/// What a tenant may want to have in its audit log of what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// A portfolio's data.
    Portfolio,
    /// A person's data.
    Person,
}

/// What runs as the last thing before the commit: a constant statement with one parameter, an array of what was collected for it.
struct Last {
    statement: &'static str,
    collected: Vec<Value>,
}

impl<S: Scope> Session<S> {
    pub(super) fn new(connection: TransactionConnection, scope: S) -> Self {
        Self { connection, scope, last: Mutex::new(None), read: Mutex::new(Vec::new()) }
    }

    /// Notes whose data was read.
    pub(crate) fn note_read(&self, what: Read, ids: impl IntoIterator<Item = Uuid>) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).extend(ids.into_iter().map(|id| (what, id)));
    }

    /// Whose data was read until now.
    pub fn take_read(&self) -> Vec<(Read, Uuid)> {
        std::mem::take(&mut *self.read.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Collects something for the constant statement that runs as the last one before the commit, whose only parameter is the
    /// array of all that was collected. What it locks is locked no longer than the commit takes. If it fails, nothing is
    /// committed.
    pub(crate) fn at_commit(&self, statement: &'static str, collected: Value) -> Result<(), DatabaseError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.get_or_insert_with(|| Last { statement, collected: Vec::new() });
        if last.statement != statement {
            return Err(DatabaseError::Corrupt("a session ends by one statement, and was given two".to_owned()));
        }
        last.collected.push(collected);
        Ok(())
    }

    /// Commits what was done and gives the connection back.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        if let Some(last) = self.last.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let collected = [Value::Array(last.collected).into()];
            let run = Statement::from_sql_and_values(DbBackend::Postgres, last.statement, collected);
            if let Err(error) = self.connection.execute_raw(run).await {
                // The first error is the one that tells; a connection that cannot even roll back is closed.
                if let Err(secondary) = self.connection.end("ROLLBACK").await {
                    tracing::debug!(error = %secondary, "a session could not be rolled back");
                }
                return Err(error.into());
            }
        }
        Ok(self.connection.end("COMMIT").await?)
    }

    /// Undoes what was done, if anything, and gives the connection back.
    pub async fn close(self) -> Result<(), DatabaseError> {
        Ok(self.connection.end("ROLLBACK").await?)
    }

    /// Runs a constant `INSERT … SELECT … FROM unnest(…)` whose parameters are arrays, one a column; returns how many rows
    /// it made. One round trip: for some hundreds of rows quicker than COPY, whose closing message the network holds
    /// back until the data before it is acknowledged.
    pub async fn insert_columns(&self, statement: &'static str, columns: Vec<Column>) -> Result<u64, DatabaseError> {
        Ok(self.connection.execute_columns(statement, columns).await?)
    }

    /// Streams rows in COPY's text format by a constant `COPY … FROM STDIN`; returns how many arrived.
    pub async fn copy_in(
        &self,
        statement: &'static str,
        chunks: impl Iterator<Item = Vec<u8>> + Send,
    ) -> Result<u64, DatabaseError> {
        Ok(self.connection.copy_in(statement, chunks).await?)
    }
}

impl Session<Tenant> {
    /// In whose name the session acts.
    pub fn actor(&self) -> &Actor {
        &self.scope.actor
    }
}

#[async_trait::async_trait]
impl<S: Scope> ConnectionTrait for Session<S> {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.connection.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.connection.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.connection.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.connection.query_all_raw(statement).await
    }
}

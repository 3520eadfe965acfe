//! A transaction with the rights of one schema.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

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
}

impl<S: Scope> Session<S> {
    /// Commits what was done and gives the connection back.
    pub async fn commit(self) -> Result<(), DatabaseError> {
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

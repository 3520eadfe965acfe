//! What the database said, sorted by what a caller can do about it. Sorted by SQLSTATE, never by a constraint's name.

use sea_orm::{DbErr, RuntimeErr};

/// A failure of the database or of the way to it.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A row with the same key exists (SQLSTATE 23505).
    #[error("a row with this key exists")]
    AlreadyExists(#[source] Box<DbErr>),
    /// A reference or a check was broken (SQLSTATE class 23).
    #[error("the database refused the row")]
    Refused(#[source] Box<DbErr>),
    /// The role may not do this (SQLSTATE 42501).
    #[error("the database role has no right to do this")]
    Forbidden(#[source] Box<DbErr>),
    /// The statement ran into a time limit (SQLSTATE 57014, 55P03, or none free in the pool).
    #[error("the database did not answer in time")]
    Timeout(#[source] Box<DbErr>),
    /// A row could not be read as what the program expects of it.
    #[error("stored data is not as expected: {0}")]
    Corrupt(String),
    /// The tenant's schema is older than this program, or newer.
    #[error("tenant schema {schema} is at version {found}, this program needs {needed}: run `migrate`")]
    VersionMismatch {
        /// The tenant's schema.
        schema: String,
        /// How many migrations it has had.
        found: usize,
        /// How many this program knows.
        needed: usize,
    },
    /// Anything else.
    #[error("the database failed")]
    Unexpected(#[source] Box<DbErr>),
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        if matches!(error, DbErr::ConnectionAcquire(_)) {
            return Self::Timeout(Box::new(error));
        }
        let state = sqlstate(&error);
        let error = Box::new(error);
        match state.as_deref() {
            Some("23505") => Self::AlreadyExists(error),
            Some("42501") => Self::Forbidden(error),
            Some("57014" | "55P03") => Self::Timeout(error),
            Some(state) if state.starts_with("23") => Self::Refused(error),
            _ => Self::Unexpected(error),
        }
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::from(db_error(error))
    }
}

/// The same error in SeaORM's terms.
pub(super) fn db_error(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::ConnectionClosed),
        other => DbErr::Query(RuntimeErr::SqlxError(other.into())),
    }
}

fn sqlstate(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(source) | DbErr::Exec(source) | DbErr::Query(source)) = error else {
        return None;
    };
    let RuntimeErr::SqlxError(error) = source else {
        return None;
    };
    Some(error.as_database_error()?.code()?.into_owned())
}

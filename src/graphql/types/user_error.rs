//! What a mutation's caller can mend.

use async_graphql::{Enum, SimpleObject};

use crate::services::{Refusal, RefusalCode};

/// Why a mutation, or one row of it, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UserErrorCode {
    /// A value is outside what is allowed.
    InvalidInput,
    /// What the input refers to does not exist, or not for the caller.
    NotFound,
    /// Something with the same key exists.
    AlreadyExists,
    /// The record has changed since it was read: read it again and decide anew.
    VersionConflict,
    /// The idempotency key was used before for a different request.
    IdempotencyKeyReused,
    /// Tenant, e-mail or password is wrong; which one is not told.
    InvalidCredentials,
    /// The refresh token is unknown, used, ended or expired: log in again.
    InvalidRefreshToken,
    /// A sale of more than is held on its day.
    InsufficientQuantity,
    /// A date that has not come yet.
    FutureDate,
    /// There is no exchange rate for a currency on the transaction's day.
    MissingExchangeRate,
    /// The transaction was reversed before.
    AlreadyReversed,
    /// Every row of the file was imported before.
    DuplicateImport,
    /// An amount is too large to be booked exactly.
    AmountTooLarge,
}

impl From<RefusalCode> for UserErrorCode {
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::InvalidInput => Self::InvalidInput,
            RefusalCode::NotFound => Self::NotFound,
            RefusalCode::AlreadyExists => Self::AlreadyExists,
            RefusalCode::VersionConflict => Self::VersionConflict,
            RefusalCode::IdempotencyKeyReused => Self::IdempotencyKeyReused,
            RefusalCode::InvalidCredentials => Self::InvalidCredentials,
            RefusalCode::InvalidRefreshToken => Self::InvalidRefreshToken,
            RefusalCode::InsufficientQuantity => Self::InsufficientQuantity,
            RefusalCode::FutureDate => Self::FutureDate,
            RefusalCode::MissingExchangeRate => Self::MissingExchangeRate,
            RefusalCode::AlreadyReversed => Self::AlreadyReversed,
            RefusalCode::DuplicateImport => Self::DuplicateImport,
            RefusalCode::AmountTooLarge => Self::AmountTooLarge,
        }
    }
}

/// Something that the caller of a mutation can mend. Where there is one, nothing was done.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// What kind of error it is, for programs.
    code: UserErrorCode,
    /// What is wrong and with which value, for people.
    message: String,
    /// The path of the argument that caused it, outermost first; empty where no single one did.
    field: Vec<String>,
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code.into(), message: refusal.message, field: refusal.field }
    }
}

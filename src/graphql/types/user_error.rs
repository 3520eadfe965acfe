//! What a mutation's caller can mend.

use async_graphql::{Enum, ID, SimpleObject};

use crate::graphql::id::Kind;
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
    /// The password is too easy to guess: the message gives its strength, of 4, and advice.
    WeakPassword,
    /// The token is unknown, used, withdrawn or expired: ask for another one.
    InvalidToken,
    /// The server is not set up to send mail, which this needs: its operator can mend that.
    MailNotConfigured,
    /// It would permit what the caller may not do: the message names the permissions.
    ExceedsOwnPermissions,
    /// Something else uses it: the message says what.
    InUse,
    /// Too many attempts failed, by this account from here or by this network address: `retryAfter` says how long to wait.
    TooManyAttempts,
    /// A sale of more than is held on its day.
    InsufficientQuantity,
    /// A date that has not come yet.
    FutureDate,
    /// There is no exchange rate for a currency on the transaction's day.
    MissingExchangeRate,
    /// The transaction was reversed before.
    AlreadyReversed,
    /// The transaction was corrected before: correct the one that stands in its place.
    AlreadyCorrected,
    /// Every row of the file was imported before.
    DuplicateImport,
    /// An amount is too large to be booked exactly.
    AmountTooLarge,
    /// A short sale while units are held: sell what is held first.
    HoldsLong,
    /// One account would owe what another one holds, though the portfolio pools its lots.
    MixedSides,
    /// Income on units that are owed (sold short): what is paid to their lender is a fee on the instrument.
    OwesUnits,
    /// No open lot is what was chosen.
    NoMatchingLot,
    /// Less is left of the chosen lot than is taken: an earlier transaction used it.
    LotUsed,
    /// Several lots could be meant and none is chosen: say which in `lots`.
    AmbiguousLots,
    /// The quantities of the chosen lots do not sum to what is taken.
    LotPicksDiffer,
    /// A transfer from an account to itself.
    SelfTransfer,
    /// What is given and what is received are the same instrument.
    SameInstrument,
    /// An exercise, assignment or expiry of what is no option.
    NotAnOption,
    /// An exercise or assignment after the last day for it.
    OptionExpired,
    /// A settlement or payment before the day that the transaction counts from.
    SettlesEarly,
    /// The legs of an event do not fit together: the message gives both numbers.
    UnbalancedEvent,
    /// A split that differs from the one that the market knows, which is applied by itself, or a dividend of another amount or in
    /// another currency than the market's: the message gives both. Correct it, leave it out, or say that it stands.
    ActionDiffers,
    /// The account has this split or dividend in its ledger already, by the transaction that `transactionId` names.
    AlreadyApplied,
    /// It was decided before, and is decided once.
    AlreadyDecided,
    /// The change bears on a day of a locked period: the message names the day and the period's last. Whoever may lock periods may
    /// say `overrideLock`.
    PeriodLocked,
    /// As many as there may be are there already: the message gives the number.
    LimitReached,
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
            RefusalCode::WeakPassword => Self::WeakPassword,
            RefusalCode::InvalidToken => Self::InvalidToken,
            RefusalCode::MailNotConfigured => Self::MailNotConfigured,
            RefusalCode::ExceedsOwnPermissions => Self::ExceedsOwnPermissions,
            RefusalCode::InUse => Self::InUse,
            RefusalCode::TooManyAttempts => Self::TooManyAttempts,
            RefusalCode::InsufficientQuantity => Self::InsufficientQuantity,
            RefusalCode::FutureDate => Self::FutureDate,
            RefusalCode::MissingExchangeRate => Self::MissingExchangeRate,
            RefusalCode::AlreadyReversed => Self::AlreadyReversed,
            RefusalCode::AlreadyCorrected => Self::AlreadyCorrected,
            RefusalCode::DuplicateImport => Self::DuplicateImport,
            RefusalCode::AmountTooLarge => Self::AmountTooLarge,
            RefusalCode::HoldsLong => Self::HoldsLong,
            RefusalCode::MixedSides => Self::MixedSides,
            RefusalCode::OwesUnits => Self::OwesUnits,
            RefusalCode::NoMatchingLot => Self::NoMatchingLot,
            RefusalCode::LotUsed => Self::LotUsed,
            RefusalCode::AmbiguousLots => Self::AmbiguousLots,
            RefusalCode::LotPicksDiffer => Self::LotPicksDiffer,
            RefusalCode::SelfTransfer => Self::SelfTransfer,
            RefusalCode::SameInstrument => Self::SameInstrument,
            RefusalCode::NotAnOption => Self::NotAnOption,
            RefusalCode::OptionExpired => Self::OptionExpired,
            RefusalCode::SettlesEarly => Self::SettlesEarly,
            RefusalCode::UnbalancedEvent => Self::UnbalancedEvent,
            RefusalCode::ActionDiffers => Self::ActionDiffers,
            RefusalCode::AlreadyApplied => Self::AlreadyApplied,
            RefusalCode::AlreadyDecided => Self::AlreadyDecided,
            RefusalCode::PeriodLocked => Self::PeriodLocked,
            RefusalCode::LimitReached => Self::LimitReached,
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
    /// The id of the recorded transaction that stands in the way; null where none does.
    transaction_id: Option<ID>,
    /// After how many seconds it may be tried again; null where waiting does not help.
    retry_after: Option<i32>,
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code.into(),
            message: refusal.message,
            field: refusal.field,
            retry_after: refusal.retry_after.and_then(|seconds| i32::try_from(seconds).ok()),
            transaction_id: refusal.transaction.map(|id| Kind::Transaction.id(id)),
        }
    }
}

//! What a service answers when it does not do what it was asked.

use std::fmt;

use domain::ledger::LedgerError;
use domain::money::ArithmeticError;
use domain::pricing::FxError;
use domain::valuation::ValuationError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::storage::projection::ChangeError;
use crate::tenancy::DatabaseError;

/// Why a mutation was refused: something that its caller can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalCode {
    /// A value is outside what is allowed.
    InvalidInput,
    /// What the input refers to does not exist, or not for this caller.
    NotFound,
    /// Something with the same key exists.
    AlreadyExists,
    /// The record has changed since it was read.
    VersionConflict,
    /// An idempotency key was used for a different request.
    IdempotencyKeyReused,
    /// Tenant, address or password is wrong.
    InvalidCredentials,
    /// The refresh token is unknown, used, ended or expired.
    InvalidRefreshToken,
    /// The password is too easy to guess.
    WeakPassword,
    /// A token that is unknown, used, withdrawn or expired.
    InvalidToken,
    /// The server sends no mail.
    MailNotConfigured,
    /// More than the caller may do themselves.
    ExceedsOwnPermissions,
    /// Something else uses it.
    InUse,
    /// Too many attempts that failed: there is a wait.
    TooManyAttempts,
    /// A sale of more than is held.
    InsufficientQuantity,
    /// A date that has not come yet.
    FutureDate,
    /// No exchange rate for a currency on a day.
    MissingExchangeRate,
    /// The transaction was reversed before.
    AlreadyReversed,
    /// The transaction was corrected before.
    AlreadyCorrected,
    /// Every row of the file was imported before.
    DuplicateImport,
    /// An amount is too large to be booked exactly.
    AmountTooLarge,
    /// A short sale while units are held.
    HoldsLong,
    /// Units held in one account and owed in another, where lots are pooled.
    MixedSides,
    /// Income on units that are owed.
    OwesUnits,
    /// A chosen lot that is not there.
    NoMatchingLot,
    /// A chosen lot that was used already.
    LotUsed,
    /// Several lots could be meant.
    AmbiguousLots,
    /// The chosen lots do not sum to what is taken.
    LotPicksDiffer,
    /// A transfer from an account to itself.
    SelfTransfer,
    /// What is given and what is received are the same.
    SameInstrument,
    /// An exercise, assignment or expiry of what is no option.
    NotAnOption,
    /// An exercise or assignment after the last day for it.
    OptionExpired,
    /// A settlement or payment before the trade.
    SettlesEarly,
    /// The legs of an event do not fit together.
    UnbalancedEvent,
    /// A split or dividend that differs from the one that the market knows.
    ActionDiffers,
    /// A split or dividend that the account has already.
    AlreadyApplied,
    /// Held rows about which was decided before.
    AlreadyDecided,
    /// A write that bears on a locked period.
    PeriodLocked,
    /// As many as there may be are there.
    LimitReached,
}

/// A refusal, with the field that caused it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub code: RefusalCode,
    /// What is wrong and with which value, for a person.
    pub message: String,
    /// The path of the input field, outermost first.
    pub field: Vec<String>,
    /// The recorded transaction that stands in the way, where one does.
    pub transaction: Option<Uuid>,
    /// After how many seconds it may be tried again, where waiting helps.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// A refusal of one field.
    pub fn new(code: RefusalCode, field: &[&str], message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: field.iter().map(|&part| part.to_owned()).collect(),
            transaction: None,
            retry_after: None,
        }
    }

    /// A refusal of the field at a path that is put together.
    pub fn at(code: RefusalCode, field: Vec<String>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field, transaction: None, retry_after: None }
    }
}

/// Why a service did not answer.
#[derive(Debug)]
pub enum ServiceError {
    /// Nobody is logged in.
    Unauthenticated,
    /// Who is logged in may not do this.
    Forbidden(String),
    /// An argument of a query is wrong.
    BadInput(String),
    /// A mutation was refused; nothing was done.
    Refused(Vec<Refusal>),
    /// The database failed.
    Database(DatabaseError),
    /// Something that must not happen did.
    Internal(String),
    /// Some portfolios could not be brought up to date; the others were.
    Portfolios(Vec<(Uuid, ServiceError)>),
}

impl ServiceError {
    /// What the owner of a job that failed is told: nothing that speaks of the server's insides.
    pub fn told(&self) -> String {
        match self {
            Self::Unauthenticated | Self::Forbidden(_) | Self::BadInput(_) | Self::Refused(_) => self.to_string(),
            Self::Database(DatabaseError::Timeout(_)) => "the database did not answer in time".to_owned(),
            Self::Database(_) | Self::Internal(_) => "the server met an internal error, which its log tells".to_owned(),
            Self::Portfolios(failed) => of_portfolios(failed, Self::told),
        }
    }

    /// A refusal of one field.
    pub fn refused(code: RefusalCode, field: &[&str], message: impl Into<String>) -> Self {
        Self::Refused(vec![Refusal::new(code, field, message)])
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated => f.write_str("nobody is logged in"),
            Self::Forbidden(what) => write!(f, "not permitted: {what}"),
            Self::BadInput(message) | Self::Internal(message) => f.write_str(message),
            Self::Refused(refusals) => {
                let messages: Vec<&str> = refusals.iter().map(|refusal| refusal.message.as_str()).collect();
                f.write_str(&messages.join("; "))
            }
            Self::Database(error) => error.fmt(f),
            Self::Portfolios(failed) => f.write_str(&of_portfolios(failed, Self::to_string)),
        }
    }
}

fn of_portfolios(failed: &[(Uuid, ServiceError)], text: impl Fn(&ServiceError) -> String) -> String {
    let texts = failed.iter().map(|(portfolio, error)| format!("portfolio {portfolio}: {}", text(error)));
    texts.collect::<Vec<_>>().join("; ")
}

impl std::error::Error for ServiceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DatabaseError> for ServiceError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl From<ArithmeticError> for ServiceError {
    fn from(error: ArithmeticError) -> Self {
        Self::refused(RefusalCode::AmountTooLarge, &[], error.to_string())
    }
}

impl From<ValuationError> for ServiceError {
    fn from(error: ValuationError) -> Self {
        match error {
            ValuationError::Arithmetic(error) | ValuationError::Flow(FxError::Arithmetic(error)) => error.into(),
            ValuationError::Flow(_) => Self::BadInput(error.to_string()),
            ValuationError::UnknownInstrument { .. } | ValuationError::DaysNotAscending { .. } => {
                Self::Internal(error.to_string())
            }
        }
    }
}

impl From<ChangeError> for ServiceError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Balance(error) => error.into(),
            ChangeError::Database(error) => error.into(),
        }
    }
}

/// The refusal that a broken rule of the ledger comes to.
pub fn ledger_refusal(error: &LedgerError, field: &[&str]) -> Refusal {
    let code = match error {
        LedgerError::InsufficientQuantity { .. } | LedgerError::NothingHeld { .. } => RefusalCode::InsufficientQuantity,
        LedgerError::HoldsLong { .. } => RefusalCode::HoldsLong,
        LedgerError::MixedSides { .. } => RefusalCode::MixedSides,
        LedgerError::OwesUnits { .. } => RefusalCode::OwesUnits,
        LedgerError::SplitsDiffer { .. } => RefusalCode::ActionDiffers,
        LedgerError::NoMatchingLot { .. } => RefusalCode::NoMatchingLot,
        LedgerError::LotUsed { .. } => RefusalCode::LotUsed,
        LedgerError::AmbiguousLots { .. } => RefusalCode::AmbiguousLots,
        LedgerError::PicksDiffer { .. } => RefusalCode::LotPicksDiffer,
        LedgerError::SelfTransfer { .. } => RefusalCode::SelfTransfer,
        LedgerError::SameInstrument { .. } => RefusalCode::SameInstrument,
        LedgerError::NotAnOption { .. } => RefusalCode::NotAnOption,
        LedgerError::OptionExpired { .. } => RefusalCode::OptionExpired,
        LedgerError::SettlesEarly { .. } => RefusalCode::SettlesEarly,
        LedgerError::InvalidQuantity { .. }
        | LedgerError::NegativePrice { .. }
        | LedgerError::InvalidAmount { .. }
        | LedgerError::InvalidSplitRatio { .. }
        | LedgerError::SameCurrency { .. } => RefusalCode::InvalidInput,
        LedgerError::UnknownInstrument { .. } => RefusalCode::NotFound,
        LedgerError::MissingRate { .. } => RefusalCode::MissingExchangeRate,
        LedgerError::Split { .. } | LedgerError::Sum(_) | LedgerError::Overflow { .. } => RefusalCode::AmountTooLarge,
    };
    Refusal::new(code, field, error.to_string())
}

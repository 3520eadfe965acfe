//! What keeps a figure from being computed.

use chrono::NaiveDate;
use domain::ledger::LedgerError;
use domain::money::ArithmeticError;
use domain::pricing::FxError;
use domain::valuation::ValuationError;
use rust_decimal::Decimal;

#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The case itself says what cannot be.
    #[error("{0}")]
    Input(String),
    #[error("no price of {symbol} on {date}")]
    NoPrice { symbol: String, date: NaiveDate },
    #[error(transparent)]
    Ledger(Box<LedgerError>),
    #[error(transparent)]
    Fx(#[from] FxError),
    #[error(transparent)]
    Valuation(#[from] ValuationError),
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

impl Problem {
    /// What the cases call it. A pick of more than its lot has left may be called either.
    pub(crate) fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Ledger(error) => match error.as_ref() {
                LedgerError::InsufficientQuantity { .. } => &["INSUFFICIENT_QUANTITY"],
                LedgerError::AmbiguousLots { .. } => &["AMBIGUOUS_LOTS"],
                LedgerError::NoMatchingLot { .. } => &["NO_MATCHING_LOT"],
                LedgerError::LotUsed { available, .. } if *available > Decimal::ZERO => {
                    &["INSUFFICIENT_QUANTITY", "NO_MATCHING_LOT"]
                }
                LedgerError::LotUsed { .. } => &["NO_MATCHING_LOT"],
                LedgerError::MissingRate { .. } => &["MISSING_FX"],
                _ => &[],
            },
            Self::Fx(FxError::MissingRate { .. })
            | Self::Valuation(ValuationError::Flow(FxError::MissingRate { .. })) => &["MISSING_FX"],
            _ => &[],
        }
    }

    /// Whether it would not be there if all accounts were one.
    pub(crate) fn is_of_accounts_apart(&self) -> bool {
        let apart = |error: &LedgerError| {
            matches!(error, LedgerError::InsufficientQuantity { .. } | LedgerError::MixedSides { .. })
        };
        matches!(self, Self::Ledger(error) if apart(error))
    }

    /// Whether it only says that there is no figure, which a case may expect.
    pub(crate) fn is_missing_input(&self) -> bool {
        matches!(self, Self::NoPrice { .. }) || self.names() == ["MISSING_FX"]
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(Box::new(error))
    }
}

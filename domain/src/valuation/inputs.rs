//! What a valuation reads, and what it may lack.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;

use crate::id::InstrumentId;
use crate::ledger::{CashPeriod, Flow, Instruments, PositionPeriod};
use crate::money::{ArithmeticError, Currency};
use crate::pricing::{FxError, FxRates, MaxAge, MissingReason, Series};

/// The prices of an instrument and how long each may stand in for later days.
#[derive(Clone, Copy, Debug)]
pub struct PriceSource<'a> {
    /// Prices as quoted on their day, in the instrument's currency, not adjusted for later splits: the quantities of
    /// position periods are those of the day too.
    pub series: &'a Series,
    /// How old a price may be.
    pub max_age: MaxAge<'a>,
}

/// Everything a valuation reads. The rows may be of several accounts and in any order.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What was held.
    pub positions: &'a [PositionPeriod],
    /// What cash was held.
    pub cash: &'a [CashPeriod],
    /// External flows, as the scope of the question classifies them.
    pub flows: &'a [Flow],
    /// Terms of every instrument that is held.
    pub instruments: &'a Instruments,
    /// Prices by instrument; one without an entry has no price.
    pub prices: &'a BTreeMap<InstrumentId, PriceSource<'a>>,
    /// Currency rates.
    pub fx: &'a FxRates,
    /// The base currency of the books that the rows come from.
    pub base: Currency,
    /// The currency to value in.
    pub currency: Currency,
}

/// What lacks a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An instrument without a price.
    Instrument(InstrumentId),
    /// A currency without a rate against the euro.
    Currency(Currency),
}

/// Why something has no value on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingInput {
    /// What lacks it.
    pub subject: Subject,
    /// Why.
    pub reason: MissingReason,
}

impl fmt::Display for MissingInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject {
            Subject::Instrument(instrument) => {
                write!(f, "no price of {instrument}: {}", self.reason)
            }
            Subject::Currency(currency) => write!(f, "no {currency} rate: {}", self.reason),
        }
    }
}

/// A valuation that cannot be made at all. What merely has no price or rate is reported in the result instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValuationError {
    /// An instrument without terms.
    #[error("instrument {instrument} is unknown")]
    UnknownInstrument {
        /// The instrument held.
        instrument: InstrumentId,
    },
    /// The valuation days do not ascend.
    #[error("{date} follows {previous}: valuation days must ascend and not repeat")]
    DaysNotAscending {
        /// The day that comes first.
        previous: NaiveDate,
        /// The day that should be later.
        date: NaiveDate,
    },
    /// An external flow cannot be converted at its day's rate.
    #[error("a flow cannot be converted: {0}")]
    Flow(FxError),
    /// A value that no exact decimal can hold.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

impl ValuationError {
    /// Splits a failed conversion into what is missing, which the result reports, and what went wrong.
    pub(super) fn missing(error: FxError) -> Result<MissingInput, Self> {
        match error {
            FxError::MissingRate { currency, reason, .. } => {
                Ok(MissingInput { subject: Subject::Currency(currency), reason })
            }
            FxError::Arithmetic(error) => Err(error.into()),
        }
    }
}

//! Transactions in; lots, lot matches, positions, cash and external flows out.
//!
//! Booking is deterministic and sees nothing but its arguments: the same transactions in any order give the same books.
//! Every broken rule is a [`LedgerError`] that names the transaction and carries the numbers.

mod action;
mod book;
mod cash;
mod cash_sum;
mod change;
mod corporate;
mod error;
mod fixed;
mod flow;
mod gains;
mod income;
mod instrument;
mod lot;
mod occ;
mod options;
mod parts;
mod picks;
mod place;
mod policy;
mod pool;
mod position;
mod preview;
mod rates;
mod rules;
mod trade;
mod trades;
mod transaction;
mod transfers;

#[cfg(test)]
pub(crate) mod tests;

/// The version of the rules of booking. It is raised with every change of them after which the same transactions may come to
/// other books: what is kept of a ledger as it was known once is kept under the version that it was booked by.
pub const CALCULATION_VERSION: i32 = 1;

pub use action::{MarketDividend, MarketSplit, UnitsHeld};
pub use book::{Booking, book};
pub use cash::CashPeriod;
pub use cash_sum::CashSum;
pub use change::{CashChange, Change, LotKey, MatchKey, PositionKey, grouped, linked};
pub use error::LedgerError;
pub use flow::{Flow, InKind};
pub use gains::{GainTotals, TaxYear, tax_years};
pub use instrument::{InstrumentTerms, Instruments, InvalidTerms, OptionRight, OptionTerms};
pub use lot::{Lot, LotMatch};
pub use occ::{InvalidOccSymbol, OccSymbol};
pub use policy::{LotMethod, LotScope, Oversell, Policy, Postings, TradeCharges};
pub use position::PositionPeriod;
pub use preview::{Preview, preview};
pub use trade::{Conversion, LotPick, Trade, TradeValue};
pub use transaction::{
    Boot, BootTreatment, CashMovement, Detachment, Exchange, FxConversion, InKindSource, Merger, OptionEvent,
    RightsExercise, Transaction, TransactionKind,
};

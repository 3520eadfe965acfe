//! Transactions in; lots, lot matches, positions, cash and external flows out.
//!
//! Booking is deterministic and sees nothing but its arguments: the same transactions in any order give the same books.
//! Every broken rule is a [`LedgerError`] that names the transaction and carries the numbers.

mod book;
mod cash;
mod entries;
mod error;
mod holding;
mod instrument;
mod lot;
mod period;
mod position;
mod rules;
mod transaction;

#[cfg(test)]
mod tests;

pub use book::{Booking, Flow, book};
pub use cash::CashPeriod;
pub use error::LedgerError;
pub use instrument::{InstrumentTerms, Instruments, InvalidMultiplier};
pub use lot::{Lot, LotMatch, LotMethod};
pub use position::PositionPeriod;
pub use transaction::{FxConversion, Settlement, Trade, Transaction, TransactionKind};

//! What the market did to an instrument, for every holder alike.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::{AccountId, InstrumentId};

/// A split that the market knows of. It acts on the accounts that hold the instrument, once: an account's own
/// [`Split`](super::TransactionKind::Split) entry of the same instrument and day is the same event and takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketSplit {
    /// What is split.
    pub instrument: InstrumentId,
    /// The one account that it acts on; `None` for every account. Where an account's own entry of another day takes the
    /// split's place, it is given for each of the others.
    pub account: Option<AccountId>,
    /// The first day on which the new units are traded.
    pub ex_date: NaiveDate,
    /// Units after, above zero.
    pub numerator: Decimal,
    /// Units before, above zero.
    pub denominator: Decimal,
}

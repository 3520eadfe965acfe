//! What crossed the border of an account.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::Currency;

/// Cash or units that crossed the border of an account. A scope decides what is external: a flow with a counter-account is
/// internal to the portfolio that holds both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The entry that it comes from.
    pub transaction: TransactionId,
    /// The account it crossed into or out of.
    pub account: AccountId,
    /// The account on the other side; `None` is the outside.
    pub counter_account: Option<AccountId>,
    /// The trade date.
    pub date: NaiveDate,
    /// The currency of `amount`.
    pub currency: Currency,
    /// Above zero into the account, below out of it. Cash as posted, so rounded as the policy says; units at what they cost.
    pub amount: Decimal,
    /// The same in the base currency: at the day's rate or the rate it was booked at, for units at their cost's rates.
    pub amount_base: Decimal,
    /// The units, where it is not cash.
    pub in_kind: Option<InKind>,
}

/// Units that crossed the border of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InKind {
    /// What crossed.
    pub instrument: InstrumentId,
    /// Units, above zero into the account, below out of it.
    pub quantity: Decimal,
    /// What their lots cost in the base currency, signed as the quantity; more than `amount_base` by a fee inside the cost.
    pub cost_base: Decimal,
}

//! What a portfolio decides about its books.

use async_graphql::{Enum, SimpleObject};

use crate::graphql::scalars::Decimal;
use crate::storage::bookkeeping::Bookkeeping as Settings;

/// Which open lot a disposal uses first. A short lot is covered in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ledger::LotMethod")]
pub enum LotMethod {
    /// The oldest: first in, first out.
    Fifo,
    /// The newest: last in, first out.
    Lifo,
    /// The one of the highest cost per unit in the instrument's currency; of equal ones the oldest.
    Hifo,
    /// The one of the lowest cost per unit in the instrument's currency; of equal ones the oldest.
    Lofo,
    /// All of them at their average cost. Units are taken from the oldest lot, so that holding periods are known.
    Average,
    /// Those that the disposal names. One that names none is refused, unless it takes all that is held or there is one lot.
    Specific,
}

/// Which lots stand in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ledger::LotScope")]
pub enum LotScope {
    /// Those of one account. A lot crosses accounts only by a transfer.
    Account,
    /// Those of the whole portfolio: a sale in one account may use a lot that another one bought. The units leave the account
    /// that sells; cost is shown by account in proportion to its units.
    Portfolio,
}

/// Where the fees and taxes of a trade are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ledger::TradeCharges")]
pub enum TradeCharges {
    /// In the cost of a purchase, off the proceeds of a sale.
    InCost,
    /// As expenses: cost and proceeds are gross.
    Expensed,
}

/// What a sale of more than is held means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ledger::Oversell")]
pub enum Oversell {
    /// It is refused.
    Refuse,
    /// The rest is sold short: it opens a lot of a negative quantity.
    GoShort,
    /// What is there is taken. The rest is sold at no cost, in a match without a lot.
    TakeHeld,
}

/// What a portfolio decides about its books. Another decision books its whole ledger again.
#[derive(Clone, Debug, SimpleObject)]
pub struct Bookkeeping {
    /// Which open lot a disposal uses first, in accounts that have no method of their own.
    lot_method: LotMethod,
    /// Which lots stand in one queue.
    lot_scope: LotScope,
    /// Where the fees and taxes of a trade are counted.
    trade_charges: TradeCharges,
    /// What a sale of more than is held means.
    oversell: Oversell,
    /// A rest of at most so many units is none: what fractions of many digits leave over. Zero or more, below 1.
    quantity_dust: Decimal,
}

impl From<Settings> for Bookkeeping {
    fn from(settings: Settings) -> Self {
        Self {
            lot_method: settings.method.into(),
            lot_scope: settings.scope.into(),
            trade_charges: settings.charges.into(),
            oversell: settings.oversell.into(),
            quantity_dust: Decimal(settings.dust.normalize()),
        }
    }
}

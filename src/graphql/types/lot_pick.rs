//! Lots that a holder chooses.

use async_graphql::{ID, InputObject, Result};
use domain::ledger::LotPick;

use crate::graphql::id::Kind;
use crate::graphql::scalars::{Date, Decimal};

/// A lot that was chosen. What is given must fit; what fits several lots is refused unless it leaves no choice.
#[derive(Clone, Debug, InputObject)]
pub struct LotPickInput {
    /// The transaction that opened the lot.
    transaction_id: Option<ID>,
    /// The day it was opened on.
    opened_on: Option<Date>,
    /// Its cost per unit in the instrument's currency, to as many decimals as are known.
    unit_cost: Option<Decimal>,
    /// How many units of it, above zero; all that is left to take where it is not given.
    quantity: Option<Decimal>,
}

/// The lots that an argument chooses.
pub fn picks(lots: &[LotPickInput]) -> Result<Vec<LotPick>> {
    let pick = |pick: &LotPickInput| {
        let lot = pick.transaction_id.as_ref().map(|id| Kind::Transaction.parse(id, "transactionId")).transpose()?;
        Ok(LotPick {
            lot: lot.map(Into::into),
            opened_on: pick.opened_on.map(|day| day.0),
            unit_cost: pick.unit_cost.map(|cost| cost.0),
            quantity: pick.quantity.map(|quantity| quantity.0),
        })
    };
    lots.iter().map(pick).collect()
}

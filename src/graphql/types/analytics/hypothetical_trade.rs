//! Trades that are thought of.

use async_graphql::{ID, InputObject, Result};

use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Decimal;
use crate::services::analytics::HypotheticalTrade;

/// Trades that one question may think of.
const MAX_TRADES: usize = 100;

/// A purchase or a sale to think of.
#[derive(Clone, Debug, InputObject)]
pub struct HypotheticalTradeInput {
    /// What would be traded.
    instrument_id: ID,
    /// Units, above zero for a purchase, below zero for a sale.
    quantity: Decimal,
    /// The price as quoted, zero or more; that of the last day where none is given.
    price: Option<Decimal>,
    /// The account that would trade; one that holds the instrument where none is given, else the first.
    account_id: Option<ID>,
}

/// The trades that are asked for.
pub fn trades(inputs: Vec<HypotheticalTradeInput>) -> Result<Vec<HypotheticalTrade>> {
    if inputs.is_empty() || inputs.len() > MAX_TRADES {
        let message = format!("trades: {} are given, 1 to {MAX_TRADES} at a time", inputs.len());
        return Err(ErrorCode::BadUserInput.error(message));
    }
    inputs.into_iter().map(HypotheticalTradeInput::trade).collect()
}

impl HypotheticalTradeInput {
    fn trade(self) -> Result<HypotheticalTrade> {
        if self.quantity.0.is_zero() {
            return Err(ErrorCode::BadUserInput.error("trades: a quantity of 0: it is above zero or below"));
        }
        if let Some(Decimal(price)) = self.price.filter(|price| price.0 < rust_decimal::Decimal::ZERO) {
            return Err(ErrorCode::BadUserInput.error(format!("trades: a price of {price}: it is zero or more")));
        }
        let account = self.account_id.map(|id| Kind::Account.parse(&id, "trades.accountId")).transpose()?;
        Ok(HypotheticalTrade {
            account,
            instrument: Kind::Instrument.parse(&self.instrument_id, "trades.instrumentId")?,
            quantity: self.quantity.0,
            price: self.price.map(|price| price.0),
        })
    }
}

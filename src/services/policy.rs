//! What a portfolio's settings mean for its books: the one place that says so.

use domain::ledger::Policy;
use domain::money::Currency;
use uuid::Uuid;

use super::{ServiceError, Services};
use crate::storage;
use crate::storage::account::Account;
use crate::storage::bookkeeping::Bookkeeping;
use crate::storage::portfolio::Portfolio;
use crate::tenancy::{Session, Tenant};

/// The rules that a portfolio is booked by, with figures in `base`. Of `accounts`, those of the portfolio count.
pub fn of(portfolio: Uuid, bookkeeping: &Bookkeeping, base: Currency, accounts: &[Account]) -> Policy {
    let own = accounts.iter().filter(|account| account.portfolio_id == portfolio);
    Policy {
        base,
        method: bookkeeping.method,
        methods: own.filter_map(|account| Some((account.id.into(), account.lot_method?))).collect(),
        scope: bookkeeping.scope,
        charges: bookkeeping.charges,
        oversell: bookkeeping.oversell,
        dust: bookkeeping.dust,
        ..Policy::new(base)
    }
}

impl Services {
    /// The rules that the portfolio is booked by.
    pub(super) async fn policy(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
    ) -> Result<Policy, ServiceError> {
        let accounts = storage::account::of_portfolios(session, &[portfolio.id]).await?;
        Ok(of(portfolio.id, &portfolio.bookkeeping, portfolio.base_currency, &accounts))
    }
}

//! What a portfolio's settings mean for its books: the one place that says so.

use std::collections::HashMap;

use domain::ledger::Policy;
use domain::money::Currency;
use uuid::Uuid;

use super::valuation::View;
use super::{ServiceError, Services};
use crate::storage;
use crate::storage::account::Account;
use crate::storage::bookkeeping::{Bookkeeping, Revision};
use crate::storage::portfolio::Portfolio;
use crate::tenancy::{Session, Tenant};

/// The rules that a portfolio is booked by, with figures in `base`.
pub fn of(revision: &Revision, base: Currency) -> Policy {
    let Bookkeeping { method, scope, charges, oversell, dust } = revision.bookkeeping;
    let methods = revision.account_methods.iter().map(|(account, method)| ((*account).into(), *method)).collect();
    Policy { method, methods, scope, charges, oversell, dust, ..Policy::new(base) }
}

/// What a portfolio decides now. Of `accounts`, those of the portfolio count.
pub fn current(portfolio: Uuid, bookkeeping: Bookkeeping, accounts: &[Account]) -> Revision {
    let own = accounts.iter().filter(|account| account.portfolio_id == portfolio);
    let account_methods = own.filter_map(|account| Some((account.id, account.lot_method?))).collect();
    Revision { bookkeeping, account_methods }
}

impl Services {
    /// The rules that the portfolio is booked by.
    pub(super) async fn policy(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
    ) -> Result<Policy, ServiceError> {
        let accounts = storage::account::of_portfolios(session, &[portfolio.id]).await?;
        Ok(of(&current(portfolio.id, portfolio.bookkeeping, &accounts), portfolio.base_currency))
    }

    /// The rules that a view is booked by: those of the instant that it asks for.
    pub(super) async fn policy_of(
        &self,
        session: &Session<Tenant>,
        view: &View,
        accounts: &[Account],
    ) -> Result<Policy, ServiceError> {
        let then = match view.known_at {
            Some(known_at) => storage::bookkeeping::known_at(session, &[view.portfolio], known_at).await?,
            None => HashMap::new(),
        };
        Ok(then.get(&view.portfolio).map_or_else(|| view.policy(accounts), |revision| of(revision, view.currency)))
    }

    /// Notes what a portfolio decides about its books from now on.
    pub(super) async fn note_bookkeeping(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        accounts: &[Account],
    ) -> Result<(), ServiceError> {
        let revision = current(portfolio.id, portfolio.bookkeeping, accounts);
        let (id, now) = (self.environment.ids.next(), self.environment.clock.now());
        Ok(storage::bookkeeping::append(session, id, portfolio.id, &revision, now).await?)
    }
}

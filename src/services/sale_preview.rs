//! What a sale would bring, before it is made.

use chrono::NaiveDate;
use domain::id::InstrumentId;
use domain::ledger::{self, LedgerError, LotMatch, LotMethod, LotPick, Trade, Transaction, TransactionKind};
use domain::money::Currency;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::blame;
use super::error::ledger_refusal;
use super::valuation::View;
use super::{Refusal, RefusalCode, ServiceError, Services};
use crate::storage;
use crate::storage::portfolio::Portfolio;
use crate::tenancy::{Session, Tenant};

/// A sale that is thought of.
#[derive(Clone, Debug)]
pub struct Sale {
    /// The account that would sell.
    pub account: Uuid,
    /// What it would sell.
    pub instrument: Uuid,
    /// The day.
    pub date: NaiveDate,
    /// How much, above zero.
    pub quantity: Decimal,
    /// The price as quoted.
    pub price: Decimal,
    /// The fee.
    pub fee: Decimal,
    /// The tax.
    pub tax: Decimal,
    /// The currency of price, fee and tax; the instrument's where none is given.
    pub currency: Option<Currency>,
    /// The lots that the holder would choose.
    pub lots: Vec<LotPick>,
}

/// The sale under one lot method.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The method.
    pub method: LotMethod,
    /// Whether the sale would be booked by it.
    pub is_current: bool,
    /// The lots that it would use, in that order.
    pub matches: Vec<LotMatch>,
}

impl Services {
    /// What a sale in a portfolio that the caller has been shown would use and bring under each lot method, by the
    /// portfolio's own settings otherwise, with figures in the currency of `view`.
    pub async fn sale_preview(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        view: &View,
        sale: Sale,
    ) -> Result<Vec<Outcome>, ServiceError> {
        let today = self.environment.clock.today();
        if sale.date > today {
            let message = format!("{} has not come yet: today is {today}", sale.date);
            return Err(ServiceError::refused(RefusalCode::FutureDate, &["input", "date"], message));
        }
        let accounts = storage::account::of_portfolios(session, &[portfolio.id]).await?;
        if !accounts.iter().any(|account| account.id == sale.account) {
            let message = "no such account in the portfolio";
            return Err(ServiceError::refused(RefusalCode::NotFound, &["input", "accountId"], message));
        }
        let market = self.market.view(session).await?;
        let found = market.instruments(session, [sale.instrument]).await?.remove(&sale.instrument);
        let no_instrument =
            || ServiceError::refused(RefusalCode::NotFound, &["input", "instrumentId"], "no such instrument");
        let currency = sale.currency.unwrap_or(found.ok_or_else(no_instrument)?.currency);
        let instrument = InstrumentId::from(sale.instrument);
        let has_picks = !sale.lots.is_empty();
        let sale = Transaction {
            id: self.environment.ids.next().into(),
            account: sale.account.into(),
            trade_date: sale.date,
            settlement_date: None,
            sequence: portfolio.last_sequence + 1,
            kind: TransactionKind::Sell(Trade {
                fee: sale.fee,
                tax: sale.tax,
                lots: sale.lots,
                ..Trade::at_price(instrument, sale.quantity, sale.price, currency)
            }),
        };
        let part = self.part(session, portfolio.id, std::slice::from_ref(&sale.kind)).await?;
        let entries = match view.known_at {
            None => storage::transaction::of_instruments(session, portfolio.id, &part).await?,
            Some(known_at) => {
                storage::transaction::of_instruments_known(session, portfolio.id, &part, known_at).await?
            }
        };
        let until = entries.into_iter().filter(|entry| entry.trade_date <= sale.trade_date);
        let transactions: Vec<Transaction> = until.collect();
        let kinds = transactions.iter().map(|entry| &entry.kind).chain([&sale.kind]);
        let instruments = self.terms(session, kinds).await?;
        let fx = market.fx(session).await?;
        let policy = self.policy_of(session, view, &accounts).await?;
        let splits = self.market_splits(session, &policy, &transactions, &instruments).await?;
        let current = if has_picks { LotMethod::Specific } else { policy.method_of(sale.account) };
        let kind = sale.kind.clone();
        // Off the threads that serve requests: the part is booked once for each method.
        let previews = tokio::task::spawn_blocking(move || {
            ledger::preview(&policy, &transactions, &splits, &instruments, &fx, &sale).map_err(Box::new)
        });
        let previews = previews.await.map_err(|error| ServiceError::Internal(error.to_string()))?;
        let previews = previews.map_err(|error| refused(&error, &kind))?;
        let outcome = |preview: ledger::Preview| Outcome {
            method: preview.method,
            is_current: preview.method == current,
            matches: preview.matches,
        };
        Ok(previews.into_iter().map(outcome).collect())
    }
}

/// The refusal of a sale that breaks a rule, with the field that is to blame.
fn refused(error: &LedgerError, kind: &TransactionKind) -> ServiceError {
    let part = blame::blamed(error, kind);
    let path: &[&str] = match part {
        Some(blame::TRADE_DATE) => &["date"],
        Some(part) => part.path,
        None => &[],
    };
    let field = std::iter::once("input").chain(path.iter().copied()).map(str::to_owned).collect();
    ServiceError::Refused(vec![Refusal { field, ..ledger_refusal(error, &[]) }])
}

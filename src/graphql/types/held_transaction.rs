//! Imported rows that wait for a decision.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::account::Account;
use super::instrument::Instrument;
use super::money::Money;
use super::transaction::{self, SplitRatio, TransactionType};
use super::user::User;
use super::user_error::UserErrorCode;
use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, AccountsKey, PersonKey};
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::storage::transaction::held::{self, HeldReason};
use crate::storage::transaction::{LedgerRow, RowColumns};

/// What becomes of held rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::services::held_transaction::Decision")]
pub enum HeldDecision {
    /// They are recorded as they are: a split in the place of the market's, a dividend also beside one that the account has
    /// already.
    KeepMine,
    /// They are recorded with the market's figures as it knows them now: ratio and day of a split, gross amount and currency of a
    /// dividend.
    UseMarket,
    /// They are not recorded. The same file again does not bring them back.
    Discard,
}

/// A row of an imported file that is not recorded before somebody decides, with the other rows of its event.
#[derive(Clone)]
pub struct HeldTransaction(pub Arc<held::HeldTransaction>);

/// A row of an imported file that is not recorded before somebody decides, with the other rows of its event.
#[Object]
impl HeldTransaction {
    /// The id, for `heldTransactionDecide`.
    async fn id(&self) -> ID {
        Kind::HeldTransaction.id(self.0.id)
    }

    /// Why it is held: `ACTION_DIFFERS` or `ALREADY_APPLIED`.
    async fn reason(&self) -> UserErrorCode {
        match self.0.reason {
            HeldReason::ActionDiffers => UserErrorCode::ActionDiffers,
            HeldReason::AlreadyApplied => UserErrorCode::AlreadyApplied,
        }
    }

    /// Why, with both figures, for people.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// What the row says. Null where it says nothing that can be compared.
    async fn own(&self) -> Option<ActionFigure> {
        let row = self.0.rows.get(self.0.doubtful)?;
        let columns = RowColumns::of(&row.activity);
        let is_split = columns.ratio_numerator.is_some();
        let ex_date = if is_split { Some(row.trade_date) } else { row.dates.ex };
        Some(ActionFigure {
            ex_date: ex_date.map(Date),
            amount: transaction::money(columns.amount, columns.currency),
            ratio: SplitRatio::new(columns.ratio_numerator, columns.ratio_denominator),
        })
    }

    /// What the market said when the row was held.
    async fn market(&self) -> ActionFigure {
        let market = self.0.market;
        let (amount, ratio) = match market.figure {
            held::ActionFigure::Amount(amount, currency) => (Some(Money::new(amount, currency)), None),
            held::ActionFigure::Ratio(numerator, denominator) => {
                (None, SplitRatio::new(Some(numerator), Some(denominator)))
            }
        };
        ActionFigure { ex_date: Some(Date(market.ex_date)), amount, ratio }
    }

    /// The rows of its event as the file gives them, itself among them; most events have one.
    async fn rows(&self) -> Vec<HeldRow> {
        self.0.rows.iter().map(|row| HeldRow(Arc::new(row.clone()))).collect()
    }

    /// The import that brought it.
    async fn import_batch_id(&self) -> ID {
        Kind::ImportBatch.id(self.0.import_batch_id)
    }

    /// Its line in the file; the header is line 1.
    async fn line(&self) -> i32 {
        i32::try_from(self.0.line).unwrap_or(i32::MAX)
    }

    /// Since when it is held.
    async fn held_at(&self) -> DateTime<Utc> {
        self.0.held_at
    }

    /// Who imported it; null where the system did.
    async fn imported_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.0.held_by)).await?.map(User))
    }
}

/// What a corporate action comes to for an account: an amount for a dividend, a ratio for a split.
#[derive(Clone, Debug, SimpleObject)]
pub struct ActionFigure {
    /// The first day that the instrument trades without it, or divided; null where a file does not tell it.
    ex_date: Option<Date>,
    /// The gross amount of a dividend.
    amount: Option<Money>,
    /// The ratio of a split.
    ratio: Option<SplitRatio>,
}

/// A row that is not recorded yet, as its file gives it.
#[derive(Clone)]
pub struct HeldRow(Arc<LedgerRow>);

impl HeldRow {
    fn columns(&self) -> RowColumns {
        RowColumns::of(&self.0.activity)
    }
}

/// A row that is not recorded yet, as its file gives it.
#[Object]
impl HeldRow {
    /// What the row says.
    #[graphql(name = "type")]
    async fn kind(&self) -> Result<TransactionType> {
        TransactionType::of(self.columns().code)
    }

    /// The account that it belongs to.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let accounts = loaders::find(ctx, AccountsKey(self.0.portfolio_id)).await?.unwrap_or_default();
        Ok(accounts.into_iter().find(|account| account.id == self.0.account_id).map(Account::from))
    }

    /// The day it would count from: the trade date; of a payment its ex-date, where the file gives it.
    async fn trade_date(&self) -> Date {
        Date(self.0.trade_date)
    }

    /// The day its cash moves on, where that is another day.
    async fn settlement_date(&self) -> Option<Date> {
        self.0.dates.settlement.map(Date)
    }

    /// The first day that the instrument traded without the payment, where the file gives it.
    async fn ex_date(&self) -> Option<Date> {
        self.0.dates.ex.map(Date)
    }

    /// The day that the payment is made on, where the file gives it.
    async fn pay_date(&self) -> Option<Date> {
        self.0.dates.pay.map(Date)
    }

    /// What it is about; nothing where it concerns cash alone.
    async fn instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        transaction::instrument(ctx, self.columns().instrument).await
    }

    /// Units of the instrument, above zero.
    async fn quantity(&self) -> Option<Decimal> {
        transaction::exact(self.columns().quantity)
    }

    /// Price as quoted, in `currency`; null where the file gives a total.
    async fn price(&self) -> Option<Decimal> {
        transaction::exact(self.columns().price)
    }

    /// What was paid in all or received in the end; null where the file gives a price.
    async fn total(&self) -> Option<Money> {
        let columns = self.columns();
        transaction::money(columns.total, columns.currency)
    }

    /// The gross amount, of what is no trade.
    async fn amount(&self) -> Option<Money> {
        let columns = self.columns();
        transaction::money(columns.amount, columns.currency)
    }

    /// The fee, zero or more.
    async fn fee(&self) -> Option<Money> {
        let columns = self.columns();
        transaction::money(columns.fee, columns.currency)
    }

    /// The tax, zero or more; of a dividend what was withheld.
    async fn tax(&self) -> Option<Money> {
        let columns = self.columns();
        transaction::money(columns.tax, columns.currency)
    }

    /// The currency of the amounts.
    async fn currency(&self) -> Option<Currency> {
        self.columns().currency.map(Currency)
    }

    /// The ratio of a split.
    async fn ratio(&self) -> Option<SplitRatio> {
        let columns = self.columns();
        SplitRatio::new(columns.ratio_numerator, columns.ratio_denominator)
    }

    /// The source's own id for it.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// A remark.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

connection!(
    HeldTransactionConnection,
    HeldTransactionEdge,
    HeldTransaction,
    "what waits for a decision in a portfolio, the first that was held first"
);

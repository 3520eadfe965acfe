//! Making and changing portfolios.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};

use super::{idempotency, said};
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::queries::as_of;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Decimal};
use crate::graphql::types::bookkeeping::{LotMethod, LotScope, Oversell, TradeCharges};
use crate::graphql::types::portfolio::Portfolio;
use crate::graphql::types::user_error::UserError;
use crate::services::ServiceError;
use crate::services::period_lock::LockTerms;
use crate::services::portfolio::{BookkeepingChanges, NewPortfolio, PortfolioChanges};
use crate::storage::portfolio::Portfolio as Row;

/// What a portfolio decides about its books; what is not given stays, or is the default of a new portfolio: first in, first
/// out, by account, charges in cost, sales of more than is held refused, no dust.
#[derive(Debug, Default, InputObject)]
pub struct BookkeepingInput {
    /// Which open lot a disposal uses first, in accounts that have no method of their own.
    lot_method: Option<LotMethod>,
    /// Which lots stand in one queue.
    lot_scope: Option<LotScope>,
    /// Where the fees and taxes of a trade are counted.
    trade_charges: Option<TradeCharges>,
    /// What a sale of more than is held means.
    oversell: Option<Oversell>,
    /// A rest of at most so many units is none. Zero or more, below 1.
    quantity_dust: Option<Decimal>,
}

impl From<BookkeepingInput> for BookkeepingChanges {
    fn from(input: BookkeepingInput) -> Self {
        Self {
            method: input.lot_method.map(Into::into),
            scope: input.lot_scope.map(Into::into),
            charges: input.trade_charges.map(Into::into),
            oversell: input.oversell.map(Into::into),
            dust: input.quantity_dust.map(|dust| dust.0),
        }
    }
}

/// A lot method of an account's own.
#[derive(Debug, InputObject)]
pub struct AccountLotMethodInput {
    /// The account's id.
    account_id: ID,
    /// Its method; null where the portfolio's counts again. Not read while the portfolio's lots are pooled.
    lot_method: Option<LotMethod>,
}

/// A portfolio to make.
#[derive(Debug, InputObject)]
pub struct PortfolioCreateInput {
    /// Its name, 1 to 120 characters.
    name: String,
    /// What it is for, at most 2,000 characters.
    #[graphql(default)]
    description: String,
    /// The currency that its books are kept in. It cannot be changed later.
    base_currency: Currency,
    /// What it decides about its books.
    bookkeeping: Option<BookkeepingInput>,
    /// Whose it is; the caller's where nobody is named.
    owner_id: Option<ID>,
    /// Who advises on it.
    advisor_id: Option<ID>,
    /// The names of its accounts, 1 to 50, each once.
    #[graphql(default_with = "vec![\"Main\".to_owned()]")]
    accounts: Vec<String>,
}

/// What to change of a portfolio; what is not given stays.
#[derive(Debug, InputObject)]
pub struct PortfolioUpdateInput {
    /// A new name, 1 to 120 characters.
    name: Option<String>,
    /// A new description, at most 2,000 characters.
    description: Option<String>,
    /// Another advisor; null for none.
    advisor_id: MaybeUndefined<ID>,
    /// Other decisions about its books. Its whole ledger is booked again with them; where a transaction would not be possible
    /// under them, the change is refused; also where it bears on a locked period.
    bookkeeping: Option<BookkeepingInput>,
    /// Accounts that get a lot method of their own, or give theirs up; each once. The ledger is booked again.
    #[graphql(default)]
    account_lot_methods: Vec<AccountLotMethodInput>,
}

/// What making or changing a portfolio gives.
#[derive(SimpleObject)]
pub struct PortfolioPayload {
    /// The portfolio since; null where it was refused.
    portfolio: Option<Portfolio>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

/// The portfolio as of the default day.
pub async fn shown(operation: &Operation, row: Row) -> Result<Portfolio> {
    Ok(Portfolio::new(Arc::new(row), as_of(operation, None).await?, None))
}

pub(super) async fn payload(
    operation: &Operation,
    outcome: Result<Row, ServiceError>,
) -> Result<Option<PortfolioPayload>> {
    let (row, user_errors) = operation.payload(outcome)?;
    let portfolio = match row {
        Some(row) => Some(shown(operation, row).await?),
        None => None,
    };
    Ok(Some(PortfolioPayload { portfolio, user_errors }))
}

#[derive(Default)]
pub struct PortfolioMutation;

#[Object(guard = "Ruled")]
impl PortfolioMutation {
    /// Makes a portfolio with its accounts.
    async fn portfolio_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio.")] input: PortfolioCreateInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<PortfolioPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "portfolioCreate", format!("{input:?}"));
        let owner = input.owner_id.map(|id| Kind::User.parse(&id, "input.ownerId")).transpose()?;
        let advisor = input.advisor_id.map(|id| Kind::User.parse(&id, "input.advisorId")).transpose()?;
        let new = NewPortfolio {
            name: input.name,
            description: input.description,
            base_currency: input.base_currency.0,
            bookkeeping: input.bookkeeping.unwrap_or_default().into(),
            owner,
            advisor,
            accounts: input.accounts,
        };
        let outcome = async { operation.services.portfolio_create(operation.changing().await?, new, key).await };
        payload(operation, outcome.await).await
    }

    /// Changes a portfolio's record.
    async fn portfolio_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio's id.")] id: ID,
        #[graphql(
            desc = "The `version` that the change is based on: where the portfolio has changed since, it is refused."
        )]
        expected_version: i64,
        #[graphql(desc = "What to change.")] input: PortfolioUpdateInput,
        #[graphql(
            desc = "Whether its books are made anew by other decisions although that changes a locked period; this needs the \
                    permission LEDGER_LOCK.",
            default = false
        )]
        override_lock: bool,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<PortfolioPayload>> {
        let operation = Operation::of(ctx);
        let terms = LockTerms { override_lock };
        let request = format!("{id:?} {expected_version} {input:?}{}", said(terms));
        let key = idempotency(idempotency_key, "portfolioUpdate", request);
        let id = Kind::Portfolio.parse(&id, "id")?;
        let advisor = match input.advisor_id {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(id) => Some(Some(Kind::User.parse(&id, "input.advisorId")?)),
        };
        let account_method = |(index, own): (usize, AccountLotMethodInput)| {
            let argument = format!("input.accountLotMethods.{index}.accountId");
            Ok((Kind::Account.parse(&own.account_id, &argument)?, own.lot_method.map(Into::into)))
        };
        let account_methods: Result<Vec<_>> =
            input.account_lot_methods.into_iter().enumerate().map(account_method).collect();
        let changes = PortfolioChanges {
            name: input.name,
            description: input.description,
            advisor,
            bookkeeping: input.bookkeeping.unwrap_or_default().into(),
            account_methods: account_methods?,
            terms,
        };
        let outcome = async {
            operation.services.portfolio_update(operation.changing().await?, id, expected_version, changes, key).await
        };
        payload(operation, outcome.await).await
    }
}

//! What is computed from the ledger: lots, matches, positions, cash, flows. Replaced as a whole, or changed where an edit of
//! the ledger changes them, in the transaction that changed the ledger.

mod edit;
mod rows;

use chrono::NaiveDate;
use domain::ledger::{CashPeriod, Flow, InKind, PositionPeriod};
use entity::tenant::{fact_daily_cash, fact_daily_flows, fact_daily_positions};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

pub use self::edit::{ChangeError, append_part, change, replace};

use crate::tenancy::{DatabaseError, Session, Tenant};

/// What was held in these portfolios at any close from one day to another, both included.
pub async fn positions(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Uuid, PositionPeriod)>, DatabaseError> {
    use fact_daily_positions::Column;
    let rows = fact_daily_positions::Entity::find()
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::ValidFrom.lte(to))
        .filter(Condition::any().add(Column::ValidUntil.is_null()).add(Column::ValidUntil.gt(from)))
        .order_by_asc(Column::AccountId)
        .order_by_asc(Column::InstrumentId)
        .order_by_asc(Column::ValidFrom)
        .all(session)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let period = PositionPeriod {
                account: row.account_id.into(),
                instrument: row.instrument_id.into(),
                valid_from: row.valid_from,
                valid_until: row.valid_until,
                quantity: row.quantity,
                cost_local: row.cost_local,
                cost_base: row.cost_base,
                realized_local: row.realized_local,
                realized_base: row.realized_base,
                income_local: row.income_local,
                income_base: row.income_base,
                withholding_base: row.withholding_base,
                fees_base: row.fees_base,
                taxes_base: row.taxes_base,
                expensed_base: row.expensed_base,
            };
            (row.portfolio_id, period)
        })
        .collect())
}

/// The cash of these portfolios at any close from one day to another, both included.
pub async fn cash(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Uuid, CashPeriod)>, DatabaseError> {
    use fact_daily_cash::Column;
    let rows = fact_daily_cash::Entity::find()
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::ValidFrom.lte(to))
        .filter(Condition::any().add(Column::ValidUntil.is_null()).add(Column::ValidUntil.gt(from)))
        .order_by_asc(Column::AccountId)
        .order_by_asc(Column::Currency)
        .order_by_asc(Column::ValidFrom)
        .all(session)
        .await?;
    rows.into_iter().map(|row| Ok((row.portfolio_id, cash_period(row)?))).collect()
}

fn cash_period(row: fact_daily_cash::Model) -> Result<CashPeriod, DatabaseError> {
    Ok(CashPeriod {
        account: row.account_id.into(),
        currency: super::currency(&row.currency)?,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        amount: row.amount,
        unsettled: row.unsettled,
        interest_base: row.interest_base,
        fees_base: row.fees_base,
        taxes_base: row.taxes_base,
    })
}

/// Which flows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Those that crossed the border of the portfolio.
    Portfolio,
    /// Those that crossed the border of an account, also to another one of the portfolio.
    Account,
}

/// What came into or left these portfolios, or their accounts, from one day to another, both included; by day.
pub async fn flows(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
    border: Border,
) -> Result<Vec<(Uuid, Flow)>, DatabaseError> {
    use fact_daily_flows::Column;
    let external = (border == Border::Portfolio).then(|| Column::CounterAccountId.is_null());
    let rows = fact_daily_flows::Entity::find()
        .filter(Condition::all().add_option(external))
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::Date.between(from, to))
        .order_by_asc(Column::Date)
        .order_by_asc(Column::TransactionId)
        .order_by_asc(Column::AccountId)
        .all(session)
        .await?;
    rows.into_iter()
        .map(|row| {
            let in_kind = match (row.instrument_id, row.quantity, row.cost_base) {
                (Some(instrument), Some(quantity), Some(cost_base)) => {
                    Some(InKind { instrument: instrument.into(), quantity, cost_base })
                }
                _ => None,
            };
            let flow = Flow {
                transaction: row.transaction_id.into(),
                account: row.account_id.into(),
                counter_account: row.counter_account_id.map(Into::into),
                date: row.date,
                currency: super::currency(&row.currency)?,
                amount: row.amount,
                amount_base: row.amount_base,
                in_kind,
            };
            Ok((row.portfolio_id, flow))
        })
        .collect()
}

//! Lots and their disposals as they were computed from the whole ledger.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::ledger::{Lot, LotMatch};
use entity::tenant::{lot, lot_match};
use sea_orm::sea_query::Value;
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use super::Page;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// Where a lot or a disposal stands in its list: its day, then what tells it apart on that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The day the lot was opened on, or the day of the disposal.
    pub date: NaiveDate,
    /// The transaction that opened the lot, or that disposed.
    pub transaction: Uuid,
    /// The account.
    pub account: Uuid,
    /// The instrument.
    pub instrument: Uuid,
    /// Which of that transaction's in the holding.
    pub ordinal: u32,
}

impl Place {
    /// The place of a lot.
    pub fn of_lot(lot: &Lot) -> Self {
        Self {
            date: lot.opened_on,
            transaction: lot.opened_by.uuid(),
            account: lot.account.uuid(),
            instrument: lot.instrument.uuid(),
            ordinal: lot.ordinal,
        }
    }

    /// The place of a disposal.
    pub fn of_match(part: &LotMatch) -> Self {
        Self {
            date: part.closed_on,
            transaction: part.sale.uuid(),
            account: part.account.uuid(),
            instrument: part.instrument.uuid(),
            ordinal: part.ordinal,
        }
    }
}

/// Which lots are wanted; what is `None` does not restrict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LotFilter {
    /// Only of this instrument.
    pub instrument: Option<Uuid>,
    /// Only of this account.
    pub account: Option<Uuid>,
    /// Only those of which something is left.
    pub open_only: bool,
}

impl LotFilter {
    /// Whether a lot is wanted.
    pub fn takes(&self, lot: &Lot) -> bool {
        self.instrument.is_none_or(|id| id == lot.instrument.uuid())
            && self.account.is_none_or(|id| id == lot.account.uuid())
            && !(self.open_only && lot.closed_on.is_some())
    }
}

/// Which disposals are wanted; what is `None` does not restrict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MatchFilter {
    /// From this day on, inclusive.
    pub from: Option<NaiveDate>,
    /// Until this day, inclusive.
    pub to: Option<NaiveDate>,
    /// Only of this instrument.
    pub instrument: Option<Uuid>,
    /// Only in this account.
    pub account: Option<Uuid>,
}

impl MatchFilter {
    /// Whether a disposal is wanted.
    pub fn takes(&self, part: &LotMatch) -> bool {
        self.from.is_none_or(|day| part.closed_on >= day)
            && self.to.is_none_or(|day| part.closed_on <= day)
            && self.instrument.is_none_or(|id| id == part.instrument.uuid())
            && self.account.is_none_or(|id| id == part.account.uuid())
    }

    fn condition(&self, portfolios: &[Uuid]) -> Condition {
        use lot_match::Column;
        Condition::all()
            .add(Column::PortfolioId.is_in(portfolios.iter().copied()))
            .add_option(self.from.map(|day| Column::ClosedOn.gte(day)))
            .add_option(self.to.map(|day| Column::ClosedOn.lte(day)))
            .add_option(self.instrument.map(|id| Column::InstrumentId.eq(id)))
            .add_option(self.account.map(|id| Column::AccountId.eq(id)))
    }
}

// A page of each portfolio in one statement: a list of portfolios asks as often as one does.
const LOT_PAGES: &str = "\
    SELECT page.* FROM unnest(string_to_array($1, ',')) AS wanted (id) CROSS JOIN LATERAL ( \
    SELECT * FROM lot WHERE portfolio_id = wanted.id::uuid \
    AND ($2::uuid IS NULL OR instrument_id = $2) AND ($3::uuid IS NULL OR account_id = $3) \
    AND (NOT $4::boolean OR closed_on IS NULL) \
    AND ($5::date IS NULL OR (opened_on, transaction_id, account_id, instrument_id, ordinal) \
    > ($5, $6::uuid, $7::uuid, $8::uuid, $9::integer)) \
    ORDER BY opened_on, transaction_id, account_id, instrument_id, ordinal LIMIT $10::bigint) page \
    ORDER BY opened_on, transaction_id, account_id, instrument_id, ordinal";
const MATCH_PAGES: &str = "\
    SELECT page.* FROM unnest(string_to_array($1, ',')) AS wanted (id) CROSS JOIN LATERAL ( \
    SELECT * FROM lot_match WHERE portfolio_id = wanted.id::uuid \
    AND ($2::uuid IS NULL OR instrument_id = $2) AND ($3::uuid IS NULL OR account_id = $3) \
    AND ($4::date IS NULL OR closed_on >= $4) AND ($5::date IS NULL OR closed_on <= $5) \
    AND ($6::date IS NULL OR (closed_on, sale_transaction_id, account_id, instrument_id, ordinal) \
    > ($6, $7::uuid, $8::uuid, $9::uuid, $10::integer)) \
    ORDER BY closed_on, sale_transaction_id, account_id, instrument_id, ordinal LIMIT $11::bigint) page \
    ORDER BY closed_on, sale_transaction_id, account_id, instrument_id, ordinal";

/// A page of the lots of each portfolio, the oldest first.
pub async fn lot_pages(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    filter: &LotFilter,
    page: Page<Place>,
) -> Result<HashMap<Uuid, Vec<Lot>>, DatabaseError> {
    let mut values: Vec<Value> =
        vec![list(portfolios), filter.instrument.into(), filter.account.into(), filter.open_only.into()];
    values.extend(after(page.after));
    values.push(page.limit.into());
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, LOT_PAGES, values);
    by_portfolio(lot::Model::find_by_statement(statement).all(session).await?.into_iter().map(read_lot))
}

/// A page of the disposals of each portfolio, the earliest first.
pub async fn match_pages(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    filter: &MatchFilter,
    page: Page<Place>,
) -> Result<HashMap<Uuid, Vec<LotMatch>>, DatabaseError> {
    let mut values: Vec<Value> =
        vec![list(portfolios), filter.instrument.into(), filter.account.into(), filter.from.into(), filter.to.into()];
    values.extend(after(page.after));
    values.push(page.limit.into());
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, MATCH_PAGES, values);
    by_portfolio(lot_match::Model::find_by_statement(statement).all(session).await?.into_iter().map(read_match))
}

fn list(ids: &[Uuid]) -> Value {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",").into()
}

fn after(place: Option<Place>) -> [Value; 5] {
    [
        place.map(|place| place.date).into(),
        place.map(|place| place.transaction).into(),
        place.map(|place| place.account).into(),
        place.map(|place| place.instrument).into(),
        place.map(|place| i32::try_from(place.ordinal).unwrap_or(i32::MAX)).into(),
    ]
}

/// How many lots of each portfolio a filter leaves.
pub async fn lot_counts(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    filter: &LotFilter,
) -> Result<HashMap<Uuid, u64>, DatabaseError> {
    use lot::Column;
    let rows: Vec<(Uuid, i64)> = lot::Entity::find()
        .select_only()
        .column(Column::PortfolioId)
        .column_as(Column::TransactionId.count(), "count")
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(
            Condition::all()
                .add_option(filter.instrument.map(|id| Column::InstrumentId.eq(id)))
                .add_option(filter.account.map(|id| Column::AccountId.eq(id)))
                .add_option(filter.open_only.then(|| Column::ClosedOn.is_null())),
        )
        .group_by(Column::PortfolioId)
        .into_tuple()
        .all(session)
        .await?;
    Ok(rows.into_iter().map(|(portfolio, count)| (portfolio, count.unsigned_abs())).collect())
}

/// How many disposals of each portfolio a filter leaves.
pub async fn match_counts(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    filter: &MatchFilter,
) -> Result<HashMap<Uuid, u64>, DatabaseError> {
    let rows: Vec<(Uuid, i64)> = lot_match::Entity::find()
        .select_only()
        .column(lot_match::Column::PortfolioId)
        .column_as(lot_match::Column::SaleTransactionId.count(), "count")
        .filter(filter.condition(portfolios))
        .group_by(lot_match::Column::PortfolioId)
        .into_tuple()
        .all(session)
        .await?;
    Ok(rows.into_iter().map(|(portfolio, count)| (portfolio, count.unsigned_abs())).collect())
}

/// All disposals of each portfolio that a filter leaves, the earliest first.
pub async fn matches(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    filter: &MatchFilter,
) -> Result<HashMap<Uuid, Vec<LotMatch>>, DatabaseError> {
    by_portfolio(ordered(session, filter.condition(portfolios)).await?.into_iter())
}

/// The disposals by these transactions, the earliest first.
pub async fn matches_of_sales(session: &Session<Tenant>, sales: &[Uuid]) -> Result<Vec<LotMatch>, DatabaseError> {
    let of_sales = Condition::all().add(lot_match::Column::SaleTransactionId.is_in(sales.iter().copied()));
    ordered(session, of_sales).await?.into_iter().map(|row| row.map(|(_, part)| part)).collect()
}

/// The disposals of what these transactions opened, the earliest first.
pub async fn matches_of_lots(session: &Session<Tenant>, opened_by: &[Uuid]) -> Result<Vec<LotMatch>, DatabaseError> {
    let of_lots = Condition::all().add(lot_match::Column::LotTransactionId.is_in(opened_by.iter().copied()));
    ordered(session, of_lots).await?.into_iter().map(|row| row.map(|(_, part)| part)).collect()
}

/// The lots that these transactions opened, the oldest first.
pub async fn lots_opened_by(session: &Session<Tenant>, transactions: &[Uuid]) -> Result<Vec<Lot>, DatabaseError> {
    let rows = lot::Entity::find()
        .filter(lot::Column::TransactionId.is_in(transactions.iter().copied()))
        .order_by_asc(lot::Column::TransactionId)
        .order_by_asc(lot::Column::AccountId)
        .order_by_asc(lot::Column::InstrumentId)
        .order_by_asc(lot::Column::Ordinal)
        .all(session)
        .await?;
    rows.into_iter().map(|row| read_lot(row).map(|(_, lot)| lot)).collect()
}

/// The instruments of which each portfolio has open lots.
pub async fn open_instruments(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
) -> Result<Vec<(Uuid, Uuid)>, DatabaseError> {
    use lot::Column;
    Ok(lot::Entity::find()
        .select_only()
        .columns([Column::PortfolioId, Column::InstrumentId])
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::ClosedOn.is_null())
        .group_by(Column::PortfolioId)
        .group_by(Column::InstrumentId)
        .into_tuple()
        .all(session)
        .await?)
}

type Owned<T> = Result<(Uuid, T), DatabaseError>;

async fn ordered(session: &Session<Tenant>, condition: Condition) -> Result<Vec<Owned<LotMatch>>, DatabaseError> {
    use lot_match::Column;
    let rows = lot_match::Entity::find()
        .filter(condition)
        .order_by_asc(Column::ClosedOn)
        .order_by_asc(Column::SaleTransactionId)
        .order_by_asc(Column::AccountId)
        .order_by_asc(Column::InstrumentId)
        .order_by_asc(Column::Ordinal)
        .all(session)
        .await?;
    Ok(rows.into_iter().map(read_match).collect())
}

fn by_portfolio<T>(rows: impl Iterator<Item = Owned<T>>) -> Result<HashMap<Uuid, Vec<T>>, DatabaseError> {
    let mut groups: HashMap<Uuid, Vec<T>> = HashMap::new();
    for row in rows {
        let (portfolio, value) = row?;
        groups.entry(portfolio).or_default().push(value);
    }
    Ok(groups)
}

fn ordinal(stored: i32) -> Result<u32, DatabaseError> {
    u32::try_from(stored).map_err(|_| DatabaseError::Corrupt(format!("{stored} is no ordinal of a lot")))
}

fn read_lot(row: lot::Model) -> Owned<Lot> {
    let lot = Lot {
        opened_by: row.transaction_id.into(),
        account: row.account_id.into(),
        instrument: row.instrument_id.into(),
        ordinal: ordinal(row.ordinal)?,
        opened_on: row.opened_on,
        closed_on: row.closed_on,
        quantity_opened: row.quantity_opened,
        quantity_remaining: row.quantity_remaining,
        cost_local: row.cost_local,
        cost_base: row.cost_base,
    };
    Ok((row.portfolio_id, lot))
}

fn read_match(row: lot_match::Model) -> Owned<LotMatch> {
    let part = LotMatch {
        sale: row.sale_transaction_id.into(),
        ordinal: ordinal(row.ordinal)?,
        lot: row.lot_transaction_id.map(Into::into),
        lot_account: row.lot_account_id.unwrap_or(row.account_id).into(),
        lot_ordinal: ordinal(row.lot_ordinal.unwrap_or_default())?,
        account: row.account_id.into(),
        instrument: row.instrument_id.into(),
        opened_on: row.opened_on,
        closed_on: row.closed_on,
        quantity: row.quantity,
        cost_local: row.cost_local,
        cost_base: row.cost_base,
        proceeds_local: row.proceeds_local,
        proceeds_base: row.proceeds_base,
    };
    Ok((row.portfolio_id, part))
}

//! Portfolios. Every read and lock takes a [`Visible`], which only the access rules make: a query cannot forget to ask.

use chrono::{DateTime, Utc};
use domain::money::Currency;
use entity::tenant::{portfolio, portfolio_share};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::Page;
use super::bookkeeping::{Bookkeeping, code_of};
use super::portfolio_share::Level;
use crate::tenancy::{DatabaseError, Read, Session, Tenant};

/// A portfolio as stored.
#[derive(Clone, Debug)]
pub struct Portfolio {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// Who advises on it.
    pub advisor_id: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// What it is for, in its people's words.
    pub description: String,
    /// The currency it is kept in.
    pub base_currency: Currency,
    /// What it decides about its books.
    pub bookkeeping: Bookkeeping,
    /// Grows with each change of the record or of its ledger.
    pub version: i64,
    /// The number that the latest transaction was given.
    pub last_sequence: i64,
    /// Since when it exists.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl TryFrom<portfolio::Model> for Portfolio {
    type Error = DatabaseError;

    fn try_from(row: portfolio::Model) -> Result<Self, DatabaseError> {
        let bookkeeping = Bookkeeping::try_from(&row)?;
        Ok(Self {
            id: row.id,
            owner_id: row.owner_id,
            advisor_id: row.advisor_id,
            name: row.name,
            description: row.description,
            base_currency: super::currency(&row.base_currency)?,
            bookkeeping,
            version: row.version,
            last_sequence: row.last_sequence,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Which portfolios an actor may reach. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// All of the tenant.
    pub all: bool,
    /// Those this person owns.
    pub owned_by: Option<Uuid>,
    /// Those this person advises on.
    pub advised_by: Option<Uuid>,
    /// Those that are shared with this person.
    pub shared_with: Option<Uuid>,
    /// Of these only those that are shared to be changed.
    pub to_edit: bool,
}

impl Visible {
    fn condition(self) -> Condition {
        if self.all {
            return Condition::all();
        }
        // An empty `any` would be true for every row: an owner nobody has keeps it false.
        let owner = portfolio::Column::OwnerId.eq(self.owned_by.unwrap_or(Uuid::nil()));
        let advisor = self.advised_by.map(|person| portfolio::Column::AdvisorId.eq(person));
        let shared = self.shared_with.map(|person| {
            let mut shares = portfolio_share::Entity::find()
                .select_only()
                .column(portfolio_share::Column::PortfolioId)
                .filter(portfolio_share::Column::UserId.eq(person));
            if self.to_edit {
                shares = shares.filter(portfolio_share::Column::Level.eq(Level::Edit.code()));
            }
            portfolio::Column::Id.in_subquery(shares.into_query())
        });
        Condition::any().add(owner).add_option(advisor).add_option(shared)
    }
}

/// Adds a portfolio.
pub async fn insert(session: &Session<Tenant>, portfolio: &Portfolio) -> Result<(), DatabaseError> {
    let row = portfolio::ActiveModel {
        id: Set(portfolio.id),
        owner_id: Set(portfolio.owner_id),
        advisor_id: Set(portfolio.advisor_id),
        name: Set(portfolio.name.clone()),
        description: Set(portfolio.description.clone()),
        base_currency: Set(portfolio.base_currency.to_string()),
        lot_method: Set(code_of(portfolio.bookkeeping.method).to_owned()),
        lot_scope: Set(code_of(portfolio.bookkeeping.scope).to_owned()),
        trade_charges: Set(code_of(portfolio.bookkeeping.charges).to_owned()),
        oversell: Set(code_of(portfolio.bookkeeping.oversell).to_owned()),
        quantity_dust: Set(portfolio.bookkeeping.dust),
        version: Set(portfolio.version),
        last_sequence: Set(portfolio.last_sequence),
        created_at: Set(portfolio.created_at),
        updated_at: Set(portfolio.updated_at),
    };
    portfolio::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// Portfolios in the order of their making.
pub async fn page(
    session: &Session<Tenant>,
    visible: Visible,
    page: Page<Uuid>,
) -> Result<Vec<Portfolio>, DatabaseError> {
    let mut query =
        portfolio::Entity::find().filter(visible.condition()).order_by_asc(portfolio::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(portfolio::Column::Id.gt(after));
    }
    let rows = query.all(session).await?;
    session.note_read(Read::Portfolio, rows.iter().map(|row| row.id));
    rows.into_iter().map(Portfolio::try_from).collect()
}

/// How many portfolios can be seen.
pub async fn count(session: &Session<Tenant>, visible: Visible) -> Result<u64, DatabaseError> {
    Ok(portfolio::Entity::find().filter(visible.condition()).count(session).await?)
}

/// Those of these portfolios that can be seen, in no order.
pub async fn by_ids(
    session: &Session<Tenant>,
    visible: Visible,
    ids: &[Uuid],
) -> Result<Vec<Portfolio>, DatabaseError> {
    let rows = portfolio::Entity::find()
        .filter(visible.condition())
        .filter(portfolio::Column::Id.is_in(ids.iter().copied()))
        .all(session)
        .await?;
    session.note_read(Read::Portfolio, rows.iter().map(|row| row.id));
    rows.into_iter().map(Portfolio::try_from).collect()
}

/// The portfolio, locked until the transaction ends: whoever writes to its ledger comes through here.
pub async fn lock(session: &Session<Tenant>, visible: Visible, id: Uuid) -> Result<Option<Portfolio>, DatabaseError> {
    portfolio::Entity::find_by_id(id)
        .filter(visible.condition())
        .lock_exclusive()
        .one(session)
        .await?
        .map(Portfolio::try_from)
        .transpose()
}

/// Stores what can change of a portfolio.
pub async fn update(session: &Session<Tenant>, portfolio: &Portfolio) -> Result<(), DatabaseError> {
    let row = portfolio::ActiveModel {
        id: Set(portfolio.id),
        advisor_id: Set(portfolio.advisor_id),
        name: Set(portfolio.name.clone()),
        description: Set(portfolio.description.clone()),
        lot_method: Set(code_of(portfolio.bookkeeping.method).to_owned()),
        lot_scope: Set(code_of(portfolio.bookkeeping.scope).to_owned()),
        trade_charges: Set(code_of(portfolio.bookkeeping.charges).to_owned()),
        oversell: Set(code_of(portfolio.bookkeeping.oversell).to_owned()),
        quantity_dust: Set(portfolio.bookkeeping.dust),
        version: Set(portfolio.version),
        last_sequence: Set(portfolio.last_sequence),
        updated_at: Set(portfolio.updated_at),
        ..Default::default()
    };
    row.update(session).await?;
    Ok(())
}

//! What a portfolio decides about its books, and the codes that stand for it in the database.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::ledger::{LotMethod, LotScope, Oversell, TradeCharges};
use entity::tenant::{bookkeeping_revision, portfolio};
use rust_decimal::Decimal;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// What a portfolio decides about its books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bookkeeping {
    /// The lot method of accounts that have none of their own.
    pub method: LotMethod,
    /// Which lots stand in one queue.
    pub scope: LotScope,
    /// Where the fees and taxes of a trade are counted.
    pub charges: TradeCharges,
    /// What a sale of more than is held means.
    pub oversell: Oversell,
    /// A rest of at most so many units is none.
    pub dust: Decimal,
}

impl Default for Bookkeeping {
    fn default() -> Self {
        Self {
            method: LotMethod::Fifo,
            scope: LotScope::Account,
            charges: TradeCharges::InCost,
            oversell: Oversell::Refuse,
            dust: Decimal::ZERO,
        }
    }
}

/// A setting that is stored as a code.
pub trait Coded: Copy + PartialEq + Sized + 'static {
    /// Every value with its code.
    const CODES: &'static [(Self, &'static str)];
}

impl Coded for LotMethod {
    const CODES: &'static [(Self, &'static str)] = &[
        (Self::Fifo, "FIFO"),
        (Self::Lifo, "LIFO"),
        (Self::Hifo, "HIFO"),
        (Self::Lofo, "LOFO"),
        (Self::Average, "AVERAGE"),
        (Self::Specific, "SPECIFIC"),
    ];
}

impl Coded for LotScope {
    const CODES: &'static [(Self, &'static str)] = &[(Self::Account, "ACCOUNT"), (Self::Portfolio, "PORTFOLIO")];
}

impl Coded for TradeCharges {
    const CODES: &'static [(Self, &'static str)] = &[(Self::InCost, "IN_COST"), (Self::Expensed, "EXPENSED")];
}

impl Coded for Oversell {
    const CODES: &'static [(Self, &'static str)] =
        &[(Self::Refuse, "REFUSE"), (Self::GoShort, "GO_SHORT"), (Self::TakeHeld, "TAKE_HELD")];
}

/// The code of a setting.
pub fn code_of<T: Coded>(value: T) -> &'static str {
    T::CODES.iter().find(|(known, _)| *known == value).map_or("", |(_, code)| code)
}

fn read<T: Coded>(code: &str) -> Result<T, DatabaseError> {
    let found = T::CODES.iter().find(|(_, known)| *known == code).map(|(value, _)| *value);
    found.ok_or_else(|| DatabaseError::Corrupt(format!("{code} is no setting of a portfolio's books")))
}

/// The lot method of a code.
pub(super) fn method(code: &str) -> Result<LotMethod, DatabaseError> {
    read(code)
}

impl TryFrom<&portfolio::Model> for Bookkeeping {
    type Error = DatabaseError;

    fn try_from(row: &portfolio::Model) -> Result<Self, DatabaseError> {
        Ok(Self {
            method: read(&row.lot_method)?,
            scope: read(&row.lot_scope)?,
            charges: read(&row.trade_charges)?,
            oversell: read(&row.oversell)?,
            dust: row.quantity_dust,
        })
    }
}

/// What a portfolio had decided about its books at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The portfolio's decisions.
    pub bookkeeping: Bookkeeping,
    /// The lot methods of accounts that had one of their own.
    pub account_methods: BTreeMap<Uuid, LotMethod>,
}

/// Notes what a portfolio decides from now on.
pub async fn append(
    session: &Session<Tenant>,
    id: Uuid,
    portfolio: Uuid,
    revision: &Revision,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let Bookkeeping { method, scope, charges, oversell, dust } = revision.bookkeeping;
    let methods =
        revision.account_methods.iter().map(|(account, method)| (account.to_string(), code_of(*method).into()));
    let row = bookkeeping_revision::ActiveModel {
        id: Set(id),
        portfolio_id: Set(portfolio),
        lot_method: Set(code_of(method).to_owned()),
        lot_scope: Set(code_of(scope).to_owned()),
        trade_charges: Set(code_of(charges).to_owned()),
        oversell: Set(code_of(oversell).to_owned()),
        quantity_dust: Set(dust),
        account_methods: Set(serde_json::Value::Object(methods.collect())),
        recorded_at: Set(now),
    };
    bookkeeping_revision::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// What each portfolio had decided at a time; one that was not there yet is left out.
pub async fn known_at(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    known_at: DateTime<Utc>,
) -> Result<HashMap<Uuid, Revision>, DatabaseError> {
    use bookkeeping_revision::Column;
    let rows = bookkeeping_revision::Entity::find()
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::RecordedAt.lte(known_at))
        .order_by_asc(Column::RecordedAt)
        .order_by_asc(Column::Id)
        .all(session)
        .await?;
    // The latest of each is kept.
    rows.into_iter().map(|row| Ok((row.portfolio_id, revision(&row)?))).collect()
}

fn revision(row: &bookkeeping_revision::Model) -> Result<Revision, DatabaseError> {
    let bookkeeping = Bookkeeping {
        method: read(&row.lot_method)?,
        scope: read(&row.lot_scope)?,
        charges: read(&row.trade_charges)?,
        oversell: read(&row.oversell)?,
        dust: row.quantity_dust,
    };
    let corrupt = || DatabaseError::Corrupt(format!("the lot methods of {} are no object of codes", row.id));
    let methods = row.account_methods.as_object().ok_or_else(corrupt)?;
    let account_methods = methods.iter().map(|(account, code)| {
        let account: Uuid = account.parse().map_err(|_| corrupt())?;
        Ok((account, read(code.as_str().ok_or_else(corrupt)?)?))
    });
    Ok(Revision { bookkeeping, account_methods: account_methods.collect::<Result<_, DatabaseError>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_back<T: Coded + std::fmt::Debug>() {
        for (value, code) in T::CODES {
            assert_eq!(code_of(*value), *code);
            assert_eq!(read::<T>(code).expect("a setting"), *value);
        }
        assert!(read::<T>("OTHER").is_err());
    }

    #[test]
    fn every_code_reads_back_as_its_setting() {
        reads_back::<LotMethod>();
        reads_back::<LotScope>();
        reads_back::<TradeCharges>();
        reads_back::<Oversell>();
    }
}

//! What a portfolio decides about its books, and the codes that stand for it in the database.

use domain::ledger::{LotMethod, LotScope, Oversell, TradeCharges};
use entity::tenant::portfolio;
use rust_decimal::Decimal;

use crate::tenancy::DatabaseError;

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

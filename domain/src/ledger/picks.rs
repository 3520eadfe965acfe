//! The lots that a holder chose, found among those that are open.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::pool::Pool;
use super::{LedgerError, LotMethod, LotPick, Transaction};
use crate::money::{add, sub};

/// Which lots an entry takes `wanted` units from; `None` leaves it to the method.
///
/// # Errors
/// Where a pick fits no lot, more is picked than is left, several lots could be meant, or the picks do not sum to `wanted`.
pub(super) fn choose(
    entry: &Transaction,
    pool: &Pool<'_>,
    picks: &[LotPick],
    wanted: Decimal,
) -> Result<Option<Vec<(usize, Decimal)>>, LedgerError> {
    if picks.is_empty() {
        let must_choose = pool.method == LotMethod::Specific && entry.kind.can_choose_lots();
        if must_choose && !wanted.is_zero() && wanted < pool.quantity.abs() {
            let lots = pool.open_lots().len();
            if lots > 1 {
                return Err(ambiguous(entry, pool, wanted, pool.quantity.abs(), lots));
            }
        }
        return Ok(None);
    }
    let overflow = LedgerError::overflow(entry.id);
    let mut chosen: Vec<(usize, Decimal)> = Vec::new();
    let mut picked = Decimal::ZERO;
    for pick in picks {
        let asked = match pick.quantity {
            Some(quantity) => {
                entry.positive_quantity(quantity)?;
                quantity
            }
            None => sub(wanted, picked).map_err(&overflow)?,
        };
        if asked <= Decimal::ZERO {
            continue;
        }
        let used = |at: usize| chosen.iter().filter(|(lot, _)| *lot == at).map(|(_, units)| *units).sum::<Decimal>();
        let fitting: Vec<(usize, Decimal)> = pool
            .open_lots()
            .into_iter()
            .filter(|at| pick.fits(pool, *at))
            .map(|at| (at, pool.lots[at].quantity_remaining.abs() - used(at)))
            .collect();
        if fitting.is_empty() {
            return Err(no_match(entry, pool, pick, asked));
        }
        let available: Decimal = fitting.iter().map(|(_, units)| *units).sum();
        if asked > available {
            return Err(used_up(entry, pool, pick, asked, available));
        }
        let unused: Vec<_> = fitting.into_iter().filter(|(_, units)| !units.is_zero()).collect();
        if pick.lot.is_none() && unused.len() > 1 && asked < available {
            return Err(ambiguous(entry, pool, asked, available, unused.len()));
        }
        let mut left = asked;
        for (at, units) in unused {
            let part = left.min(units);
            if part > Decimal::ZERO {
                chosen.push((at, part));
                left -= part;
            }
        }
        picked = add(picked, asked).map_err(&overflow)?;
    }
    if picked != wanted {
        return Err(LedgerError::PicksDiffer {
            transaction: entry.id,
            name: pool.terms.name().to_owned(),
            date: entry.trade_date,
            requested: wanted,
            picked,
        });
    }
    Ok(Some(chosen))
}

/// A lot that was there once and is used up is another mistake than one that never was.
fn no_match(entry: &Transaction, pool: &Pool<'_>, pick: &LotPick, asked: Decimal) -> LedgerError {
    let mut opened = pool.lots.iter().filter(|other| pick.lot == Some(other.opened_by)).peekable();
    let used = opened.peek().is_some() && opened.all(|lot| lot.closed_on.is_some());
    if used {
        return used_up(entry, pool, pick, asked, Decimal::ZERO);
    }
    LedgerError::NoMatchingLot {
        transaction: entry.id,
        name: pool.terms.name().to_owned(),
        date: entry.trade_date,
        pick: pick.words(),
    }
}

fn used_up(
    entry: &Transaction,
    pool: &Pool<'_>,
    pick: &LotPick,
    requested: Decimal,
    available: Decimal,
) -> LedgerError {
    LedgerError::LotUsed {
        transaction: entry.id,
        name: pool.terms.name().to_owned(),
        date: entry.trade_date,
        pick: pick.words(),
        requested,
        available,
    }
}

fn ambiguous(entry: &Transaction, pool: &Pool<'_>, requested: Decimal, available: Decimal, lots: usize) -> LedgerError {
    LedgerError::AmbiguousLots {
        transaction: entry.id,
        name: pool.terms.name().to_owned(),
        date: entry.trade_date,
        requested,
        available,
        lots,
    }
}

impl LotPick {
    fn fits(&self, pool: &Pool<'_>, at: usize) -> bool {
        let lot = &pool.lots[at];
        self.lot.is_none_or(|id| id == lot.opened_by)
            && self.opened_on.is_none_or(|date| date == lot.opened_on)
            // A cost is known to as many decimals as the holder gives it with.
            && self.unit_cost.is_none_or(|cost| cost == lot.unit_cost().round_dp(cost.scale()))
    }

    /// What is picked, as messages say it.
    fn words(&self) -> String {
        let mut words = String::from("a lot");
        // Writing to a String cannot fail.
        if let Some(lot) = self.lot {
            let _ = write!(words, " opened by {lot}");
        }
        if let Some(date) = self.opened_on {
            let _ = write!(words, " opened on {date}");
        }
        if let Some(cost) = self.unit_cost {
            let _ = write!(words, " at {cost} a unit");
        }
        words
    }
}

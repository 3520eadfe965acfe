//! The lots that a holder chose, found among those that are open.

use std::fmt::Write;

use rust_decimal::Decimal;

use super::fixed::Units;
use super::pool::Pool;
use super::{LedgerError, LotMethod, LotPick, Transaction};

/// Which lots an entry takes `wanted` units from; `None` leaves it to the method.
///
/// # Errors
/// Where a pick fits no lot, more is picked than is left, several lots could be meant, or the picks do not sum to `wanted`.
pub(super) fn choose(
    entry: &Transaction,
    pool: &Pool<'_>,
    picks: &[LotPick],
    wanted: Units,
) -> Result<Option<Vec<(usize, Units)>>, LedgerError> {
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
    let mut chosen: Vec<(usize, Units)> = Vec::new();
    let mut picked = Units::ZERO;
    for pick in picks {
        let asked = match pick.quantity {
            Some(quantity) => {
                entry.positive_quantity(quantity)?;
                pool.counted(quantity).map_err(&overflow)?
            }
            None => wanted.minus(picked).map_err(&overflow)?,
        };
        if !asked.is_positive() {
            continue;
        }
        let mut unused: Vec<(usize, Units)> = Vec::new();
        let mut fits = false;
        for at in pool.open_lots().into_iter().filter(|at| pick.fits(pool, *at)) {
            fits = true;
            let used = chosen.iter().filter(|(lot, _)| *lot == at);
            let left = used.copied().try_fold(pool.lots[at].remaining.abs(), |left, (_, units)| left.minus(units));
            let left = left.map_err(&overflow)?;
            if !left.is_zero() {
                unused.push((at, left));
            }
        }
        if !fits {
            return Err(no_match(entry, pool, pick, pool.said(asked)));
        }
        let available = unused.iter().try_fold(Units::ZERO, |sum, (_, units)| sum.plus(*units)).map_err(&overflow)?;
        if asked > available {
            return Err(used_up(entry, pool, pick, pool.said(asked), pool.said(available)));
        }
        if pick.lot.is_none() && unused.len() > 1 && asked < available {
            return Err(ambiguous(entry, pool, asked, available, unused.len()));
        }
        let mut left = asked;
        for (at, units) in unused {
            let part = left.min(units);
            if part.is_positive() {
                chosen.push((at, part));
                left = left.minus(part).map_err(&overflow)?;
            }
        }
        picked = picked.plus(asked).map_err(&overflow)?;
    }
    if picked != wanted {
        return Err(LedgerError::PicksDiffer {
            transaction: entry.id,
            name: pool.terms.name().to_owned(),
            date: entry.trade_date,
            requested: pool.said(wanted),
            picked: pool.said(picked),
        });
    }
    Ok(Some(chosen))
}

/// A lot that was there once and is used up is another mistake than one that never was.
pub(super) fn no_match(entry: &Transaction, pool: &Pool<'_>, pick: &LotPick, asked: Decimal) -> LedgerError {
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

fn ambiguous(entry: &Transaction, pool: &Pool<'_>, requested: Units, available: Units, lots: usize) -> LedgerError {
    LedgerError::AmbiguousLots {
        transaction: entry.id,
        name: pool.terms.name().to_owned(),
        date: entry.trade_date,
        requested: pool.said(requested),
        available: pool.said(available),
        lots,
    }
}

impl LotPick {
    fn fits(&self, pool: &Pool<'_>, at: usize) -> bool {
        let lot = &pool.lots[at];
        self.lot.is_none_or(|id| id == lot.opened_by)
            && self.opened_on.is_none_or(|date| date == lot.opened_on)
            // A cost is known to as many decimals as the holder gives it with.
            && self.unit_cost.is_none_or(|cost| cost == pool.unit_cost(at).round_dp(cost.scale()))
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

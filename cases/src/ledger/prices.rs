//! The case's prices as the product reads them, and the last trade's where a case lets it stand in.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::id::InstrumentId;
use domain::ledger::{Instruments, MarketSplit, Transaction, TransactionKind};
use domain::money::{ArithmeticError, div, mul_div};
use domain::pricing::{FxRates, Series};
use rust_decimal::Decimal;

use super::inputs::Price;
use super::names::{Names, currency};
use crate::problem::Problem;

type Days = BTreeMap<NaiveDate, Decimal>;

/// Quoted prices by instrument, in its own currency.
pub(super) fn quoted(
    rows: &[Price],
    symbols: &Names,
    instruments: &Instruments,
    fx: &FxRates,
) -> Result<BTreeMap<InstrumentId, Days>, Problem> {
    let mut prices: BTreeMap<InstrumentId, Days> = BTreeMap::new();
    for row in rows {
        // A price of what nobody trades is nobody's.
        let Some(instrument) = symbols.known(&row.symbol).map(InstrumentId::from) else { continue };
        let Some(terms) = instruments.get(&instrument) else { continue };
        let price = match &row.currency {
            Some(code) => fx.convert(row.price.0, currency(code)?, terms.currency(), row.date)?,
            None => row.price.0,
        };
        prices.entry(instrument).or_default().insert(row.date, price);
    }
    Ok(prices)
}

/// Adds the price of each trade before the first quote, restated by later splits as a quote would be.
pub(super) fn fall_back(
    prices: &mut BTreeMap<InstrumentId, Days>,
    entries: &[Transaction],
    splits: &[MarketSplit],
    instruments: &Instruments,
) -> Result<(), ArithmeticError> {
    let mut traded: BTreeMap<InstrumentId, Days> = BTreeMap::new();
    for entry in entries {
        let Some(trade) = entry.kind.trade() else { continue };
        let Some(terms) = instruments.get(&trade.instrument) else { continue };
        let price = match (trade.price(), trade.total()) {
            (Some(price), _) => price,
            (None, Some(total)) => {
                let charges = trade.fee + trade.tax;
                let gross =
                    if matches!(entry.kind, TransactionKind::Sell(_)) { total + charges } else { total - charges };
                div(div(gross, trade.quantity)?, terms.multiplier())?
            }
            (None, None) => continue,
        };
        if trade.currency == terms.currency() && !price.is_zero() {
            traded.entry(trade.instrument).or_default().insert(entry.trade_date, price);
        }
    }
    for (instrument, mut days) in traded {
        restate(&mut days, instrument, entries, splits)?;
        let quotes = prices.entry(instrument).or_default();
        let first = quotes.keys().next().copied();
        quotes.extend(days.into_iter().filter(|(day, _)| first.is_none_or(|first| *day < first)));
    }
    Ok(())
}

/// Adds a price on each day of a split: the one before it for fewer or more units.
fn restate(
    days: &mut Days,
    instrument: InstrumentId,
    entries: &[Transaction],
    splits: &[MarketSplit],
) -> Result<(), ArithmeticError> {
    let own = entries.iter().filter_map(|entry| match entry.kind {
        TransactionKind::Split { instrument: split, numerator, denominator } if split == instrument => {
            Some((entry.trade_date, (numerator, denominator)))
        }
        _ => None,
    });
    let market = splits.iter().filter(|split| split.instrument == instrument);
    let market = market.map(|split| (split.ex_date, (split.numerator, split.denominator)));
    let all: BTreeMap<_, _> = own.chain(market).collect();
    for (day, (numerator, denominator)) in all {
        if let Some((_, &price)) = days.range(..day).next_back()
            && !days.contains_key(&day)
        {
            days.insert(day, mul_div(price, denominator, numerator)?);
        }
    }
    Ok(())
}

/// The columns that valuations read.
pub(super) fn series(prices: BTreeMap<InstrumentId, Days>) -> Result<BTreeMap<InstrumentId, Series>, Problem> {
    let series = |(instrument, days): (InstrumentId, Days)| {
        let series = Series::new(days.keys().copied().collect(), days.values().copied().collect());
        Ok((instrument, series.map_err(|error| Problem::Input(error.to_string()))?))
    };
    prices.into_iter().map(series).collect()
}

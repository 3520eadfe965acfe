//! The case's rates as the product reads them: each currency against the base, over as few quotes as lead there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::NaiveDate;
use domain::money::{Currency, div, mul};
use domain::pricing::{FxRates, MaxAge, Series};
use rust_decimal::Decimal;

use super::inputs::FxRow;
use super::names::currency;
use crate::problem::Problem;

/// The quotes that are known on a day: the last of each pair with its day.
type Quotes = BTreeMap<(Currency, Currency), (NaiveDate, Decimal)>;

/// Rates against `base` that hold until others replace them. A currency that no chain of quotes leads to has none.
pub(super) fn rates(base: Currency, rows: &[FxRow]) -> Result<FxRates, Problem> {
    let mut by_day: BTreeMap<NaiveDate, Vec<(Currency, Currency, Decimal)>> = BTreeMap::new();
    let mut currencies = BTreeSet::new();
    for row in rows {
        let (from, to, rate) = (currency(&row.from)?, currency(&row.to)?, row.rate.0);
        if rate <= Decimal::ZERO {
            return Err(Problem::Input(format!("1 {from} = {rate} {to} on {} is no rate", row.date)));
        }
        currencies.extend([from, to]);
        by_day.entry(row.date).or_default().push((from, to, rate));
    }
    currencies.remove(&base);
    let mut quotes = Quotes::new();
    let mut columns: BTreeMap<Currency, (Vec<NaiveDate>, Vec<Decimal>)> = BTreeMap::new();
    for (date, rows) in by_day {
        quotes.extend(rows.into_iter().map(|(from, to, rate)| ((from, to), (date, rate))));
        let reached = reach(base, &quotes)?;
        for &currency in &currencies {
            if let Some(&rate) = reached.get(&currency) {
                let (dates, values) = columns.entry(currency).or_default();
                dates.push(date);
                values.push(rate);
            }
        }
    }
    let wrong = |error: &dyn std::fmt::Display| Problem::Input(error.to_string());
    let mut rates = FxRates::around(base, MaxAge::UntilReplaced);
    for (currency, (dates, values)) in columns {
        let series = Series::new(dates, values).map_err(|error| wrong(&error))?;
        rates.insert(currency, series).map_err(|error| wrong(&error))?;
    }
    Ok(rates)
}

/// What one unit of `base` is in each currency that quotes lead to, by the fewest of them.
fn reach(base: Currency, quotes: &Quotes) -> Result<BTreeMap<Currency, Decimal>, Problem> {
    // A rate is kept as a quotient until its end is reached, so that an inverse and its inverse cancel out.
    let mut reached = BTreeMap::from([(base, (Decimal::ONE, Decimal::ONE))]);
    let mut ahead = VecDeque::from([base]);
    while let Some(from) = ahead.pop_front() {
        let Some(&(above, below)) = reached.get(&from) else { continue };
        for &to in neighbours(from, quotes).iter() {
            if reached.contains_key(&to) {
                continue;
            }
            let (direct, inverse) = (quotes.get(&(from, to)), quotes.get(&(to, from)));
            let rate = match (direct, inverse) {
                (Some((day, rate)), Some((other, _))) if day >= other => (mul(above, *rate)?, below),
                (_, Some((_, rate))) => (above, mul(below, *rate)?),
                (Some((_, rate)), None) => (mul(above, *rate)?, below),
                (None, None) => continue,
            };
            reached.insert(to, rate);
            ahead.push_back(to);
        }
    }
    let quotient = |(currency, (above, below))| Ok((currency, div(above, below)?));
    reached.into_iter().map(quotient).collect()
}

fn neighbours(of: Currency, quotes: &Quotes) -> BTreeSet<Currency> {
    let other = |&(from, to): &(Currency, Currency)| match of {
        _ if of == from => Some(to),
        _ if of == to => Some(from),
        _ => None,
    };
    quotes.keys().filter_map(other).collect()
}

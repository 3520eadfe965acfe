//! What the holdings of the end of a range may be expected to pay in the twelve months after it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Months, NaiveDate};
use domain::analytics::{Payment, coupon_days, expected_dividends};
use domain::money;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::{ServiceError, Services};
use super::Book;
use crate::storage::instrument::{Dividend, Instrument, Split};
use crate::tenancy::{Session, Tenant};

/// Income of the twelve months after a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// By month, the first day of each; months without any are left out.
    pub months: Vec<(NaiveDate, Decimal)>,
    /// All of it.
    pub total: Decimal,
    /// What is held and expected to pay in a currency without a rate, by symbol: it is in no amount.
    pub without_rate: Vec<String>,
}

impl Services {
    /// Dividends by the market's own and coupons by the bonds' terms, at the quantities and exchange rates of the end.
    pub async fn analytics_expected_income(
        &self,
        session: &Session<Tenant>,
        book: &Book,
    ) -> Result<Expected, ServiceError> {
        let end = book.range().end;
        let held: BTreeSet<Uuid> = book.ends[1].positions.iter().map(|line| line.instrument.uuid()).collect();
        let view = self.market.view(session).await?;
        let fx = view.fx(session).await?;
        let dividends = view.dividends(session, held.iter().copied()).await?;
        let splits = view.splits(session, held.iter().copied()).await?;
        let mut expected = Expected { months: Vec::new(), total: Decimal::ZERO, without_rate: Vec::new() };
        let mut months: BTreeMap<NaiveDate, Decimal> = BTreeMap::new();
        let mut without_rate = BTreeSet::new();
        for line in &book.ends[1].positions {
            let id = line.instrument.uuid();
            let Some(instrument) = book.instruments.get(&id) else { continue };
            let paid = dividends.get(&id).map_or(&[][..], |paid| paid.as_slice());
            let split = splits.get(&id).map_or(&[][..], |splits| splits.as_slice());
            for (day, amount, currency) in of_unit(instrument, paid, split, end)? {
                let Ok(rate) = fx.rate(currency, book.currency, end) else {
                    without_rate.insert(instrument.symbol.clone());
                    continue;
                };
                let amount = rate.convert(money::mul(line.quantity, amount)?)?;
                let month = months.entry(day.with_day(1).unwrap_or(day)).or_insert(Decimal::ZERO);
                *month = money::add(*month, amount)?;
                expected.total = money::add(expected.total, amount)?;
            }
        }
        expected.months = months.into_iter().collect();
        expected.without_rate = without_rate.into_iter().collect();
        Ok(expected)
    }
}

/// What a unit may be expected to pay, and in which currency.
fn of_unit(
    instrument: &Instrument,
    dividends: &[Dividend],
    splits: &[Split],
    end: NaiveDate,
) -> Result<Vec<(NaiveDate, Decimal, money::Currency)>, ServiceError> {
    let mut expected = Vec::new();
    if let Some(bond) = &instrument.bond
        && let Some(until) = end.checked_add_months(Months::new(12))
    {
        let frequency = u32::try_from(bond.coupon_frequency).unwrap_or(0);
        // The face is what a unit pays back: one where the quantity is the face amount.
        let coupon = money::mul(bond.face, bond.coupon_rate)?;
        for day in coupon_days(bond.maturity, frequency, end, until) {
            expected.push((day, money::div(coupon, Decimal::from(frequency))?, instrument.currency));
        }
    }
    let currencies: BTreeSet<money::Currency> = dividends.iter().map(|dividend| dividend.terms.currency).collect();
    for currency in currencies {
        let mut payments = Vec::new();
        for dividend in dividends.iter().filter(|dividend| dividend.terms.currency == currency) {
            let mut amount = dividend.terms.amount;
            // A dividend of before a split was paid on fewer units.
            for split in splits.iter().filter(|split| split.ex_date > dividend.ex_date && split.ex_date <= end) {
                amount = money::mul_div(amount, split.denominator, split.numerator)?;
            }
            payments.push(Payment { ex_date: dividend.ex_date, amount, is_special: dividend.is_special });
        }
        expected.extend(expected_dividends(&payments, end).into_iter().map(|(day, amount)| (day, amount, currency)));
    }
    Ok(expected)
}

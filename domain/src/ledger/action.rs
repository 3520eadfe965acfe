//! What the market did to an instrument, for every holder alike.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::PositionPeriod;
use crate::id::{AccountId, InstrumentId};
use crate::money::{ArithmeticError, Currency, mul, round_to_minor, sub};

/// A split that the market knows of. It acts on the accounts that hold the instrument, once: an account's own
/// [`Split`](super::TransactionKind::Split) entry of the same instrument and day is the same event and takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketSplit {
    /// What is split.
    pub instrument: InstrumentId,
    /// The one account that it acts on; `None` for every account. Where an account's own entry of another day takes the
    /// split's place, it is given for each of the others.
    pub account: Option<AccountId>,
    /// The first day on which the new units are traded.
    pub ex_date: NaiveDate,
    /// Units after, above zero.
    pub numerator: Decimal,
    /// Units before, above zero.
    pub denominator: Decimal,
}

/// A cash dividend that the market knows of. It books nothing: what an account received of it, and what was withheld, is for
/// its statement to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketDividend {
    /// Gross amount per unit held before the ex-date, above zero.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

/// The part of what is due by which a payment may be off: depositaries round per unit, brokers per lot.
const TOLERATED: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

impl MarketDividend {
    /// What so many units bring, before tax: units × amount per unit, half-even to the currency's minor unit. Below zero where
    /// units are owed.
    ///
    /// # Errors
    /// [`ArithmeticError`] where that is too large.
    pub fn due(&self, units: Decimal) -> Result<Decimal, ArithmeticError> {
        Ok(round_to_minor(mul(units, self.amount)?, self.currency))
    }

    /// Whether a gross payment is another than what is due: in another currency, or off by more than a minor unit and more
    /// than 0.5 % of what is due.
    ///
    /// # Errors
    /// [`ArithmeticError`] where the difference is too large.
    pub fn differs(&self, due: Decimal, paid: Decimal, currency: Currency) -> Result<bool, ArithmeticError> {
        let minor_unit = Decimal::new(1, self.currency.minor_unit());
        let tolerated = mul(due.abs(), TOLERATED)?.max(minor_unit);
        Ok(currency != self.currency || sub(paid, due)?.abs() > tolerated)
    }
}

/// How many units were held, to be asked for many days.
#[derive(Debug)]
pub struct UnitsHeld<'a>(HashMap<(AccountId, InstrumentId), &'a [PositionPeriod]>);

impl<'a> UnitsHeld<'a> {
    /// By the positions of a booking.
    pub fn of(positions: &'a [PositionPeriod]) -> Self {
        let holdings =
            positions.chunk_by(|one, other| (one.account, one.instrument) == (other.account, other.instrument));
        Self(holdings.map(|periods| ((periods[0].account, periods[0].instrument), periods)).collect())
    }

    /// Units that an account held at the end of the day before `day`, below zero where it owed them.
    pub fn before(&self, account: AccountId, instrument: InstrumentId, day: NaiveDate) -> Decimal {
        let periods = self.0.get(&(account, instrument)).copied().unwrap_or_default();
        let begun = periods.partition_point(|period| period.valid_from < day);
        let last = begun.checked_sub(1).and_then(|at| periods.get(at));
        last.filter(|period| period.valid_until.is_none_or(|until| until >= day))
            .map_or(Decimal::ZERO, |period| period.quantity)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_payment_may_be_off_by_a_minor_unit_or_half_a_percent() {
        let usd = Currency::new("USD").unwrap();
        let dividend = MarketDividend { amount: dec!(0.2425), currency: usd };
        // 100 × 0.2425 = 24.25, of which 0.5 % is 0.12125; 7 × 0.2425 = 1.6975, half-even 1.70, of which it is less than a cent.
        for (units, due, taken, differing) in [
            (dec!(100), dec!(24.25), [dec!(24.13), dec!(24.37)], [dec!(24.12), dec!(24.38)]),
            (dec!(7), dec!(1.7), [dec!(1.69), dec!(1.71)], [dec!(1.68), dec!(1.72)]),
            (dec!(0), dec!(0), [dec!(0), dec!(0.01)], [dec!(0.02), dec!(5)]),
        ] {
            assert_eq!(dividend.due(units).unwrap(), due);
            for paid in taken {
                assert!(!dividend.differs(due, paid, usd).unwrap(), "{paid} for {due}");
            }
            for paid in differing {
                assert!(dividend.differs(due, paid, usd).unwrap(), "{paid} for {due}");
            }
        }
        assert!(dividend.differs(dec!(24.25), dec!(24.25), Currency::EUR).unwrap(), "another currency");
    }

    #[test]
    fn units_are_those_of_the_end_of_the_day_before() {
        let (account, instrument) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let period = |from: &str, until: Option<&str>, quantity| PositionPeriod {
            valid_from: day(from),
            valid_until: until.map(day),
            quantity,
            ..PositionPeriod::empty(account, instrument)
        };
        let periods =
            [period("2024-01-02", Some("2024-01-05"), dec!(3)), period("2024-01-05", Some("2024-02-01"), dec!(6))];
        let held = UnitsHeld::of(&periods);
        for (asked, units) in [
            ("2024-01-02", dec!(0)),
            ("2024-01-03", dec!(3)),
            ("2024-01-05", dec!(3)),
            ("2024-01-06", dec!(6)),
            ("2024-02-01", dec!(6)),
            ("2024-02-02", dec!(0)),
        ] {
            assert_eq!(held.before(account, instrument, day(asked)), units, "{asked}");
        }
        assert_eq!(held.before(Uuid::from_u128(9).into(), instrument, day("2024-01-05")), dec!(0));
    }
}

//! What money without risk earned in each step of a chain of returns: a constant rate, or the series of the figures' currency.

use chrono::{Days, NaiveDate};
use domain::analytics::{AnnualReturn, DatedReturn, per_period};
use domain::pricing::{Doubt, Lookup, Series, doubts};

use super::super::market_indicator::annual;
use super::super::performance::PERIODS_PER_YEAR;
use super::super::{ServiceError, Services};
use super::risk::{Risk, risk};
use super::{Book, ReturnTerms};
use crate::storage::market_indicator::Indicator;
use crate::tenancy::{Session, Tenant};

/// What is taken for money without risk.
#[derive(Clone, Debug, PartialEq)]
pub enum RiskFree {
    /// One rate a year, a fraction.
    Rate(f64),
    /// The series of the figures' currency over this tenor.
    Tenor(String),
}

/// What figures of a chain of returns are before, and compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Conventions {
    /// Before which charges.
    pub terms: ReturnTerms,
    /// What is earned without risk.
    pub risk_free: RiskFree,
    /// What is asked for a year, a fraction: less is a loss.
    pub required: f64,
}

/// What it earned.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeReturns {
    /// In each step of the chain; nothing where the series has no value that is recent enough.
    pub steps: Vec<Option<f64>>,
    /// Why there is none in some step: a stable code and words.
    pub missing: Option<(&'static str, String)>,
    /// What to know of those that there are: which stood in for later days, or are not final.
    pub notes: Vec<(&'static str, String)>,
    /// What was taken, in words.
    pub convention: String,
}

impl Services {
    /// Risk of a book, and what was taken for money without risk.
    pub async fn analytics_risk(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        conventions: &Conventions,
    ) -> Result<(Risk, String), ServiceError> {
        let chain = book.chain_before(conventions.terms)?;
        let free = self.free_returns(session, book, &chain.returns, &conventions.risk_free).await?;
        Ok((risk(&chain, &free, conventions.required), free.convention))
    }

    /// What money without risk earned in each step of a chain of a book's, in its currency.
    pub(super) async fn free_returns(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        steps: &[DatedReturn],
        risk_free: &RiskFree,
    ) -> Result<FreeReturns, ServiceError> {
        let tenor = match risk_free {
            RiskFree::Rate(rate) => return Ok(FreeReturns::constant(*rate, steps.len())),
            RiskFree::Tenor(tenor) => tenor,
        };
        let found = match self.risk_free_series(session, book.currency, tenor).await? {
            Ok(found) => found,
            Err(message) => return Ok(FreeReturns::none(message, steps.len())),
        };
        let opening = book.range().opening;
        let age = Days::new(u64::from(found.max_age_days.unsigned_abs()));
        let from = opening.checked_sub_days(age).unwrap_or(opening);
        let values = self.indicator_values(session, &found.code, [from, book.range().end], book.known_at).await?;
        Ok(FreeReturns::of_series(&found, &values, steps))
    }
}

impl FreeReturns {
    /// The same rate a year in each of so many steps.
    pub fn constant(rate: f64, count: usize) -> Self {
        let step = per_period(AnnualReturn(rate), PERIODS_PER_YEAR);
        let convention = format!("risk-free rate of {rate} a year, {A_DAY}");
        Self { steps: vec![Some(step); count], missing: None, notes: Vec::new(), convention }
    }

    fn none(message: String, count: usize) -> Self {
        let convention = message.clone();
        Self { steps: vec![None; count], missing: Some(("NO_SERIES", message)), notes: Vec::new(), convention }
    }

    /// A step earns the rate that was known when it began.
    fn of_series(indicator: &Indicator, values: &Series, steps: &[DatedReturn]) -> Self {
        let mut cursor = values.cursor(indicator.max_age());
        let (mut missing, mut stale, mut estimated) = (Span::default(), Span::default(), Span::default());
        let mut earned = |step: &DatedReturn| {
            let lookup = cursor.as_of(step.from);
            let rate = lookup.value().and_then(|value| annual(indicator, value));
            if rate.is_none() {
                missing.note(step.from);
            }
            if let Lookup::Known { status, certainty, .. } = lookup {
                for doubt in doubts(status, certainty) {
                    match doubt {
                        Doubt::Stale { .. } => stale.note(step.from),
                        Doubt::Estimated | Doubt::Provisional => estimated.note(step.from),
                    }
                }
            }
            rate.map(|rate| per_period(AnnualReturn(rate), PERIODS_PER_YEAR))
        };
        let rates = steps.iter().map(&mut earned).collect();
        let code = &indicator.code;
        let stale = stale.over().map(|days| ("STALE_RATE", format!("{code}: an earlier rate stood in {days}")));
        let estimated = estimated
            .over()
            .map(|days| ("ESTIMATED_RATE", format!("{code}: a person accepted or put in the rate {days}")));
        Self {
            steps: rates,
            missing: missing.over().map(|days| ("NO_RATE", format!("{code}: no risk-free rate {days}"))),
            notes: stale.into_iter().chain(estimated).collect(),
            convention: format!("risk-free rate {code}, as known when each return begins, {A_DAY}"),
        }
    }
}

const A_DAY: &str = "(1 + rf)^(1/252) − 1 a day";

/// The days on which something was so, as words.
#[derive(Default)]
struct Span {
    ends: Option<(NaiveDate, NaiveDate)>,
    count: usize,
}

impl Span {
    fn note(&mut self, day: NaiveDate) {
        self.ends = Some((self.ends.map_or(day, |(first, _)| first), day));
        self.count += 1;
    }

    fn over(&self) -> Option<String> {
        let (first, last) = self.ends?;
        Some(match self.count {
            1 => format!("on {first}"),
            count => format!("on {count} days, {first} to {last}"),
        })
    }
}

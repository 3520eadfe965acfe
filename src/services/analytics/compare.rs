//! A scope beside a benchmark, and the tail of what it holds.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::analytics::{Estimator, Rebalancing, Terms, blend, matched};
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::super::performance::{Figure, money_weighted};
use super::super::{ServiceError, Services};
use super::Book;
use super::growth::steps;
use super::risk::{Relative, relative, tail};
use crate::tenancy::{Session, Tenant};

/// What a scope is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Benchmark {
    /// Instruments and their weights, shares of the sum of all.
    pub parts: Vec<(Uuid, f64)>,
    /// When it goes back to them.
    pub rebalancing: Rebalancing,
}

/// A scope beside its benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The figures.
    pub relative: Relative,
    /// The growth of the benchmark from 1 on each day of the book.
    pub growth: Vec<Option<f64>>,
    /// What the same flows would have become in the benchmark.
    pub matched_value: Option<f64>,
    /// Their money-weighted return.
    pub matched_xirr: Figure,
    /// Whether that is a rate a year.
    pub matched_xirr_is_annual: bool,
}

/// What the returns are of that a tail is estimated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailBasis {
    /// What is held at the end of the range, over the days of the range.
    CurrentHoldings,
    /// What the scope has earned.
    RealizedReturns,
}

/// The tail of a scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// Value at risk and expected shortfall, as fractions.
    pub figures: [Figure; 2],
    /// How many returns they are of.
    pub observations: usize,
}

impl Services {
    /// Compares a book with a benchmark in its currency.
    pub async fn analytics_against(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        benchmark: &Benchmark,
        risk_free: f64,
    ) -> Result<Compared, ServiceError> {
        let days = &book.history.daily.dates;
        let ids: BTreeSet<Uuid> = benchmark.parts.iter().map(|part| part.0).collect();
        let grown = self.growth(session, ids, days, book.currency).await?;
        let mut columns = Vec::with_capacity(benchmark.parts.len());
        for (id, _) in &benchmark.parts {
            let Some(growth) = grown.get(id) else {
                return Err(ServiceError::BadInput(
                    "benchmark: there is no such instrument, or it has no price".to_owned(),
                ));
            };
            columns.push(growth.values.as_slice());
        }
        let weights: Vec<f64> = benchmark.parts.iter().map(|part| part.1).collect();
        let Some(growth) = blend(days, &columns, &weights, benchmark.rebalancing) else {
            let opening = book.range().opening;
            let late: Vec<&str> = grown
                .values()
                .filter(|growth| growth.values.first().copied().flatten().is_none())
                .map(|growth| growth.instrument.symbol.as_str())
                .collect();
            let message =
                format!("benchmark: {} has no price or rate on {opening}, where the range opens", late.join(", "));
            return Err(ServiceError::BadInput(message));
        };
        let (own, other) = aligned(book, &growth);
        let flows: Vec<f64> = book.history.daily.flows.iter().map(|flow| flow.to_f64().unwrap_or_default()).collect();
        let opening = book.history.daily.values.first().copied().flatten().and_then(|value| value.to_f64());
        let matched =
            opening.and_then(|opening| matched(opening, &growth, &flows)).and_then(|values| values.last().copied());
        let (matched_xirr, matched_xirr_is_annual) = money_weighted(&book.history, [opening, matched]);
        let relative = relative(&own, &other, risk_free);
        Ok(Compared { relative, growth, matched_value: matched, matched_xirr, matched_xirr_is_annual })
    }

    /// The tail of a book.
    pub async fn analytics_tail(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        basis: TailBasis,
        estimator: Estimator,
        terms: Terms,
    ) -> Result<Tail, ServiceError> {
        let returns: Vec<f64> = match basis {
            TailBasis::RealizedReturns => book.chain.returns.iter().map(|step| step.value).collect(),
            TailBasis::CurrentHoldings => self.returns_of_current_holdings(session, book).await?,
        };
        Ok(Tail { figures: tail(&returns, estimator, terms), observations: returns.len() })
    }

    /// What the holdings of the end would have returned in each step of the range, at the weights of the end; cash of another currency moves
    /// with its rate, and none earns interest. A step without a price or rate of something held is left out.
    async fn returns_of_current_holdings(
        &self,
        session: &Session<Tenant>,
        book: &Book,
    ) -> Result<Vec<f64>, ServiceError> {
        let days = &book.history.daily.dates;
        let weights = book.weights();
        let grown = self.growth(session, weights.keys().copied().collect(), days, book.currency).await?;
        let mut sums: Vec<Option<f64>> = vec![Some(0.0); days.len().saturating_sub(1)];
        for (id, weight) in weights {
            add(&mut sums, weight, grown.get(&id).map(super::Growth::returns).as_deref());
        }
        let foreign = book.ends[1].cash.iter().filter(|line| line.currency != book.currency);
        let fx = self.market.view(session).await?.fx(session).await?;
        for line in foreign {
            let mut rates = fx.cursor(line.currency, book.currency);
            let values: Vec<Option<f64>> = days.iter().map(|day| rates.at(*day).ok()?.value().ok()?.to_f64()).collect();
            add(&mut sums, line.weight, Some(&steps(&values)));
        }
        Ok(sums.into_iter().flatten().collect())
    }
}

fn add(sums: &mut [Option<f64>], weight: Option<f64>, returns: Option<&[Option<f64>]>) {
    for (at, sum) in sums.iter_mut().enumerate() {
        let earned = returns.and_then(|returns| returns.get(at).copied().flatten());
        *sum = sum.zip(weight.zip(earned)).map(|(sum, (weight, earned))| sum + weight * earned);
    }
}

/// The returns of both over the same steps: days on which the benchmark has no value compound into the next.
fn aligned(book: &Book, growth: &[Option<f64>]) -> (Vec<f64>, Vec<f64>) {
    let dates = &book.history.daily.dates;
    let on = |day: NaiveDate| dates.binary_search(&day).ok().and_then(|at| growth.get(at).copied().flatten());
    let (mut own, mut other) = (Vec::new(), Vec::new());
    let mut earned = 1.0;
    let mut last: Option<f64> = None;
    for step in &book.chain.returns {
        last = last.or_else(|| on(step.from));
        earned *= 1.0 + step.value;
        if let (Some(before), Some(now)) = (last, on(step.date)) {
            own.push(earned - 1.0);
            other.push(now / before - 1.0);
            (earned, last) = (1.0, Some(now));
        }
    }
    (own, other)
}

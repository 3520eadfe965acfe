//! A scope beside a benchmark.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use domain::analytics::{Blend, Rebalancing, Twr, blend, matched};
use domain::money::to_f64;
use uuid::Uuid;

use super::super::performance::{Figure, money_weighted};
use super::super::{ServiceError, Services};
use super::figures::Before;
use super::risk::{Relative, relative};
use super::{Book, Conventions, FreeReturns, Growth};
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
    /// What was taken for money without risk.
    pub risk_free: String,
}

impl Services {
    /// A benchmark on each day of a book, in its currency, with its parts.
    pub(super) async fn blended(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        benchmark: &Benchmark,
    ) -> Result<(Blend, HashMap<Uuid, Growth>), ServiceError> {
        let days = &book.history.daily.dates;
        let ids: BTreeSet<Uuid> = benchmark.parts.iter().map(|part| part.0).collect();
        let grown = self.growth(session, book, ids, days).await?;
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
        let blended = blend(days, &columns, &weights, benchmark.rebalancing).ok_or_else(|| {
            let opening = book.range().opening;
            let late: Vec<&str> = grown
                .values()
                .filter(|growth| growth.values.first().copied().flatten().is_none())
                .map(|growth| growth.instrument.symbol.as_str())
                .collect();
            let message =
                format!("benchmark: {} has no price or rate on {opening}, where the range opens", late.join(", "));
            ServiceError::BadInput(message)
        })?;
        Ok((blended, grown))
    }

    /// Compares a book with a benchmark in its currency; what is required makes no difference to it.
    pub async fn analytics_against(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        benchmark: &Benchmark,
        conventions: &Conventions,
    ) -> Result<Compared, ServiceError> {
        let (Blend { growth, .. }, _) = self.blended(session, book, benchmark).await?;
        let Before { history, chain } = book.before(conventions.terms)?;
        let free = self.free_returns(session, book, &chain.returns, &conventions.risk_free).await?;
        let relative = relative(&aligned(book, &chain, &growth, &free), &free);
        let flows: Vec<f64> = history.daily.flows.iter().copied().map(to_f64).collect();
        let opening = book.history.daily.values.first().copied().flatten().map(to_f64);
        let matched =
            opening.and_then(|opening| matched(opening, &growth, &flows)).and_then(|values| values.last().copied());
        let (matched_xirr, matched_xirr_is_annual) = money_weighted(&history, [opening, matched]);
        Ok(Compared {
            relative,
            growth,
            matched_value: matched,
            matched_xirr,
            matched_xirr_is_annual,
            risk_free: free.convention,
        })
    }
}

/// The returns of both over the same steps.
pub(super) struct Aligned {
    /// The day that each step ends on.
    pub dates: Vec<NaiveDate>,
    /// The book's.
    pub own: Vec<f64>,
    /// The benchmark's.
    pub other: Vec<f64>,
    /// What money without risk earned; nothing where that is not known.
    pub free: Vec<Option<f64>>,
}

/// The returns of both: days on which the benchmark has no value compound into the next; those without capital are left out of both.
pub(super) fn aligned(book: &Book, chain: &Twr, growth: &[Option<f64>], free: &FreeReturns) -> Aligned {
    let dates = &book.history.daily.dates;
    let on = |day: NaiveDate| dates.binary_search(&day).ok().and_then(|at| growth.get(at).copied().flatten());
    let mut aligned = Aligned { dates: Vec::new(), own: Vec::new(), other: Vec::new(), free: Vec::new() };
    let (mut earned, mut lent) = (1.0, Some(1.0));
    let mut last: Option<f64> = None;
    let mut before: Option<NaiveDate> = None;
    for (step, rate) in chain.returns.iter().zip(&free.steps) {
        // Without capital in between there is no return to compare with the benchmark's.
        if before.replace(step.date).is_some_and(|before| before != step.from) {
            (earned, lent, last) = (1.0, Some(1.0), None);
        }
        last = last.or_else(|| on(step.from));
        earned *= 1.0 + step.value;
        lent = lent.zip(*rate).map(|(so_far, rate)| so_far * (1.0 + rate));
        if let (Some(before), Some(now)) = (last, on(step.date)) {
            aligned.dates.push(step.date);
            aligned.own.push(earned - 1.0);
            aligned.other.push(now / before - 1.0);
            aligned.free.push(lent.map(|lent| lent - 1.0));
            (earned, lent, last) = (1.0, Some(1.0), Some(now));
        }
    }
    aligned
}

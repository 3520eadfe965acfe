//! What was earned, over the range and by period.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::analytics::Twr;

use crate::graphql::context::Operation;
use crate::graphql::scalars::{Date, Instant};
use crate::graphql::types::metrics::{Metric, MetricUnit};
use crate::services::analytics::{Book, LocalReturns, ReturnTerms};
use crate::services::performance::Performance;

/// What was earned over a range, weighted by time and by money.
#[derive(Clone, Debug, SimpleObject)]
pub struct RangeReturns {
    /// Time-weighted return over the range: what the investments did, whatever was paid in or out.
    twr: Metric,
    /// Time-weighted return a year. Null under a year.
    annualized_return: Metric,
    /// Money-weighted return: what the investor's money earned, with the size and day of every flow. A year from a year on,
    /// over the range under a year: see `unit`.
    xirr: Metric,
    /// Modified Dietz over the range: the gain over the opening value and every flow by how long it was at work. Near the money-weighted
    /// return where flows are small. Null where that capital is zero or below.
    modified_dietz: Metric,
    /// The gain over the opening value and everything that was paid in, whenever that was.
    simple_return: Metric,
    /// When they were computed.
    computed_at: Instant,
}

/// What was earned, weighted by time and by money, and taken apart.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Returns {
    #[graphql(skip)]
    book: Arc<Book>,
    #[graphql(skip)]
    terms: ReturnTerms,
    #[graphql(flatten)]
    of_range: RangeReturns,
}

impl RangeReturns {
    /// In GraphQL's terms.
    pub fn new(performance: &Performance, computed_at: DateTime<Utc>) -> Self {
        Self {
            twr: Metric::twr(performance),
            annualized_return: Metric::annualized_return(performance),
            xirr: Metric::xirr(&performance.xirr, performance.xirr_is_annual),
            modified_dietz: Metric::new(
                &performance.modified_dietz,
                MetricUnit::Fraction,
                "(V₁ − V₀ − ΣF) / (V₀ + Σ wF)",
                &["w = (D − d + 1)/D for what comes in on day d of D, (D − d)/D for what goes out"],
            ),
            simple_return: Metric::new(
                &performance.simple_return,
                MetricUnit::Fraction,
                "(V₁ − V₀ − ΣF) / (V₀ + ΣF⁺)",
                &["not weighted by time"],
            ),
            computed_at: Instant(computed_at),
        }
    }
}

/// The time-weighted return, taken apart.
#[ComplexObject]
impl Returns {
    /// What the time-weighted return would have been had no exchange rate moved: every holding and balance in its own currency, each
    /// step's weighted by what they were worth in the currency of the figures at its opening. Null where `twr` is, or a rate is missing.
    async fn local_return(&self, ctx: &Context<'_>) -> Result<Metric> {
        Ok(local_metric(&self.taken_apart(ctx)?))
    }

    /// What exchange rates did with it: (1 + localReturn)·(1 + currencyReturn) − 1 = twr.
    async fn currency_return(&self, ctx: &Context<'_>) -> Result<Metric> {
        Ok(currency_metric(&self.taken_apart(ctx)?))
    }
}

impl Returns {
    /// Those of a book, under these terms.
    pub fn new(book: Arc<Book>, terms: ReturnTerms, performance: &Performance, computed_at: DateTime<Utc>) -> Self {
        Self { book, terms, of_range: RangeReturns::new(performance, computed_at) }
    }

    fn taken_apart(&self, ctx: &Context<'_>) -> Result<LocalReturns> {
        self.book.local_returns(self.terms).map_err(|error| Operation::of(ctx).fail(error))
    }
}

/// What a holding itself returned, over its part of the range.
#[derive(Clone, Debug, SimpleObject)]
pub struct HoldingReturns {
    /// Its time-weighted return: what is paid for it flows in, what it brings flows out.
    twr: Metric,
    /// The same in its own currency.
    local_return: Metric,
    /// What the exchange rate did with it: (1 + localReturn)·(1 + currencyReturn) − 1 = twr.
    currency_return: Metric,
}

impl HoldingReturns {
    /// In GraphQL's terms.
    pub fn new(returns: &LocalReturns) -> Self {
        Self {
            twr: Metric::new(&returns.total, MetricUnit::Fraction, Metric::TWR, &[Metric::LINKED]),
            local_return: local_metric(returns),
            currency_return: currency_metric(returns),
        }
    }
}

const AT_OPENING: &str = "each step at the exchange rates that it opens with; income and charges at their day's";

fn local_metric(returns: &LocalReturns) -> Metric {
    let method = "∏(1 + l_t) − 1, l_t = Σ_c w_c·l_c, w_c the capital in currency c over all of it";
    Metric::new(&returns.local, MetricUnit::Fraction, method, &[Metric::LINKED, AT_OPENING])
}

fn currency_metric(returns: &LocalReturns) -> Metric {
    let method = "∏((1 + r_t) / (1 + l_t)) − 1";
    let cross = "the cross term, booked rates that differ from the day's, and what foreign cash did are in it";
    Metric::new(&returns.currency, MetricUnit::Fraction, method, &[Metric::LINKED, AT_OPENING, cross])
}

/// How long the periods are that returns are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PeriodLength {
    /// Each valuation day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
}

/// Time-weighted returns by period, as columns of one length, ascending. What they come to linked is the return of the range.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct PeriodReturns {
    /// The first day of each period.
    starts: Vec<Date>,
    /// The last day of each period within the range.
    ends: Vec<Date>,
    /// The return of each, as a fraction; null where it cannot be told.
    returns: Vec<Option<f64>>,
}

impl PeriodReturns {
    /// Of a chain of returns of a book: one that spans two periods counts for the one that it ends in.
    pub fn new(book: &Book, chain: &Twr, by: PeriodLength) -> Self {
        let mut periods: BTreeMap<NaiveDate, (NaiveDate, Option<f64>)> = BTreeMap::new();
        for day in book.history.daily.dates.iter().skip(1) {
            let period = periods.entry(by.start(*day)).or_insert((*day, Some(1.0)));
            period.0 = *day;
        }
        for step in &chain.returns {
            if let Some((_, growth)) = periods.get_mut(&by.start(step.date)) {
                *growth = growth.map(|growth| growth * (1.0 + step.value));
            }
        }
        // What comes after the end of a chain cannot be told.
        if chain.total.is_none() {
            let last = chain.returns.last().map(|step| by.start(step.date));
            for (start, period) in &mut periods {
                if last.is_none_or(|last| *start >= last) {
                    period.1 = None;
                }
            }
        }
        let opening = book.range().opening;
        Self {
            starts: periods.keys().map(|start| Date((*start).max(opening.succ_opt().unwrap_or(opening)))).collect(),
            ends: periods.values().map(|(end, _)| Date(*end)).collect(),
            returns: periods.values().map(|(_, growth)| growth.map(|growth| growth - 1.0)).collect(),
        }
    }
}

impl PeriodLength {
    /// The first day of the period that a day is in.
    fn start(self, day: NaiveDate) -> NaiveDate {
        let first_of = |year: i32, month: u32| NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(day);
        match self {
            Self::Day => day,
            Self::Week => day.week(chrono::Weekday::Mon).checked_first_day().unwrap_or(day),
            Self::Month => first_of(day.year(), day.month()),
            Self::Quarter => first_of(day.year(), day.month0() / 3 * 3 + 1),
            Self::Year => first_of(day.year(), 1),
        }
    }
}

//! What a currency costs in another on a day, and the published rates behind it.

use async_graphql::SimpleObject;
use domain::money;
use domain::pricing::{ChainLeg, FxError};

use super::figure::{DataStatus, FigureReason, status_of};
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::services::price::ExchangeRate as Row;

/// What one unit of a currency costs in another on a day: the product of published rates, by the shortest chain of them that is
/// known, of several the freshest. Null where no chain leads from one to the other: never one, and never of a later day.
#[derive(Clone, Debug, SimpleObject)]
pub struct ExchangeRate {
    /// The currency whose unit is priced, or a unit of quotation such as GBX, a hundredth of a pound.
    base: Currency,
    /// The currency it is priced in.
    quote: Currency,
    /// The day that is asked about.
    as_of: Date,
    /// Units of `quote` for one unit of `base`, to 28 significant digits.
    rate: Option<Decimal>,
    /// The day of the oldest published rate in it; null where there is none.
    date: Option<Date>,
    /// How good it is. At a weekend Friday's rate is complete.
    status: DataStatus,
    /// How many calendar days it is older than `asOf`, where a newer one could exist.
    stale_days: Option<i32>,
    /// The published rates that it is computed from, in order: at the most five. None from a currency to itself.
    legs: Vec<ExchangeRateLeg>,
    /// Why there is none; empty where there is one.
    reasons: Vec<FigureReason>,
}

/// A published rate on the way from one currency to another.
#[derive(Clone, Debug, SimpleObject)]
pub struct ExchangeRateLeg {
    /// The currency whose unit is priced, as published.
    base: Currency,
    /// The currency it is priced in.
    quote: Currency,
    /// Units of `quote` for one unit of `base`, as published.
    rate: Decimal,
    /// Whether the chain takes it the other way round, from `quote` to `base`.
    is_inverse: bool,
    /// Its day; `asOf` where it is fixed.
    date: Date,
    /// How good it is.
    status: DataStatus,
    /// How many calendar days it is older than `asOf`, where a newer one could exist.
    stale_days: Option<i32>,
    /// Whether it holds by law or convention: an irrevocable rate of the euro, a redenomination, a unit of quotation.
    is_fixed: bool,
}

impl From<&ChainLeg> for ExchangeRateLeg {
    fn from(leg: &ChainLeg) -> Self {
        let (status, stale_days) = status_of(leg.status, leg.certainty);
        let is_inverse = leg.base != leg.from;
        Self {
            base: Currency(leg.base),
            quote: Currency(if is_inverse { leg.from } else { leg.to }),
            rate: Decimal(leg.rate.normalize()),
            is_inverse,
            date: Date(leg.date),
            status,
            stale_days,
            is_fixed: leg.is_fixed,
        }
    }
}

impl ExchangeRate {
    /// The rate in GraphQL's terms.
    ///
    /// # Errors
    /// [`money::ArithmeticError`] for a rate that no decimal holds.
    pub fn new(base: money::Currency, quote: money::Currency, row: &Row) -> Result<Self, money::ArithmeticError> {
        let missing = Self {
            base: Currency(base),
            quote: Currency(quote),
            as_of: Date(row.as_of),
            rate: None,
            date: None,
            status: DataStatus::Missing,
            stale_days: None,
            legs: Vec::new(),
            reasons: Vec::new(),
        };
        match &row.chain {
            Ok(chain) => {
                let (status, stale_days) = status_of(chain.rate.status(), chain.rate.certainty());
                let (rate, date) = (Some(Decimal(chain.rate.value()?.normalize())), Some(Date(chain.rate.date())));
                let legs = chain.legs.iter().map(ExchangeRateLeg::from).collect();
                Ok(Self { rate, date, status, stale_days, legs, ..missing })
            }
            Err(FxError::Arithmetic(error)) => Err(error.clone()),
            Err(error @ FxError::MissingRate { .. }) => {
                Ok(Self { reasons: vec![FigureReason::new("NO_RATE", error.to_string())], ..missing })
            }
        }
    }
}

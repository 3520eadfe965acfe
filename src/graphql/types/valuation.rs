//! A portfolio by day.

use async_graphql::SimpleObject;
use domain::valuation::Daily;

use super::figure::FigureReason;
use super::money::Money;
use crate::graphql::scalars::{Currency, Date, Decimal};

/// Values and flows by valuation day, as columns of one length. Valuation days are the sessions of the exchanges that price
/// what is held, weekdays where none does, and the range's last day. The first row is the opening: the close before the range.
#[derive(Clone, Debug, SimpleObject)]
pub struct ValuationHistory {
    /// The currency of values and flows.
    pub currency: Currency,
    /// The days, ascending.
    pub dates: Vec<Date>,
    /// Total value at each close, cash included; null where a part of it is unknown.
    pub values: Vec<Option<Decimal>>,
    /// Net deposits and withdrawals since the row before, each at its own day's rate; above zero inwards.
    pub flows: Vec<Decimal>,
    /// What was missing, and when.
    pub reasons: Vec<FigureReason>,
}

impl ValuationHistory {
    /// The columns in GraphQL's terms; `reasons` says what is missing.
    pub fn new(daily: &Daily, currency: domain::money::Currency, reasons: Vec<FigureReason>) -> Self {
        Self {
            currency: Currency(currency),
            dates: daily.dates.iter().copied().map(Date).collect(),
            values: daily.values.iter().map(|value| value.map(|value| Decimal(value.normalize()))).collect(),
            flows: daily.flows.iter().map(|flow| Decimal(flow.normalize())).collect(),
            reasons,
        }
    }
}

/// What changed since the close of the valuation day before.
#[derive(Clone, Debug, SimpleObject)]
pub struct DailyChange {
    /// The day whose close is compared.
    pub date: Date,
    /// The valuation day before.
    pub previous_date: Date,
    /// Total value at the close.
    pub value: Option<Money>,
    /// Total value at the close before.
    pub previous_value: Option<Money>,
    /// Net deposits and withdrawals in between.
    pub flow: Money,
    /// Value minus value before minus flow: what prices, rates, income and charges did. Null where a value is unknown.
    pub change: Option<Money>,
    /// The time-weighted return of the step, as a fraction: inflows at its start, outflows at its end. Null where a value is
    /// unknown or there was no capital.
    pub change_return: Option<f64>,
    /// What was missing.
    pub reasons: Vec<FigureReason>,
}

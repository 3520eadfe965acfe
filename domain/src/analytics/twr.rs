//! The time-weighted return: daily returns linked, so that the size and the day of flows do not count.

use chrono::NaiveDate;

use super::{DatedReturn, FlowTimings, PeriodReturn, daily_return};

/// A time-weighted return and what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Twr {
    /// ∏(1 + r_t) − 1 from the first day to the last; `None` where the chain ends before.
    pub total: Option<PeriodReturn>,
    /// Why and where the chain ends before the last day.
    pub end: Option<TwrEnd>,
    /// The returns that are linked, ascending; those up to the end where the chain ends.
    pub returns: Vec<DatedReturn>,
    /// Days without capital: their factor is 1, and no return is listed for them. With such days nothing is annualised.
    pub zero_capital: Vec<NaiveDate>,
    /// Days without a known value and without a flow, which the next return spans.
    pub bridged: Vec<NaiveDate>,
}

/// Why a chain ends before the last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwrEnd {
    /// Nothing is left to earn a return on: the net asset value is below zero, or capital was lost whole.
    NegativeCapital {
        /// The day it happens.
        date: NaiveDate,
    },
    /// A flow on a day whose value is unknown: the return before it cannot be told from the return after it.
    FlowOnUnknownValue {
        /// The day of the flow.
        date: NaiveDate,
    },
    /// The first or the last value is unknown.
    UnknownValue {
        /// That day, or the day after the last known value.
        date: NaiveDate,
    },
    /// There are no two days.
    NoPeriod,
}

/// Links the returns between consecutive known values.
///
/// `values` and `flows` stand beside `dates`, which ascend: the value at each close, and the net external flow since the
/// close before (above zero inwards). The first flow is ignored: the first value holds it already.
pub fn twr(dates: &[NaiveDate], values: &[Option<f64>], flows: &[f64], timings: FlowTimings) -> Twr {
    let mut chain = Chain {
        timings,
        growth: 1.0,
        out: Twr { total: None, end: None, returns: Vec::new(), zero_capital: Vec::new(), bridged: Vec::new() },
    };
    chain.out.end = chain.walk(dates, values, flows).err();
    if chain.out.end.is_none() {
        chain.out.total = Some(PeriodReturn(chain.growth - 1.0));
    }
    chain.out
}

struct Chain {
    timings: FlowTimings,
    growth: f64,
    out: Twr,
}

impl Chain {
    fn walk(&mut self, dates: &[NaiveDate], values: &[Option<f64>], flows: &[f64]) -> Result<(), TwrEnd> {
        let mut days = dates.iter().copied().zip(values.iter().copied()).zip(flows.iter().copied());
        let ((first, opening), _) = days.next().ok_or(TwrEnd::NoPeriod)?;
        let mut from = first;
        let mut opening = opening.ok_or(TwrEnd::UnknownValue { date: first })?;
        if opening < 0.0 {
            return Err(TwrEnd::NegativeCapital { date: first });
        }
        let mut unknown_since = None;
        let mut steps = 0_usize;
        for ((date, value), flow) in days {
            steps += 1;
            let Some(closing) = value else {
                if flow != 0.0 {
                    return Err(TwrEnd::FlowOnUnknownValue { date });
                }
                unknown_since = unknown_since.or(Some(date));
                self.out.bridged.push(date);
                continue;
            };
            self.link(from, date, opening, closing, flow)?;
            (from, opening, unknown_since) = (date, closing, None);
        }
        match unknown_since {
            _ if steps == 0 => Err(TwrEnd::NoPeriod),
            Some(date) => Err(TwrEnd::UnknownValue { date }),
            None => Ok(()),
        }
    }

    fn link(&mut self, from: NaiveDate, date: NaiveDate, opening: f64, closing: f64, flow: f64) -> Result<(), TwrEnd> {
        let negative = TwrEnd::NegativeCapital { date };
        if self.timings.capital(opening, flow) == 0.0 && closing >= 0.0 {
            self.out.zero_capital.push(date);
            return Ok(());
        }
        let value = daily_return(opening, closing, flow, self.timings).ok_or(negative)?;
        if value <= -1.0 || closing < 0.0 {
            return Err(negative);
        }
        self.growth *= 1.0 + value;
        self.out.returns.push(DatedReturn { from, date, value });
        Ok(())
    }
}

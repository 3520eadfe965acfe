//! The money-weighted return: the yearly rate at which all flows are worth nothing together.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::AnnualReturn;
use super::roots::Discounted;

/// Days of the year in ACT/365F.
const DAYS_PER_YEAR: f64 = 365.0;

/// The outcome of solving for a rate.
#[derive(Clone, Debug, PartialEq)]
pub enum Xirr {
    /// The only rate.
    Rate(AnnualReturn),
    /// Several rates solve the flows.
    MultipleRoots {
        /// The one nearest to zero.
        nearest: AnnualReturn,
        /// All that were found between −0.999999 and 10⁶, ascending.
        all: Vec<AnnualReturn>,
    },
    /// Only contributions, and a final value of zero: the rate is −1.
    TotalLoss,
    /// There is no rate.
    NoSolution(NoSolution),
}

/// Why there is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSolution {
    /// Every flow goes the same way, or there is none.
    OneSided,
    /// All flows are of one day.
    NoTime,
    /// A flow is infinite or not a number.
    NotFinite,
    /// The flows never are worth nothing together at a rate that a number can show.
    NoRoot,
}

impl Xirr {
    /// The headline rate: −1 for a total loss, the root nearest to zero of several.
    pub fn rate(&self) -> Option<AnnualReturn> {
        match self {
            Self::Rate(rate) | Self::MultipleRoots { nearest: rate, .. } => Some(*rate),
            Self::TotalLoss => Some(AnnualReturn(-1.0)),
            Self::NoSolution(_) => None,
        }
    }
}

/// Solves Σ CF_i / (1 + r)^((d_i − d_0)/365) = 0 (ACT/365F, as Excel's XIRR) for dated flows in any order.
///
/// The investor's sign: contributions below zero, withdrawals and the final value above. Flows of one day are netted. A
/// final value of zero is given as a flow of zero on the last day.
pub fn xirr(flows: &[(NaiveDate, f64)]) -> Xirr {
    let mut by_day: BTreeMap<NaiveDate, f64> = BTreeMap::new();
    // Flows mostly come in order: those of one day are summed before the day is looked for.
    for day in flows.chunk_by(|left, right| left.0 == right.0) {
        if let Some((date, _)) = day.first() {
            *by_day.entry(*date).or_default() += day.iter().map(|flow| flow.1).sum::<f64>();
        }
    }
    let Some((&start, _)) = by_day.first_key_value() else {
        return Xirr::NoSolution(NoSolution::OneSided);
    };
    let years = |date: NaiveDate| (date - start).num_days() as f64 / DAYS_PER_YEAR;
    irr(&by_day.into_iter().map(|(date, amount)| (years(date), amount)).collect::<Vec<_>>())
}

/// As [`xirr`], for `(years, amount)` by ascending years: any day count, or periods, with a rate a period.
pub fn irr(flows: &[(f64, f64)]) -> Xirr {
    if flows.iter().any(|flow| !flow.1.is_finite()) {
        return Xirr::NoSolution(NoSolution::NotFinite);
    }
    let gains = flows.iter().any(|flow| flow.1 > 0.0);
    let costs = flows.iter().any(|flow| flow.1 < 0.0);
    if costs && !gains && flows.last().is_some_and(|flow| flow.1 == 0.0) {
        return Xirr::TotalLoss;
    }
    if !costs || !gains {
        return Xirr::NoSolution(NoSolution::OneSided);
    }
    let moving: Vec<(f64, f64)> = flows.iter().copied().filter(|flow| flow.1 != 0.0).collect();
    let turns = moving.iter().zip(moving.iter().skip(1)).filter(|(a, b)| (a.1 > 0.0) != (b.1 > 0.0)).count();
    let start = moving.first().map_or(0.0, |flow| flow.0);
    if moving.iter().all(|flow| flow.0 == start) {
        return Xirr::NoSolution(NoSolution::NoTime);
    }
    let sum = Discounted::new(moving.iter().map(|flow| (flow.0 - start, flow.1)).collect());
    // Flows that turn once have one root (Descartes); others may have more, and Newton's method would hide them.
    let roots = if turns == 1 { Vec::new() } else { sum.scan() };
    match roots.as_slice() {
        [] => match sum.newton(0.1_f64.ln_1p()).or_else(|| sum.expanding()) {
            Some(root) => Xirr::Rate(rate(root)),
            None => Xirr::NoSolution(NoSolution::NoRoot),
        },
        [root] => Xirr::Rate(rate(*root)),
        [first, rest @ ..] => {
            let nearest = rest.iter().fold(
                *first,
                |near, root| {
                    if rate(*root).0.abs() < rate(near).0.abs() { *root } else { near }
                },
            );
            let all = roots.iter().map(|root| rate(*root)).collect();
            Xirr::MultipleRoots { nearest: rate(nearest), all }
        }
    }
}

fn rate(u: f64) -> AnnualReturn {
    AnnualReturn(u.exp_m1())
}

//! Where the difference from a benchmark came from: what was weighed otherwise, and what was chosen within.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::analytics::policy;
use domain::analytics::{Attribution, Effects, FlowTimings, Model, Segment, Twr, attribute, linked};
use domain::money::to_f64;
use rust_decimal::Decimal;

use super::super::{ServiceError, Services};
use super::allocation::CASH;
use super::figures::Before;
use super::{Benchmark, Book, Grouping, Growth, ReturnTerms};
use crate::tenancy::{Session, Tenant};

/// A part of what was held, and of the benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributedSegment {
    /// What its instruments share; nothing where it is not known.
    pub key: Option<String>,
    /// Its mean share of the capital at the beginning of the steps, of the scope and of the benchmark.
    pub weights: [f64; 2],
    /// What it brought to the active return of the range.
    pub effects: Effects,
}

/// The active return of a range, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Attributed {
    /// How many steps are linked.
    pub steps: usize,
    /// The time-weighted return.
    pub portfolio_return: f64,
    /// The benchmark's over the same steps.
    pub benchmark_return: f64,
    /// By segment, the largest effect first.
    pub segments: Vec<AttributedSegment>,
    /// What is left of the active return: gains in steps that nothing was in its segment at the beginning of.
    pub residual: f64,
}

/// Of each step, the shares of all segments and what they earned.
type Steps = Vec<Vec<Segment>>;

impl Services {
    /// Takes the difference from a benchmark apart, step by step, linked over the range. `Err` within says why it cannot be told.
    pub async fn analytics_attribution(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        benchmark: &Benchmark,
        by: Grouping,
        model: Model,
        terms: ReturnTerms,
    ) -> Result<Result<Attributed, (&'static str, String)>, ServiceError> {
        if by == Grouping::Account {
            return Err(ServiceError::BadInput("by: a benchmark has no accounts".to_owned()));
        }
        let Before { history, chain } = book.before(terms)?;
        if let Err(withheld) = policy::period_return(&chain) {
            return Ok(Err((withheld.code(), withheld.to_string())));
        }
        let (blend, grown) = self.blended(session, book, benchmark).await?;
        let mut keys: BTreeMap<Option<String>, usize> = BTreeMap::from([(Some(CASH.to_owned()), 0)]);
        let mut place = |key: Option<String>| {
            let next = keys.len();
            *keys.entry(key).or_insert(next)
        };
        let mut parts: Vec<(&Growth, usize)> = Vec::with_capacity(benchmark.parts.len());
        for growth in benchmark.parts.iter().filter_map(|(id, _)| grown.get(id)) {
            parts.push((growth, place(by.of(&growth.instrument))));
        }
        let earned = book.earned(terms)?;
        let of_lines: Vec<usize> = earned
            .iter()
            .map(|one| place(book.instruments.get(&one.line.instrument.uuid()).and_then(|held| by.of(held))))
            .collect();
        let daily = &history.daily;
        let at = |date: NaiveDate| daily.dates.partition_point(|day| *day < date);
        let mut steps: Steps = Vec::with_capacity(chain.returns.len());
        for step in &chain.returns {
            let (from, to) = (at(step.from), at(step.date));
            let mut sums = vec![Sums::default(); keys.len()];
            let shares = blend.shares.get(from + 1).and_then(Option::as_deref);
            for (at, (growth, place)) in parts.iter().enumerate() {
                let value = |day: usize| growth.values.get(day).copied().flatten();
                let share = shares.and_then(|shares| shares.get(at));
                let (Some(before), Some(after), Some(share)) = (value(from), value(to), share) else {
                    let symbol = &growth.instrument.symbol;
                    let message = format!("benchmark: {symbol} has no price or rate on {} or {}", step.from, step.date);
                    return Err(ServiceError::BadInput(message));
                };
                let sums = &mut sums[*place];
                sums.benchmark_weight += share;
                sums.benchmark_gain += share * (after / before - 1.0);
            }
            let whole = daily.values.get(from).copied().flatten().map(to_f64).unwrap_or_default();
            let capital = FlowTimings::default().capital(whole, flow_in(&daily.flows, from, to));
            let (mut rest_weight, mut rest_gain) = (1.0, step.value);
            for (one, place) in earned.iter().zip(&of_lines) {
                let opening = one.line.values.get(from).copied().flatten().map(to_f64);
                let own = FlowTimings::default().capital(opening.unwrap_or_default(), flow_in(&one.flows, from, to));
                let gains = one.gains.get(from + 1..=to).unwrap_or_default();
                let gain: f64 = gains.iter().flatten().copied().map(to_f64).sum();
                sums[*place].weight += own / capital;
                sums[*place].gain += gain / capital;
                rest_weight -= own / capital;
                rest_gain -= gain / capital;
            }
            sums[0].weight += rest_weight;
            sums[0].gain += rest_gain;
            steps.push(sums.iter().map(Sums::segment).collect());
        }
        Ok(attributed(&keys, &steps, &chain, model))
    }
}

/// The net flow of the days after one until another.
fn flow_in(flows: &[Decimal], from: usize, to: usize) -> f64 {
    flows.get(from + 1..=to).unwrap_or_default().iter().copied().map(to_f64).sum()
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    weight: f64,
    gain: f64,
    benchmark_weight: f64,
    benchmark_gain: f64,
}

/// A share of the capital below which nothing is there.
const NOTHING: f64 = 1e-9;

impl Sums {
    fn segment(&self) -> Segment {
        let earned = |gain: f64, weight: f64| (weight.abs() > NOTHING).then(|| gain / weight);
        let held = |weight: f64| if weight.abs() > NOTHING { weight } else { 0.0 };
        Segment {
            portfolio_weight: held(self.weight),
            benchmark_weight: held(self.benchmark_weight),
            portfolio_return: earned(self.gain, self.weight),
            benchmark_return: earned(self.benchmark_gain, self.benchmark_weight),
        }
    }
}

fn attributed(
    keys: &BTreeMap<Option<String>, usize>,
    steps: &Steps,
    chain: &Twr,
    model: Model,
) -> Result<Attributed, (&'static str, String)> {
    let periods: Vec<Attribution> = chain
        .returns
        .iter()
        .zip(steps)
        // What was earned, which is more than the segments' where one had nothing at the beginning.
        .map(|(step, segments)| Attribution { portfolio_return: step.value, ..attribute(segments, model) })
        .collect();
    let Some(whole) = linked(&periods) else {
        return match periods.len() {
            0 => Err(("NO_PERIOD", "the range holds no step with a return".to_owned())),
            _ => Err(("NO_SOLUTION", "a side lost everything in a step: its effects cannot be linked".to_owned())),
        };
    };
    let count = steps.len() as f64;
    let mean = |place: usize, weight: fn(&Segment) -> f64| {
        steps.iter().filter_map(|step| step.get(place)).map(weight).sum::<f64>() / count
    };
    let segment = |(key, place): (&Option<String>, &usize)| AttributedSegment {
        key: key.clone(),
        weights: [mean(*place, |segment| segment.portfolio_weight), mean(*place, |segment| segment.benchmark_weight)],
        effects: whole.effects.get(*place).copied().unwrap_or_default(),
    };
    let mut segments: Vec<AttributedSegment> = keys.iter().map(segment).collect();
    segments.sort_by(|one, other| other.effects.total().abs().total_cmp(&one.effects.total().abs()));
    let explained: f64 = segments.iter().map(|segment| segment.effects.total()).sum();
    Ok(Attributed {
        steps: steps.len(),
        portfolio_return: whole.portfolio_return,
        benchmark_return: whole.benchmark_return,
        residual: whole.active_return() - explained,
        segments,
    })
}

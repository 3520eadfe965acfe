//! What a decision brought: active return by segment, and parts of a return linked over periods.

/// What a segment weighs and earns on both sides. A side that does not hold it has a weight of zero and no return.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Its share of the portfolio at the beginning.
    pub portfolio_weight: f64,
    /// Its share of the benchmark at the beginning.
    pub benchmark_weight: f64,
    /// Its return in the portfolio.
    pub portfolio_return: Option<f64>,
    /// Its return in the benchmark.
    pub benchmark_return: Option<f64>,
}

/// How the effect of a weight is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// (w_p − w_b)(r_b − R_b): a segment is compared with the whole benchmark (Brinson and Fachler 1985).
    BrinsonFachler,
    /// (w_p − w_b) r_b (Brinson, Hood and Beebower 1986).
    BrinsonHoodBeebower,
}

/// The effects of a segment, in a period: together its part of the active return.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effects {
    /// Of weighing it otherwise than the benchmark.
    pub allocation: f64,
    /// w_b (r_p − r_b): of what was chosen within it.
    pub selection: f64,
    /// (w_p − w_b)(r_p − r_b): of both together.
    pub interaction: f64,
}

impl Effects {
    /// All three.
    pub fn total(&self) -> f64 {
        self.allocation + self.selection + self.interaction
    }

    /// Interaction counted as selection: w_p (r_p − r_b).
    #[must_use]
    pub fn with_interaction_in_selection(self) -> Self {
        Self { selection: self.selection + self.interaction, interaction: 0.0, ..self }
    }

    fn scaled(self, factor: f64) -> Self {
        let Self { allocation, selection, interaction } = self;
        Self { allocation: allocation * factor, selection: selection * factor, interaction: interaction * factor }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            allocation: self.allocation + other.allocation,
            selection: self.selection + other.selection,
            interaction: self.interaction + other.interaction,
        }
    }
}

/// The attribution of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// Σ w_p r_p.
    pub portfolio_return: f64,
    /// Σ w_b r_b.
    pub benchmark_return: f64,
    /// By segment, in their order: with Brinson–Fachler, and where weights sum to one with either model, they sum to the active return.
    pub effects: Vec<Effects>,
}

impl Attribution {
    /// What the portfolio earned more than the benchmark.
    pub fn active_return(&self) -> f64 {
        self.portfolio_return - self.benchmark_return
    }
}

/// Attributes the active return of a period. A segment that a side does not hold takes the other side's return; one that neither
/// does has no effect.
pub fn attribute(segments: &[Segment], model: Model) -> Attribution {
    let sum = |weight: fn(&Segment) -> f64, earned: fn(&Segment) -> Option<f64>| -> f64 {
        segments.iter().map(|one| weight(one) * earned(one).unwrap_or(0.0)).sum()
    };
    let portfolio_return = sum(|one| one.portfolio_weight, |one| one.portfolio_return);
    let benchmark_return = sum(|one| one.benchmark_weight, |one| one.benchmark_return);
    let effects = segments.iter().map(|one| {
        let of_benchmark = one.benchmark_return.or(one.portfolio_return).unwrap_or(benchmark_return);
        let of_portfolio = one.portfolio_return.unwrap_or(of_benchmark);
        let active_weight = one.portfolio_weight - one.benchmark_weight;
        let yardstick = if model == Model::BrinsonFachler { benchmark_return } else { 0.0 };
        Effects {
            allocation: active_weight * (of_benchmark - yardstick),
            selection: one.benchmark_weight * (of_portfolio - of_benchmark),
            interaction: active_weight * (of_portfolio - of_benchmark),
        }
    });
    Attribution { portfolio_return, benchmark_return, effects: effects.collect() }
}

/// ln(1 + r) / r, and 1 where nothing was earned: the coefficient that makes parts of a period's return parts of a compound one
/// (Carino 1999). `None` where everything was lost.
pub fn carino(earned: f64) -> Option<f64> {
    match earned {
        lost if lost <= -1.0 => None,
        small if small.abs() < 1e-12 => Some(1.0),
        other => Some(other.ln_1p() / other),
    }
}

/// (ln(1 + a) − ln(1 + b)) / (a − b), and 1/(1 + a) where both are equal: the same of an active return. `None` where a side lost
/// everything.
pub fn carino_active(portfolio: f64, benchmark: f64) -> Option<f64> {
    if portfolio <= -1.0 || benchmark <= -1.0 {
        return None;
    }
    let difference = portfolio - benchmark;
    if difference.abs() < 1e-12 {
        return Some(1.0 / (1.0 + portfolio));
    }
    Some((portfolio.ln_1p() - benchmark.ln_1p()) / difference)
}

/// Links attributions of consecutive periods with the same segments: the effects sum to the active return of the whole. `None` where
/// they differ in their segments, or a side lost everything.
pub fn linked(periods: &[Attribution]) -> Option<Attribution> {
    let growth = |of: fn(&Attribution) -> f64| periods.iter().map(|period| 1.0 + of(period)).product::<f64>() - 1.0;
    let (portfolio, benchmark) = (growth(|one| one.portfolio_return), growth(|one| one.benchmark_return));
    let whole = carino_active(portfolio, benchmark)?;
    let count = periods.first()?.effects.len();
    let mut effects = vec![Effects::default(); count];
    for period in periods {
        if period.effects.len() != count {
            return None;
        }
        let factor = carino_active(period.portfolio_return, period.benchmark_return)? / whole;
        for (sum, effect) in effects.iter_mut().zip(&period.effects) {
            *sum = sum.plus(effect.scaled(factor));
        }
    }
    Some(Attribution { portfolio_return: portfolio, benchmark_return: benchmark, effects })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segments(weights: &[(f64, f64)], returns: &[(f64, f64)]) -> Vec<Segment> {
        let whole = weights.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let segment = |(weight, earned): (&(f64, f64), &(f64, f64))| Segment {
            portfolio_weight: weight.0 / whole.0,
            benchmark_weight: weight.1 / whole.1,
            portfolio_return: Some(earned.0),
            benchmark_return: Some(earned.1),
        };
        weights.iter().zip(returns).map(segment).collect()
    }

    #[test]
    fn a_segment_that_a_side_lacks_takes_the_other_sides_return() {
        let held = |wp, wb, rp, rb| Segment {
            portfolio_weight: wp,
            benchmark_weight: wb,
            portfolio_return: rp,
            benchmark_return: rb,
        };
        let all = [held(0.6, 1.0, Some(0.10), Some(0.05)), held(0.4, 0.0, Some(0.02), None)];
        let answer = attribute(&all, Model::BrinsonFachler);
        // Only where it stands does what the benchmark lacks count: (0.4 − 0)(0.02 − 0.05).
        assert!(
            (answer.effects[1].allocation + 0.012).abs() < 1e-12 && answer.effects[1].selection == 0.0,
            "{answer:?}"
        );
        let total: f64 = answer.effects.iter().map(Effects::total).sum();
        assert!((total - answer.active_return()).abs() < 1e-12);
    }

    #[test]
    fn equal_returns_have_the_limit_of_the_coefficient() {
        assert!((carino_active(0.1, 0.1).unwrap() - 1.0 / 1.1).abs() < 1e-12);
        assert!((carino_active(0.1, 0.1 + 1e-9).unwrap() - 1.0 / 1.1).abs() < 1e-6);
        assert_eq!((carino(-1.0), carino(0.0), carino_active(-1.0, 0.1)), (None, Some(1.0), None));
    }

    proptest! {
        #[test]
        fn effects_sum_to_the_active_return_also_linked(
            weights in prop::collection::vec((0.01..1.0_f64, 0.01..1.0_f64), 4),
            returns in prop::collection::vec(prop::collection::vec((-0.5..0.5_f64, -0.5..0.5_f64), 4), 1..6),
        ) {
            for model in [Model::BrinsonFachler, Model::BrinsonHoodBeebower] {
                let periods: Vec<_> = returns.iter().map(|one| attribute(&segments(&weights, one), model)).collect();
                for period in &periods {
                    let total: f64 = period.effects.iter().map(Effects::total).sum();
                    prop_assert!((total - period.active_return()).abs() < 1e-12);
                }
                let whole = linked(&periods).unwrap();
                let total: f64 = whole.effects.iter().map(Effects::total).sum();
                prop_assert!((total - whole.active_return()).abs() < 1e-9, "{total} {}", whole.active_return());
            }
        }
    }
}

//! Options that may be exercised at any time, on a binomial lattice.

use super::{Exercise, NoOptionFigure, OptionTerms};

impl OptionTerms {
    /// The least volatility that the lattice can hold.
    pub(super) fn finest(&self) -> f64 {
        match self.exercise {
            Exercise::European => 0.0,
            Exercise::American { steps } => {
                let step = self.years / (steps / 2) as f64;
                1.001 * (self.rate - self.dividend_yield).abs() * step.sqrt()
            }
        }
    }

    /// Value, delta, gamma and theta, extrapolated: what a lattice errs by halves with its steps.
    pub(super) fn american(&self, volatility: f64, steps: usize) -> Result<[f64; 4], NoOptionFigure> {
        let (coarse, fine) = (self.lattice(volatility, steps / 2)?, self.lattice(volatility, steps)?);
        let mut figures = [0.0; 4];
        figures.iter_mut().zip(coarse.iter().zip(fine)).for_each(|(out, (coarse, fine))| *out = 2.0 * fine - coarse);
        if !figures.iter().all(|figure| figure.is_finite()) {
            return Err(self.overflow(volatility));
        }
        // Extrapolating can fall below what exercising at once brings.
        figures[0] = figures[0].max(self.exercised(self.spot));
        Ok(figures)
    }

    fn lattice(&self, volatility: f64, steps: usize) -> Result<[f64; 4], NoOptionFigure> {
        let step = self.years / steps as f64;
        let up = (volatility * step.sqrt()).exp();
        let rise = (((self.rate - self.dividend_yield) * step).exp() - up.recip()) / (up - up.recip());
        if !(0.0..=1.0).contains(&rise) {
            return Err(NoOptionFigure::TooCoarse { steps, volatility });
        }
        let discount = (-self.rate * step).exp();
        let spot = |level: usize, ups: usize| self.spot * up.powi(2 * ups as i32 - level as i32);
        let last = steps - 1;
        let mut values: Vec<f64> = (0..=last)
            .map(|ups| {
                let at = Self { spot: spot(last, ups), years: step, ..*self };
                at.european(volatility).value.max(at.exercised(at.spot))
            })
            .collect();
        let mut second = [0.0; 3];
        for level in (0..last).rev() {
            if level == 1 {
                second.copy_from_slice(&values[..3]);
            }
            let mut price = spot(level, 0);
            for ups in 0..=level {
                let held = discount * (rise * values[ups + 1] + (1.0 - rise) * values[ups]);
                values[ups] = held.max(self.exercised(price));
                price *= up * up;
            }
        }
        // Spots after two steps: one below, the same, one above.
        let (down, high) = (spot(2, 0), spot(2, 2));
        let (falls, rises) =
            ((second[1] - second[0]) / (self.spot - down), (second[2] - second[1]) / (high - self.spot));
        let delta = (rises * (self.spot - down) + falls * (high - self.spot)) / (high - down);
        let gamma = (rises - falls) / ((high - down) / 2.0);
        Ok([values[0], delta, gamma, (second[1] - values[0]) / (2.0 * step)])
    }
}

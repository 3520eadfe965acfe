//! Options on one underlying: values, sensitivities and implied volatility, for one unit of the underlying. The contract's multiplier
//! and the sign of the position are the caller's.

use statrs::function::erf::erfc;

use super::AnnualVolatility;

/// What the holder may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Buy at the strike.
    Call,
    /// Sell at the strike.
    Put,
}

/// When it may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exercise {
    /// At expiry alone: the formula of Black, Scholes (1973) and Merton (1973).
    European,
    /// At any time: a binomial lattice (Cox, Ross and Rubinstein 1979) whose last step is the European formula, extrapolated from half
    /// the steps (Broadie and Detemple 1996).
    American {
        /// Steps of the lattice, even, from 4 to 5,000.
        steps: usize,
    },
}

/// An option and its market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionTerms {
    /// What the holder may do.
    pub right: Right,
    /// When.
    pub exercise: Exercise,
    /// The price of one unit of the underlying, above zero.
    pub spot: f64,
    /// In the same money.
    pub strike: f64,
    /// Until expiry, in years, above zero.
    pub years: f64,
    /// Without risk, a year, continuously compounded.
    pub rate: f64,
    /// What the underlying pays out, a year, continuously compounded; the foreign rate, of a currency.
    pub dividend_yield: f64,
}

/// A value and how it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionFigures {
    /// In the money of the spot.
    pub value: f64,
    /// Its change per change of the spot.
    pub delta: f64,
    /// The delta's change per change of the spot.
    pub gamma: f64,
    /// Its change per 1.00 of volatility: a hundredth of it is one point.
    pub vega: f64,
    /// Its change a year as time passes, mostly below zero: a 365th of it is one day.
    pub theta: f64,
    /// Its change per 1.00 of the rate: a hundredth of it is one point.
    pub rho: f64,
}

/// Why there is no figure of an option.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoOptionFigure {
    /// A spot, strike, time or volatility that is not above zero and finite.
    #[error("{input} is {value}: above zero and finite is expected")]
    NotPositive {
        /// Which.
        input: &'static str,
        /// What it is.
        value: f64,
    },
    /// A rate or a yield that is infinite, not a number, or above 10 either way.
    #[error("{input} is {value}: from −10 to 10 a year is expected")]
    Rate {
        /// Which.
        input: &'static str,
        /// What it is.
        value: f64,
    },
    /// A number of steps that is none.
    #[error("a lattice of {steps} steps: an even number from 4 to 5000 is expected")]
    Steps {
        /// The number.
        steps: usize,
    },
    /// A step's drift is larger than its move, so that no probability explains it.
    #[error("a lattice of {steps} steps is too coarse for a volatility of {volatility}")]
    TooCoarse {
        /// The number of steps.
        steps: usize,
        /// The volatility.
        volatility: f64,
    },
    /// Time, rates or volatility so large that the figures are no numbers.
    #[error("over {years} years at a volatility of {volatility} the figures grow beyond all numbers")]
    Overflow {
        /// The time.
        years: f64,
        /// The volatility.
        volatility: f64,
    },
    /// A price that no volatility explains.
    #[error("no volatility explains a price of {price}: {lowest} to {highest} can be explained")]
    Price {
        /// The price.
        price: f64,
        /// The least that can be.
        lowest: f64,
        /// The most that can be.
        highest: f64,
    },
}

/// Volatilities a year between which one is looked for.
const VOLATILITIES: (f64, f64) = (1e-4, 10.0);

impl OptionTerms {
    /// Value and sensitivities at a volatility.
    ///
    /// # Errors
    /// [`NoOptionFigure`].
    pub fn at(&self, volatility: AnnualVolatility) -> Result<OptionFigures, NoOptionFigure> {
        self.check(volatility.0)?;
        let Exercise::American { steps } = self.exercise else {
            let figures = self.european(volatility.0);
            let OptionFigures { value, delta, gamma, vega, theta, rho } = figures;
            let are_finite = [value, delta, gamma, vega, theta, rho].into_iter().all(f64::is_finite);
            return if are_finite { Ok(figures) } else { Err(self.overflow(volatility.0)) };
        };
        let [value, delta, gamma, theta] = self.american(volatility.0, steps)?;
        // Volatility and rate are none of the lattice's axes: it is asked again beside each.
        let (by_volatility, by_rate) = (volatility.0 * 0.01, 1e-3);
        let other = |volatility, terms: Self| terms.american(volatility, steps).map(|figures| figures[0]);
        let (more, less) = (other(volatility.0 + by_volatility, *self)?, other(volatility.0 - by_volatility, *self)?);
        let dearer = other(volatility.0, Self { rate: self.rate + by_rate, ..*self })?;
        let cheaper = other(volatility.0, Self { rate: self.rate - by_rate, ..*self })?;
        let (vega, rho) = ((more - less) / (2.0 * by_volatility), (dearer - cheaper) / (2.0 * by_rate));
        Ok(OptionFigures { value, delta, gamma, vega, theta, rho })
    }

    /// The volatility between 0.0001 and 10 a year that explains a price.
    ///
    /// # Errors
    /// [`NoOptionFigure::Price`] where none does, such as below what exercising at once would bring.
    pub fn implied_volatility(&self, price: f64) -> Result<AnnualVolatility, NoOptionFigure> {
        self.check(1.0)?;
        let value = |volatility: f64| match self.exercise {
            Exercise::European => Ok(self.european(volatility).value),
            Exercise::American { steps } => self.american(volatility, steps).map(|figures| figures[0]),
        };
        let (mut low, mut high) = (VOLATILITIES.0.max(self.finest()), VOLATILITIES.1);
        let (lowest, highest) = (value(low)?, value(high)?);
        if !(lowest + highest).is_finite() {
            return Err(self.overflow(high));
        }
        if !(price > lowest && price < highest) {
            return Err(NoOptionFigure::Price { price, lowest, highest });
        }
        let (mut below, mut above) = (lowest - price, highest - price);
        // Regula falsi that halves the weight of an end that stays (Dowell and Jarratt 1971), and the middle wherever that is slow.
        for step in 0..200 {
            let guess =
                if step % 3 == 2 { f64::midpoint(low, high) } else { low - below * (high - low) / (above - below) };
            let error = value(guess)? - price;
            if error == 0.0 || high - low <= 1e-13 * high {
                return Ok(AnnualVolatility(guess));
            }
            if error < 0.0 {
                (low, below, above) = (guess, error, above / 2.0);
            } else {
                (high, above, below) = (guess, error, below / 2.0);
            }
        }
        Ok(AnnualVolatility(f64::midpoint(low, high)))
    }

    fn check(&self, volatility: f64) -> Result<(), NoOptionFigure> {
        let positive =
            [("spot", self.spot), ("strike", self.strike), ("years", self.years), ("volatility", volatility)];
        if let Some((input, value)) = positive.into_iter().find(|(_, value)| !(*value > 0.0 && value.is_finite())) {
            return Err(NoOptionFigure::NotPositive { input, value });
        }
        let rates = [("rate", self.rate), ("dividend yield", self.dividend_yield)];
        if let Some((input, value)) = rates.into_iter().find(|(_, value)| !(-10.0..=10.0).contains(value)) {
            return Err(NoOptionFigure::Rate { input, value });
        }
        match self.exercise {
            Exercise::American { steps } if !(4..=5_000).contains(&steps) || steps % 2 == 1 => {
                Err(NoOptionFigure::Steps { steps })
            }
            _ => Ok(()),
        }
    }

    /// What exercising at a spot brings.
    fn exercised(&self, spot: f64) -> f64 {
        match self.right {
            Right::Call => (spot - self.strike).max(0.0),
            Right::Put => (self.strike - spot).max(0.0),
        }
    }

    /// Black, Scholes and Merton; at a volatility too small to matter the discounted difference.
    fn european(&self, volatility: f64) -> OptionFigures {
        let sign = if self.right == Right::Call { 1.0 } else { -1.0 };
        let deviation = volatility * self.years.sqrt();
        let (carry, discount) = ((-self.dividend_yield * self.years).exp(), (-self.rate * self.years).exp());
        let drift = (self.rate - self.dividend_yield) * self.years;
        let d1 = ((self.spot / self.strike).ln() + drift) / deviation + deviation / 2.0;
        let d2 = d1 - deviation;
        let density = (-d1 * d1 / 2.0).exp() / std::f64::consts::TAU.sqrt();
        let (in_spot, in_strike) =
            (self.spot * carry * cumulative(sign * d1), self.strike * discount * cumulative(sign * d2));
        let decay = self.spot * carry * density * volatility / (2.0 * self.years.sqrt());
        OptionFigures {
            value: sign * (in_spot - in_strike),
            delta: sign * carry * cumulative(sign * d1),
            gamma: carry * density / (self.spot * deviation),
            vega: self.spot * carry * density * self.years.sqrt(),
            theta: sign * (self.dividend_yield * in_spot - self.rate * in_strike) - decay,
            rho: sign * self.years * in_strike,
        }
    }

    /// The least volatility that the lattice can hold.
    fn finest(&self) -> f64 {
        match self.exercise {
            Exercise::European => 0.0,
            Exercise::American { steps } => {
                let step = self.years / (steps / 2) as f64;
                1.001 * (self.rate - self.dividend_yield).abs() * step.sqrt()
            }
        }
    }

    /// Value, delta, gamma and theta, extrapolated: what a lattice errs by halves with its steps.
    fn american(&self, volatility: f64, steps: usize) -> Result<[f64; 4], NoOptionFigure> {
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

    fn overflow(&self, volatility: f64) -> NoOptionFigure {
        NoOptionFigure::Overflow { years: self.years, volatility }
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

fn cumulative(x: f64) -> f64 {
    0.5 * erfc(-x / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(right: Right, exercise: Exercise, spot: f64, years: f64) -> OptionTerms {
        OptionTerms { right, exercise, spot, strike: 40.0, years, rate: 0.06, dividend_yield: 0.0 }
    }

    fn close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() < tolerance, "{got} is not {expected}");
    }

    #[test]
    fn the_formula_gives_the_figures_of_textbooks() {
        // Hull: spot 42, strike 40, 10 %, 20 %, half a year: 4.76 and 0.81.
        let call = OptionTerms { rate: 0.1, ..terms(Right::Call, Exercise::European, 42.0, 0.5) };
        close(call.at(AnnualVolatility(0.2)).unwrap().value, 4.759_422, 1e-6);
        let put = OptionTerms { right: Right::Put, ..call };
        close(put.at(AnnualVolatility(0.2)).unwrap().value, 0.808_600, 1e-6);
        // Hull: spot 49, strike 50, 5 %, 20 %, 0.3846 years: delta 0.522, gamma 0.066, theta −4.31, vega 12.1, rho 8.91.
        let other = OptionTerms { spot: 49.0, strike: 50.0, rate: 0.05, years: 0.3846, ..call };
        let figures = other.at(AnnualVolatility(0.2)).unwrap();
        close(figures.delta, 0.522, 5e-4);
        close(figures.gamma, 0.066, 5e-4);
        close(figures.theta, -4.31, 5e-3);
        close(figures.vega, 12.1, 5e-2);
        close(figures.rho, 8.91, 5e-3);
    }

    #[test]
    fn american_puts_are_those_that_were_published() {
        // Huang, Subrahmanyam and Yu 1996, table 1, binomial of 10,000 steps; spot 40, 4.88 % a year continuously compounded.
        for (strike, volatility, years, value) in [
            (40.0, 0.2, 0.0833, 0.8522),
            (40.0, 0.2, 0.3333, 1.5798),
            (40.0, 0.2, 0.5833, 1.9904),
            (45.0, 0.2, 0.3333, 5.0883),
            (45.0, 0.3, 0.5833, 6.2436),
            (40.0, 0.4, 0.5833, 4.3526),
            (45.0, 0.4, 0.3333, 6.5099),
        ] {
            let put = terms(Right::Put, Exercise::American { steps: 500 }, 40.0, years);
            let put = OptionTerms { strike, rate: 0.0488, ..put };
            close(put.at(AnnualVolatility(volatility)).unwrap().value, value, 5e-4);
        }
    }

    #[test]
    fn a_call_without_dividends_is_never_exercised_early() {
        let american = terms(Right::Call, Exercise::American { steps: 400 }, 42.0, 1.0);
        let lattice = american.at(AnnualVolatility(0.3)).unwrap();
        let formula = OptionTerms { exercise: Exercise::European, ..american }.at(AnnualVolatility(0.3)).unwrap();
        close(lattice.value, formula.value, 5e-4);
        close(lattice.delta, formula.delta, 1e-3);
        close(lattice.gamma, formula.gamma, 1e-3);
        close(lattice.vega, formula.vega, 2e-2);
        close(lattice.theta, formula.theta, 2e-2);
        close(lattice.rho, formula.rho, 2e-2);
    }

    #[test]
    fn what_is_no_option_says_why() {
        let plain = terms(Right::Put, Exercise::European, 36.0, 1.0);
        let refused = |terms: OptionTerms| terms.at(AnnualVolatility(0.2)).unwrap_err();
        assert_eq!(
            refused(OptionTerms { spot: 0.0, ..plain }),
            NoOptionFigure::NotPositive { input: "spot", value: 0.0 }
        );
        let endless = OptionTerms { years: f64::INFINITY, ..plain };
        assert!(matches!(refused(endless), NoOptionFigure::NotPositive { input: "years", .. }));
        assert_eq!(refused(OptionTerms { rate: 11.0, ..plain }), NoOptionFigure::Rate { input: "rate", value: 11.0 });
        let odd = OptionTerms { exercise: Exercise::American { steps: 5 }, ..plain };
        assert_eq!(refused(odd), NoOptionFigure::Steps { steps: 5 });
        let coarse = OptionTerms { exercise: Exercise::American { steps: 4 }, rate: 1.0, ..plain };
        assert!(matches!(refused(coarse), NoOptionFigure::TooCoarse { .. }));
        assert!(matches!(refused(OptionTerms { years: 200.0, rate: -10.0, ..plain }), NoOptionFigure::Overflow { .. }));
        let wild = OptionTerms { right: Right::Call, exercise: Exercise::American { steps: 100 }, years: 1e4, ..plain };
        assert!(matches!(wild.at(AnnualVolatility(9.0)), Err(NoOptionFigure::Overflow { .. })));
        assert!(plain.at(AnnualVolatility(f64::NAN)).is_err() && plain.at(AnnualVolatility(0.0)).is_err());
        // A put is worth at most its discounted strike, and an American one at least what it brings at once.
        assert!(matches!(plain.implied_volatility(38.0), Err(NoOptionFigure::Price { .. })));
        let american = OptionTerms { exercise: Exercise::American { steps: 200 }, ..plain };
        assert!(matches!(american.implied_volatility(3.9), Err(NoOptionFigure::Price { .. })));
        assert!(american.implied_volatility(f64::NAN).is_err());
    }

    proptest! {
        #[test]
        fn calls_less_puts_are_forwards_and_prices_give_their_volatility(
            spot in 20.0..80.0, years in 0.05..3.0, rate in -0.02..0.1, dividend_yield in 0.0..0.06, volatility in 0.1..0.9,
        ) {
            let call = OptionTerms { rate, dividend_yield, ..terms(Right::Call, Exercise::European, spot, years) };
            let put = OptionTerms { right: Right::Put, ..call };
            let volatility = AnnualVolatility(volatility);
            let (up, down) = (call.at(volatility).unwrap(), put.at(volatility).unwrap());
            let forward = spot * (-dividend_yield * years).exp() - 40.0 * (-rate * years).exp();
            prop_assert!((up.value - down.value - forward).abs() < 1e-10);
            for (terms, figures) in [(call, up), (put, down)] {
                // Where the value hardly depends on the volatility, its last digits hold little of it.
                if figures.vega > 0.1 {
                    prop_assert!((terms.implied_volatility(figures.value).unwrap().0 - volatility.0).abs() < 1e-9);
                }
                let at = |spot, years| OptionTerms { spot, years, ..terms }.at(volatility).unwrap().value;
                let delta = (at(spot + 1e-4, years) - at(spot - 1e-4, years)) / 2e-4;
                let theta = (at(spot, years - 1e-5) - at(spot, years + 1e-5)) / 2e-5;
                prop_assert!((delta - figures.delta).abs() < 1e-6 && (theta - figures.theta).abs() < 1e-4 * (1.0 + theta.abs()));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn exercising_early_is_never_worth_less(
            spot in 20.0..80.0, years in 0.05..3.0, rate in -0.02..0.1, dividend_yield in 0.0..0.06, volatility in 0.1..0.9,
            right in prop_oneof![Just(Right::Call), Just(Right::Put)],
        ) {
            let exercise = Exercise::American { steps: 100 };
            let american = OptionTerms { rate, dividend_yield, ..terms(right, exercise, spot, years) };
            let value = american.at(AnnualVolatility(volatility)).unwrap().value;
            let european = OptionTerms { exercise: Exercise::European, ..american }.at(AnnualVolatility(volatility)).unwrap();
            prop_assert!(value >= european.value - 0.005 && value >= american.exercised(spot), "{} {}", value, european.value);
            if value > american.exercised(spot) + 0.1 && european.vega > 0.5 {
                prop_assert!((american.implied_volatility(value).unwrap().0 - volatility).abs() < 1e-6);
            }
        }
    }
}

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

    pub(super) fn overflow(&self, volatility: f64) -> NoOptionFigure {
        NoOptionFigure::Overflow { years: self.years, volatility }
    }

    /// What exercising at a spot brings.
    pub(super) fn exercised(&self, spot: f64) -> f64 {
        match self.right {
            Right::Call => (spot - self.strike).max(0.0),
            Right::Put => (self.strike - spot).max(0.0),
        }
    }

    /// Black, Scholes and Merton; at a volatility too small to matter the discounted difference.
    pub(super) fn european(&self, volatility: f64) -> OptionFigures {
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
}

fn cumulative(x: f64) -> f64 {
    0.5 * erfc(-x / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests;

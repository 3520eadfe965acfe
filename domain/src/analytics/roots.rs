//! Roots of a sum of discounted flows, Σ a·e^(−u·t), in the logarithm u = ln(1 + r), where a rate of −1 is far away
//! and rates above 100 are near.

/// Amounts at times in years.
pub(super) struct Discounted {
    flows: Vec<(f64, f64)>,
    last: f64,
}

/// The ends of what `f64` can show as a rate.
const LOWEST: f64 = -700.0;
const HIGHEST: f64 = 700.0;

impl Discounted {
    /// Takes `(years, amount)` by ascending years, the first at zero.
    pub(super) fn new(flows: Vec<(f64, f64)>) -> Self {
        let last = flows.last().map_or(0.0, |flow| flow.0);
        Self { flows, last }
    }

    /// The sum and its slope, scaled by a positive factor that keeps every term finite.
    fn at(&self, u: f64) -> (f64, f64) {
        let reference = if u < 0.0 { self.last } else { 0.0 };
        self.flows.iter().fold((0.0, 0.0), |(sum, slope), &(years, amount)| {
            let term = amount * (-u * (years - reference)).exp();
            (sum + term, slope - (years - reference) * term)
        })
    }

    fn sum(&self, u: f64) -> f64 {
        self.at(u).0
    }

    /// Newton's method from `u`; `None` where it does not settle on a root.
    pub(super) fn newton(&self, mut u: f64) -> Option<f64> {
        for _ in 0..50 {
            let (sum, slope) = self.at(u);
            let next = u - sum / slope;
            if !(LOWEST..=HIGHEST).contains(&next) {
                return None;
            }
            if (next - u).abs() <= 1e-13 * (1.0 + next.abs()) {
                return self.crosses(next).then_some(next);
            }
            u = next;
        }
        None
    }

    /// Whether the sum changes sign at `u`: a step of Newton's can be small without a root.
    fn crosses(&self, u: f64) -> bool {
        let step = 1e-9 * (1.0 + u.abs());
        self.sum(u - step) * self.sum(u + step) <= 0.0
    }

    /// The root between two points, by Newton's method kept inside a shrinking bracket; `None` without a change of sign.
    pub(super) fn between(&self, mut low: f64, mut high: f64) -> Option<f64> {
        let (at_low, at_high) = (self.sum(low), self.sum(high));
        if at_low == 0.0 {
            return Some(low);
        }
        if at_high == 0.0 || at_low.signum() == at_high.signum() {
            return (at_high == 0.0).then_some(high);
        }
        let mut u = f64::midpoint(low, high);
        for _ in 0..200 {
            let (sum, slope) = self.at(u);
            if sum == 0.0 {
                return Some(u);
            }
            if sum.signum() == at_low.signum() {
                low = u
            } else {
                high = u
            }
            let step = u - sum / slope;
            let next = if step > low && step < high { step } else { f64::midpoint(low, high) };
            if (next - u).abs() <= 1e-14 * (1.0 + next.abs()) || high - low <= f64::EPSILON * low.abs() {
                return Some(next);
            }
            u = next;
        }
        Some(u)
    }

    /// One root, by a bracket about zero that doubles until the sum changes sign in it.
    pub(super) fn expanding(&self) -> Option<f64> {
        let mut reach = 0.5;
        while reach <= HIGHEST {
            if let Some(root) = self.between(0.0, reach).or_else(|| self.between(-reach, 0.0)) {
                return Some(root);
            }
            reach *= 2.0;
        }
        self.between(0.0, HIGHEST).or_else(|| self.between(LOWEST, 0.0))
    }

    /// Every root that a grid of rates from −0.999999 to 10⁶ tells apart, ascending.
    pub(super) fn scan(&self) -> Vec<f64> {
        let grid = (-240..=240).map(|step| {
            let x = f64::from(step) / 240.0;
            // Cubed, so that the grid is fine about zero: steps of 0.006 there, of 0.16 at the ends.
            14.0 * (0.1 * x + 0.9 * x.powi(3))
        });
        let mut roots: Vec<f64> = Vec::new();
        let mut before: Option<(f64, f64)> = None;
        for u in grid {
            let sum = self.sum(u);
            if sum == 0.0 {
                roots.push(u);
            } else if let Some((low, at_low)) = before
                && at_low != 0.0
                && at_low.signum() != sum.signum()
            {
                roots.extend(self.between(low, u));
            }
            before = Some((u, sum));
        }
        roots
    }
}

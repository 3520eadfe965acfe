//! The return of one step with an external flow in it.

/// When within its day a flow takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowTiming {
    /// Before the market moves: the flow bears the whole day's return.
    Start,
    /// Half way: it counts half in the capital.
    Middle,
    /// After it moved: none of it.
    End,
}

/// The timing of each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowTimings {
    /// Of money that comes in.
    pub inflow: FlowTiming,
    /// Of money that goes out.
    pub outflow: FlowTiming,
}

impl FlowTiming {
    fn weight(self) -> f64 {
        match self {
            Self::Start => 1.0,
            Self::Middle => 0.5,
            Self::End => 0.0,
        }
    }
}

impl Default for FlowTimings {
    /// Inflows at the start, outflows at the end: what comes in is at work at once, what goes out was at work until then.
    fn default() -> Self {
        Self { inflow: FlowTiming::Start, outflow: FlowTiming::End }
    }
}

impl FlowTimings {
    /// The capital that a step's gain is measured on: V₀ + w·F, F net and above zero inwards.
    pub fn capital(self, opening: f64, flow: f64) -> f64 {
        let timing = if flow > 0.0 { self.inflow } else { self.outflow };
        opening + timing.weight() * flow
    }
}

/// (V₁ − V₀ − F) / (V₀ + w·F), with w = 1 at the start of the day, ½ in the middle, 0 at the end.
///
/// By default that is (V₁ + Out) / (V₀ + In) − 1. `flow` is the step's net external flow, above zero inwards. `None`
/// unless the capital is above zero.
pub fn daily_return(opening: f64, closing: f64, flow: f64, timings: FlowTimings) -> Option<f64> {
    let capital = timings.capital(opening, flow);
    (capital > 0.0).then(|| (closing - opening - flow) / capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_day_reads_differently_by_timing() {
        // 100, then +100, closing at 215: a gain of 15 on 200, 150 or 100.
        let at = |timing| daily_return(100.0, 215.0, 100.0, FlowTimings { inflow: timing, outflow: timing }).unwrap();
        assert!((at(FlowTiming::Start) - 0.075).abs() < 1e-15);
        assert!((at(FlowTiming::Middle) - 0.10).abs() < 1e-15);
        assert!((at(FlowTiming::End) - 0.15).abs() < 1e-15);
    }

    #[test]
    fn by_default_inflows_come_first_and_outflows_last() {
        // In 100: 215 / (100 + 100) − 1 = 7.5 %. Out 50: (60 + 50) / 100 − 1 = 10 %.
        let inflow = daily_return(100.0, 215.0, 100.0, FlowTimings::default()).unwrap();
        let outflow = daily_return(100.0, 60.0, -50.0, FlowTimings::default()).unwrap();
        assert!((inflow - 0.075).abs() < 1e-15);
        assert!((outflow - 0.10).abs() < 1e-15);
    }

    #[test]
    fn no_capital_has_no_return() {
        assert_eq!(daily_return(0.0, 0.0, 0.0, FlowTimings::default()), None);
        assert_eq!(daily_return(-10.0, 5.0, 0.0, FlowTimings::default()), None);
    }
}

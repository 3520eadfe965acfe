//! Books and prices together: what was held is worth so much, by day or line by line on one day.
//!
//! A holding without a price or a rate makes the total unknown, never smaller: the known part is given beside it.

mod daily;
mod doubtful;
mod gain;
mod holdings;
mod inputs;
mod lines;
mod local;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use daily::{CALCULATION_VERSION, Daily, MissingSpan, daily, flow_value, net_flows};
pub use doubtful::{DoubtfulSpan, doubtful_inputs, worst_doubts};
pub use gain::{GainByLots, GainSplit, gain, gain_by_lots};
pub use holdings::{CashLine, HoldingLine, Holdings, Known, MissingLine, holdings};
pub use inputs::{Inputs, MissingInput, PriceSource, Subject, ValuationError};
pub use lines::{Line, lines};
pub use local::{LocalStep, line_steps, scope_steps};

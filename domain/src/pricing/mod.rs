//! What something was worth on a day: dated columns that are filled backward only, and currency rates.
//!
//! A later observation is never used for an earlier day, an old one only up to a maximum age, and a missing one is
//! `Missing` with a reason: never zero, never a rate of one.

pub mod adjustment;
mod certainty;
pub mod conventions;
mod fx;
mod max_age;
mod series;

#[cfg(test)]
mod tests;

pub use certainty::{Certainty, Doubt, doubts};
pub use fx::{Chain, ChainLeg, FX_MAX_AGE_DAYS, FxCursor, FxError, FxRates, InvalidRate, Rate};
pub use max_age::{MaxAge, MissingReason, Status};
pub use series::{Cursor, Lookup, Series, SeriesError};

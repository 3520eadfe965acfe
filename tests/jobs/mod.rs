//! The queue, the worker, and the daily values that it computes.

mod around;
mod control;
pub mod daily_values;
mod failures;
mod market_actions;
mod new_instruments;
mod performance_metrics;
mod queue;
mod replays;
mod rights;
pub mod schedules;
mod simulations;

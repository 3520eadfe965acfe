//! The arithmetic of portfolios: money, prices, the ledger, valuations and returns.
//!
//! Everything here is a pure function of its arguments: no clock, no I/O, no randomness, no logging. Money, quantities,
//! prices and cost are exact decimals with checked operations; rates of return and statistics are `f64` fractions
//! (0.05 is 5 %). A broken rule is a typed error that carries the numbers.
//!
//! In reading order: [`money`] and [`id`], [`calendar`] (when a market trades), [`pricing`] (what something was worth on a
//! day), [`ledger`] (what was held and what it cost), [`valuation`] (both together, by day), [`analytics`] (what the daily
//! columns say). By themselves stand [`quality`] (what is suspicious in prices as a vendor delivers them) and [`identifier`]
//! (check digits).
#![forbid(unsafe_code)]

#[cfg(test)]
#[macro_use]
mod testing;

pub mod analytics;
pub mod calendar;
pub mod id;
pub mod identifier;
pub mod ledger;
pub mod money;
pub mod pricing;
pub mod quality;
pub mod region;
pub mod valuation;

//! Figures against what they must be: computed elsewhere, by hand, or by an identity.

mod analytics;
mod demo;
mod exchanges;
mod gaps;
mod returns;
mod statements;
mod views;

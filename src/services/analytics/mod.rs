//! Figures over a scope and a range: what they are made of is loaded and valued once, and every figure is computed from it.

mod allocation;
mod book;
mod compare;
mod diversification;
mod figures;
mod growth;
mod hypothetical;
mod income;
pub mod risk;
mod scope;
pub mod stress;
pub mod xray;

pub use self::allocation::{Grouping, Slice};
pub use self::book::Book;
pub use self::compare::{Benchmark, Compared, Tail, TailBasis};
pub use self::diversification::Diversification;
pub use self::figures::{Contribution, ReturnTerms};
pub use self::growth::Growth;
pub use self::hypothetical::HypotheticalTrade;
pub use self::income::Received;
pub use self::scope::{Part, Range, Scope};

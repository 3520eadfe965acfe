//! Figures over a scope and a range: what they are made of is loaded and valued once, and every figure is computed from it.

mod allocation;
mod attribution;
mod book;
mod compare;
mod diversification;
mod expected_income;
mod figures;
mod growth;
mod hypothetical;
mod income;
mod preset;
mod ranges;
pub mod risk;
mod rolling;
mod scope;
pub mod stress;
pub mod tail;
pub mod xray;

pub use self::allocation::{Grouping, Slice};
pub use self::attribution::{Attributed, AttributedSegment};
pub use self::book::Book;
pub(super) use self::book::again;
pub use self::compare::{Benchmark, Compared};
pub use self::diversification::{Cluster, Diversification};
pub use self::expected_income::Expected;
pub use self::figures::{Contribution, ReturnTerms};
pub use self::growth::Growth;
pub use self::hypothetical::HypotheticalTrade;
pub use self::income::Received;
pub use self::preset::Preset;
pub use self::ranges::{Quality, RangeFigures};
pub(super) use self::ranges::{Unit, figures_of_all};
pub use self::rolling::Rolling;
pub use self::scope::{Part, Range, Scope};
pub use self::tail::{Tail, TailBasis, TailMethod};

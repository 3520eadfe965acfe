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
mod local;
pub mod risk;
mod risk_free;
mod rolling;
mod scope;
pub mod stress;
pub mod tail;
pub mod xray;

pub use self::allocation::{Grouping, Slice};
pub use self::attribution::{Attributed, AttributedSegment};
pub use self::book::Book;
pub use self::compare::{Benchmark, Compared};
pub use self::diversification::{Cluster, Diversification};
pub use self::expected_income::Expected;
pub use self::figures::{Contribution, ReturnTerms};
pub use self::growth::Growth;
pub use self::hypothetical::HypotheticalTrade;
pub use self::income::Received;
pub use self::local::LocalReturns;
pub use self::risk_free::{FreeReturns, RiskFree};
pub use self::rolling::{Rolling, WindowFigure};
pub use self::scope::{Part, Range, Scope};
pub use self::tail::{Tail, TailBasis, TailMethod};

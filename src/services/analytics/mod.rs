//! Figures over a scope and a range: what they are made of is loaded and valued once, and every figure is computed from it.

mod allocation;
mod book;
mod figures;
mod hypothetical;
pub mod risk;
mod scope;

pub use self::allocation::{Grouping, Slice};
pub use self::book::Book;
pub use self::figures::{Contribution, ReturnTerms};
pub use self::hypothetical::HypotheticalTrade;
pub use self::scope::{Part, Range, Scope};

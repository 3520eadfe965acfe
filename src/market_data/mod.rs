//! Market data: files into staging, checked, promoted to clean facts; and the clean facts as columns for valuations.

mod cache;
pub mod delivery;
mod load;
pub mod pipeline;

pub use cache::{MarketCache, MarketView};
pub use load::{LoadError, LoadReport, load_directory};

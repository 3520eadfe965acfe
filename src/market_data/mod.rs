//! Market data: files into staging, checked, promoted to clean facts; and the clean facts as columns for valuations.

mod cache;
pub mod delivery;
pub mod indicator;
mod instruments;
mod load;
pub mod news;
pub mod pipeline;
pub mod providers;
pub mod refresh;

pub use cache::{MarketCache, MarketView};
pub use instruments::load_instruments;
pub use load::{LoadError, LoadReport, load_directory};

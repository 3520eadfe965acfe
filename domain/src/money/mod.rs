//! Exact money: currencies, checked decimal operations and the two roundings that exist.
//!
//! Amounts of the ledger are multiples of 10⁻¹² ([`MONEY_SCALE`]), so that sums of them are exact up to 7.9 × 10¹⁶; only
//! posted cash is rounded further, to the currency's minor unit.

mod arithmetic;
mod currency;
mod sum;

pub use arithmetic::{
    ArithmeticError, MONEY_SCALE, add, div, mul, mul_div, product, round_to_minor, share, sub, to_f64,
};
pub use currency::{Currency, InvalidCurrency};
pub use sum::ProductSum;

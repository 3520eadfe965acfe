//! Sums of many products.

use rust_decimal::Decimal;

use super::ArithmeticError;
use super::arithmetic::{add, mul};

/// Decimals that a decimal has at most.
const MAX_SCALE: u32 = 28;

const POWERS: [i128; MAX_SCALE as usize + 1] = {
    let mut powers = [1; MAX_SCALE as usize + 1];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// `Σ left × right`, in whole numbers of its last decimal as far as 128 bits hold them: they add up several times faster than
/// decimals do, and exactly. What is beyond them is added as decimals are.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProductSum {
    /// So many 10⁻ˢᶜᵃˡᵉ.
    whole: i128,
    scale: u32,
    rest: Decimal,
}

impl ProductSum {
    /// Adds a product.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    #[inline]
    pub fn add(&mut self, left: Decimal, right: Decimal) -> Result<(), ArithmeticError> {
        if self.add_whole(left, right).is_none() {
            self.rest = add(self.rest, mul(left, right)?)?;
        }
        Ok(())
    }

    /// `None`, and nothing added, where it does not fit.
    #[inline]
    fn add_whole(&mut self, left: Decimal, right: Decimal) -> Option<()> {
        let product = match (i64::try_from(left.mantissa()), i64::try_from(right.mantissa())) {
            (Ok(left), Ok(right)) => i128::from(left) * i128::from(right),
            _ => left.mantissa().checked_mul(right.mantissa())?,
        };
        let scale = left.scale() + right.scale();
        if scale == self.scale {
            self.whole = self.whole.checked_add(product)?;
        } else if scale < self.scale {
            self.whole = self.whole.checked_add(finer(product, self.scale - scale)?)?;
        } else if scale > MAX_SCALE {
            return None;
        } else {
            self.whole = finer(self.whole, scale - self.scale)?.checked_add(product)?;
            self.scale = scale;
        }
        Some(())
    }

    /// What it comes to; rounded half-even where that needs more than 28 digits.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn total(self) -> Result<Decimal, ArithmeticError> {
        let whole = match Decimal::try_from_i128_with_scale(self.whole, self.scale) {
            Ok(whole) => whole,
            Err(_) => self.long()?,
        };
        if self.rest.is_zero() { Ok(whole) } else { add(whole, self.rest) }
    }

    /// What needs more than the 96 bits of a decimal.
    #[cold]
    fn long(self) -> Result<Decimal, ArithmeticError> {
        let unit = POWERS.get(self.scale as usize).copied().unwrap_or(1);
        let [units, parts] = [self.whole / unit, self.whole % unit];
        let too_large = |_| ArithmeticError::OutOfRange { number: Decimal::MAX, decimals: 0 };
        let units = Decimal::try_from_i128_with_scale(units, 0).map_err(too_large)?;
        add(units, Decimal::try_from_i128_with_scale(parts, self.scale).map_err(too_large)?)
    }
}

/// The same number in a unit that is so many decimals finer.
fn finer(number: i128, decimals: u32) -> Option<i128> {
    number.checked_mul(*POWERS.get(decimals as usize)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(products: &[(Decimal, Decimal)]) -> Result<Decimal, ArithmeticError> {
        let mut sum = ProductSum::default();
        for (left, right) in products {
            sum.add(*left, *right)?;
        }
        sum.total()
    }

    fn number() -> impl Strategy<Value = Decimal> {
        (any::<i32>(), 0_u32..6).prop_map(|(mantissa, scale)| Decimal::new(i64::from(mantissa), scale))
    }

    proptest! {
        #[test]
        fn it_is_what_decimals_add_up_to(products in prop::collection::vec((number(), number()), 0..30)) {
            let added = products.iter().try_fold(Decimal::ZERO, |sum, (left, right)| add(sum, mul(*left, *right)?));
            prop_assert_eq!(sum(&products), added);
        }
    }

    #[test]
    fn what_128_bits_do_not_hold_is_added_as_decimals_are() {
        let (large, small) = (dec!(9999999999999999999999999999), dec!(0.0000000000000000000000000001));
        // 10²⁸ − 1 in units of 10⁻²⁸ has 56 digits.
        assert_eq!(sum(&[(large, Decimal::ONE), (small, Decimal::ONE)]), Ok(large));
        assert_eq!(sum(&[(small, small), (dec!(2), dec!(3))]), Ok(dec!(6)));
        assert_eq!(sum(&[(large, small), (large, -small)]), Ok(Decimal::ZERO));
    }

    #[test]
    fn a_total_of_more_than_96_bits_is_rounded_to_28_digits() {
        let large = dec!(70000000000.000000000000000001);
        assert_eq!(sum(&[(large, Decimal::ONE), (large, Decimal::ONE)]), Ok(dec!(140000000000.00000000000000000)));
    }

    #[test]
    fn a_total_that_no_decimal_holds_is_refused() {
        let large = dec!(50000000000000000000000000000);
        let refused = sum(&[(large, Decimal::ONE), (large, Decimal::ONE)]);
        assert!(matches!(refused, Err(ArithmeticError::OutOfRange { .. })), "{refused:?}");
    }
}

//! What the books are kept in while they are being written: whole numbers of a smallest part, which add up many times faster
//! than decimals do. Entries come in and rows go out as decimals.

use rust_decimal::Decimal;

use crate::money::{ArithmeticError, MONEY_SCALE};

/// An amount of money: so many 10⁻¹² ([`MONEY_SCALE`]) of its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Money(i128);

/// A quantity: so many of the smallest fraction that its pool counts in ([`super::pool::Pool::units`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Units(i128);

const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Decimals have 96 bits.
const DECIMAL_LIMIT: u128 = 1 << 96;

macro_rules! whole_number {
    ($number:ident) => {
        impl $number {
            pub(super) const ZERO: Self = Self(0);

            pub(super) fn is_zero(self) -> bool {
                self.0 == 0
            }

            pub(super) fn negated(self) -> Self {
                Self(-self.0)
            }

            pub(super) fn abs(self) -> Self {
                Self(self.0.abs())
            }

            #[inline]
            pub(super) fn plus(self, other: Self) -> Result<Self, ArithmeticError> {
                match self.0.checked_add(other.0) {
                    Some(sum) if sum != i128::MIN => Ok(Self(sum)),
                    _ => Err(self.overflow('+', other)),
                }
            }

            #[inline]
            pub(super) fn minus(self, other: Self) -> Result<Self, ArithmeticError> {
                match self.0.checked_sub(other.0) {
                    Some(difference) if difference != i128::MIN => Ok(Self(difference)),
                    _ => Err(self.overflow('−', other)),
                }
            }
        }
    };
}

whole_number!(Money);
whole_number!(Units);

impl Money {
    /// An amount, rounded half-even to [`MONEY_SCALE`].
    ///
    /// # Errors
    /// [`ArithmeticError::OutOfRange`] from 1.7 × 10²⁶ on.
    pub(super) fn rounded(amount: Decimal) -> Result<Self, ArithmeticError> {
        match scaled(amount, MONEY_SCALE) {
            Some(whole) => whole.map(Self),
            None => Ok(Self(divided(amount.mantissa(), POWERS[(amount.scale() - MONEY_SCALE) as usize]))),
        }
    }

    /// `quantity × price`, where it needs no rounding and no more than 128 bits.
    pub(super) fn exact_product(quantity: Decimal, price: Decimal) -> Option<Self> {
        let up = MONEY_SCALE.checked_sub(quantity.scale() + price.scale())?;
        let product = quantity.mantissa().checked_mul(price.mantissa())?;
        product.checked_mul(POWERS[up as usize]).map(Self)
    }

    /// The decimal that it is. What no decimal can hold to [`MONEY_SCALE`] (from 7.9 × 10¹⁶ on) is rounded half-even to 28
    /// digits.
    pub(super) fn decimal(self) -> Decimal {
        decimal(self.0, MONEY_SCALE)
    }

    /// Its share of `part` in `whole`, rounded half-even.
    ///
    /// # Errors
    /// [`ArithmeticError`] for a zero `whole` or a share that is too large.
    pub(super) fn share(self, part: Units, whole: Units) -> Result<Self, ArithmeticError> {
        self.ratio(part.0, whole.0)
    }

    /// The amount × `fraction`, rounded half-even.
    ///
    /// # Errors
    /// [`ArithmeticError`] for a product that is too large.
    pub(super) fn fraction(self, fraction: Decimal) -> Result<Self, ArithmeticError> {
        self.ratio(fraction.mantissa(), POWERS[fraction.scale() as usize])
    }

    fn ratio(self, part: i128, whole: i128) -> Result<Self, ArithmeticError> {
        if whole == 0 {
            return Err(ArithmeticError::DivisionByZero { dividend: self.decimal() });
        }
        let negative = (self.0 < 0) ^ (part < 0) ^ (whole < 0);
        let (amount, part, whole) = (self.0.unsigned_abs(), part.unsigned_abs(), whole.unsigned_abs());
        let share = match amount.checked_mul(part) {
            Some(product) => Some(half_even(product, whole)),
            None => wide_share(amount, part, whole),
        };
        let share = share.and_then(|share| i128::try_from(share).ok());
        let share = share.ok_or_else(|| ArithmeticError::Overflow {
            operator: '×',
            left: self.decimal(),
            right: decimal(i128::try_from(part).unwrap_or(i128::MAX), 0),
        })?;
        Ok(Self(if negative { -share } else { share }))
    }

    /// Rounded half-even to so many decimals, at most [`MONEY_SCALE`].
    pub(super) fn round(self, decimals: u32) -> Self {
        let step = POWERS[MONEY_SCALE.saturating_sub(decimals) as usize];
        Self(divided(self.0, step) * step)
    }

    fn overflow(self, operator: char, other: Self) -> ArithmeticError {
        ArithmeticError::Overflow { operator, left: self.decimal(), right: other.decimal() }
    }
}

impl Units {
    /// A quantity in units of 10⁻ᵈᵉᶜⁱᵐᵃˡˢ; `None` where it has more decimals.
    ///
    /// # Errors
    /// [`ArithmeticError::OutOfRange`] for more of them than 128 bits count.
    pub(super) fn of(quantity: Decimal, decimals: u32) -> Option<Result<Self, ArithmeticError>> {
        let exact = scaled(quantity, decimals).or_else(|| scaled(quantity.normalize(), decimals))?;
        Some(exact.map(Self))
    }

    pub(super) fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(super) fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// A quantity in the fraction of its own last decimal.
    pub(super) fn smallest(quantity: Decimal) -> Self {
        Self(quantity.mantissa())
    }

    /// The decimal that it is, where it counts 10⁻ᵈᵉᶜⁱᵐᵃˡˢ.
    pub(super) fn decimal(self, decimals: u32) -> Decimal {
        decimal(self.0, decimals)
    }

    /// The same quantity in a fraction that is so many decimals finer.
    ///
    /// # Errors
    /// [`ArithmeticError::OutOfRange`] for more of them than 128 bits count.
    pub(super) fn widened(self, from: u32, to: u32) -> Result<Self, ArithmeticError> {
        let wide = POWERS.get(to.saturating_sub(from) as usize).and_then(|up| self.0.checked_mul(*up));
        wide.map(Self).ok_or_else(|| out_of_range(self.decimal(from), to))
    }

    fn overflow(self, operator: char, other: Self) -> ArithmeticError {
        ArithmeticError::Overflow { operator, left: self.decimal(0), right: other.decimal(0) }
    }
}

/// A decimal as so many 10⁻ᵈᵉᶜⁱᵐᵃˡˢ; `None` where it is written with more decimals.
fn scaled(number: Decimal, decimals: u32) -> Option<Result<i128, ArithmeticError>> {
    let up = decimals.checked_sub(number.scale())?;
    let whole = POWERS.get(up as usize).and_then(|up| number.mantissa().checked_mul(*up));
    Some(whole.ok_or_else(|| out_of_range(number, decimals)))
}

#[cold]
fn out_of_range(number: Decimal, decimals: u32) -> ArithmeticError {
    ArithmeticError::OutOfRange { number, decimals }
}

#[inline]
fn decimal(number: i128, decimals: u32) -> Decimal {
    let digits = number.unsigned_abs();
    if digits < DECIMAL_LIMIT {
        return Decimal::from_parts(digits as u32, (digits >> 32) as u32, (digits >> 64) as u32, number < 0, decimals);
    }
    rounded_decimal(number, decimals)
}

/// What needs more than the 96 bits of a decimal.
#[cold]
fn rounded_decimal(number: i128, decimals: u32) -> Decimal {
    let fits = |down: &u32| divided(number, POWERS[*down as usize]).unsigned_abs() < DECIMAL_LIMIT;
    // 128 bits are at most ten digits more than 96.
    let down = (1..=10).find(fits).unwrap_or(10).min(decimals);
    let number = divided(number, POWERS[down as usize]);
    Decimal::try_from_i128_with_scale(number, decimals - down).unwrap_or(if number < 0 {
        Decimal::MIN
    } else {
        Decimal::MAX
    })
}

/// `number ÷ divisor` (above zero), rounded half-even.
fn divided(number: i128, divisor: i128) -> i128 {
    let (whole, divisor) = (number.unsigned_abs(), divisor.unsigned_abs());
    let rounded = half_even(whole, divisor) as i128;
    if number < 0 { -rounded } else { rounded }
}

fn half_even(dividend: u128, divisor: u128) -> u128 {
    let quotient = dividend / divisor;
    // A second division would cost as much as the first.
    goes_up(quotient, dividend - quotient * divisor, divisor)
}

/// A quotient, or the next one where the rest says so.
fn goes_up(quotient: u128, rest: u128, divisor: u128) -> u128 {
    let goes_up = match (divisor - rest).cmp(&rest) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => quotient % 2 == 1,
        std::cmp::Ordering::Greater => false,
    };
    quotient + u128::from(goes_up)
}

/// `amount × part ÷ whole` where the product needs more than 128 bits: multiplied bit by bit, the whole taken out as it
/// comes. `None` where the result needs more too.
fn wide_share(amount: u128, part: u128, whole: u128) -> Option<u128> {
    let (times, rest) = (amount / whole, amount % whole);
    let (mut quotient, mut left) = (0_u128, 0_u128);
    for bit in (0..u128::BITS).rev() {
        quotient = quotient.checked_mul(2)?;
        left = left.checked_mul(2)?;
        if part >> bit & 1 == 1 {
            left = left.checked_add(rest)?;
        }
        quotient = quotient.checked_add(left / whole)?;
        left %= whole;
    }
    times.checked_mul(part)?.checked_add(goes_up(quotient, left, whole))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::share;

    fn money(amount: Decimal) -> Money {
        Money::rounded(amount).unwrap()
    }

    fn units(count: i128) -> Units {
        Units(count)
    }

    #[test]
    fn amounts_are_rounded_half_even_to_the_money_scale() {
        for (amount, kept) in [
            (dec!(1.25), dec!(1.25)),
            (dec!(0.0000000000005), dec!(0)),
            (dec!(0.0000000000015), dec!(0.000000000002)),
            (dec!(-0.00000000000150001), dec!(-0.000000000002)),
            (dec!(79228162514264337593543950), dec!(79228162514264337593543950)),
        ] {
            assert_eq!(money(amount).decimal(), kept, "{amount}");
        }
        let too_large = dec!(790000000000000000000000000);
        assert_eq!(Money::rounded(too_large), Err(ArithmeticError::OutOfRange { number: too_large, decimals: 12 }));
    }

    #[test]
    fn postings_round_half_even_to_the_minor_unit() {
        assert_eq!(money(dec!(0.125)).round(2).decimal(), dec!(0.12));
        assert_eq!(money(dec!(-0.135)).round(2).decimal(), dec!(-0.14));
        assert_eq!(money(dec!(2.5)).round(0).decimal(), dec!(2));
        assert_eq!(money(dec!(1.0015)).round(3).decimal(), dec!(1.002));
    }

    #[test]
    fn what_no_decimal_holds_to_the_money_scale_is_rounded_to_its_digits() {
        let large = money(dec!(99999999999999999)).plus(money(dec!(0.000000000015))).unwrap();
        assert_eq!(large.decimal(), dec!(99999999999999999.00000000002));
    }

    #[test]
    fn a_share_is_rounded_half_even_whatever_its_size() {
        assert_eq!(money(dec!(10)).share(units(1), units(3)).unwrap().decimal(), dec!(3.333333333333));
        assert_eq!(Money(1).share(units(1), units(2)), Ok(Money(0)));
        assert_eq!(Money(1).share(units(-3), units(2)), Ok(Money(-2)));
        let large = Money(i128::MAX - 1);
        assert_eq!(large.share(units(i128::MAX / 2), units(i128::MAX - 1)), Ok(Money(i128::MAX / 2)));
        assert!(Money(1).share(units(1), units(0)).is_err());
        assert!(large.share(units(3), units(1)).is_err());
    }

    #[test]
    fn sums_that_are_too_large_say_what_was_added() {
        let large = Money(i128::MAX);
        assert!(matches!(large.plus(large), Err(ArithmeticError::Overflow { operator: '+', .. })));
        assert!(matches!(large.negated().minus(large), Err(ArithmeticError::Overflow { operator: '−', .. })));
    }

    #[test]
    fn a_quantity_fits_the_fraction_that_it_is_counted_in() {
        assert_eq!(Units::of(dec!(1.50), 1), Some(Ok(units(15))));
        assert_eq!(Units::of(dec!(1.25), 1), None);
        assert_eq!(units(15).widened(1, 3), Ok(units(1500)));
        assert_eq!(units(1500).decimal(3), dec!(1.5));
        assert!(units(i128::MAX).widened(0, 1).is_err());
    }

    proptest! {
        #[test]
        fn a_share_is_that_of_decimals(amount in any::<i64>(), part in any::<i32>(), whole in 1..i32::MAX) {
            let (amount, part, whole) = (Decimal::new(amount, 4), i64::from(part), i64::from(whole));
            let (own_part, own_whole) = (units(part.into()), units(whole.into()));
            prop_assert_eq!(
                money(amount).share(own_part, own_whole).unwrap().decimal(),
                share(amount, part.into(), whole.into()).unwrap()
            );
        }

        #[test]
        fn a_wide_share_is_a_share(amount in any::<u64>(), part in any::<u32>(), whole in 1..u64::MAX) {
            let product = u128::from(amount) * u128::from(part);
            let whole = u128::from(whole);
            let narrow = half_even(product, whole);
            prop_assert_eq!(wide_share(amount.into(), part.into(), whole), Some(narrow));
        }
    }
}

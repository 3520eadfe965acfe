//! Checked operations on exact decimals. An overflow is an error that says what was computed; nothing here panics.

use rust_decimal::Decimal;

use super::Currency;

/// Decimal places that amounts of the ledger are rounded to, half-even.
pub const MONEY_SCALE: u32 = 12;

/// An operation whose result no decimal of 28 digits can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticError {
    /// The result itself is too large: beyond 7.9 × 10²⁸.
    #[error("{left} {operator} {right} is too large for an exact decimal")]
    Overflow {
        /// The operation as a sign: `+`, `−`, `×` or `÷`.
        operator: char,
        /// The first operand.
        left: Decimal,
        /// The second operand.
        right: Decimal,
    },
    /// A number that is too large to be kept to so many decimals.
    #[error("{number} is too large to be kept to {decimals} decimals")]
    OutOfRange {
        /// The number.
        number: Decimal,
        /// The decimals that it is kept to.
        decimals: u32,
    },
    /// A division by zero.
    #[error("{dividend} cannot be divided by zero")]
    DivisionByZero {
        /// What was to be divided.
        dividend: Decimal,
    },
}

fn overflow(operator: char, left: Decimal, right: Decimal) -> ArithmeticError {
    ArithmeticError::Overflow { operator, left, right }
}

/// `left + right`.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
#[inline]
pub fn add(left: Decimal, right: Decimal) -> Result<Decimal, ArithmeticError> {
    left.checked_add(right).ok_or_else(|| overflow('+', left, right))
}

/// `left − right`.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
#[inline]
pub fn sub(left: Decimal, right: Decimal) -> Result<Decimal, ArithmeticError> {
    left.checked_sub(right).ok_or_else(|| overflow('−', left, right))
}

/// `left × right`, formed in 192 bits and rounded half-even where it needs more than the 96 bits of a decimal (28 digits).
///
/// # Errors
/// [`ArithmeticError::Overflow`], only where the product itself is too large.
#[inline]
pub fn mul(left: Decimal, right: Decimal) -> Result<Decimal, ArithmeticError> {
    left.checked_mul(right).ok_or_else(|| overflow('×', left, right))
}

/// `left ÷ right`, to 28 significant digits.
///
/// # Errors
/// [`ArithmeticError`] for a zero divisor or a quotient that is too large.
pub fn div(left: Decimal, right: Decimal) -> Result<Decimal, ArithmeticError> {
    if right.is_zero() {
        return Err(ArithmeticError::DivisionByZero { dividend: left });
    }
    left.checked_div(right).ok_or_else(|| overflow('÷', left, right))
}

/// `amount × numerator ÷ denominator`: one rounding as long as the product has at most 28 digits.
///
/// # Errors
/// [`ArithmeticError`] for a zero denominator or a result that is too large; a large product alone is none.
pub fn mul_div(amount: Decimal, numerator: Decimal, denominator: Decimal) -> Result<Decimal, ArithmeticError> {
    match mul(amount, numerator) {
        Ok(product) => div(product, denominator),
        Err(_) => mul(div(amount, denominator)?, numerator),
    }
}

/// `left × right` as an amount of money: rounded half-even to [`MONEY_SCALE`].
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn product(left: Decimal, right: Decimal) -> Result<Decimal, ArithmeticError> {
    Ok(mul(left, right)?.round_dp(MONEY_SCALE))
}

/// `amount × part ÷ whole` as an amount of money: rounded half-even to [`MONEY_SCALE`].
///
/// # Errors
/// [`ArithmeticError`] for a zero `whole` or a result that is too large.
pub fn share(amount: Decimal, part: Decimal, whole: Decimal) -> Result<Decimal, ArithmeticError> {
    match narrow_share(amount, part, whole) {
        Some(share) => Ok(share),
        None => Ok(mul_div(amount, part, whole)?.round_dp(MONEY_SCALE)),
    }
}

/// [`share`] in 128 bits, where the numbers fit: most do, and it takes a fraction of the time. Rounded once.
fn narrow_share(amount: Decimal, part: Decimal, whole: Decimal) -> Option<Decimal> {
    let up = (MONEY_SCALE + whole.scale()).checked_sub(amount.scale() + part.scale())?;
    let scaled = 10_u128.checked_pow(up)?;
    let dividend = amount.mantissa().unsigned_abs().checked_mul(part.mantissa().unsigned_abs())?.checked_mul(scaled)?;
    let divisor = whole.mantissa().unsigned_abs();
    let quotient = dividend.checked_div(divisor)?;
    let twice = (dividend - quotient * divisor).checked_mul(2)?;
    let goes_up = twice > divisor || (twice == divisor && quotient % 2 == 1);
    let rounded = i128::try_from(quotient + u128::from(goes_up)).ok()?;
    let negative = amount.is_sign_negative() ^ part.is_sign_negative() ^ whole.is_sign_negative();
    Decimal::try_from_i128_with_scale(if negative { -rounded } else { rounded }, MONEY_SCALE).ok()
}

/// The amount as it is posted to a cash balance: half-even to the currency's minor unit.
pub fn round_to_minor(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp(currency.minor_unit())
}

const POWERS: [f64; 29] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28,
];

/// The number as a binary one, for statistics: the nearest for up to 15 digits and 22 decimals, less than two units in the last place off
/// beyond.
/// The conversion of the decimal's own library takes ten times as long, which shows where each day of each holding is converted.
#[inline]
pub fn to_f64(number: Decimal) -> f64 {
    number.mantissa() as f64 / POWERS[number.scale() as usize]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_product_of_thirty_digits_is_rounded_half_even_to_twenty_eight() {
        // Exactly 3383.99054686282578571365279684, thirty digits; 96 bits hold the first twenty-nine.
        let value = mul(dec!(1.123456789012345678), dec!(3012.12345678)).unwrap();
        assert_eq!(value, dec!(3383.9905468628257857136527968));
        // As an amount of money: …2825|7857 goes up.
        let amount = product(dec!(1.123456789012345678), dec!(3012.12345678)).unwrap();
        assert_eq!(amount, dec!(3383.990546862826));
    }

    proptest! {
        #[test]
        fn a_binary_number_is_the_nearest(mantissa in -(1_i64 << 53)..(1_i64 << 53), scale in 0_u32..=22) {
            let number = Decimal::from_i128_with_scale(mantissa.into(), scale);
            // A decimal's text is read as the binary number that is nearest to it.
            prop_assert_eq!(to_f64(number), number.to_string().parse::<f64>().unwrap());
        }

        #[test]
        fn a_long_number_is_off_by_less_than_two_units_in_the_last_place(high in any::<i64>(), low in any::<u32>(), scale in 0_u32..=28) {
            let number = Decimal::from_i128_with_scale((i128::from(high) << 32) | i128::from(low), scale);
            let nearest = number.to_string().parse::<f64>().unwrap();
            prop_assert!((to_f64(number) - nearest).abs() <= nearest.abs() * f64::EPSILON, "{number}");
        }
    }

    #[test]
    fn half_way_products_go_to_the_even_digit() {
        // 0.5 × 10⁻²⁸ lies half way between 0 and 10⁻²⁸; 1.5 × 10⁻²⁸ between 1 and 2.
        let ulp = Decimal::new(1, 28);
        assert_eq!(mul(ulp, dec!(0.5)).unwrap(), Decimal::ZERO);
        assert_eq!(mul(ulp, dec!(1.5)).unwrap(), Decimal::new(2, 28));
    }

    #[test]
    fn overflow_is_an_error_that_names_the_operands() {
        assert_eq!(
            add(Decimal::MAX, Decimal::ONE),
            Err(ArithmeticError::Overflow { operator: '+', left: Decimal::MAX, right: Decimal::ONE })
        );
        assert!(sub(Decimal::MIN, Decimal::ONE).is_err());
        assert!(mul(Decimal::MAX, dec!(2)).is_err());
        assert!(div(Decimal::MAX, dec!(0.1)).is_err());
        assert_eq!(div(Decimal::ONE, Decimal::ZERO), Err(ArithmeticError::DivisionByZero { dividend: Decimal::ONE }));
    }

    #[test]
    fn a_large_intermediate_product_is_no_overflow() {
        assert_eq!(mul_div(Decimal::MAX, dec!(2), dec!(4)).unwrap().round(), dec!(39614081257132168796771975168));
    }

    #[test]
    fn postings_round_half_even_to_the_minor_unit() {
        let currency = |code: &str| Currency::new(code).unwrap();
        assert_eq!(round_to_minor(dec!(0.125), currency("EUR")), dec!(0.12));
        assert_eq!(round_to_minor(dec!(-0.135), currency("EUR")), dec!(-0.14));
        assert_eq!(round_to_minor(dec!(2.5), currency("JPY")), dec!(2));
        assert_eq!(round_to_minor(dec!(1.0015), currency("KWD")), dec!(1.002));
    }

    #[test]
    fn a_share_is_rounded_half_even_whatever_its_size() {
        assert_eq!(share(dec!(10), dec!(1), dec!(3)).unwrap(), dec!(3.333333333333));
        // 0.5 and 1.5 of the last place.
        let ulp = Decimal::new(1, MONEY_SCALE);
        assert_eq!(share(ulp, dec!(1), dec!(2)).unwrap(), Decimal::ZERO);
        assert_eq!(share(ulp, dec!(-3), dec!(2)).unwrap(), Decimal::new(-2, MONEY_SCALE));
        assert_eq!(share(Decimal::MAX, dec!(1), dec!(2)).unwrap().round(), dec!(39614081257132168796771975168));
        assert!(share(dec!(1), dec!(1), dec!(0)).is_err());
    }

    proptest! {
        #[test]
        fn a_share_in_few_bits_is_the_share(
            amount in any::<i64>(), scale in 0..13_u32, part in 0..i64::from(i32::MAX), whole in 1..i64::from(i32::MAX),
        ) {
            let (amount, part, whole) = (Decimal::new(amount, scale), Decimal::new(part, 3), Decimal::new(whole, 3));
            let wide = mul_div(amount, part, whole).unwrap().round_dp(MONEY_SCALE);
            if let Some(narrow) = narrow_share(amount, part, whole) {
                // The wide one is rounded twice where it needs more than 28 digits.
                prop_assert!((narrow - wide).abs() <= Decimal::new(1, MONEY_SCALE), "{} {}", narrow, wide);
            }
        }

        #[test]
        fn sums_of_money_are_exact(a in -1_000_000_000_000_000_i64..1_000_000_000_000_000, b in any::<i32>()) {
            let (a, b) = (Decimal::new(a, MONEY_SCALE), Decimal::new(b.into(), 0));
            prop_assert_eq!(sub(add(a, b).unwrap(), b).unwrap(), a);
        }
    }
}

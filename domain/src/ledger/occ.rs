//! The 21 characters by which the Options Clearing Corporation names a listed option: `AAPL  240119C00190000`.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::OptionRight;

/// Thousandths that a strike has room for.
const MAX_STRIKE: i64 = 99_999_999;

/// A symbol read into its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OccSymbol {
    root: String,
    expiry: NaiveDate,
    right: OptionRight,
    strike: Decimal,
}

/// Text that is no symbol, or terms that no symbol has room for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is no option symbol like \"AAPL  240119C00190000\": {reason}")]
pub struct InvalidOccSymbol {
    /// The text, or the terms in words.
    pub text: String,
    /// What is wrong.
    pub reason: &'static str,
}

impl OccSymbol {
    /// A symbol of these terms.
    ///
    /// # Errors
    /// [`InvalidOccSymbol`] for a root that is not 1 to 6 capital letters and digits, a year outside 2000 to 2099, or a strike
    /// that is below zero, above 99,999.999 or has more than three decimals.
    pub fn new(root: &str, expiry: NaiveDate, right: OptionRight, strike: Decimal) -> Result<Self, InvalidOccSymbol> {
        let wrong = |reason| InvalidOccSymbol { text: format!("{root} {expiry} {right:?} {strike}"), reason };
        let is_root = (1..=6).contains(&root.len())
            && root.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if !is_root {
            return Err(wrong("the root is 1 to 6 capital letters and digits"));
        }
        if !(2000..=2099).contains(&expiry.year()) {
            return Err(wrong("the year is one of 2000 to 2099"));
        }
        let strike = strike.normalize();
        if strike.scale() > 3 || strike < Decimal::ZERO || strike > Decimal::new(MAX_STRIKE, 3) {
            return Err(wrong("the strike is 0 to 99999.999 with at most three decimals"));
        }
        Ok(Self { root: root.to_owned(), expiry, right, strike })
    }

    /// Reads a symbol, its root padded with spaces to six characters or not at all.
    ///
    /// # Errors
    /// [`InvalidOccSymbol`] that says which part cannot be read.
    pub fn parse(text: &str) -> Result<Self, InvalidOccSymbol> {
        let wrong = |reason| InvalidOccSymbol { text: text.to_owned(), reason };
        let at = text.len().checked_sub(15).filter(|at| text.is_char_boundary(*at));
        let (root, terms) = at.map(|at| text.split_at(at)).ok_or_else(|| wrong("it is too short"))?;
        if !terms.is_ascii() {
            return Err(wrong("its last 15 characters are a date, C or P, and a strike"));
        }
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let (date, right, strike) = (&terms[..6], &terms[6..7], &terms[7..]);
        if !digits(date) {
            return Err(wrong("the date is six digits, year first"));
        }
        let expiry = NaiveDate::parse_from_str(&format!("20{date}"), "%Y%m%d");
        let expiry = expiry.map_err(|_| wrong("the date is no day of the calendar"))?;
        let right = match right {
            "C" => OptionRight::Call,
            "P" => OptionRight::Put,
            _ => return Err(wrong("after the date stands C or P")),
        };
        if !digits(strike) {
            return Err(wrong("the strike is eight digits, in thousandths"));
        }
        let thousandths: i64 = strike.parse().map_err(|_| wrong("the strike is eight digits, in thousandths"))?;
        if root.len() > 6 {
            return Err(wrong("the root is 1 to 6 characters"));
        }
        let symbol = Self::new(root.trim_end_matches(' '), expiry, right, Decimal::new(thousandths, 3));
        symbol.map_err(|error| wrong(error.reason))
    }

    /// The symbol of the option's series; mostly that of the underlying.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The last day it can be exercised on.
    pub fn expiry(&self) -> NaiveDate {
        self.expiry
    }

    /// Whether its holder may buy or sell.
    pub fn right(&self) -> OptionRight {
        self.right
    }

    /// The price at which the underlying is bought or sold.
    pub fn strike(&self) -> Decimal {
        self.strike
    }
}

impl fmt::Display for OccSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = match self.right {
            OptionRight::Call => 'C',
            OptionRight::Put => 'P',
        };
        let mut thousandths = self.strike;
        thousandths.rescale(3);
        write!(f, "{:<6}{}{right}{:08}", self.root, self.expiry.format("%y%m%d"), thousandths.mantissa())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_symbol_is_read_and_written_alike() {
        for (text, root, expiry, right, strike) in [
            ("AAPL  240119C00190000", "AAPL", "2024-01-19", OptionRight::Call, Decimal::new(190, 0)),
            ("F     250620P00012500", "F", "2025-06-20", OptionRight::Put, Decimal::new(125, 1)),
            ("BRKB  991218C00000005", "BRKB", "2099-12-18", OptionRight::Call, Decimal::new(5, 3)),
            ("SPXW1 240229P99999999", "SPXW1", "2024-02-29", OptionRight::Put, Decimal::new(99_999_999, 3)),
        ] {
            let symbol = OccSymbol::parse(text).expect("a symbol");
            assert_eq!((symbol.root(), symbol.expiry(), symbol.right()), (root, day(expiry), right));
            assert_eq!(symbol.strike(), strike);
            assert_eq!(symbol.to_string(), text);
            assert_eq!(OccSymbol::parse(&text.replace(' ', "")), Ok(symbol.clone()), "without its spaces");
            assert_eq!(OccSymbol::new(root, day(expiry), right, strike), Ok(symbol));
        }
    }

    #[test]
    fn what_is_no_symbol_says_why() {
        for (text, reason) in [
            ("", "too short"),
            ("AAPL", "too short"),
            ("240119C00190000", "root"),
            ("ABCDEFG240119C00190000", "root"),
            ("aapl  240119C00190000", "root"),
            ("AA PL 240119C00190000", "root"),
            ("AAPL  240230C00190000", "calendar"),
            ("AAPL  24O119C00190000", "six digits"),
            ("AAPL  240119X00190000", "C or P"),
            ("AAPL  240119C0019000x", "eight digits"),
            ("AAPL  240119Cé0190000", "date"),
        ] {
            let error = OccSymbol::parse(text).expect_err(text);
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
        let strike = |strike| OccSymbol::new("AAPL", day("2024-01-19"), OptionRight::Call, strike);
        for wrong in [Decimal::new(-1, 0), Decimal::new(1, 4), Decimal::new(100_000, 0)] {
            assert!(strike(wrong).is_err(), "{wrong}");
        }
        assert!(OccSymbol::new("AAPL", day("1999-01-19"), OptionRight::Put, Decimal::ONE).is_err());
    }
}

//! Currency codes by shape, and the minor unit that postings are rounded to.

use std::fmt;
use std::str::FromStr;

/// A currency code: three upper-case ASCII letters.
///
/// Only the shape is checked. Which currencies exist is data, not code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is not three upper-case ASCII letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{code}` is not a currency code: three upper-case letters are expected")]
pub struct InvalidCurrency {
    /// The text as it was given.
    pub code: String,
}

impl Currency {
    /// The euro, through which reference rates are triangulated.
    pub const EUR: Self = Self(*b"EUR");

    /// The dollar of the United States, which most other rates are against.
    pub const USD: Self = Self(*b"USD");

    /// Reads a code.
    ///
    /// # Errors
    /// [`InvalidCurrency`] unless the code is three upper-case ASCII letters.
    pub fn new(code: &str) -> Result<Self, InvalidCurrency> {
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(InvalidCurrency { code: code.to_owned() }),
        }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        // The letters are ASCII by construction, so the default is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Decimal places of the smallest posted amount (ISO 4217): 0 for JPY, 3 for KWD, else 2.
    pub fn minor_unit(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::new(code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_three_upper_case_letters_only() {
        assert_eq!(Currency::new("EUR"), Ok(Currency::EUR));
        assert_eq!("USD".parse::<Currency>().unwrap().to_string(), "USD");
        for code in ["", "EU", "EURO", "eur", "E1R", "€UR", "ÄB"] {
            assert_eq!(Currency::new(code), Err(InvalidCurrency { code: code.to_owned() }));
        }
    }

    #[test]
    fn minor_units_follow_iso_4217() {
        let places = |code: &str| Currency::new(code).unwrap().minor_unit();
        assert_eq!(["JPY", "KWD", "EUR", "USD"].map(places), [0, 3, 2, 2]);
    }
}

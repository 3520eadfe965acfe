//! Identifiers of securities, and whether their check digits are right.
//!
//! All three are the sum of digits after every other character was doubled, letters counting from ten on (the "modulus 10 double
//! add double" method). Which characters are doubled, and of what, is what differs.

use std::fmt;

/// How an instrument is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// International Securities Identification Number, ISO 6166: of a security wherever it trades.
    Isin,
    /// Of a security of North America, by CUSIP Global Services (ANSI X9.6).
    Cusip,
    /// Financial Instrument Global Identifier of the Object Management Group: of a security on one market.
    Figi,
    /// The FIGI of a security in one country.
    CompositeFigi,
    /// The FIGI of a share class wherever it trades.
    ShareClassFigi,
    /// A symbol on a market.
    Ticker,
    /// A provider's own symbol.
    Provider,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 7] =
        [Self::Isin, Self::Cusip, Self::Figi, Self::CompositeFigi, Self::ShareClassFigi, Self::Ticker, Self::Provider];

    /// The code that it is stored under.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Isin => "ISIN",
            Self::Cusip => "CUSIP",
            Self::Figi => "FIGI",
            Self::CompositeFigi => "COMPOSITE_FIGI",
            Self::ShareClassFigi => "SHARE_CLASS_FIGI",
            Self::Ticker => "TICKER",
            Self::Provider => "PROVIDER",
        }
    }

    /// The scheme with this code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.code() == code)
    }

    /// Checks a value's form and check digit. A ticker or a provider's symbol is free text.
    ///
    /// # Errors
    /// [`InvalidIdentifier`] with what is wrong.
    pub fn check(self, value: &str) -> Result<(), InvalidIdentifier> {
        let wrong = |fault| Err(InvalidIdentifier { scheme: self, value: value.to_owned(), fault });
        let characters = value.as_bytes();
        let (length, is_shaped, digit) = match self {
            Self::Isin => (12, is_isin_shaped(characters), isin_digit(characters)),
            Self::Cusip => (9, characters.iter().all(|byte| cusip_value(*byte).is_some()), cusip_digit(characters)),
            Self::Figi | Self::CompositeFigi | Self::ShareClassFigi => {
                (12, is_figi_shaped(characters), figi_digit(characters))
            }
            Self::Ticker | Self::Provider if value.trim() == value && !value.is_empty() => return Ok(()),
            Self::Ticker | Self::Provider => return wrong(Fault::Form),
        };
        if characters.len() != length || !is_shaped {
            return wrong(Fault::Form);
        }
        match (digit, characters.last().copied()) {
            (Some(right), Some(found)) if right == found => Ok(()),
            (Some(right), _) => wrong(Fault::CheckDigit { right: char::from(right) }),
            (None, _) => wrong(Fault::Form),
        }
    }
}

/// What is wrong with an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its length or its characters.
    Form,
    /// Its last digit.
    CheckDigit {
        /// What it would have to be.
        right: char,
    },
}

/// A value that cannot be an identifier of its scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} is no {}: {fault}", .scheme.code())]
pub struct InvalidIdentifier {
    /// Of which scheme.
    pub scheme: Scheme,
    /// The value.
    pub value: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => formatter.write_str("its length or a character is wrong"),
            Self::CheckDigit { right } => write!(formatter, "its check digit would have to be {right}"),
        }
    }
}

/// Digits as they are, letters from ten on.
fn alphanumeric(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        _ => None,
    }
}

/// Three further characters stand in CUSIPs of private placements.
fn cusip_value(byte: u8) -> Option<u32> {
    match byte {
        b'*' => Some(36),
        b'@' => Some(37),
        b'#' => Some(38),
        _ => alphanumeric(byte),
    }
}

fn is_isin_shaped(value: &[u8]) -> bool {
    let is_country = value.iter().take(2).all(u8::is_ascii_uppercase);
    is_country && value.iter().all(|byte| alphanumeric(*byte).is_some()) && value.last().is_some_and(u8::is_ascii_digit)
}

/// Two consonants, a G, eight more without vowels, a digit. Some beginnings are left out, since an ISIN could begin so.
fn is_figi_shaped(value: &[u8]) -> bool {
    let is_consonant = |byte: &u8| byte.is_ascii_uppercase() && !b"AEIOU".contains(byte);
    let is_taken = matches!(value.get(..2), Some(b"BS" | b"BM" | b"GG" | b"GB" | b"GH" | b"KY" | b"VG"));
    !is_taken
        && value.iter().take(2).all(is_consonant)
        && value.get(2) == Some(&b'G')
        && value.iter().skip(3).all(|byte| byte.is_ascii_digit() || is_consonant(byte))
        && value.last().is_some_and(u8::is_ascii_digit)
}

fn complement(sum: u32) -> Option<u8> {
    u8::try_from((10 - sum % 10) % 10).ok().map(|digit| b'0' + digit)
}

fn digit_sum(value: u32) -> u32 {
    value / 10 + value % 10
}

/// Letters are written out as two digits each; of these every other one from the last on is doubled (Luhn).
fn isin_digit(value: &[u8]) -> Option<u8> {
    let mut digits = Vec::with_capacity(24);
    for byte in value.get(..11)? {
        let number = alphanumeric(*byte)?;
        if number >= 10 {
            digits.push(number / 10);
        }
        digits.push(number % 10);
    }
    let doubled = digits.iter().rev().enumerate().map(|(at, digit)| if at % 2 == 0 { digit * 2 } else { *digit });
    complement(doubled.map(digit_sum).sum())
}

/// Every second character is doubled, and counts with the sum of its digits.
fn cusip_digit(value: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (at, byte) in value.get(..8)?.iter().enumerate() {
        let number = cusip_value(*byte)?;
        sum += digit_sum(if at % 2 == 1 { number * 2 } else { number });
    }
    complement(sum)
}

/// As with a CUSIP, of eleven characters.
fn figi_digit(value: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (at, byte) in value.get(..11)?.iter().enumerate() {
        let number = alphanumeric(*byte)?;
        sum += digit_sum(if at % 2 == 1 { number * 2 } else { number });
    }
    complement(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_as_they_are_published_pass() {
        // ISO 6166's own example of a company, a German share, a fund with letters; ANSI X9.6's Apple; the FIGI standard's example.
        for isin in ["US0378331005", "DE000BAY0017", "IE00B4L5Y983", "AU0000XVGZA3"] {
            assert_eq!(Scheme::Isin.check(isin), Ok(()), "{isin}");
        }
        for cusip in ["037833100", "17275R102", "38259P508", "594918104", "68389X105"] {
            assert_eq!(Scheme::Cusip.check(cusip), Ok(()), "{cusip}");
        }
        for figi in ["BBG000BLNQ16", "BBG000B9XRY4", "BBG000BPH459"] {
            assert_eq!(Scheme::Figi.check(figi), Ok(()), "{figi}");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_told_with_the_right_one() {
        let fault = |scheme: Scheme, value: &str| scheme.check(value).expect_err("wrong").fault;
        assert_eq!(fault(Scheme::Isin, "US0378331006"), Fault::CheckDigit { right: '5' });
        assert_eq!(fault(Scheme::Cusip, "037833101"), Fault::CheckDigit { right: '0' });
        assert_eq!(fault(Scheme::Figi, "BBG000BLNQ17"), Fault::CheckDigit { right: '6' });
        let message = Scheme::Isin.check("US0378331006").expect_err("wrong").to_string();
        assert_eq!(message, "US0378331006 is no ISIN: its check digit would have to be 5");
    }

    #[test]
    fn a_wrong_form_is_told() {
        for (scheme, value) in [
            (Scheme::Isin, "US037833100"),
            (Scheme::Isin, "us0378331005"),
            (Scheme::Isin, "1S0378331005"),
            (Scheme::Isin, ""),
            (Scheme::Cusip, "0378331000"),
            (Scheme::Cusip, "03783310Ä"),
            (Scheme::Figi, "BBA000BLNQ16"),
            (Scheme::Figi, "GBG000BLNQ16"),
            (Scheme::Figi, "BBG000ALNQ16"),
            (Scheme::Ticker, ""),
            (Scheme::Provider, " BRK-B"),
        ] {
            assert_eq!(scheme.check(value).expect_err("wrong").fault, Fault::Form, "{value}");
        }
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        // Doubling maps the ten digits one to one, so no other digit in one place gives the same sum.
        for (scheme, value) in [(Scheme::Isin, "US0378331005"), (Scheme::Cusip, "037833100")] {
            for at in 2..value.len() {
                for digit in b'0'..=b'9' {
                    let mut changed = value.as_bytes().to_vec();
                    changed[at] = digit;
                    let changed = String::from_utf8(changed).expect("text");
                    assert_eq!(scheme.check(&changed).is_ok(), changed == value, "{changed}");
                }
            }
        }
    }
}

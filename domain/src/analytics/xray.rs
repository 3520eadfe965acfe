//! Limits on what a portfolio is made of, and whether it keeps them.

/// What of a portfolio is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// The share of the largest holding.
    HoldingShare,
    /// The share of a kind of instrument, cash being one.
    AssetTypeShare,
    /// The share of a sector.
    SectorShare,
    /// The share of a country.
    CountryShare,
    /// The share of a region.
    RegionShare,
    /// The share of a currency.
    CurrencyShare,
    /// The share of the largest holdings and balances together.
    TopShare,
    /// The share of cash.
    CashShare,
    /// The Herfindahl–Hirschman index of holdings and balances.
    HerfindahlIndex,
    /// How many equal holdings would be as concentrated.
    EffectiveNumber,
}

/// On which side of a threshold a portfolio keeps a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// On it or below.
    AtMost,
    /// On it or above.
    AtLeast,
}

/// Shares differ by so much from rounding alone.
const TOLERANCE: f64 = 1e-12;

impl Measure {
    /// Every measure with its stable code.
    pub const CODES: [(&'static str, Self); 10] = [
        ("HOLDING_SHARE", Self::HoldingShare),
        ("ASSET_TYPE_SHARE", Self::AssetTypeShare),
        ("SECTOR_SHARE", Self::SectorShare),
        ("COUNTRY_SHARE", Self::CountryShare),
        ("REGION_SHARE", Self::RegionShare),
        ("CURRENCY_SHARE", Self::CurrencyShare),
        ("TOP_SHARE", Self::TopShare),
        ("CASH_SHARE", Self::CashShare),
        ("HERFINDAHL_INDEX", Self::HerfindahlIndex),
        ("EFFECTIVE_NUMBER", Self::EffectiveNumber),
    ];

    /// The measure as a stable code.
    pub fn code(self) -> &'static str {
        Self::CODES.iter().find(|(_, of)| *of == self).map_or("", |(code, _)| code)
    }

    /// The measure with a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::CODES.iter().find(|(of, _)| *of == code).map(|(_, measure)| *measure)
    }

    /// Whether it may be of one part by its code; without, it is of the largest.
    pub fn takes_key(self) -> bool {
        use Measure::{AssetTypeShare, CountryShare, CurrencyShare, RegionShare, SectorShare};
        matches!(self, AssetTypeShare | CountryShare | CurrencyShare | RegionShare | SectorShare)
    }

    /// The thresholds that mean something.
    pub fn thresholds(self) -> [f64; 2] {
        if self == Self::EffectiveNumber { [1.0, 10_000.0] } else { [0.0, 1.0] }
    }
}

impl Bound {
    /// How far a value is beyond a threshold: above zero where the limit is broken.
    pub fn excess(self, value: f64, threshold: f64) -> f64 {
        match self {
            Self::AtMost => value - threshold,
            Self::AtLeast => threshold - value,
        }
    }

    /// Whether a limit is broken by a share to which up to `unclassified` may belong besides; `None` where that decides.
    pub fn is_broken(self, value: f64, unclassified: f64, threshold: f64) -> Option<bool> {
        let breaks = |value: f64| self.excess(value, threshold) > TOLERANCE;
        let (least, most) = (breaks(value), breaks(value + unclassified.max(0.0)));
        (least == most).then_some(least)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_limit_is_kept_on_the_threshold() {
        assert_eq!(Bound::AtMost.is_broken(0.25, 0.0, 0.25), Some(false));
        assert_eq!(Bound::AtMost.is_broken(0.1 + 0.2, 0.0, 0.3), Some(false), "0.30000000000000004 is 0.3");
        assert_eq!(Bound::AtMost.is_broken(0.26, 0.0, 0.25), Some(true));
        assert_eq!(Bound::AtLeast.is_broken(0.05, 0.0, 0.05), Some(false));
        assert_eq!(Bound::AtLeast.is_broken(0.04, 0.0, 0.05), Some(true));
        assert!((Bound::AtMost.excess(0.3, 0.25) - 0.05).abs() < 1e-15);
        assert!((Bound::AtLeast.excess(0.3, 0.25) + 0.05).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_classified_may_decide() {
        assert_eq!(Bound::AtMost.is_broken(0.2, 0.04, 0.25), Some(false));
        assert_eq!(Bound::AtMost.is_broken(0.2, 0.1, 0.25), None);
        assert_eq!(Bound::AtMost.is_broken(0.3, 0.1, 0.25), Some(true));
        assert_eq!(Bound::AtLeast.is_broken(0.2, 0.1, 0.25), None);
        assert_eq!(Bound::AtLeast.is_broken(0.2, 0.04, 0.25), Some(true));
        assert_eq!(Bound::AtLeast.is_broken(0.3, 0.5, 0.25), Some(false));
    }

    #[test]
    fn codes_are_read_as_they_are_written() {
        for (code, measure) in Measure::CODES {
            assert_eq!((measure.code(), Measure::of_code(code)), (code, Some(measure)));
        }
        assert_eq!(Measure::of_code("SHARE"), None);
    }

    proptest! {
        #[test]
        fn more_than_is_held_breaks_what_less_breaks(value in 0.0..1.0_f64, more in 0.0..1.0_f64, threshold in 0.0..1.0_f64) {
            let broken = |value| Bound::AtMost.is_broken(value, 0.0, threshold) == Some(true);
            prop_assert!(!broken(value) || broken(value + more));
            let told = Bound::AtMost.is_broken(value, more, threshold);
            prop_assert!(told.is_none_or(|told| told == broken(value) && told == broken(value + more)));
        }
    }
}

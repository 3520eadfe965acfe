//! The regions of the world by the United Nations' standard M49, as far as portfolios are divided by them.

/// A region of countries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// Africa.
    Africa,
    /// Asia.
    Asia,
    /// Europe.
    Europe,
    /// Latin America and the Caribbean.
    LatinAmerica,
    /// Northern America.
    NorthernAmerica,
    /// Oceania.
    Oceania,
}

/// ISO 3166 codes by region, from the table of M49. Taiwan is listed with Asia, Kosovo with Europe.
const COUNTRIES: [(Region, &str); 6] = [
    (
        Region::Africa,
        "DZ EG LY MA SD TN EH IO BI KM DJ ER ET TF KE MG MW MU YT MZ RE RW SC SO SS UG TZ ZM ZW AO CM CF TD CG CD GQ GA ST \
        BW SZ LS NA ZA BJ BF CV CI GM GH GN GW LR ML MR NE NG SH SN SL TG",
    ),
    (
        Region::Asia,
        "KZ KG TJ TM UZ CN HK MO KP JP MN KR TW BN KH ID LA MY MM PH SG TH TL VN AF BD BT IN IR MV NP PK LK AM AZ BH CY GE \
        IQ IL JO KW LB OM QA SA PS SY TR AE YE",
    ),
    (
        Region::Europe,
        "BY BG CZ HU PL MD RO RU SK UA AX DK EE FO FI GG IS IE IM JE LV LT NO SJ SE GB AL AD BA HR GI GR VA IT MT ME MK PT \
        SM RS SI ES AT BE FR DE LI LU MC NL CH XK",
    ),
    (
        Region::LatinAmerica,
        "AI AG AW BS BB BQ VG KY CU CW DM DO GD GP HT JM MQ MS PR BL KN LC MF VC SX TT TC VI BZ CR SV GT HN MX NI PA AR BO \
        BV BR CL CO EC FK GF GY PY PE GS SR UY VE",
    ),
    (Region::NorthernAmerica, "BM CA GL PM US"),
    (Region::Oceania, "AU CX CC HM NZ NF FJ NC PG SB VU GU KI MH FM NR MP PW UM AS CK PF NU PN WS TK TO TV WF"),
];

impl Region {
    /// Every region.
    pub const ALL: [Self; 6] =
        [Self::Africa, Self::Asia, Self::Europe, Self::LatinAmerica, Self::NorthernAmerica, Self::Oceania];

    /// The region of a country by its ISO 3166 code of two letters; `None` where it is no country's.
    pub fn of(country: &str) -> Option<Self> {
        let holds = |codes: &str| codes.split_ascii_whitespace().any(|code| code == country);
        COUNTRIES.iter().find(|(_, codes)| holds(codes)).map(|(region, _)| *region)
    }

    /// The region as a stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Africa => "AFRICA",
            Self::Asia => "ASIA",
            Self::Europe => "EUROPE",
            Self::LatinAmerica => "LATIN_AMERICA",
            Self::NorthernAmerica => "NORTHERN_AMERICA",
            Self::Oceania => "OCEANIA",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_country_is_in_one_region() {
        let codes: Vec<&str> = COUNTRIES.iter().flat_map(|(_, codes)| codes.split_ascii_whitespace()).collect();
        assert_eq!(codes.len(), codes.iter().collect::<BTreeSet<_>>().len());
        assert_eq!(codes.len(), 249 + 1 - 1, "the countries of ISO 3166 and Kosovo, without Antarctica");
        assert_eq!(Region::of("US"), Some(Region::NorthernAmerica));
        assert_eq!((Region::of("CH"), Region::of("JP")), (Some(Region::Europe), Some(Region::Asia)));
        assert_eq!((Region::of("AQ"), Region::of("us"), Region::of("")), (None, None, None));
    }
}

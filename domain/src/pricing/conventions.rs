//! What holds between currencies by law or convention, whatever the market does: the irrevocable rates of currencies that became
//! the euro, currencies that were replaced at a fixed ratio, and units of quotation.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::money::Currency;

/// A unit that prices are quoted in, and of how many one unit of its currency is made: `GBX`, 100 to a pound.
///
/// They are no currencies of ISO 4217: exchanges and vendors quote in them.
const QUOTE_UNITS: [(&str, &str, u32); 3] = [("GBX", "GBP", 100), ("ILA", "ILS", 100), ("ZAC", "ZAR", 100)];

/// Units of a currency for one euro from a day on: Council Regulation (EC) No 2866/98 of 31 December 1998 as amended for each country
/// that joined, as the European Central Bank lists them ("Irrevocable euro conversion rates"). The ECU became the euro one for one,
/// by Article 2 of Council Regulation (EC) No 1103/97.
const PER_EURO: [(&str, &str, &str); 22] = [
    ("ATS", "13.7603", "1999-01-01"),
    ("BEF", "40.3399", "1999-01-01"),
    ("BGN", "1.95583", "2026-01-01"),
    ("CYP", "0.585274", "2008-01-01"),
    ("DEM", "1.95583", "1999-01-01"),
    ("EEK", "15.6466", "2011-01-01"),
    ("ESP", "166.386", "1999-01-01"),
    ("FIM", "5.94573", "1999-01-01"),
    ("FRF", "6.55957", "1999-01-01"),
    ("GRD", "340.750", "2001-01-01"),
    ("HRK", "7.53450", "2023-01-01"),
    ("IEP", "0.787564", "1999-01-01"),
    ("ITL", "1936.27", "1999-01-01"),
    ("LTL", "3.45280", "2015-01-01"),
    ("LUF", "40.3399", "1999-01-01"),
    ("LVL", "0.702804", "2014-01-01"),
    ("MTL", "0.429300", "2008-01-01"),
    ("NLG", "2.20371", "1999-01-01"),
    ("PTE", "200.482", "1999-01-01"),
    ("SIT", "239.640", "2007-01-01"),
    ("SKK", "30.1260", "2009-01-01"),
    ("XEU", "1", "1999-01-01"),
];

/// A currency, the one that replaced it, how many old units made a new one, and from which day on: historic denominations in list
/// three of ISO 4217 (SIX), by the redenomination laws of the countries.
const REPLACED: [(&str, &str, u32, &str); 22] = [
    ("AZM", "AZN", 5_000, "2006-01-01"),
    ("BGL", "BGN", 1_000, "1999-07-05"),
    ("BYB", "BYR", 1_000, "2000-01-01"),
    ("BYR", "BYN", 10_000, "2016-07-01"),
    ("GHC", "GHS", 10_000, "2007-07-01"),
    ("MRO", "MRU", 10, "2018-01-01"),
    ("MXP", "MXN", 1_000, "1993-01-01"),
    ("MZM", "MZN", 1_000, "2006-07-01"),
    ("PLZ", "PLN", 10_000, "1995-01-01"),
    ("ROL", "RON", 10_000, "2005-07-01"),
    ("RUR", "RUB", 1_000, "1998-01-01"),
    ("SDD", "SDG", 100, "2007-01-10"),
    ("SLL", "SLE", 1_000, "2022-07-01"),
    ("SRG", "SRD", 1_000, "2004-01-01"),
    ("STD", "STN", 1_000, "2018-01-01"),
    ("TMM", "TMT", 5_000, "2009-01-01"),
    ("TRL", "TRY", 1_000_000, "2005-01-01"),
    ("UAK", "UAH", 100_000, "1996-09-02"),
    ("VEB", "VEF", 1_000, "2008-01-01"),
    ("VEF", "VES", 100_000, "2018-08-20"),
    ("ANG", "XCG", 1, "2025-03-31"),
    ("ZMK", "ZMW", 1_000, "2013-01-01"),
];

/// So many units of one currency are one unit of another, from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedRate {
    /// What one unit of is worth `rate`.
    pub base: Currency,
    /// The currency that it is worth so many units of.
    pub quote: Currency,
    /// Units of `quote` for one of `base`.
    pub rate: Decimal,
    /// From this day on. Nothing where it always holds.
    pub from: Option<NaiveDate>,
}

impl FixedRate {
    /// Whether it holds on a day.
    pub fn holds(&self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= date)
    }

    /// The currency that is no longer quoted from [`FixedRate::from`] on.
    pub fn ended(&self) -> Option<(Currency, NaiveDate)> {
        self.from.map(|from| (self.quote, from))
    }
}

/// Everything that is fixed. An ended currency and a unit of quotation stand as `quote`.
pub fn fixed_rates() -> impl Iterator<Item = FixedRate> {
    let fixed = |base: &str, quote: &str, rate: Option<Decimal>, from: Option<&str>| {
        let from = match from {
            Some(day) => Some(day.parse().ok()?),
            None => None,
        };
        Some(FixedRate { base: Currency::new(base).ok()?, quote: Currency::new(quote).ok()?, rate: rate?, from })
    };
    let units = QUOTE_UNITS.iter().map(move |(unit, currency, per)| fixed(currency, unit, Some((*per).into()), None));
    let euro = PER_EURO.iter().map(move |(code, rate, from)| fixed("EUR", code, rate.parse().ok(), Some(from)));
    let replaced = REPLACED.iter().map(move |(old, new, per, from)| fixed(new, old, Some((*per).into()), Some(from)));
    units.chain(euro).chain(replaced).flatten()
}

/// The currency of a unit of quotation, and how many units one of it is: a price in pence is a hundredth in pounds.
///
/// Vendors write pence as `GBX` or `GBp`; only the known spellings are read, since `GBP` is the pound.
pub fn quote_unit(code: &str) -> Option<(Currency, u32)> {
    let code = match code {
        "GBp" => "GBX",
        "ILa" => "ILA",
        "ZAc" => "ZAC",
        other => other,
    };
    let (_, currency, per) = QUOTE_UNITS.iter().find(|(unit, _, _)| *unit == code)?;
    Some((Currency::new(currency).ok()?, *per))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{currency, day};

    #[test]
    fn every_fact_can_be_read() {
        let all: Vec<FixedRate> = fixed_rates().collect();
        assert_eq!(all.len(), QUOTE_UNITS.len() + PER_EURO.len() + REPLACED.len());
        assert!(all.iter().all(|fact| fact.rate > Decimal::ZERO && fact.base != fact.quote));
        let mark = all.iter().find(|fact| fact.quote == currency("DEM")).unwrap();
        assert_eq!((mark.base, mark.rate, mark.from), (Currency::EUR, dec!(1.95583), Some(day("1999-01-01"))));
        assert!(!mark.holds(day("1998-12-31")) && mark.holds(day("1999-01-01")));
    }

    #[test]
    fn conversion_rates_of_the_euro_have_six_significant_digits() {
        // As Article 4 of Regulation (EC) No 1103/97 demands: a digit that is lost or doubled here would go unseen otherwise.
        for (code, rate, _) in PER_EURO.iter().filter(|(code, _, _)| *code != "XEU") {
            let digits = rate.replace('.', "");
            assert_eq!(digits.trim_start_matches('0').len(), 6, "{code} {rate}");
        }
    }

    #[test]
    fn pence_are_hundredths_of_pounds() {
        for code in ["GBX", "GBp"] {
            assert_eq!(quote_unit(code), Some((currency("GBP"), 100)));
        }
        assert_eq!(quote_unit("ZAC"), Some((currency("ZAR"), 100)));
        assert_eq!((quote_unit("GBP"), quote_unit("gbx")), (None, None));
    }
}

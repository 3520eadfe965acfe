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
/// three of ISO 4217 (SIX), by the redenomination laws of the countries. The digital bolívar (`VED`) is the bolívar (`VES`) of since
/// 1 October 2021 under a code that Venezuela does not use: amendment 170 of ISO 4217. The dollar of Zimbabwe of 2019 (`ZWL`) became
/// Zimbabwe Gold at the rate of 5 April 2024 (Reserve Bank of Zimbabwe, monetary policy statement of that day). Those before it (`ZWD`,
/// `ZWN`, `ZWR`) became nothing that is still a currency: there is no rate of them.
const REPLACED: [(&str, &str, &str, &str); 40] = [
    ("AFA", "AFN", "1000", "2002-10-07"),
    ("ANG", "XCG", "1", "2025-03-31"),
    ("AON", "AOR", "1000", "1995-07-01"),
    ("AOR", "AOA", "1000000", "1999-12-01"),
    ("ARA", "ARS", "10000", "1992-01-01"),
    ("AZM", "AZN", "5000", "2006-01-01"),
    ("BGL", "BGN", "1000", "1999-07-05"),
    ("BRE", "BRR", "1000", "1993-08-01"),
    ("BRR", "BRL", "2750", "1994-07-01"),
    ("BYB", "BYR", "1000", "2000-01-01"),
    ("BYR", "BYN", "10000", "2016-07-01"),
    ("CSD", "RSD", "1", "2006-10-25"),
    ("GEK", "GEL", "1000000", "1995-10-02"),
    ("GHC", "GHS", "10000", "2007-07-01"),
    ("GWP", "XOF", "65", "1997-05-02"),
    ("HRD", "HRK", "1000", "1994-05-30"),
    ("LTT", "LTL", "100", "1993-06-25"),
    ("MGF", "MGA", "5", "2005-01-01"),
    ("MRO", "MRU", "10", "2018-01-01"),
    ("MXP", "MXN", "1000", "1993-01-01"),
    ("MZM", "MZN", "1000", "2006-07-01"),
    ("PEI", "PEN", "1000000", "1991-07-01"),
    ("PLZ", "PLN", "10000", "1995-01-01"),
    ("ROL", "RON", "10000", "2005-07-01"),
    ("RUR", "RUB", "1000", "1998-01-01"),
    ("SDD", "SDG", "100", "2007-01-10"),
    ("SLL", "SLE", "1000", "2022-07-01"),
    ("SRG", "SRD", "1000", "2004-01-01"),
    ("STD", "STN", "1000", "2018-01-01"),
    ("TJR", "TJS", "1000", "2000-10-30"),
    ("TMM", "TMT", "5000", "2009-01-01"),
    ("TRL", "TRY", "1000000", "2005-01-01"),
    ("UAK", "UAH", "100000", "1996-09-02"),
    ("UYP", "UYU", "1000", "1993-03-01"),
    ("VEB", "VEF", "1000", "2008-01-01"),
    ("VED", "VES", "1", "2021-10-01"),
    ("VEF", "VES", "100000", "2018-08-20"),
    ("ZMK", "ZMW", "1000", "2013-01-01"),
    ("ZRN", "CDF", "100000", "1998-06-30"),
    ("ZWL", "ZWG", "2498.7242", "2024-04-05"),
];

/// A currency that kept its code when so many old units became a new one, and the first day of these: what was observed before says
/// nothing of then. Venezuela took six zeros away, and left `VES` (amendment 170 of ISO 4217).
const SAME_CODE: [(&str, &str, &str); 1] = [("VES", "1000000", "2021-10-01")];

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
    /// Until before this day, from which on another one holds. Nothing where it holds for good.
    pub until: Option<NaiveDate>,
}

impl FixedRate {
    /// Whether it holds on a day.
    pub fn holds(&self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date < until)
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
        let (base, quote) = (Currency::new(base).ok()?, Currency::new(quote).ok()?);
        Some(FixedRate { base, quote, rate: rate?, from, until: None })
    };
    let units = QUOTE_UNITS.iter().map(move |(unit, currency, per)| fixed(currency, unit, Some((*per).into()), None));
    let euro = PER_EURO.iter().map(move |(code, rate, from)| fixed("EUR", code, rate.parse().ok(), Some(from)));
    let replaced = REPLACED.iter().map(move |(old, new, per, from)| fixed(new, old, per.parse().ok(), Some(from)));
    units.chain(euro).chain(replaced).flatten().flat_map(over_redenominations)
}

/// Currencies that kept their code when so many old units became a new one, and the first day of these.
pub fn redenominations() -> impl Iterator<Item = (Currency, Decimal, NaiveDate)> {
    let read = |(code, per, from): &(&str, &str, &str)| {
        Some((Currency::new(code).ok()?, per.parse().ok()?, from.parse().ok()?))
    };
    SAME_CODE.iter().filter_map(read)
}

/// A new unit of the currency that replaced another is worth as many more units of that one.
fn over_redenominations(fixed: FixedRate) -> Vec<FixedRate> {
    let later =
        redenominations().find(|(code, _, day)| *code == fixed.base && fixed.from.is_some_and(|from| from < *day));
    let grown = later.and_then(|(_, per, day)| Some((fixed.rate.checked_mul(per)?, day)));
    match grown {
        None => vec![fixed],
        Some((rate, day)) => {
            vec![FixedRate { until: Some(day), ..fixed }, FixedRate { rate, from: Some(day), ..fixed }]
        }
    }
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
        // The old bolívar has a rate for each of the two that were called VES since.
        assert_eq!(all.len(), QUOTE_UNITS.len() + PER_EURO.len() + REPLACED.len() + 1);
        assert_eq!(redenominations().count(), SAME_CODE.len());
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

//! Which measure a key of `totals` asks for: its name, and what is said about rates and method behind it.

use domain::ledger::LotMethod;

use crate::check::Weight;

/// At which rates a figure is in the base currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// As the schema defines the bare key.
    Own,
    /// Those of the trade dates (`_base`).
    TradeDates,
    /// Those of the trade dates (`_hist`), where that is another product's way to say it.
    History,
    /// Local figures at the final rate (`_spot`, `_local`).
    Final,
}

/// A key, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) view: View,
    pub(super) method: Option<LotMethod>,
    /// Only what came from rates.
    pub(super) currency_part: bool,
    /// As a fraction of the time-weighted investment.
    pub(super) percent: bool,
}

impl<'a> Asked<'a> {
    pub(super) fn read(key: &'a str) -> Self {
        let mut asked = Self { name: key, view: View::Own, method: None, currency_part: false, percent: false };
        if key == "contributed_base_hist" {
            return asked;
        }
        while let Some((name, suffix)) = asked.name.rsplit_once('_') {
            match suffix {
                "base" => asked.view = View::TradeDates,
                "hist" => asked.view = View::History,
                "spot" | "local" => asked.view = View::Final,
                "fifo" => asked.method = Some(LotMethod::Fifo),
                "average" => asked.method = Some(LotMethod::Average),
                "pct" => asked.percent = true,
                "part" if name.ends_with("_currency") => asked.currency_part = true,
                "currency" if asked.currency_part => {}
                _ => break,
            }
            asked.name = name;
        }
        asked.name = match asked.name {
            "gross" => "gross_performance",
            "net" => "net_performance",
            name => name,
        };
        asked
    }

    /// Whether it is another product's own measure (†).
    pub(super) fn weight(&self) -> Weight {
        let others = matches!(self.view, View::History | View::Final)
            || self.method.is_some()
            || self.currency_part
            || self.percent
            || self.name == "time_weighted_investment";
        if others { Weight::Marked } else { Weight::Asked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_name_and_what_is_said_behind_it() {
        let read = |key| {
            let Asked { name, view, method, currency_part, percent } = Asked::read(key);
            (name, view, method, currency_part, percent)
        };
        assert_eq!(read("cost_basis"), ("cost_basis", View::Own, None, false, false));
        assert_eq!(read("cost_basis_base"), ("cost_basis", View::TradeDates, None, false, false));
        assert_eq!(read("net_pct_local"), ("net_performance", View::Final, None, false, true));
        assert_eq!(
            read("realized_gain_fifo_currency_part"),
            ("realized_gain", View::Own, Some(LotMethod::Fifo), true, false)
        );
        assert_eq!(read("contributed_base_hist").0, "contributed_base_hist");
        assert_eq!(Asked::read("contributed_base_hist").weight(), Weight::Asked);
        assert_eq!(Asked::read("gross_performance_hist").weight(), Weight::Marked);
        assert_eq!(Asked::read("realized_gain").weight(), Weight::Asked);
    }
}

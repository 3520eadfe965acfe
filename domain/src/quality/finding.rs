//! A finding: what is suspicious, where, by which figures, and how much it matters.

use std::fmt;

use chrono::NaiveDate;

use super::bars::Bar;
use super::series::Row;

/// What kind of fault a finding speaks of, in the field's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Prices at a hundred times or a hundredth of their neighbours: pence for pounds.
    UnitError,
    /// Prices that lack the adjustment for a recorded split.
    SplitUnadjusted,
    /// A split that is applied twice, to some columns only or on another day, or that is not recorded.
    SplitWrong,
    /// An amount that contradicts the price or the adjusted close; missing, or given twice.
    DividendWrong,
    /// A dividend that the adjusted close does not carry.
    DividendUnadjusted,
    /// Capital gains that the adjusted close carries beside dividends that hold them already.
    CapitalGainDoubleCounted,
    /// Open or close outside of high and low, or high below low.
    OhlcInconsistent,
    /// A jump far out of the series' own distribution that comes back.
    Outlier,
    /// The same close without volume for many sessions.
    Stale,
    /// Another instrument's closes.
    DuplicateSeries,
    /// Two rows for one moment.
    DuplicateDate,
    /// A price that is zero or negative, or an adjusted close that is no positive number.
    NotPositive,
    /// A row after the day of delivery.
    FutureDate,
    /// The currency changes within the series.
    CurrencyMismatch,
    /// A session of the exchange without a row.
    MissingSession,
    /// A row on a day that is no session.
    OffSession,
    /// The latest sessions before the delivery are not there.
    NotFresh,
}

impl Kind {
    /// The name by which findings are reported and stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnitError => "UNIT_ERROR",
            Self::SplitUnadjusted => "SPLIT_UNADJUSTED",
            Self::SplitWrong => "SPLIT_WRONG",
            Self::DividendWrong => "DIVIDEND_WRONG",
            Self::DividendUnadjusted => "DIVIDEND_UNADJUSTED",
            Self::CapitalGainDoubleCounted => "CAPITAL_GAIN_DOUBLE_COUNTED",
            Self::OhlcInconsistent => "OHLC_INCONSISTENT",
            Self::Outlier => "OUTLIER",
            Self::Stale => "STALE",
            Self::DuplicateSeries => "DUPLICATE_SERIES",
            Self::DuplicateDate => "DUPLICATE_DATE",
            Self::NotPositive => "NOT_POSITIVE",
            Self::FutureDate => "FUTURE_DATE",
            Self::CurrencyMismatch => "CURRENCY_MISMATCH",
            Self::MissingSession => "MISSING_SESSION",
            Self::OffSession => "OFF_SESSION",
            Self::NotFresh => "NOT_FRESH",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing, found in sound series too. Flags nothing.
    Info,
    /// A person should look before the rows are used.
    Warning,
    /// The rows contradict each other or arithmetic: they cannot all be right.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A figure that makes a finding suspicious.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// What it is, in the snake case of a column.
    pub name: &'static str,
    /// Its value: prices in the series' currency, yields and returns as fractions.
    pub value: f64,
}

/// One suspicion.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The kind of fault.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// The rows in question, as positions in [`super::DeliveredSeries::rows`]; empty where a row is missing.
    pub rows: Vec<usize>,
    /// The first day in question.
    pub first: NaiveDate,
    /// The last day in question.
    pub last: NaiveDate,
    /// The figures behind it.
    pub figures: Vec<Figure>,
    /// A sentence that explains it to a person.
    pub explanation: String,
}

impl Finding {
    /// A finding about days, of which there may be no row.
    pub(super) fn of_days(kind: Kind, severity: Severity, first: NaiveDate, last: NaiveDate) -> Self {
        Self { kind, severity, rows: Vec::new(), first, last, figures: Vec::new(), explanation: String::new() }
    }

    pub(super) fn of_row(kind: Kind, severity: Severity, position: usize, row: &Row) -> Self {
        Self { rows: vec![position], ..Self::of_days(kind, severity, row.at.date, row.at.date) }
    }

    pub(super) fn of_bar(kind: Kind, severity: Severity, bar: &Bar) -> Self {
        Self { rows: vec![bar.row], ..Self::of_days(kind, severity, bar.date, bar.date) }
    }

    /// A finding about bars that follow each other, of which there is at least one.
    pub(super) fn of_bars(kind: Kind, severity: Severity, bars: &[Bar]) -> Option<Self> {
        let (first, last) = (bars.first()?, bars.last()?);
        let rows = bars.iter().map(|bar| bar.row).collect();
        Some(Self { rows, ..Self::of_days(kind, severity, first.date, last.date) })
    }

    pub(super) fn figure(mut self, name: &'static str, value: f64) -> Self {
        self.figures.push(Figure { name, value });
        self
    }

    pub(super) fn because(mut self, explanation: impl Into<String>) -> Self {
        self.explanation = explanation.into();
        self
    }

    /// Whether it flags the series.
    #[must_use]
    pub fn flags(&self) -> bool {
        self.severity > Severity::Info
    }
}

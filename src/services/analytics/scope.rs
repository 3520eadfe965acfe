//! What figures are over.

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::Currency;
use uuid::Uuid;

use super::super::valuation::{Rows, View};
use super::HypotheticalTrade;
use crate::storage::projection::Border;

/// Portfolios or a part of one, looked at in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The portfolios, each once; all in the scope's currency.
    pub views: Vec<View>,
    /// The currency of every figure.
    pub currency: Currency,
    /// What of them.
    pub part: Part,
    /// Trades that are thought of, made on the last day.
    pub trades: Vec<HypotheticalTrade>,
}

/// What of the portfolios is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// All of them together.
    Whole,
    /// One account, whose flows are those with other accounts too.
    Account(Uuid),
    /// What is held of one instrument, without cash: what is paid for it flows in, what it brings flows out.
    Holding(Uuid),
}

/// From the close of one day to that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// The day whose close the range opens from.
    pub opening: NaiveDate,
    /// The last day.
    pub end: NaiveDate,
}

impl Scope {
    /// One portfolio, whole.
    pub fn portfolio(view: View) -> Self {
        Self { currency: view.currency, views: vec![view], part: Part::Whole, trades: Vec::new() }
    }

    /// The instant that everything is as it was known at, the same for all portfolios; nothing for now.
    pub(super) fn known_at(&self) -> Option<DateTime<Utc>> {
        self.views.first().and_then(|view| view.known_at)
    }

    /// The border that its flows cross.
    pub(super) fn border(&self) -> Border {
        match self.part {
            Part::Account(_) => Border::Account,
            Part::Whole | Part::Holding(_) => Border::Portfolio,
        }
    }

    /// Of the rows of its portfolios, those that are within it.
    pub(super) fn within(&self, mut rows: Rows) -> Rows {
        match self.part {
            Part::Whole => {}
            Part::Account(account) => {
                rows.positions.retain(|row| row.account.uuid() == account);
                rows.cash.retain(|row| row.account.uuid() == account);
                rows.flows.retain(|flow| flow.account.uuid() == account);
            }
            Part::Holding(instrument) => {
                rows.positions.retain(|row| row.instrument.uuid() == instrument);
                rows.cash.clear();
                rows.flows.retain(|flow| flow.in_kind.is_some_and(|units| units.instrument.uuid() == instrument));
            }
        }
        rows
    }
}

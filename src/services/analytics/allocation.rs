//! What a scope is made of at the end of its range, by a property of what is held.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::money;
use domain::region::Region;
use domain::valuation::{CashLine, HoldingLine};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::super::ServiceError;
use super::Book;
use crate::storage::instrument::Instrument;

/// What holdings are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// The kind of instrument; cash is one.
    AssetType,
    /// The widest part of the economy that the instrument is in.
    Sector,
    /// The narrowest part that is known.
    Industry,
    /// The instrument's country, by ISO 3166.
    Country,
    /// The region that the country is in, by UN M49.
    Region,
    /// The currency that it is priced in.
    Currency,
    /// The market that it trades on.
    Exchange,
    /// The account that it is held in.
    Account,
    /// The instrument itself.
    Instrument,
}

/// A part of what is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// What its holdings share: a code, an id; nothing where it is not known.
    pub key: Option<String>,
    /// What they are worth; nothing where one is unknown.
    pub value: Option<Decimal>,
    /// Their share of everything.
    pub weight: Option<f64>,
    /// How many lines they are.
    pub lines: usize,
}

/// The key of cash where it is none of what is grouped by.
pub(super) const CASH: &str = "CASH";

impl Book {
    /// The parts by a property, the largest first.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for a sum that is too large.
    pub fn allocation(&self, by: Grouping) -> Result<Vec<Slice>, ServiceError> {
        let [_, end] = &self.ends;
        let mut slices: BTreeMap<Option<String>, (Option<Decimal>, usize)> = BTreeMap::new();
        let securities = end.positions.iter().map(|line| (self.key(by, line), line.market_value));
        let cash = end.cash.iter().map(|line| (Some(cash_key(by, line)), line.value));
        for (key, value) in securities.chain(cash) {
            let slice = slices.entry(key).or_insert((Some(Decimal::ZERO), 0));
            slice.0 = slice.0.zip(value).map(|(sum, value)| money::add(sum, value)).transpose()?;
            slice.1 += 1;
        }
        let total = end.value.and_then(|total| total.to_f64()).filter(|total| *total > 0.0);
        let slice = |(key, (value, lines)): (Option<String>, (Option<Decimal>, usize))| {
            let weight = value.and_then(|value| value.to_f64()).zip(total).map(|(value, total)| value / total);
            Slice { key, value, weight, lines }
        };
        let mut slices: Vec<Slice> = slices.into_iter().map(slice).collect();
        slices.sort_by_key(|slice| std::cmp::Reverse(slice.value));
        Ok(slices)
    }

    fn key(&self, by: Grouping, line: &HoldingLine) -> Option<String> {
        let instrument: &Arc<Instrument> = self.instruments.get(&line.instrument.uuid())?;
        match by {
            Grouping::AssetType => Some(instrument.asset_type.clone()),
            Grouping::Sector => instrument.sector_code.clone(),
            Grouping::Industry => instrument.industry_code.clone().or_else(|| instrument.sector_code.clone()),
            Grouping::Country => instrument.country.clone(),
            Grouping::Region => {
                instrument.country.as_deref().and_then(Region::of).map(|region| region.code().to_owned())
            }
            Grouping::Currency => Some(line.local_currency.to_string()),
            Grouping::Exchange => Some(instrument.mic.clone()),
            Grouping::Account => Some(line.account.uuid().to_string()),
            Grouping::Instrument => Some(instrument.id.to_string()),
        }
    }
}

fn cash_key(by: Grouping, line: &CashLine) -> String {
    match by {
        Grouping::Currency => line.currency.to_string(),
        Grouping::Account => line.account.uuid().to_string(),
        _ => CASH.to_owned(),
    }
}

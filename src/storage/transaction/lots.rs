//! Chosen lots as they are stored: a list of objects, each with what was given of a pick.

use chrono::NaiveDate;
use domain::ledger::LotPick;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_on: Option<NaiveDate>,
    // As text: a JSON number would not hold a decimal exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_cost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
}

/// The picks as JSON; nothing where there is none.
pub(super) fn written(picks: &[LotPick]) -> Option<Value> {
    if picks.is_empty() {
        return None;
    }
    let stored = picks.iter().map(|pick| Stored {
        lot: pick.lot.map(|lot| lot.uuid()),
        opened_on: pick.opened_on,
        unit_cost: pick.unit_cost.map(|cost| cost.to_string()),
        quantity: pick.quantity.map(|quantity| quantity.to_string()),
    });
    serde_json::to_value(stored.collect::<Vec<_>>()).ok()
}

/// The picks that were stored, or why they cannot be read.
pub(super) fn read(stored: Option<&Value>) -> Result<Vec<LotPick>, String> {
    let Some(stored) = stored else {
        return Ok(Vec::new());
    };
    let stored: Vec<Stored> = serde_json::from_value(stored.clone()).map_err(|error| error.to_string())?;
    let decimal = |text: Option<String>| text.map(|text| Decimal::from_str_exact(&text)).transpose();
    let pick = |pick: Stored| {
        Ok(LotPick {
            lot: pick.lot.map(Into::into),
            opened_on: pick.opened_on,
            unit_cost: decimal(pick.unit_cost)?,
            quantity: decimal(pick.quantity)?,
        })
    };
    let picks: Result<Vec<LotPick>, rust_decimal::Error> = stored.into_iter().map(pick).collect();
    picks.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_are_read_as_they_were_written() {
        let full = LotPick {
            lot: Some(Uuid::from_u128(7).into()),
            opened_on: NaiveDate::from_ymd_opt(2024, 2, 29),
            unit_cost: Some(Decimal::new(123_456_789_012_345_678, 15)),
            quantity: Some(Decimal::new(5, 1)),
        };
        let picks = vec![full, LotPick { quantity: Some(Decimal::ONE), ..LotPick::default() }];
        assert_eq!(read(written(&picks).as_ref()), Ok(picks));
        assert_eq!(written(&[]), None);
        assert_eq!(read(None), Ok(Vec::new()));
        assert!(read(Some(&serde_json::json!([{ "quantity": "x" }]))).is_err());
    }
}

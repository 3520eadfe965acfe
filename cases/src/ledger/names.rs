//! Identities for what a case calls by name.

use chrono::NaiveDate;
use domain::money::Currency;
use uuid::Uuid;

use crate::problem::Problem;

/// Names of one kind, numbered from 1 in the order in which they come up.
#[derive(Clone, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// The identity of a name, new or known.
    pub(super) fn id(&mut self, name: &str) -> Uuid {
        let at = match self.0.iter().position(|known| known == name) {
            Some(at) => at,
            None => {
                self.0.push(name.to_owned());
                self.0.len() - 1
            }
        };
        number(at)
    }

    /// The identity of a name that came up before.
    pub(super) fn known(&self, name: &str) -> Option<Uuid> {
        self.0.iter().position(|known| known == name).map(number)
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What an identity is called.
    pub(super) fn name(&self, id: Uuid) -> &str {
        let at = usize::try_from(id.as_u128()).unwrap_or(0).wrapping_sub(1);
        self.0.get(at).map_or("?", String::as_str)
    }
}

/// The identity at a place that counts from 0.
pub(super) fn number(at: usize) -> Uuid {
    Uuid::from_u128(at as u128 + 1)
}

pub(super) fn currency(code: &str) -> Result<Currency, Problem> {
    Currency::new(code).map_err(|error| Problem::Input(error.to_string()))
}

/// The day that an instant falls on in a time zone.
pub(super) fn local_day(timestamp: &str, zone: &str) -> Result<NaiveDate, Problem> {
    let instant = chrono::DateTime::parse_from_rfc3339(timestamp)
        .map_err(|error| Problem::Input(format!("timestamp {timestamp}: {error}")))?;
    let zone: chrono_tz::Tz =
        zone.parse().map_err(|_| Problem::Input(format!("timezone {zone} is none that the IANA names")))?;
    Ok(instant.with_timezone(&zone).date_naive())
}

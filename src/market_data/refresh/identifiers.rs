//! What instruments are known by beside ticker and ISIN, of those that are held and have no FIGI yet.

use std::collections::{BTreeMap, BTreeSet};

use domain::identifier::Scheme;
use uuid::Uuid;

use super::prices::HELD_WITHIN_DAYS;
use super::{Line, Piece, Refresh, reason};
use crate::market_data::delivery::IdentifierRow;
use crate::market_data::pipeline::Work;
use crate::market_data::providers::{Capability, IdentifierWanted};
use crate::storage::instrument_load::set_identifiers;
use crate::storage::pipeline::{Dataset, Outcome};
use crate::storage::tracked::{Tracked, Which, tracked};
use crate::tenancy::{Access, DatabaseError, MarketDoor};

/// Instruments that are asked for together.
const AT_A_TIME: usize = 500;
/// What is taken; a ticker or an ISIN of a service is not put beside our own.
const TAKEN: [&str; 3] = ["FIGI", "COMPOSITE_FIGI", "SHARE_CLASS_FIGI"];

impl<D: MarketDoor> Refresh<'_, D> {
    pub(super) async fn identifier_pieces(&self) -> Result<Vec<Piece>, DatabaseError> {
        let session = self.door.market(Access::Read).await?;
        let found = tracked(&session, HELD_WITHIN_DAYS, self.environment.clock.now(), Which::All).await;
        session.close().await?;
        let wanted: Vec<_> = found?.into_iter().filter(is_asked_for).map(wanted).collect();
        Ok(wanted.chunks(AT_A_TIME).map(|chunk| Piece::Identifiers(chunk.to_vec())).collect())
    }

    /// Of the first provider that answers.
    pub(super) async fn identifiers(&self, wanted: &[IdentifierWanted]) -> Result<Vec<Line>, DatabaseError> {
        let mut lines = Vec::new();
        for provider in self.providers.that_give(Capability::Identifiers) {
            let asked_at = self.environment.clock.now();
            let asked = format!("{} instruments", wanted.len());
            let run = self.run(Dataset::Instruments, provider.name(), asked, asked_at);
            let delivery = match provider.identifiers(wanted).await {
                Ok(delivery) => delivery,
                Err(error) => {
                    lines.push(self.failed(run, reason(&error)).await?);
                    continue;
                }
            };
            self.begin(std::slice::from_ref(&run)).await?;
            let mut work = Work::open(self.door, self.environment).await?;
            let (columns, ambiguous) = columns(&delivery.rows);
            let outcome = async {
                let promoted = set_identifiers(work.session(), columns).await?;
                if promoted > 0 {
                    work.reference_changed();
                }
                let delivered = delivery.rows.len() as u64;
                let outcome = Outcome { delivered, promoted, held: ambiguous, revised: 0 };
                work.finish(&run, outcome).await
            }
            .await;
            match work.end(self.door, outcome).await {
                Ok(outcome) => lines.push(Line::of(run, Ok(outcome))),
                Err(error) => {
                    self.undone(&[run]).await?;
                    return Err(error);
                }
            }
            break;
        }
        Ok(lines)
    }
}

/// What is listed has a FIGI; of the rest, an ISIN says whether.
fn is_asked_for(tracked: &Tracked) -> bool {
    !tracked.has_figi && (tracked.isin.is_some() || ["STOCK", "ETF"].contains(&tracked.asset_type.as_str()))
}

fn wanted(tracked: Tracked) -> IdentifierWanted {
    let (scheme, value) = match tracked.isin {
        Some(isin) => ("ISIN", isin),
        None => ("TICKER", tracked.symbol),
    };
    IdentifierWanted { instrument: Some(tracked.id), scheme: scheme.to_owned(), value, mic: Some(tracked.mic) }
}

/// Columns of what an instrument is known by without a doubt, and how many rows there is a doubt about: more than one value of a
/// scheme, or one that is none.
fn columns(rows: &[IdentifierRow]) -> ([Vec<String>; 6], u64) {
    let mut known: BTreeMap<(Uuid, &str), BTreeSet<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| TAKEN.contains(&row.scheme.as_str())) {
        if let Some(instrument) = row.instrument {
            known.entry((instrument, &row.scheme)).or_default().insert(&row.value);
        }
    }
    let mut columns: [Vec<String>; 6] = Default::default();
    let mut doubtful = 0;
    for ((instrument, scheme), values) in known {
        let is_one = |value: &&str| Scheme::of_code(scheme).is_some_and(|scheme| scheme.check(value).is_ok());
        match values.first().filter(|value| values.len() == 1 && is_one(value)) {
            Some(value) => {
                let cells = [&instrument.to_string(), scheme, value, "", "", ""];
                for (column, cell) in columns.iter_mut().zip(cells) {
                    column.push(cell.to_owned());
                }
            }
            None => doubtful += values.len() as u64,
        }
    }
    (columns, doubtful)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_doubtful_or_no_figi_is_not_taken() {
        let row = |instrument: u128, scheme: &str, value: &str| IdentifierRow {
            instrument: Some(Uuid::from_u128(instrument)),
            scheme: scheme.to_owned(),
            value: value.to_owned(),
            ..IdentifierRow::default()
        };
        let rows = [
            row(1, "FIGI", "BBG000B9XRY4"),
            row(1, "FIGI", "BBG000B9XRY4"),
            row(1, "TICKER", "AAPL"),
            row(2, "FIGI", "BBG000B9XRY4"),
            row(2, "FIGI", "BBG000BPH459"),
            row(3, "FIGI", "<html>"),
        ];
        let (columns, doubtful) = columns(&rows);
        assert_eq!(columns[0], [Uuid::from_u128(1).to_string()]);
        assert_eq!((columns[2].as_slice(), doubtful), (["BBG000B9XRY4".to_owned()].as_slice(), 3));
    }
}

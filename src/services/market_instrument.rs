//! What operators of the platform say of the market's instruments: from when until when they are traded, and what became of them.

use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::market_data::pipeline::publish;
use crate::storage::instrument::listing::{self, Listing};
use crate::storage::instrument::succession::{self, Succession, SuccessionKind};
use crate::storage::pipeline::{Changed, version};
use crate::tenancy::{Market, Session, Tenant};

/// Which of the market's instruments is meant.
#[derive(Clone, Debug)]
pub enum Named {
    /// The one with this id.
    Id(Uuid),
    /// The one that this market lists by this symbol; what is traded before what no longer is.
    Listed {
        /// The symbol.
        symbol: String,
        /// The market.
        mic: String,
    },
}

/// What to change of the days of trading.
#[derive(Clone, Copy, Debug)]
pub struct ListingChange {
    /// The first day of trading; what is known stays where there is none.
    pub listed_on: Option<NaiveDate>,
    /// The first day without trading. `Some(None)` says that it is traded.
    pub delisted_on: Option<Option<NaiveDate>>,
}

/// A succession to note.
#[derive(Clone, Debug)]
pub struct NewSuccession {
    /// What was before.
    pub predecessor: Named,
    /// What follows it.
    pub successor: Named,
    /// How.
    pub kind: SuccessionKind,
    /// From which day on.
    pub effective_on: NaiveDate,
}

impl Services {
    /// What instruments followed, and what followed them, by day.
    pub async fn successions(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Succession>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(succession::of_instruments(session, ids).await?)
    }

    /// Sets from when until when an instrument is traded. Every tenant's values from a changed day on are computed again.
    pub async fn instrument_listing_set(
        &self,
        caller: &Caller,
        named: &Named,
        change: ListingChange,
    ) -> Result<Listing, ServiceError> {
        self.change_instruments(caller, async |session| {
            let before = find(session, named, &["input", "instrument"]).await?;
            let trades_again = before.delisted && change.delisted_on == Some(None);
            if trades_again && !listing::relist(session, before.id).await? {
                let message = format!("{} on {} is another instrument by now", before.symbol, before.mic);
                return Err(refuse(RefusalCode::AlreadyExists, "delistedOn", message));
            }
            if let Some(day) = change.delisted_on.flatten().filter(|day| *day > self.environment.clock.today()) {
                return Err(refuse(RefusalCode::FutureDate, "delistedOn", format!("{day} has not come yet")));
            }
            let text = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
            let columns = [before.id.to_string(), text(change.listed_on), text(change.delisted_on.flatten())];
            let columns = columns.map(|cell| vec![cell]);
            if let Some(message) = listing::contradiction(session, columns.clone()).await? {
                return Err(refuse(RefusalCode::InvalidInput, "delistedOn", message));
            }
            listing::set_days(session, columns).await?;
            let after = find(session, &Named::Id(before.id), &["input", "instrument"]).await?;
            if after != before {
                let changed = Changed { reference: true, ..Changed::default() };
                publish(session, &self.environment, changed).await?;
            }
            let done = Done {
                action: "instrumentListingSet",
                entity_type: "Instrument",
                entity_id: before.id,
                before: Some(shown_listing(&before)),
                after: Some(shown_listing(&after)),
            };
            Ok((done, after))
        })
        .await
    }

    /// Notes that one instrument follows another.
    pub async fn instrument_succession_record(
        &self,
        caller: &Caller,
        new: NewSuccession,
    ) -> Result<Succession, ServiceError> {
        self.change_instruments(caller, async |session| {
            let predecessor = find(session, &new.predecessor, &["input", "predecessor"]).await?;
            let successor = find(session, &new.successor, &["input", "successor"]).await?;
            if predecessor.id == successor.id {
                let message = format!("{} on {} cannot follow itself", successor.symbol, successor.mic);
                return Err(refuse(RefusalCode::SameInstrument, "successor", message));
            }
            let noted = Succession {
                id: self.environment.ids.next(),
                predecessor: predecessor.id,
                successor: successor.id,
                kind: new.kind,
                effective_on: new.effective_on,
            };
            if !succession::add(session, &noted, self.environment.clock.now()).await? {
                let (one, other) = (&predecessor.symbol, &successor.symbol);
                let message = format!("there is a succession of {one} and {other} on {}", noted.effective_on);
                return Err(refuse(RefusalCode::AlreadyExists, "effectiveOn", message));
            }
            let done = Done {
                action: "instrumentSuccessionRecord",
                entity_type: "Succession",
                entity_id: noted.id,
                before: None,
                after: Some(shown(&noted)),
            };
            Ok((done, noted))
        })
        .await
    }

    /// Takes back that one instrument follows another.
    pub async fn instrument_succession_remove(&self, caller: &Caller, id: Uuid) -> Result<Succession, ServiceError> {
        self.change_instruments(caller, async |session| {
            let removed = succession::remove(session, id)
                .await?
                .ok_or_else(|| ServiceError::refused(RefusalCode::NotFound, &["id"], "there is no such succession"))?;
            let done = Done {
                action: "instrumentSuccessionRemove",
                entity_type: "Succession",
                entity_id: id,
                before: Some(shown(&removed)),
                after: None,
            };
            Ok((done, removed))
        })
        .await
    }

    /// A change of the market's instruments in the name of an operator, and its audit entry in the platform's log, as one transaction.
    async fn change_instruments<T>(
        &self,
        caller: &Caller,
        change: impl AsyncFnOnce(&Session<Market>) -> Result<(Done, T), ServiceError>,
    ) -> Result<T, ServiceError> {
        let session = self.operating(caller, crate::tenancy::Access::Write).await?;
        let changed = async {
            // Taken first, as every load does: who comes at the same time waits here and nowhere else.
            version::take_next(&session).await?;
            change(&session).await
        }
        .await;
        let (done, value) = match changed {
            Ok(changed) => changed,
            Err(error) => return settle(session, Err(error)).await,
        };
        let session = self.gateway.market_to_platform(session).await?;
        let audited = self.audit(&session, caller, done).await;
        settle(session, audited).await?;
        Ok(value)
    }
}

async fn find(session: &Session<Market>, named: &Named, field: &[&str]) -> Result<Listing, ServiceError> {
    let (found, what) = match named {
        Named::Id(id) => (listing::lock(session, *id).await?, "the market has no such instrument".to_owned()),
        Named::Listed { symbol, mic } => {
            let found = listing::lock_listed(session, symbol, mic).await?;
            (found, format!("no instrument is listed as {symbol} on {mic}"))
        }
    };
    found.ok_or_else(|| ServiceError::refused(RefusalCode::NotFound, field, what))
}

fn refuse(code: RefusalCode, field: &str, message: String) -> ServiceError {
    ServiceError::refused(code, &["input", field], message)
}

fn shown_listing(listing: &Listing) -> Value {
    json!({
        "symbol": listing.symbol,
        "mic": listing.mic,
        "listedOn": listing.listed_on,
        "delistedOn": listing.delisted_on,
        "isDelisted": listing.delisted,
    })
}

fn shown(succession: &Succession) -> Value {
    json!({
        "predecessor": succession.predecessor,
        "successor": succession.successor,
        "kind": succession.kind.code(),
        "effectiveOn": succession.effective_on,
    })
}

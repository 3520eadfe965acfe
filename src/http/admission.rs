//! How much of the server one tenant and one address may have at once, and whose turn it is.
//!
//! A request passes three doors. The first counts requests of its address, before anything else is done. The second counts those of
//! its tenant, once it is known. At the third it waits for its turn to be executed: so many are at once, no tenant has more than
//! its share of them, and tenants that wait take turns. What does not fit is refused at once, with the time to come back.

mod address;
mod slots;
mod turns;

use std::{net::IpAddr, sync::Arc};

use axum::http::StatusCode;

pub(super) use self::{
    address::{Network, client_address, is_trusted},
    slots::{Slot, Slots},
    turns::{Turn, Turns},
};
use super::{reply::Problem, settings::AdmissionSettings};
use crate::{
    auth::{Actor, TenantId},
    graphql::error::ErrorCode,
};

/// Into how many parties those who are not logged in are put, by their addresses: many addresses are no more than these, and one
/// address is no more than one.
const STRANGERS: u8 = 16;

/// Who takes turns with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Party {
    Tenant(TenantId),
    Platform,
    Strangers(u8),
}

impl Party {
    pub fn of(actor: Option<&Actor>, client: Option<IpAddr>) -> Self {
        match actor {
            Some(Actor { tenant: Some(tenant), .. }) => Self::Tenant(*tenant),
            Some(_) => Self::Platform,
            None => Self::Strangers(client.map_or(0, |client| Network::of(client).bucket(STRANGERS))),
        }
    }
}

/// The three doors.
pub(super) struct Admission {
    addresses: Slots<Network>,
    tenants: Slots<Party>,
    turns: Arc<Turns<Party>>,
    imports: Slots<()>,
    imports_of_one: Slots<Party>,
}

impl Admission {
    pub fn new(settings: &AdmissionSettings) -> Self {
        Self {
            addresses: Slots::new(settings.max_per_address),
            tenants: Slots::new(settings.max_per_tenant),
            turns: Arc::new(Turns::new(settings.max_concurrent, settings.max_waiting, settings.max_wait)),
            imports: Slots::new(settings.max_imports),
            // Half of them: a firm that sends slowly leaves room for another.
            imports_of_one: Slots::new(settings.max_imports.div_ceil(2)),
        }
    }

    /// Counts a request of an address. In process there is none.
    pub fn address(&self, client: Option<IpAddr>) -> Result<Option<Slot<Network>>, Problem> {
        let Some(client) = client else { return Ok(None) };
        match self.addresses.take(Network::of(client)) {
            Some(slot) => Ok(Some(slot)),
            None => Err(too_many("requests of this address", self.addresses.most())),
        }
    }

    /// Counts a request of a tenant. Those who are not logged in are counted by address alone, or one could keep all others from
    /// logging in.
    pub fn party(&self, party: Party) -> Result<Option<Slot<Party>>, Problem> {
        if matches!(party, Party::Strangers(_)) {
            return Ok(None);
        }
        match self.tenants.take(party) {
            Some(slot) => Ok(Some(slot)),
            None => Err(too_many("requests of this tenant", self.tenants.most())),
        }
    }

    /// Waits for a turn.
    pub async fn turn(&self, party: Party) -> Result<Turn<Party>, Problem> {
        self.turns.take(party).await.map_err(|_| {
            let message = "the server is busy: try again";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, message)
        })
    }

    /// Counts a file that is imported: it is held in memory meanwhile.
    pub fn import(&self, party: Party) -> Result<(Slot<()>, Slot<Party>), Problem> {
        let own = self.imports_of_one.take(party);
        let own = own.ok_or_else(|| too_many("imports of this tenant", self.imports_of_one.most()))?;
        let all = self.imports.take(()).ok_or_else(|| {
            let message = format!("{} files are imported at once: try again", self.imports.most());
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, message)
        })?;
        Ok((all, own))
    }
}

fn too_many(what: &str, most: usize) -> Problem {
    let message = format!("{most} {what} are answered at once: wait for one of them");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, message)
}

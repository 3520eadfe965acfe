//! What a user can do, one file a noun. A write is one transaction: permission, lock, decision by the domain, rows, audit
//! entry, commit. A read takes the operation's session. Rules live here and nowhere above.

pub mod access;
pub mod analytics;
pub mod api_key;
pub mod audit_checkpoint;
pub mod audit_export;
pub mod audit_log;
pub mod audit_personal;
pub mod audit_reads;
pub mod authentication;
mod blame;
pub mod bond;
mod corporate_action;
pub mod daily_value;
mod email_change;
pub mod error;
mod event;
mod exchange;
pub mod held_market_row;
pub mod held_transaction;
mod housekeeping;
pub mod idempotency;
pub mod import;
pub mod instrument;
pub mod invitation;
pub mod job;
pub mod ledger;
pub mod lot;
pub mod mail;
pub mod manual_price;
pub mod manual_price_import;
pub mod market_action;
pub mod market_data;
mod market_dividend;
pub mod market_indicator;
pub mod market_instrument;
pub mod news;
pub mod option;
mod password;
mod password_reset;
pub mod performance;
pub mod performance_metrics;
pub mod period_lock;
pub mod policy;
pub mod portfolio;
pub mod portfolio_share;
pub mod price;
pub mod price_override;
pub mod private_instrument;
pub mod refresh;
pub mod replay;
pub mod role;
pub mod sale_preview;
pub mod schedule;
pub mod setup;
pub mod sign_in;
pub mod signing_key;
pub mod simulation;
pub mod stress_scenario;
pub mod tenant;
mod throttle;
pub mod transaction;
pub mod user;
pub mod valuation;
pub mod xray_rule;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::audit;
use crate::auth::{Actor, Entropy, Passwords, Pseudonyms};
use crate::clock::Environment;
use crate::mail::Mailer;
use crate::market_data::MarketCache;
use crate::market_data::providers::{Registry, Times};
use crate::storage::user::Profile;
use crate::tenancy::{Access, Gateway, Realm, Session, Tenant, TenantRecord};

use self::api_key::KnownKey;
pub use self::error::{Refusal, RefusalCode, ServiceError};
use self::signing_key::Keyring;

/// How many changes a slow subscriber may lag behind before it is told that it missed some.
const CHANGES_KEPT: usize = 256;

/// Where a request came from, for the audit log.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The request's id.
    pub request_id: Option<String>,
    /// The network address.
    pub address: Option<String>,
    /// The program, in its own words.
    pub user_agent: Option<String>,
}

/// Who asks, with everything that a service must know about them.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The actor and what they may do.
    pub actor: Actor,
    /// What the audit log calls them.
    pub name: String,
    /// Their tenant; nothing for an operator.
    pub tenant: Option<TenantRecord>,
    /// Where the request came from.
    pub origin: Origin,
}

impl Caller {
    /// The tenant, or the refusal that an operator gets.
    pub fn tenant(&self) -> Result<&TenantRecord, ServiceError> {
        self.tenant.as_ref().ok_or_else(|| ServiceError::Forbidden("an operator belongs to no tenant".to_owned()))
    }
}

/// A portfolio or its ledger was changed and the change is committed.
#[derive(Clone, Debug)]
pub struct PortfolioChange {
    /// Whose portfolio.
    pub tenant: Uuid,
    /// Which one.
    pub portfolio: Uuid,
    /// Its version since.
    pub version: i64,
}

/// Everything that the services share.
#[derive(Clone)]
pub struct Services {
    /// The way to the database.
    pub gateway: Gateway,
    /// Time and ids.
    pub environment: Environment,
    /// Market data as columns.
    pub market: MarketCache,
    /// Who is asked for market data: nobody, unless told otherwise.
    pub providers: Registry,
    passwords: Passwords,
    keys: Arc<Keyring>,
    pseudonyms: Pseudonyms,
    mailer: Option<Mailer>,
    entropy: Arc<dyn Entropy>,
    refresh_lifetime: TimeDelta,
    keep_staged: TimeDelta,
    profiles: moka::sync::Cache<(Option<Uuid>, Uuid), Profile>,
    /// Keys of programs by tenant and hash.
    api_keys: moka::sync::Cache<(Uuid, Vec<u8>), KnownKey>,
    changes: broadcast::Sender<PortfolioChange>,
}

impl Services {
    /// Puts the parts together.
    fn new(
        gateway: Gateway,
        environment: Environment,
        passwords: Passwords,
        keys: Keyring,
        pseudonyms: Pseudonyms,
        entropy: Arc<dyn Entropy>,
        refresh_lifetime: TimeDelta,
    ) -> Self {
        // What a person may do is read again within seconds, so that a change is felt without a log-out.
        let profiles = moka::sync::Cache::builder().max_capacity(50_000).time_to_live(Duration::from_secs(10)).build();
        let api_keys = moka::sync::Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(10)).build();
        let providers = Registry::none(&Times::system(Arc::clone(&environment.clock)));
        Self {
            gateway,
            environment,
            market: MarketCache::default(),
            providers,
            passwords,
            keys: Arc::new(keys),
            pseudonyms,
            mailer: None,
            entropy,
            refresh_lifetime,
            keep_staged: housekeeping::KEEP_STAGED,
            profiles,
            api_keys,
            changes: broadcast::Sender::new(CHANGES_KEPT),
        }
    }

    /// The same with these to ask for market data.
    #[must_use]
    pub fn with_providers(self, providers: Registry) -> Self {
        Self { providers, ..self }
    }

    /// The same with somebody to send mail.
    #[must_use]
    pub fn with_mailer(self, mailer: Mailer) -> Self {
        Self { mailer: Some(mailer), ..self }
    }

    /// The same where what deliveries staged is kept for so long.
    #[must_use]
    pub fn with_staging_kept(self, keep_staged: TimeDelta) -> Self {
        Self { keep_staged, ..self }
    }

    /// A session that reads in the caller's name.
    pub async fn read(&self, caller: &Caller) -> Result<Session<Tenant>, ServiceError> {
        Ok(self.gateway.tenant(caller.tenant()?, caller.actor.clone(), Access::Read).await?)
    }

    /// A session that writes in the caller's name.
    pub async fn write(&self, caller: &Caller) -> Result<Session<Tenant>, ServiceError> {
        Ok(self.gateway.tenant(caller.tenant()?, caller.actor.clone(), Access::Write).await?)
    }

    /// Changes of portfolios committed by this process from now on.
    pub fn changes(&self) -> broadcast::Receiver<PortfolioChange> {
        self.changes.subscribe()
    }

    fn announce(&self, caller: &Caller, portfolio: Uuid, version: i64) {
        if let Some(tenant) = &caller.tenant {
            // An error means that nobody listens.
            let _ = self.changes.send(PortfolioChange { tenant: tenant.id, portfolio, version });
        }
    }

    async fn audit<S: Realm>(&self, session: &Session<S>, caller: &Caller, done: Done) -> Result<(), ServiceError> {
        let entry = audit::Entry {
            id: self.environment.ids.next(),
            at: self.environment.clock.now(),
            actor_id: Some(caller.actor.user_id),
            actor_name: caller.name.clone(),
            action: done.action.to_owned(),
            entity_type: done.entity_type.to_owned(),
            entity_id: Some(done.entity_id.to_string()),
            before: done.before,
            after: done.after,
            request_id: caller.origin.request_id.clone(),
            address: caller.origin.address.clone(),
        };
        Ok(audit::write(session, entry).await?)
    }
}

/// What the audit log says of a change.
struct Done {
    action: &'static str,
    entity_type: &'static str,
    entity_id: Uuid,
    before: Option<Value>,
    after: Option<Value>,
}

/// Commits what succeeded and undoes what did not; the connection is given back either way.
async fn settle<S: crate::tenancy::Scope, T>(
    session: Session<S>,
    result: Result<T, ServiceError>,
) -> Result<T, ServiceError> {
    match result {
        Ok(value) => {
            session.commit().await?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one that tells; a connection that cannot even roll back is closed.
            if let Err(secondary) = session.close().await {
                tracing::debug!(error = %secondary, "a session could not be rolled back");
            }
            Err(error)
        }
    }
}

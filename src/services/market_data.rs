//! Market data as an operator of the platform sees it: runs, what the checks found, and rows that wait for a decision.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Caller, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::storage::Page;
use crate::storage::pipeline::findings;
use crate::storage::pipeline::held::{self, HeldRow};
use crate::storage::pipeline::run::{self, Logged};
use crate::tenancy::{Access, Market, MarketDoor, Session};

impl Services {
    /// A session that is on market data for an operator: of the platform, of no tenant.
    pub(super) async fn operating(&self, caller: &Caller, access: Access) -> Result<Session<Market>, ServiceError> {
        access::require(&caller.actor, Permission::MarketManage)?;
        if caller.tenant.is_some() {
            return Err(ServiceError::Forbidden("market data is looked after by operators of the platform".to_owned()));
        }
        Ok(self.gateway.market(access).await?)
    }

    /// Runs, the latest first; and how many there are, where that is asked.
    pub async fn refresh_runs(
        &self,
        caller: &Caller,
        page: Page<Uuid>,
        wants_total: bool,
    ) -> Result<(Vec<Logged>, u64), ServiceError> {
        let session = self.operating(caller, Access::Read).await?;
        let result = async {
            let total = if wants_total { run::count(&session).await? } else { 0 };
            Ok((run::page(&session, page).await?, total))
        };
        let result = result.await;
        settle(session, result).await
    }

    /// Findings, those of the latest run first; and how many there are, where that is asked.
    pub async fn quality_findings(
        &self,
        caller: &Caller,
        filter: findings::Filter,
        page: Page<(Uuid, Uuid)>,
        wants_total: bool,
    ) -> Result<(Vec<findings::Found>, u64), ServiceError> {
        let session = self.operating(caller, Access::Read).await?;
        let result = async {
            let total = if wants_total { findings::count(&session, filter).await? } else { 0 };
            Ok((findings::page(&session, filter, page).await?, total))
        };
        let result = result.await;
        settle(session, result).await
    }

    /// Held rows, the latest first; and how many there are, where that is asked.
    pub async fn held_market_rows(
        &self,
        caller: &Caller,
        filter: &held::Filter,
        page: Page<(DateTime<Utc>, Uuid)>,
        wants_total: bool,
    ) -> Result<(Vec<HeldRow>, u64), ServiceError> {
        let session = self.operating(caller, Access::Read).await?;
        let result = async {
            let total = if wants_total { held::count(&session, filter).await? } else { 0 };
            Ok((held::page(&session, filter, page).await?, total))
        };
        let result = result.await;
        settle(session, result).await
    }
}

//! The audit log as lines of JSON, some entries at a time: a log is longer than what a request holds.

use chrono::{DateTime, Utc};
use domain::money::Currency;
use serde_json::json;
use uuid::Uuid;

use super::{Caller, Done, ServiceError, Services, access, settle};
use crate::audit::encoding::{genesis, hex};
use crate::audit::lines::{Line, VERSION};
use crate::audit::{checkpoint, sealed};
use crate::auth::Permission;
use crate::tenancy::{Access, Realm, Session};

/// Entries that are read and written at once.
const CHUNK: u64 = 1_000;

/// An export that has begun: what comes first, and which entries follow.
#[derive(Clone, Debug)]
pub struct Export {
    /// The first lines: what the file is of, and its checkpoints.
    pub opening: String,
    /// The place after which entries are read next.
    after: i64,
    /// The place of the last entry.
    last: i64,
}

fn text(lines: impl IntoIterator<Item = Line>) -> Result<String, ServiceError> {
    let texts: Result<String, _> = lines.into_iter().map(|line| line.text()).collect();
    texts.map_err(|error| ServiceError::Internal(error.to_string()))
}

impl Services {
    /// Begins the export of the tenant's entries of a time, all of them where none is given; that is in the log itself before
    /// anything is given away.
    pub async fn audit_export(
        &self,
        caller: &Caller,
        from: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Export, ServiceError> {
        access::require(&caller.actor, Permission::AuditRead)?;
        let tenant = caller.tenant()?;
        let session = self.write(caller).await?;
        let result = self.begin(&session, caller, (Some(&tenant.slug), tenant.id), (from, until)).await;
        settle(session, result).await
    }

    /// The same of the platform's log: for whoever commands the machine.
    pub async fn audit_export_platform(
        &self,
        from: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Export, ServiceError> {
        let session = self.gateway.platform(Access::Write).await?;
        let caller = self.installation("command");
        let result = self.begin(&session, &caller, (None, Uuid::nil()), (from, until)).await;
        settle(session, result).await
    }

    /// Writes that a portfolio's realised gains are given away as a file. Before they are.
    pub async fn audit_gains_file(
        &self,
        caller: &Caller,
        portfolio: Uuid,
        year: Option<i32>,
        currency: Currency,
    ) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let done = Done {
            action: "realizedGainsExport",
            entity_type: "Portfolio",
            entity_id: portfolio,
            before: None,
            after: Some(json!({ "year": year, "currency": currency.to_string() })),
        };
        let written = self.audit(&session, caller, done).await;
        settle(session, written).await
    }

    async fn begin<S: Realm>(
        &self,
        session: &Session<S>,
        caller: &Caller,
        (tenant, id): (Option<&str>, Uuid),
        (from, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    ) -> Result<Export, ServiceError> {
        self.seal_reads(session).await?;
        // Places never change, so what is read later is of this moment: the entries up to its end.
        let head = sealed::head(session).await?;
        let is_complete = from.is_none() && until.is_none();
        let (first, last) = match is_complete {
            true => (1, head.sequence),
            false => sealed::places(session, from, until)
                .await?
                .map_or((1, 0), |(first, last)| (first, last.min(head.sequence))),
        };
        let hash = sealed::entries(session, Some(last - 1), last, 1).await?.pop().map(|entry| entry.hash);
        let opening = Line::Log {
            version: VERSION,
            log: head.log.clone(),
            tenant: tenant.map(str::to_owned),
            exported_at: self.environment.clock.now(),
            first,
            last,
            hash: hex(&hash.unwrap_or_else(|| genesis(&head.log).to_vec())),
            is_complete,
        };
        let checkpoints = checkpoint::within(session, first, last).await?;
        let checkpoints = checkpoints.iter().map(|checkpoint| Line::of_checkpoint(&head.log, checkpoint));
        let opening = text([opening].into_iter().chain(checkpoints))?;
        let done = Done {
            action: "auditLogExport",
            entity_type: "AuditLog",
            entity_id: id,
            before: None,
            after: Some(json!({ "first": first, "last": last, "from": from, "until": until })),
        };
        self.audit(session, caller, done).await?;
        Ok(Export { opening, after: first - 1, last })
    }

    /// The next lines of a tenant's export; nothing after the last.
    pub async fn audit_export_next(
        &self,
        caller: &Caller,
        export: &mut Export,
    ) -> Result<Option<String>, ServiceError> {
        access::require(&caller.actor, Permission::AuditRead)?;
        let session = self.read(caller).await?;
        let result = next(&session, export).await;
        settle(session, result).await
    }

    /// The same of the platform's export.
    pub async fn audit_export_next_platform(&self, export: &mut Export) -> Result<Option<String>, ServiceError> {
        let session = self.gateway.platform(Access::Read).await?;
        let result = next(&session, export).await;
        settle(session, result).await
    }
}

async fn next<S: Realm>(session: &Session<S>, export: &mut Export) -> Result<Option<String>, ServiceError> {
    let entries = sealed::entries(session, Some(export.after), export.last, CHUNK).await?;
    let Some(last) = entries.last() else { return Ok(None) };
    export.after = last.sequence;
    text(entries.into_iter().map(Line::from)).map(Some)
}

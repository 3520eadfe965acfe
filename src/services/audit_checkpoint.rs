//! Signing where the audit log is, so that it can be shown elsewhere what was done to it since.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Caller, Done, ServiceError, Services, access, settle};
use crate::audit::checkpoint::{self, Checkpoint};
use crate::audit::sealed;
use crate::auth::Permission;
use crate::storage::Page;
use crate::tenancy::{Access, Realm, Session, Tenant};

/// How old the last checkpoint is at the least where housekeeping makes another. Less than a day, so that each day has one.
const DAILY: TimeDelta = TimeDelta::hours(23);

impl Services {
    /// Signs where the tenant's log is. What was signed there before is given again; nothing where nothing was done yet.
    pub async fn audit_checkpoint_create(&self, caller: &Caller) -> Result<(String, Option<Checkpoint>), ServiceError> {
        access::require(&caller.actor, Permission::AuditRead)?;
        // Read before a session opens, which then needs no second connection beside it.
        self.keys.now(&self.gateway, self.environment.clock.now()).await;
        let session = self.write(caller).await?;
        let result = async {
            let (log, made) = self.checkpoint(&session).await?;
            if let Some((checkpoint, true)) = &made {
                let done = Done {
                    action: "auditCheckpointCreate",
                    entity_type: "AuditCheckpoint",
                    entity_id: caller.tenant()?.id,
                    before: None,
                    after: Some(json!({ "sequence": checkpoint.sequence })),
                };
                self.audit(&session, caller, done).await?;
            }
            Ok((log, made.map(|(checkpoint, _)| checkpoint)))
        }
        .await;
        settle(session, result).await
    }

    /// Signs where the platform's log is: for whoever commands the machine.
    pub async fn audit_checkpoint_create_platform(&self) -> Result<(String, Option<Checkpoint>), ServiceError> {
        self.keys.now(&self.gateway, self.environment.clock.now()).await;
        let session = self.gateway.platform(Access::Write).await?;
        let result = async {
            let (log, made) = self.checkpoint(&session).await?;
            if let Some((checkpoint, true)) = &made {
                let done = Done {
                    action: "auditCheckpointCreate",
                    entity_type: "AuditCheckpoint",
                    entity_id: Uuid::nil(),
                    before: None,
                    after: Some(json!({ "sequence": checkpoint.sequence })),
                };
                self.audit(&session, &self.installation("command"), done).await?;
            }
            Ok((log, made.map(|(checkpoint, _)| checkpoint)))
        }
        .await;
        settle(session, result).await
    }

    /// Signs where a realm's log is, if it has moved since the last checkpoint and that is a day old.
    pub(super) async fn daily_checkpoint<S: Realm>(&self, session: &Session<S>) -> Result<(), ServiceError> {
        let last = checkpoint::latest(session, None, 1).await?.pop();
        let is_due = |at: DateTime<Utc>| self.environment.clock.now() - at >= DAILY;
        if last.is_none_or(|last| is_due(last.at)) {
            self.checkpoint(session).await?;
        }
        Ok(())
    }

    /// The log's name, and the checkpoint of its last entry with whether it is new.
    async fn checkpoint<S: Realm>(
        &self,
        session: &Session<S>,
    ) -> Result<(String, Option<(Checkpoint, bool)>), ServiceError> {
        self.seal_reads(session).await?;
        let head = sealed::head(session).await?;
        if head.sequence == 0 {
            return Ok((head.log, None));
        }
        if let Some(last) = checkpoint::latest(session, None, 1).await?.pop()
            && last.sequence == head.sequence
        {
            return Ok((head.log, Some((last, false))));
        }
        let now = self.environment.clock.now();
        let loaded = self.keys.current();
        let keys = loaded.tokens.keys();
        let mut made = Checkpoint {
            sequence: head.sequence,
            hash: head.hash,
            // As fine as the database keeps it.
            at: DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now),
            key_id: keys.current_id().to_owned(),
            signature: Vec::new(),
        };
        let signed = keys.sign(&made.statement(&head.log));
        made.signature = signed.map_err(|error| ServiceError::Internal(error.to_string()))?;
        let is_new = checkpoint::keep(session, &made).await?;
        Ok((head.log, Some((made, is_new))))
    }

    /// Checkpoints of the tenant's log, the latest first.
    pub async fn audit_checkpoints(
        &self,
        session: &Session<Tenant>,
        page: Page<i64>,
    ) -> Result<(String, Vec<Checkpoint>), ServiceError> {
        access::require(session.actor(), Permission::AuditRead)?;
        let log = sealed::head(session).await?.log;
        Ok((log, checkpoint::latest(session, page.after, page.limit).await?))
    }

    /// How many checkpoints the tenant's log has.
    pub async fn audit_checkpoint_count(&self, session: &Session<Tenant>) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::AuditRead)?;
        Ok(checkpoint::count(session).await?)
    }
}

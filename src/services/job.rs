//! The queue for those whose work it is: a tenant's jobs for its people, the installation's for its operators.
//!
//! Every session sees its own owner's and nothing else; that is the database's doing (`queue::own`).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::queue::own::{self, Cancelled, OwnJob, OwnRun, Place};
use crate::queue::{self, REPLAY, SIMULATION};
use crate::storage::Page;
use crate::tenancy::{Access, Realm, Session, Tenant};

/// Does something in a session of the caller's realm: their tenant's, or the platform's for an operator.
macro_rules! in_realm {
    ($services:expr, $caller:expr, $access:expr, $session:ident => $body:expr) => {
        match &$caller.tenant {
            Some(tenant) => {
                let $session = $services.gateway.tenant(tenant, $caller.actor.clone(), $access).await?;
                let result = async { $body }.await;
                settle($session, result).await
            }
            None => {
                let $session = $services.gateway.platform($access).await?;
                let result = async { $body }.await;
                settle($session, result).await
            }
        }
    };
}

/// Reads in the operation's session where there is one; an operator has none, and reads in a session of the platform's.
macro_rules! read_in_realm {
    ($services:expr, $caller:expr, $reading:expr, $session:ident => $body:expr) => {
        match $reading {
            Some($session) => $body,
            None => $crate::services::job::in_realm!($services, $caller, $crate::tenancy::Access::Read, opened => {
                let $session = &opened;
                $body
            }),
        }
    };
}
pub(super) use {in_realm, read_in_realm};

/// A page of a list, and how many rows the whole list has where that was asked.
pub type Listed<T> = (Vec<T>, u64);

impl Services {
    /// Jobs of one state or of all, the latest first; with their number where it is wanted.
    pub async fn job_page(
        &self,
        caller: &Caller,
        reading: Option<&Session<Tenant>>,
        state: Option<&str>,
        page: Page<Place>,
        wants_total: bool,
    ) -> Result<Listed<OwnJob>, ServiceError> {
        access::require(&caller.actor, Permission::JobsRead)?;
        read_in_realm!(self, caller, reading, session => {
            let rows = own::jobs(session, state, page.after, page.limit).await?;
            Ok((rows, if wants_total { own::count_jobs(session, state).await? } else { 0 }))
        })
    }

    /// Runs that have ended, the latest first; with their number where it is wanted.
    pub async fn job_run_page(
        &self,
        caller: &Caller,
        reading: Option<&Session<Tenant>>,
        page: Page<Place>,
        wants_total: bool,
    ) -> Result<Listed<OwnRun>, ServiceError> {
        access::require(&caller.actor, Permission::JobsRead)?;
        read_in_realm!(self, caller, reading, session => {
            let rows = own::runs(session, page.after, page.limit).await?;
            Ok((rows, if wants_total { own::count_runs(session).await? } else { 0 }))
        })
    }

    /// Puts a dead letter back into the queue; returns the job since.
    pub async fn job_retry(&self, caller: &Caller, id: Uuid) -> Result<OwnJob, ServiceError> {
        access::require(&caller.actor, Permission::JobsManage)?;
        in_realm!(self, caller, Access::Write, session => {
            let job = letter(&session, id).await?;
            if !own::retry(&session, id, self.environment.clock.now()).await? {
                return Err(no_letter());
            }
            self.audit_job(&session, caller, "jobRetry", &job).await?;
            own::job(&session, id).await?.ok_or_else(no_letter)
        })
    }

    /// Takes a dead letter away.
    pub async fn job_discard(&self, caller: &Caller, id: Uuid) -> Result<(), ServiceError> {
        access::require(&caller.actor, Permission::JobsManage)?;
        in_realm!(self, caller, Access::Write, session => {
            let job = letter(&session, id).await?;
            if !own::discard(&session, id).await? {
                return Err(no_letter());
            }
            self.audit_job(&session, caller, "jobDiscard", &job).await
        })
    }

    /// Cancels a job: one that waits is gone at once, with everything that waits under its key; one that runs comes to its end
    /// within seconds, and is returned.
    pub async fn job_cancel(&self, caller: &Caller, id: Uuid) -> Result<Option<OwnJob>, ServiceError> {
        access::require(&caller.actor, Permission::JobsManage)?;
        let Some(tenant) = &caller.tenant else {
            return in_realm!(self, caller, Access::Write, session => Ok(self.cancel(&session, caller, id).await?.1));
        };
        let session = self.gateway.tenant(tenant, caller.actor.clone(), Access::Write).await?;
        let result = async {
            let (job, running) = self.cancel(&session, caller, id).await?;
            if running.is_none() {
                self.told_of_cancelled(&session, &job.kind, &job.key).await?;
            }
            Ok(running)
        }
        .await;
        settle(session, result).await
    }

    /// The job as it was, and as it is if it still runs.
    async fn cancel<S: Realm>(
        &self,
        session: &Session<S>,
        caller: &Caller,
        id: Uuid,
    ) -> Result<(OwnJob, Option<OwnJob>), ServiceError> {
        let gone = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such job waits or runs");
        let job = own::job(session, id).await?.ok_or_else(gone)?;
        let cancelled = own::cancel(session, id, self.environment.clock.now(), &caller.name).await?;
        let running = match cancelled {
            Cancelled::Nothing => return Err(gone()),
            Cancelled::Waiting => None,
            Cancelled::Running => own::job(session, id).await?,
        };
        self.audit_job(session, caller, "jobCancel", &job).await?;
        Ok((job, running))
    }

    /// Lets what a job was about know that it will not be done, for a run that its worker has ended.
    pub async fn job_was_cancelled(&self, caller: &Caller, kind: &str, key: &str) -> Result<(), ServiceError> {
        if caller.tenant.is_none() {
            return Ok(());
        }
        let session = self.write(caller).await?;
        let result = self.told_of_cancelled(&session, kind, key).await;
        settle(session, result).await
    }

    /// What is out of date stays marked and needs no word; a replay or simulation would wait for ever.
    async fn told_of_cancelled(&self, session: &Session<Tenant>, kind: &str, key: &str) -> Result<(), ServiceError> {
        match Uuid::try_parse(key) {
            Ok(replay) if kind == REPLAY => {
                self.replay_failed(session, replay, "it was cancelled: ask for it again".to_owned()).await
            }
            Ok(simulation) if kind == SIMULATION => {
                self.simulation_failed(session, simulation, "it was cancelled: ask for it again").await
            }
            _ => Ok(()),
        }
    }

    async fn audit_job<S: Realm>(
        &self,
        session: &Session<S>,
        caller: &Caller,
        action: &'static str,
        job: &OwnJob,
    ) -> Result<(), ServiceError> {
        let done = Done { action, entity_type: "Job", entity_id: job.id, before: Some(shown(job)), after: None };
        self.audit(session, caller, done).await
    }

    /// The caller that the server is for whoever commands the machine, acting on whose the job is; nothing without such a job.
    pub async fn owner_of_job(&self, id: Uuid) -> Result<Option<Caller>, ServiceError> {
        let session = self.gateway.platform(Access::Read).await?;
        let owner = queue::owner_of(&session, id).await.map_err(ServiceError::from);
        let Some(owner) = settle(session, owner).await? else {
            return Ok(None);
        };
        let Some(tenant) = owner else {
            return Ok(Some(self.installation("command")));
        };
        let tenant = self.gateway.tenant_by_id(tenant).await?;
        let tenant = tenant.ok_or_else(|| ServiceError::Internal("the tenant is gone".to_owned()))?;
        Ok(Some(self.system(tenant, "command")))
    }
}

fn no_letter() -> ServiceError {
    ServiceError::refused(RefusalCode::NotFound, &["id"], "no such dead letter")
}

async fn letter<S: Realm>(session: &Session<S>, id: Uuid) -> Result<OwnJob, ServiceError> {
    own::job(session, id).await?.filter(|job| job.state == "DEAD").ok_or_else(no_letter)
}

fn shown(job: &OwnJob) -> Value {
    let at = |at: DateTime<Utc>| at.to_rfc3339();
    json!({ "kind": job.kind, "key": job.key, "state": job.state, "attempts": job.attempts,
        "enqueuedAt": at(job.enqueued_at), "error": job.error })
}

//! Reads on record, where the tenant turns that on: what was read is in the log before the answer is given.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, Done, ServiceError, Services, access, settle};
use crate::audit;
use crate::auth::Permission;
use crate::tenancy::{AuditReads, Read, Realm, Session};

/// What an operation has read.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// The root fields that were asked for portfolios' data.
    pub portfolio_fields: BTreeSet<String>,
    /// The root fields that were asked for people's data.
    pub personal_fields: BTreeSet<String>,
    /// The portfolios.
    pub portfolios: BTreeSet<Uuid>,
    /// The people.
    pub people: BTreeSet<Uuid>,
}

impl Reads {
    /// Adds what a session has read.
    pub fn add(&mut self, read: impl IntoIterator<Item = (Read, Uuid)>) {
        for (what, id) in read {
            match what {
                Read::Portfolio => self.portfolios.insert(id),
                Read::Person => self.people.insert(id),
            };
        }
    }

    /// What is to be recorded of it; nothing where the tenant does not want that.
    fn recorded(mut self, wanted: AuditReads, reader: Uuid) -> Option<Value> {
        // One's own profile is on every page.
        self.people.remove(&reader);
        if !matches!(wanted, AuditReads::Personal | AuditReads::All) {
            self.people.clear();
            self.personal_fields.clear();
        }
        if !matches!(wanted, AuditReads::Portfolio | AuditReads::All) {
            self.portfolios.clear();
            self.portfolio_fields.clear();
        }
        let fields: BTreeSet<_> = self.portfolio_fields.union(&self.personal_fields).collect();
        let is_any = !(fields.is_empty() && self.portfolios.is_empty() && self.people.is_empty());
        is_any.then(|| json!({ "fields": fields, "portfolios": self.portfolios, "people": self.people }))
    }
}

impl Services {
    /// Records what an operation has read, where the tenant wants it. If it cannot, the answer must not be given.
    pub async fn audit_reads(&self, caller: &Caller, reads: Reads) -> Result<(), ServiceError> {
        let Some(tenant) = &caller.tenant else { return Ok(()) };
        let Some(read) = reads.recorded(tenant.audit_reads, caller.actor.user_id) else { return Ok(()) };
        let session = self.write(caller).await?;
        let entry = audit::Entry {
            id: self.environment.ids.next(),
            at: self.environment.clock.now(),
            actor_id: Some(caller.actor.user_id),
            actor_name: caller.name.clone(),
            action: "read".to_owned(),
            entity_type: "Tenant".to_owned(),
            entity_id: Some(tenant.id.to_string()),
            before: None,
            after: Some(read),
            request_id: caller.origin.request_id.clone(),
            address: caller.origin.address.clone(),
        };
        let noted = audit::note_read(&session, entry).map_err(ServiceError::from);
        settle(session, noted).await
    }

    /// Says which reads of the tenant are recorded from now on; other servers know within ten seconds.
    pub async fn audit_reads_set(&self, caller: &Caller, reads: AuditReads) -> Result<AuditReads, ServiceError> {
        access::require(&caller.actor, Permission::UsersManage)?;
        let tenant = caller.tenant()?.id;
        let session = self.write(caller).await?;
        let result = async {
            let before = audit::set_reads(&session, reads).await?;
            let done = Done {
                action: "auditReadsSet",
                entity_type: "Tenant",
                entity_id: tenant,
                before: Some(json!({ "reads": before })),
                after: Some(json!({ "reads": reads.as_str() })),
            };
            self.audit(&session, caller, done).await
        }
        .await;
        settle(session, result).await?;
        self.gateway.forget_tenant(tenant);
        Ok(reads)
    }

    /// Seals all reads that wait for it, which locks the end of the chain.
    pub(super) async fn seal_reads<S: Realm>(&self, session: &Session<S>) -> Result<(), ServiceError> {
        Ok(audit::seal_reads(session).await?)
    }
}

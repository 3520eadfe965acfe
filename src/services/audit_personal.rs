//! Erasing a person's values from beside the audit log.

use serde_json::json;
use uuid::Uuid;

use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::audit;
use crate::auth::Permission;
use crate::storage;

impl Services {
    /// Erases the personal values of one person from beside the tenant's log, and says so in it. Returns how many. The log still
    /// tells what was done by the person's id, and its chain stays whole.
    pub async fn audit_personal_erase(&self, caller: &Caller, person: Uuid) -> Result<i64, ServiceError> {
        access::require(&caller.actor, Permission::UsersManage)?;
        let session = self.write(caller).await?;
        let result = async {
            if storage::user::by_ids(&session, &[person]).await?.is_empty() {
                return Err(ServiceError::refused(RefusalCode::NotFound, &["userId"], "there is no such person"));
            }
            // What waits holds names, too.
            self.seal_reads(&session).await?;
            let erased = audit::erase_personal(&session, person).await?;
            let done = Done {
                action: "auditPersonalErase",
                entity_type: "User",
                entity_id: person,
                before: None,
                after: Some(json!({ "erased": erased })),
            };
            self.audit(&session, caller, done).await?;
            Ok(erased)
        }
        .await;
        settle(session, result).await
    }
}

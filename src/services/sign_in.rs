//! Log-ins: which there are, and ending them.

use serde_json::json;
use uuid::Uuid;

use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::storage;
use crate::storage::sign_in::SignIn;
use crate::tenancy::{Access, Realm, Session};

/// Some of a person's log-ins, and how many there are.
pub type Listed = (Vec<SignIn>, u64);

impl Services {
    /// The log-ins of a person that have not ended, the latest first; the caller's own where nobody is named.
    pub async fn sign_in_page(
        &self,
        caller: &Caller,
        user: Option<Uuid>,
        page: storage::Page<Uuid>,
        wants_total: bool,
    ) -> Result<Listed, ServiceError> {
        let user = whose(caller, user)?;
        match &caller.tenant {
            None => self.sign_ins_in(self.gateway.platform(Access::Read).await?, user, page, wants_total).await,
            Some(_) => self.sign_ins_in(self.read(caller).await?, user, page, wants_total).await,
        }
    }

    async fn sign_ins_in<S: Realm>(
        &self,
        session: Session<S>,
        user: Uuid,
        page: storage::Page<Uuid>,
        wants_total: bool,
    ) -> Result<Listed, ServiceError> {
        let now = self.environment.clock.now();
        let result = async {
            let rows = storage::sign_in::page(&session, user, now, page).await?;
            let total = match wants_total {
                true => storage::sign_in::count(&session, user, now).await?,
                false => 0,
            };
            Ok((rows, total))
        }
        .await;
        settle(session, result).await
    }

    /// Ends one log-in: the caller's own, or that of a person whom the caller looks after.
    pub async fn sign_in_end(&self, caller: &Caller, id: Uuid) -> Result<SignIn, ServiceError> {
        access::require_person(&caller.actor)?;
        let ended = match &caller.tenant {
            None => self.end_in(self.gateway.platform(Access::Write).await?, caller, id).await?,
            Some(_) => self.end_in(self.write(caller).await?, caller, id).await?,
        };
        self.forget_profile(caller, ended.user);
        Ok(ended)
    }

    async fn end_in<S: Realm>(&self, session: Session<S>, caller: &Caller, id: Uuid) -> Result<SignIn, ServiceError> {
        let now = self.environment.clock.now();
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such session, or it has ended");
            let sign_in = storage::sign_in::by_id(&session, id).await?.ok_or_else(unknown)?;
            if sign_in.user != caller.actor.user_id && !caller.actor.may(Permission::UsersManage) {
                return Err(unknown());
            }
            storage::user::lock(&session, sign_in.user).await?;
            let sign_in = storage::sign_in::by_id(&session, id).await?.ok_or_else(unknown)?;
            if sign_in.ended_at.is_some() || sign_in.expires_at <= now {
                return Err(unknown());
            }
            storage::sign_in::end(&session, id, now).await?;
            let done = Done {
                action: "sessionEnd",
                entity_type: "Session",
                entity_id: id,
                before: Some(json!({ "user": sign_in.user, "begunAt": sign_in.begun_at })),
                after: None,
            };
            self.audit(&session, caller, done).await?;
            Ok(SignIn { ended_at: Some(now), ..sign_in })
        }
        .await;
        settle(session, result).await
    }

    /// Ends all log-ins of a person, of the caller where nobody is named; on request but the one that the caller uses. Returns
    /// how many.
    pub async fn sign_ins_end_all(
        &self,
        caller: &Caller,
        user: Option<Uuid>,
        keep_current: bool,
    ) -> Result<u64, ServiceError> {
        let user = whose(caller, user)?;
        let keep = keep_current.then_some(caller.actor.session);
        let ended = match &caller.tenant {
            None => self.end_all_in(self.gateway.platform(Access::Write).await?, caller, user, keep).await?,
            Some(_) => self.end_all_in(self.write(caller).await?, caller, user, keep).await?,
        };
        self.forget_profile(caller, user);
        Ok(ended)
    }

    async fn end_all_in<S: Realm>(
        &self,
        session: Session<S>,
        caller: &Caller,
        user: Uuid,
        keep: Option<Uuid>,
    ) -> Result<u64, ServiceError> {
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["input", "userId"], "no such person");
            storage::user::lock(&session, user).await?.ok_or_else(unknown)?;
            let ended = storage::sign_in::end_all(&session, user, keep, self.environment.clock.now()).await?;
            let done = Done {
                action: "sessionsEndAll",
                entity_type: "User",
                entity_id: user,
                before: None,
                after: Some(json!({ "ended": ended, "kept": keep.is_some() })),
            };
            self.audit(&session, caller, done).await?;
            Ok(ended)
        }
        .await;
        settle(session, result).await
    }

    /// Has the person's profile read anew by the next request: at once in this process, within seconds in others.
    pub(super) fn forget_profile(&self, caller: &Caller, user: Uuid) {
        self.profiles.invalidate(&(caller.tenant.as_ref().map(|tenant| tenant.id), user));
    }
}

/// Whose log-ins the caller may see and end: their own, and others' who manages people.
fn whose(caller: &Caller, user: Option<Uuid>) -> Result<Uuid, ServiceError> {
    access::require_person(&caller.actor)?;
    match user {
        Some(user) if user != caller.actor.user_id => {
            access::require(&caller.actor, Permission::UsersManage)?;
            Ok(user)
        }
        _ => Ok(caller.actor.user_id),
    }
}

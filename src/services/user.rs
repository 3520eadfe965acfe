//! People and their settings.

use domain::money::Currency;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::idempotency::IdempotencyKey;
use super::portfolio::check_length;
use super::{Caller, Done, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::{Permission, Role};
use crate::storage;
use crate::storage::role::RoleRecord;
use crate::storage::user::User;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// People that one request may make: each costs a password hash.
const MAX_USERS: usize = 100;

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The address to log in with.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The first password, 8 to 256 characters.
    pub password: SecretString,
    /// The currency that figures are shown in where none is asked for.
    pub currency: Currency,
}

/// What to change of a person's settings; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SettingsChanges {
    /// Another name.
    pub name: Option<String>,
    /// Another currency.
    pub currency: Option<Currency>,
    /// Another IANA time zone.
    pub time_zone: Option<String>,
    /// Another BCP 47 language tag.
    pub locale: Option<String>,
}

impl Services {
    /// Adds people, each on its own: a result for every row, in order. Rows that are refused do not keep the others out.
    ///
    /// The answer to a repeated idempotency key is of the people who were made; refused rows are tried again.
    pub async fn users_create(
        &self,
        caller: &Caller,
        new: Vec<NewUser>,
        key: Option<IdempotencyKey>,
    ) -> Result<Vec<Result<User, Refusal>>, ServiceError> {
        access::require(&caller.actor, Permission::UsersManage)?;
        if new.is_empty() || new.len() > MAX_USERS {
            let message = format!("{} people: 1 to {MAX_USERS} at a time", new.len());
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input"], message));
        }
        // Hashed before the session opens: a connection is not held over CPU work.
        let mut prepared = Vec::with_capacity(new.len());
        for (index, user) in new.into_iter().enumerate() {
            prepared.push(self.prepare(index, user).await?);
        }
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                return self.repeat(&session, &answer, prepared).await;
            }
            let mut results = Vec::with_capacity(prepared.len());
            for (index, row) in prepared.into_iter().enumerate() {
                results.push(match row {
                    Ok((user, hash)) => match self.may_give(&session, &caller.actor, &user.role_code).await? {
                        Ok(()) => self.add(&session, caller, index, user, hash).await?,
                        Err(refusal) => {
                            let field = ["input", &index.to_string(), "role"];
                            Err(Refusal::new(refusal.code, &field, refusal.message))
                        }
                    },
                    Err(refusal) => Err(refusal),
                });
            }
            let made: Vec<Option<Uuid>> =
                results.iter().map(|result| result.as_ref().ok().map(|user: &User| user.id)).collect();
            self.remember(&session, key.as_ref(), json!(made)).await?;
            Ok(results)
        }
        .await;
        settle(session, result).await
    }

    async fn prepare(&self, index: usize, new: NewUser) -> Result<Result<(User, String), Refusal>, ServiceError> {
        let row = index.to_string();
        let refuse =
            |field: &str, message: String| Refusal::new(RefusalCode::InvalidInput, &["input", &row, field], message);
        let email = new.email.trim().to_owned();
        if !is_address(&email) {
            return Ok(Err(refuse("email", format!("\"{email}\" is no e-mail address"))));
        }
        if new.name.trim().is_empty() || new.name.chars().count() > 120 {
            return Ok(Err(refuse("name", "a name has 1 to 120 characters".to_owned())));
        }
        if !new.role.is_for_people() || new.role == Role::Custom {
            let message =
                format!("{} is no role for a person who is added: ADMIN, ADVISOR, INVESTOR, AUDITOR", new.role);
            return Ok(Err(refuse("role", message)));
        }
        let known = vec![email.clone(), new.name.clone()];
        let hash = match self.passwords.hash_chosen(&new.password, known).await.map_err(ServiceError::from) {
            Ok(hash) => hash,
            Err(ServiceError::Refused(refusals)) => {
                let refused = refusals.into_iter().next().ok_or_else(|| internal("a refusal without a reason"))?;
                return Ok(Err(Refusal::new(refused.code, &["input", &row, "password"], refused.message)));
            }
            Err(other) => return Err(other),
        };
        let now = self.environment.clock.now();
        let user = User {
            id: self.environment.ids.next(),
            email,
            name: new.name.trim().to_owned(),
            role: new.role,
            role_code: new.role.code().to_owned(),
            email_verified_at: None,
            active: true,
            currency: new.currency,
            time_zone: "UTC".to_owned(),
            locale: "en".to_owned(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        Ok(Ok((user, hash)))
    }

    async fn add(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        index: usize,
        user: User,
        hash: String,
    ) -> Result<Result<User, Refusal>, ServiceError> {
        // Looked up rather than left to the unique index: a failed insert would end the transaction for the other rows.
        let row = index.to_string();
        let taken = || {
            let message = format!("{} is the address of another person", user.email);
            Refusal::new(RefusalCode::AlreadyExists, &["input", &row, "email"], message)
        };
        if storage::user::by_email(session, &user.email).await?.is_some() {
            return Ok(Err(taken()));
        }
        storage::user::insert(session, &user).await.map_err(|error| match error {
            DatabaseError::AlreadyExists(_) => ServiceError::Refused(vec![taken()]),
            other => other.into(),
        })?;
        storage::credential::put(session, user.id, hash, user.created_at).await?;
        let done = Done {
            action: "usersCreate",
            entity_type: "User",
            entity_id: user.id,
            before: None,
            after: Some(shown(&user)),
        };
        self.audit(session, caller, done).await?;
        Ok(Ok(user))
    }

    /// What was answered before: the people who were made then, and for the others what is wrong with them.
    async fn repeat(
        &self,
        session: &Session<Tenant>,
        answer: &serde_json::Value,
        prepared: Vec<Result<(User, String), Refusal>>,
    ) -> Result<Vec<Result<User, Refusal>>, ServiceError> {
        let made: Vec<Option<Uuid>> =
            serde_json::from_value(answer.clone()).map_err(|error| ServiceError::Internal(error.to_string()))?;
        let ids: Vec<Uuid> = made.iter().copied().flatten().collect();
        let people = storage::user::by_ids(session, &ids).await?;
        let rows = made.into_iter().zip(prepared).enumerate();
        Ok(rows
            .map(|(index, (made, prepared))| match made {
                Some(id) => people.iter().find(|person| person.id == id).cloned().ok_or_else(|| {
                    Refusal::new(RefusalCode::NotFound, &["input", &index.to_string()], "the person is no longer there")
                }),
                None => Err(prepared.err().unwrap_or_else(|| {
                    let message = "the row was refused before: its address belongs to another person";
                    Refusal::new(RefusalCode::AlreadyExists, &["input", &index.to_string(), "email"], message)
                })),
            })
            .collect())
    }

    /// Changes the caller's own settings, if they are still at the version that the caller has seen.
    pub async fn user_settings_update(
        &self,
        caller: &Caller,
        expected_version: i64,
        changes: SettingsChanges,
        key: Option<IdempotencyKey>,
    ) -> Result<User, ServiceError> {
        access::require(&caller.actor, Permission::SettingsUpdateOwn)?;
        let session = self.write(caller).await?;
        let result = async {
            let before = storage::user::lock(&session, caller.actor.user_id).await?;
            let before = before.ok_or(ServiceError::Unauthenticated)?;
            if self.earlier_answer(&session, key.as_ref()).await?.is_some() {
                return Ok(before);
            }
            if before.version != expected_version {
                let message = format!(
                    "the settings are at version {}, not at {expected_version}: read them again",
                    before.version
                );
                return Err(ServiceError::refused(RefusalCode::VersionConflict, &["expectedVersion"], message));
            }
            let after = self.changed(&session, before.clone(), changes).await?;
            storage::user::update_settings(&session, &after).await?;
            let done = Done {
                action: "userSettingsUpdate",
                entity_type: "User",
                entity_id: after.id,
                before: Some(shown(&before)),
                after: Some(shown(&after)),
            };
            self.audit(&session, caller, done).await?;
            self.remember(&session, key.as_ref(), json!({ "id": after.id })).await?;
            Ok(after)
        }
        .await;
        settle(session, result).await
    }

    async fn changed(
        &self,
        session: &Session<Tenant>,
        mut user: User,
        changes: SettingsChanges,
    ) -> Result<User, ServiceError> {
        if let Some(name) = changes.name {
            user.name = check_length(&name, 1, 120, "name")?;
        }
        if let Some(currency) = changes.currency {
            if storage::instrument::known_currencies(session, &[currency].into()).await?.is_empty() {
                let message = format!("{currency} is no currency that is known here");
                return Err(ServiceError::refused(RefusalCode::NotFound, &["input", "currency"], message));
            }
            user.currency = currency;
        }
        if let Some(time_zone) = changes.time_zone {
            let is_zone = time_zone == "UTC"
                || (time_zone.contains('/')
                    && time_zone.chars().all(|c| c.is_ascii_alphanumeric() || "/_-+".contains(c)));
            if !is_zone || time_zone.len() > 64 {
                let message = format!("\"{time_zone}\" is no IANA time zone like Europe/Zurich");
                return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "timeZone"], message));
            }
            user.time_zone = time_zone;
        }
        if let Some(locale) = changes.locale {
            let is_tag =
                (2..=35).contains(&locale.len()) && locale.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !is_tag {
                let message = format!("\"{locale}\" is no language tag like de-CH");
                return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", "locale"], message));
            }
            user.locale = locale;
        }
        user.version += 1;
        user.updated_at = self.environment.clock.now();
        Ok(user)
    }

    /// People of the tenant in the order of their making.
    pub async fn user_page(
        &self,
        session: &Session<Tenant>,
        page: storage::Page<Uuid>,
    ) -> Result<Vec<User>, ServiceError> {
        access::require(session.actor(), Permission::UsersRead)?;
        Ok(storage::user::page(session, page).await?)
    }

    /// How many people the tenant has.
    pub async fn user_count(&self, session: &Session<Tenant>) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::UsersRead)?;
        Ok(storage::user::count(session).await?)
    }

    /// People by id. Who may not read the tenant's people gets only themselves.
    pub async fn users(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<User>, ServiceError> {
        let mut users = storage::user::by_ids(session, ids).await?;
        let actor = session.actor();
        if !actor.may(Permission::UsersRead) {
            users.retain(|user| user.id == actor.user_id);
        }
        Ok(users)
    }

    /// The people who own or advise on portfolios that the caller has been shown.
    pub async fn people_of_portfolios(
        &self,
        session: &Session<Tenant>,
        ids: &[Uuid],
    ) -> Result<Vec<User>, ServiceError> {
        Ok(storage::user::by_ids(session, ids).await?)
    }

    /// Every role and what it permits.
    pub async fn roles(&self, session: &Session<Tenant>) -> Result<Vec<RoleRecord>, ServiceError> {
        access::require(session.actor(), Permission::RolesRead)?;
        Ok(storage::role::all(session).await?)
    }
}

/// Whether a text looks like an address that mail can be sent to.
pub(super) fn is_address(email: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>(),;:\\\"[]".contains(c);
    email.len() <= 254
        && email
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
        && email.chars().all(plain)
}

fn internal(what: &str) -> ServiceError {
    ServiceError::Internal(what.to_owned())
}

fn shown(user: &User) -> serde_json::Value {
    json!({
        "email": user.email,
        "name": user.name,
        "role": user.role_code,
        "currency": user.currency.to_string(),
        "timeZone": user.time_zone,
        "locale": user.locale,
        "version": user.version,
    })
}

//! Invitations: people are asked by mail, and become people of the tenant when they accept.

use domain::money::Currency;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::authentication::nobody;
use super::import::RowError;
use super::mail::{INVITATION, wrong_token};
use super::password_reset::in_name_of;
use super::portfolio::check_length;
use super::user::is_address;
use super::{Caller, Done, Origin, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::{Actor, Permission, Role};
use crate::storage;
use crate::storage::mail::{MailKind, MailToken, Purpose};
use crate::storage::user::User;
use crate::tenancy::{Access, DatabaseError, Session, Tenant};

/// Invitations that may wait at once.
const MAX_WAITING: u64 = 2_000;
/// Rows of one file.
const MAX_ROWS: usize = 500;
/// Bytes of one file.
const MAX_BYTES: usize = 256 * 1024;

const HEADER: [&str; 4] = ["email", "name", "role", "currency"];

/// Who is to be invited.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The address.
    pub email: String,
    /// The name, if it is known; the person may choose another.
    pub name: Option<String>,
    /// The code of the role.
    pub role_code: String,
    /// The currency that figures are shown in where none is asked for.
    pub currency: Option<Currency>,
}

/// What became of a file of invitations.
#[derive(Clone, Debug, Default)]
pub struct Invited {
    /// Rows in the file.
    pub rows_read: usize,
    /// Invitations that were made.
    pub invitations: Vec<MailToken>,
    /// Rows that are wrong, by line.
    pub row_errors: Vec<RowError>,
}

impl Services {
    /// Invites one person.
    pub async fn user_invite(&self, caller: &Caller, new: NewInvitation) -> Result<MailToken, ServiceError> {
        access::require(&caller.actor, Permission::UsersManage)?;
        self.mailer()?;
        let session = self.write(caller).await?;
        let invited = async {
            let invited = self.invite(&session, caller, new, &["input"]).await?;
            invited.map_err(|refusal| ServiceError::Refused(vec![refusal]))
        };
        let invited = invited.await;
        settle(session, invited).await
    }

    /// Invites the people of a CSV file, each on its own: rows that are wrong do not keep the others out.
    pub async fn users_invite(&self, caller: &Caller, csv: &str) -> Result<Invited, ServiceError> {
        access::require(&caller.actor, Permission::UsersManage)?;
        self.mailer()?;
        let rows = read(csv)
            .map_err(|message| ServiceError::refused(RefusalCode::InvalidInput, &["input", "csv"], message))?;
        let session = self.write(caller).await?;
        let result = async {
            let mut invited = Invited { rows_read: rows.len(), ..Invited::default() };
            for (line, row) in rows {
                let outcome = match row {
                    Ok(new) => self.invite(&session, caller, new, &[]).await?,
                    Err(refusal) => Err(refusal),
                };
                match outcome {
                    Ok(token) => invited.invitations.push(token),
                    Err(Refusal { code, message, field, .. }) => {
                        invited.row_errors.push(RowError {
                            line,
                            column: field.into_iter().next().map(Into::into),
                            code,
                            message,
                        });
                    }
                }
            }
            Ok(invited)
        }
        .await;
        settle(session, result).await
    }

    async fn invite(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        new: NewInvitation,
        within: &[&str],
    ) -> Result<Result<MailToken, Refusal>, ServiceError> {
        let refuse = |code, field: &str, message: String| {
            let path: Vec<&str> = within.iter().copied().chain([field]).collect();
            Ok(Err(Refusal::new(code, &path, message)))
        };
        let email = new.email.trim().to_owned();
        if !is_address(&email) {
            let shown: String = email.chars().take(254).collect();
            return refuse(RefusalCode::InvalidInput, "email", format!("\"{shown}\" is no e-mail address"));
        }
        let name = new.name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        if let Some(length) = name.as_ref().map(|name| name.chars().count()).filter(|length| *length > 120) {
            return refuse(RefusalCode::InvalidInput, "name", format!("{length} characters: 1 to 120 are allowed"));
        }
        if let Err(refusal) = self.may_give(session, &caller.actor, &new.role_code).await? {
            return refuse(refusal.code, "role", refusal.message);
        }
        let currency = new.currency.unwrap_or(Currency::EUR);
        if storage::instrument::known_currencies(session, &[currency].into()).await?.is_empty() {
            let message = format!("{currency} is no currency that is known here");
            return refuse(RefusalCode::NotFound, "currency", message);
        }
        if storage::user::by_email(session, &email).await?.is_some() {
            return refuse(RefusalCode::AlreadyExists, "email", format!("{email} is the address of another person"));
        }
        let now = self.environment.clock.now();
        if let Some(earlier) = storage::mail::invitation_of(session, &email).await? {
            if earlier.expires_at > now {
                let message = format!("{email} has been invited already: send that invitation again, or withdraw it");
                return refuse(RefusalCode::AlreadyExists, "email", message);
            }
            storage::mail::withdraw(session, earlier.id, now).await?;
        }
        let waiting = storage::mail::invitation_count(session).await?;
        if waiting >= MAX_WAITING {
            let message = format!("{waiting} invitations wait to be accepted, {MAX_WAITING} at the most");
            return refuse(RefusalCode::LimitReached, "email", message);
        }
        let token = MailToken {
            id: self.environment.ids.next(),
            purpose: Purpose::Invitation,
            email,
            user: None,
            name,
            role_code: Some(new.role_code),
            currency: Some(currency),
            created_at: now,
            created_by: Some(caller.actor.user_id),
            expires_at: now + INVITATION,
            sent_at: None,
        };
        storage::mail::insert(session, &token).await?;
        self.queue_mail(session, MailKind::Token(Purpose::Invitation), &token.email, Some(token.id)).await?;
        self.audit(session, caller, noted("userInvite", &token, None)).await?;
        Ok(Ok(token))
    }

    /// Whether the actor may give somebody this role: it must be there, be for people, and permit nothing that the actor may not do.
    pub(super) async fn may_give(
        &self,
        session: &Session<Tenant>,
        actor: &Actor,
        role_code: &str,
    ) -> Result<Result<(), Refusal>, ServiceError> {
        let role = storage::role::by_code(session, role_code).await?;
        let Some(role) = role.filter(|role| Role::of_code(&role.code).is_for_people()) else {
            let message = "there is no such role for people; `roles` lists them by code";
            return Ok(Err(Refusal::new(RefusalCode::NotFound, &["input", "role"], message)));
        };
        let missing = actor.permissions.missing_of(role.permissions);
        if missing.is_empty() {
            return Ok(Ok(()));
        }
        let codes: Vec<&str> = missing.iter().map(|permission| permission.code()).collect();
        let message = format!("{} permits what you may not do: {}", role.code, codes.join(", "));
        Ok(Err(Refusal::new(RefusalCode::ExceedsOwnPermissions, &["input", "role"], message)))
    }

    /// Invitations that wait to be accepted, those that have expired too.
    pub async fn invitation_page(
        &self,
        session: &Session<Tenant>,
        page: storage::Page<Uuid>,
    ) -> Result<Vec<MailToken>, ServiceError> {
        access::require(session.actor(), Permission::UsersManage)?;
        Ok(storage::mail::invitation_page(session, page).await?)
    }

    /// How many there are.
    pub async fn invitation_count(&self, session: &Session<Tenant>) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::UsersManage)?;
        Ok(storage::mail::invitation_count(session).await?)
    }

    /// Takes an invitation back.
    pub async fn invitation_withdraw(&self, caller: &Caller, id: Uuid) -> Result<MailToken, ServiceError> {
        access::require(&caller.actor, Permission::UsersManage)?;
        let session = self.write(caller).await?;
        let result = async {
            let token = invitation(&session, id).await?;
            storage::mail::withdraw(&session, id, self.environment.clock.now()).await?;
            self.audit(&session, caller, noted("invitationWithdraw", &token, Some(()))).await?;
            Ok(token)
        }
        .await;
        settle(session, result).await
    }

    /// Sends an invitation again, with another token and as much time as a new one.
    pub async fn invitation_resend(&self, caller: &Caller, id: Uuid) -> Result<MailToken, ServiceError> {
        access::require(&caller.actor, Permission::UsersManage)?;
        self.mailer()?;
        let session = self.write(caller).await?;
        let result = async {
            let token = invitation(&session, id).await?;
            let role = token.role_code.clone().unwrap_or_default();
            if let Err(refusal) = self.may_give(&session, &caller.actor, &role).await? {
                return Err(ServiceError::refused(refusal.code, &["id"], refusal.message));
            }
            let expires_at = self.environment.clock.now() + INVITATION;
            storage::mail::prolong(&session, id, expires_at).await?;
            self.queue_mail(&session, MailKind::Token(Purpose::Invitation), &token.email, Some(id)).await?;
            self.audit(&session, caller, noted("invitationResend", &token, None)).await?;
            Ok(MailToken { expires_at, ..token })
        }
        .await;
        settle(session, result).await
    }

    /// Makes whoever holds the token a person of the tenant. The address has been proved to be theirs.
    pub async fn invitation_accept(
        &self,
        token: &SecretString,
        name: &str,
        password: &SecretString,
        origin: Origin,
    ) -> Result<User, ServiceError> {
        let (token, tenant) = self.tenant_of_token(Purpose::Invitation, token).await?;
        let (hash, now) = (token.hash(), self.environment.clock.now());
        let session = self.gateway.tenant(&tenant, nobody(Some(tenant.id)), Access::Read).await?;
        let known = storage::mail::by_hash(&session, Purpose::Invitation, hash.as_bytes(), now).await;
        let known = settle(session, known.map_err(ServiceError::from)).await?.ok_or_else(wrong_token)?;
        let name = check_length(name, 1, 120, "name")?;
        let known = vec![known.email, name.clone()];
        let new_hash = self.hash_at(password, known, &["input", "password"]).await?;
        let session = self.gateway.tenant(&tenant, nobody(Some(tenant.id)), Access::Write).await?;
        let result = async {
            let token = storage::mail::lock_by_hash(&session, Purpose::Invitation, hash.as_bytes(), now).await?;
            let token = token.ok_or_else(wrong_token)?;
            let taken = || {
                let message = "the address belongs to a person of the firm already: log in, or have the password reset";
                ServiceError::refused(RefusalCode::AlreadyExists, &["input", "token"], message)
            };
            if storage::user::by_email(&session, &token.email).await?.is_some() {
                return Err(taken());
            }
            let role_code = token.role_code.clone().unwrap_or_default();
            let user = User {
                id: self.environment.ids.next(),
                email: token.email.clone(),
                name,
                role: Role::of_code(&role_code),
                role_code,
                active: true,
                email_verified_at: Some(now),
                currency: token.currency.unwrap_or(Currency::EUR),
                time_zone: "UTC".to_owned(),
                locale: "en".to_owned(),
                version: 1,
                created_at: now,
                updated_at: now,
            };
            storage::user::insert(&session, &user).await.map_err(|error| match error {
                DatabaseError::AlreadyExists(_) => taken(),
                other => other.into(),
            })?;
            storage::credential::put(&session, user.id, new_hash, now).await?;
            storage::mail::mark_used(&session, token.id, now).await?;
            let done = Done {
                action: "invitationAccept",
                entity_type: "User",
                entity_id: user.id,
                before: None,
                after: Some(json!({ "email": user.email, "name": user.name, "role": user.role_code })),
            };
            self.audit(&session, &in_name_of(&user, &tenant, origin.clone()), done).await?;
            Ok(user)
        }
        .await;
        let user = settle(session, result).await?;
        self.know_place(&tenant.slug, &user.email, &origin).await?;
        Ok(user)
    }
}

async fn invitation(session: &Session<Tenant>, id: Uuid) -> Result<MailToken, ServiceError> {
    let token = storage::mail::lock(session, id).await?.filter(|token| token.purpose == Purpose::Invitation);
    token.ok_or_else(|| ServiceError::refused(RefusalCode::NotFound, &["id"], "no such invitation waits"))
}

fn noted(action: &'static str, token: &MailToken, gone: Option<()>) -> Done {
    let shown = json!({ "email": token.email, "name": token.name, "role": token.role_code });
    let (before, after) = if gone.is_some() { (Some(shown), None) } else { (None, Some(shown)) };
    Done { action, entity_type: "Invitation", entity_id: token.id, before, after }
}

/// The rows of a file by line.
type Rows = Vec<(u64, Result<NewInvitation, Refusal>)>;

fn read(text: &str) -> Result<Rows, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("{} bytes: at most {MAX_BYTES} are allowed", text.len()));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| format!("the file is no CSV: {error}"))?;
    if header.iter().ne(HEADER) {
        let found: String = header.iter().collect::<Vec<_>>().join(",").chars().take(200).collect();
        return Err(format!("the first line is \"{found}\"; it must be \"{}\"", HEADER.join(",")));
    }
    let mut rows = Rows::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("the file is no CSV: {error}"))?;
        if rows.len() == MAX_ROWS {
            return Err(format!("more than {MAX_ROWS} rows: send them in several files"));
        }
        let cell = |index: usize| record.get(index).unwrap_or_default().to_owned();
        let currency = match cell(3).as_str() {
            "" => Ok(None),
            code => Currency::new(code).map(Some),
        };
        let row = match currency {
            Ok(currency) => {
                Ok(NewInvitation { email: cell(0), name: Some(cell(1)), role_code: cell(2).to_uppercase(), currency })
            }
            Err(error) => Err(Refusal::new(RefusalCode::InvalidInput, &["currency"], error.to_string())),
        };
        rows.push((record.position().map_or(0, csv::Position::line), row));
    }
    if rows.is_empty() { Err("the file has no rows".to_owned()) } else { Ok(rows) }
}

//! Mail: what a request asks for, and what the job makes of it.
//!
//! A token is made when its mail is sent and kept by its hash alone, so that none lies in the outbox, a log or an audit entry. A
//! job that is ended between the two sends again, with another token; the one before is good no more.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::{Caller, RefusalCode, ServiceError, Services, settle};
use crate::auth::{OpaqueToken, Realm, Role, TenantId, TokenUse};
use crate::mail::{MailError, Mailer, Message};
use crate::queue::{self, MAIL, Request};
use crate::storage;
use crate::storage::mail::{MailKind, MailToken, Outcome, Purpose, Queued};
use crate::tenancy::{Session, Tenant, TenantRecord};

/// How long a token that sets a password or proves an address is good.
pub(super) const SHORT: TimeDelta = TimeDelta::hours(1);
/// How long an invitation is good.
pub(super) const INVITATION: TimeDelta = TimeDelta::days(7);
/// How often sending one mail is tried.
const MOST_ATTEMPTS: i32 = 8;
/// Mails that are looked up at once.
const AT_ONCE: u64 = 50;

impl Services {
    /// Whether mail can be sent.
    pub fn sends_mail(&self) -> bool {
        self.mailer.is_some()
    }

    pub(super) fn mailer(&self) -> Result<&Mailer, ServiceError> {
        self.mailer.as_ref().ok_or_else(|| {
            let message = "this server sends no mail: its operator sets mail.smtp_host or mail.directory";
            ServiceError::refused(RefusalCode::MailNotConfigured, &[], message)
        })
    }

    /// Has a mail sent, when the session commits.
    pub(super) async fn queue_mail(
        &self,
        session: &Session<Tenant>,
        kind: MailKind,
        recipient: &str,
        token: Option<Uuid>,
    ) -> Result<(), ServiceError> {
        let (id, now) = (self.environment.ids.next(), self.environment.clock.now());
        let mail = Queued { id, kind, recipient: recipient.to_owned(), token, queued_at: now, attempts: 0 };
        storage::mail::enqueue(session, &mail).await?;
        let job = Request { id: self.environment.ids.next(), kind: MAIL, key: "", at: now, due: now };
        Ok(queue::enqueue(session, job).await?)
    }

    /// Sends what waits. One mail that cannot be sent does not keep the others back.
    pub async fn mail_deliver(&self, caller: &Caller) -> Result<(), ServiceError> {
        let mailer = self.mailer()?;
        let (mut after, mut unsent) = (None, 0_u32);
        loop {
            let session = self.read(caller).await?;
            let waiting = storage::mail::waiting(&session, after, AT_ONCE).await.map_err(ServiceError::from);
            let waiting = settle(session, waiting).await?;
            let Some(last) = waiting.last() else { break };
            after = Some(last.id);
            for mail in &waiting {
                if !self.deliver(caller, mailer, mail).await? {
                    unsent += 1;
                }
            }
        }
        match unsent {
            0 => Ok(()),
            _ => Err(ServiceError::BadInput(format!("{unsent} mails could not be sent; they are tried again"))),
        }
    }

    /// Whether the mail is done with.
    async fn deliver(&self, caller: &Caller, mailer: &Mailer, mail: &Queued) -> Result<bool, ServiceError> {
        let session = self.write(caller).await?;
        let message = self.message(&session, caller.tenant()?, mailer, mail).await;
        let outcome = match settle(session, message).await? {
            None => Outcome::Nobody,
            Some(message) => match mailer.send(message, &mail.id.to_string()).await {
                Ok(()) => Outcome::Sent,
                Err(MailError::Refused(reason)) => {
                    tracing::warn!(mail = %mail.id, reason, "a mail was refused");
                    Outcome::Refused
                }
                Err(MailError::Unavailable(reason)) => {
                    tracing::warn!(mail = %mail.id, reason, attempts = mail.attempts + 1, "a mail could not be sent");
                    if mail.attempts + 1 < MOST_ATTEMPTS {
                        let session = self.write(caller).await?;
                        let noted = storage::mail::failed(&session, mail.id).await.map_err(ServiceError::from);
                        settle(session, noted).await?;
                        return Ok(false);
                    }
                    Outcome::GivenUp
                }
            },
        };
        let session = self.write(caller).await?;
        let noted = storage::mail::done(&session, mail.id, outcome, self.environment.clock.now()).await;
        settle(session, noted.map_err(ServiceError::from)).await?;
        Ok(true)
    }

    /// What is to be sent, with a new token; nothing where there is nobody to send it to or it is not wanted any more.
    async fn message(
        &self,
        session: &Session<Tenant>,
        tenant: &TenantRecord,
        mailer: &Mailer,
        mail: &Queued,
    ) -> Result<Option<Message>, ServiceError> {
        let to = mail.recipient.clone();
        let firm = &tenant.name;
        let (subject, text) = match mail.kind {
            MailKind::PasswordChanged => (
                "Your password was changed".to_owned(),
                format!(
                    "The password of {to} at {firm} was changed.\n\nIf that was not you, have it reset at once and tell \
                     your administrator.\n"
                ),
            ),
            MailKind::EmailChanged => (
                "Your address was changed".to_owned(),
                format!(
                    "{to} is not the address of your account at {firm} any more.\n\nIf that was not you, tell your \
                     administrator at once.\n"
                ),
            ),
            MailKind::Token(purpose) => {
                let Some(token) = self.token_to_send(session, purpose, mail).await? else {
                    return Ok(None);
                };
                let secret = self.give_token(session, tenant, &token).await?;
                with_token(mailer, firm, &token, secret.expose_secret())
            }
        };
        Ok(Some(Message { to, subject, text }))
    }

    async fn token_to_send(
        &self,
        session: &Session<Tenant>,
        purpose: Purpose,
        mail: &Queued,
    ) -> Result<Option<MailToken>, ServiceError> {
        let now = self.environment.clock.now();
        if let Some(id) = mail.token {
            return Ok(storage::mail::lock(session, id).await?.filter(|token| token.expires_at > now));
        }
        // The request did not look whether there is such a person, so that it cannot tell.
        let user = storage::user::by_email(session, &mail.recipient).await?;
        let Some(user) = user.filter(|user| user.active && user.role != Role::Service) else {
            return Ok(None);
        };
        storage::mail::withdraw_of(session, user.id, purpose, now).await?;
        let token = MailToken {
            id: self.environment.ids.next(),
            purpose,
            email: user.email,
            user: Some(user.id),
            name: None,
            role_code: None,
            currency: None,
            created_at: now,
            created_by: None,
            expires_at: now + SHORT,
            sent_at: None,
        };
        storage::mail::insert(session, &token).await?;
        Ok(Some(token))
    }

    async fn give_token(
        &self,
        session: &Session<Tenant>,
        tenant: &TenantRecord,
        token: &MailToken,
    ) -> Result<secrecy::SecretString, ServiceError> {
        let realm = Realm::Tenant(TenantId(tenant.id));
        let made = OpaqueToken::generate(used_for(token.purpose), realm, self.entropy.as_ref());
        let made = made.map_err(|error| ServiceError::Internal(error.to_string()))?;
        let now = self.environment.clock.now();
        storage::mail::give_hash(session, token.id, made.hash().as_bytes(), now).await?;
        Ok(made.to_secret_string())
    }

    /// The tenant of a token that came by mail, if the token is well-formed and the tenant is served.
    pub(super) async fn tenant_of_token(
        &self,
        purpose: Purpose,
        text: &secrecy::SecretString,
    ) -> Result<(OpaqueToken, TenantRecord), ServiceError> {
        let token = OpaqueToken::parse(used_for(purpose), text.expose_secret()).map_err(|_| wrong_token())?;
        let id = token.realm().tenant().ok_or_else(wrong_token)?;
        let tenant = self.gateway.tenant_by_id(id.0).await?;
        let tenant = tenant.filter(|tenant| tenant.status == crate::tenancy::TenantStatus::Active);
        Ok((token, tenant.ok_or_else(wrong_token)?))
    }
}

/// A refusal that is the same whatever is wrong with a token.
pub(super) fn wrong_token() -> ServiceError {
    let message = "the token is not valid, or no longer: ask for another one";
    ServiceError::refused(RefusalCode::InvalidToken, &["input", "token"], message)
}

const fn used_for(purpose: Purpose) -> TokenUse {
    match purpose {
        Purpose::Invitation => TokenUse::Invitation,
        Purpose::PasswordReset => TokenUse::PasswordReset,
        Purpose::EmailChange => TokenUse::EmailChange,
    }
}

fn until(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn with_token(mailer: &Mailer, firm: &str, token: &MailToken, secret: &str) -> (String, String) {
    let (subject, what, path, ignore) = match token.purpose {
        Purpose::Invitation => (
            format!("{firm} invites you"),
            format!("{firm} invites you to see your portfolios. Accept, and choose a password, with this:"),
            "invitation",
            "If you do not know the firm, do nothing: no account is made.",
        ),
        Purpose::PasswordReset => (
            "Choose another password".to_owned(),
            format!(
                "Somebody, you we hope, wants to set another password for {} at {firm}. Do it with this:",
                token.email
            ),
            "password-reset",
            "If that was not you, do nothing: your password stays as it is.",
        ),
        Purpose::EmailChange => (
            "Confirm your address".to_owned(),
            format!("{} is to be the address of your account at {firm}. Confirm it with this:", token.email),
            "email-change",
            "If that was not you, do nothing: the address stays as it is.",
        ),
    };
    let with = mailer.link(path, secret).unwrap_or_else(|| secret.to_owned());
    let text = format!("{what}\n\n{with}\n\nIt is good once, until {}.\n{ignore}\n", until(token.expires_at));
    (subject, text)
}

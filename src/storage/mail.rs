//! Mails to send, and the tokens in them by their hash.

use chrono::{DateTime, Utc};
use domain::money::Currency;
use entity::realm::{mail_outbox, mail_token};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::Page;
use super::statement::run;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// What a token does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Makes whoever has it a person of the tenant.
    Invitation,
    /// Sets a password.
    PasswordReset,
    /// Makes an address its person's.
    EmailChange,
}

impl Purpose {
    /// The code under which it is stored.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invitation => "INVITATION",
            Self::PasswordReset => "PASSWORD_RESET",
            Self::EmailChange => "EMAIL_CHANGE",
        }
    }
}

/// What a token is good for.
#[derive(Clone, Debug)]
pub struct MailToken {
    /// Its id.
    pub id: Uuid,
    /// What it does.
    pub purpose: Purpose,
    /// The address that it was sent to.
    pub email: String,
    /// Whose it is; nobody's where it makes the person.
    pub user: Option<Uuid>,
    /// Of an invitation, the name that was given.
    pub name: Option<String>,
    /// Of an invitation, the code of the role.
    pub role_code: Option<String>,
    /// Of an invitation, the currency.
    pub currency: Option<Currency>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Option<Uuid>,
    /// When it ends unused.
    pub expires_at: DateTime<Utc>,
    /// When the mail was last sent.
    pub sent_at: Option<DateTime<Utc>>,
}

impl TryFrom<mail_token::Model> for MailToken {
    type Error = DatabaseError;

    fn try_from(row: mail_token::Model) -> Result<Self, DatabaseError> {
        let purposes = [Purpose::Invitation, Purpose::PasswordReset, Purpose::EmailChange];
        let purpose = purposes.into_iter().find(|purpose| purpose.code() == row.purpose);
        Ok(Self {
            id: row.id,
            purpose: purpose.ok_or_else(|| DatabaseError::Corrupt(format!("no purpose {}", row.purpose)))?,
            email: row.email,
            user: row.user_id,
            name: row.name,
            role_code: row.role_code,
            currency: row.currency.as_deref().map(super::currency).transpose()?,
            created_at: row.created_at,
            created_by: row.created_by,
            expires_at: row.expires_at,
            sent_at: row.sent_at,
        })
    }
}

/// What a mail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// With a token.
    Token(Purpose),
    /// That the password is another one.
    PasswordChanged,
    /// To the address until then, that it is another one.
    EmailChanged,
}

impl MailKind {
    const fn code(self) -> &'static str {
        match self {
            Self::Token(purpose) => purpose.code(),
            Self::PasswordChanged => "PASSWORD_CHANGED",
            Self::EmailChanged => "EMAIL_CHANGED",
        }
    }
}

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    pub kind: MailKind,
    /// To whom.
    pub recipient: String,
    /// What its token is good for, where that is known already.
    pub token: Option<Uuid>,
    /// When it was asked for.
    pub queued_at: DateTime<Utc>,
    /// How often sending failed.
    pub attempts: i32,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server has it.
    Sent,
    /// There is nobody to send it to, or nothing to say any more.
    Nobody,
    /// The mail server will not have it.
    Refused,
    /// It was tried too often.
    GivenUp,
}

impl Outcome {
    const fn code(self) -> &'static str {
        match self {
            Self::Sent => "SENT",
            Self::Nobody => "NOBODY",
            Self::Refused => "REFUSED",
            Self::GivenUp => "GIVEN_UP",
        }
    }
}

const GIVE_HASH: &str = "UPDATE mail_token SET token_hash = $2, sent_at = $3 WHERE id = $1";
const USE: &str = "UPDATE mail_token SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
const WITHDRAW: &str =
    "UPDATE mail_token SET withdrawn_at = $2, token_hash = NULL WHERE id = $1 AND withdrawn_at IS NULL";
const WITHDRAW_OF: &str = "
UPDATE mail_token SET withdrawn_at = $3, token_hash = NULL
WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL AND withdrawn_at IS NULL";
const PROLONG: &str = "UPDATE mail_token SET expires_at = $2, token_hash = NULL WHERE id = $1";
const ENQUEUE: &str = "
INSERT INTO mail_outbox (id, kind, recipient, token_id, queued_at) VALUES ($1, $2, $3, $4, $5)";
const DONE: &str = "UPDATE mail_outbox SET done_at = $2, outcome = $3 WHERE id = $1";
const FAILED: &str = "UPDATE mail_outbox SET attempts = attempts + 1 WHERE id = $1";
const PURGE_OUTBOX: &str = "DELETE FROM mail_outbox WHERE queued_at < $1 AND done_at IS NOT NULL";
const PURGE_TOKENS: &str = "
DELETE FROM mail_token t WHERE t.expires_at < $1 AND NOT EXISTS (SELECT FROM mail_outbox o WHERE o.token_id = t.id)";

/// Keeps what a token will be good for.
pub async fn insert(session: &Session<Tenant>, token: &MailToken) -> Result<(), DatabaseError> {
    let row = mail_token::ActiveModel {
        id: Set(token.id),
        purpose: Set(token.purpose.code().to_owned()),
        email: Set(token.email.clone()),
        user_id: Set(token.user),
        name: Set(token.name.clone()),
        role_code: Set(token.role_code.clone()),
        currency: Set(token.currency.map(|currency| currency.to_string())),
        created_at: Set(token.created_at),
        created_by: Set(token.created_by),
        expires_at: Set(token.expires_at),
        token_hash: Set(None),
        sent_at: Set(None),
        used_at: Set(None),
        withdrawn_at: Set(None),
    };
    mail_token::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

fn open() -> Select<mail_token::Entity> {
    mail_token::Entity::find()
        .filter(mail_token::Column::UsedAt.is_null())
        .filter(mail_token::Column::WithdrawnAt.is_null())
}

/// The token with this hash that can be used still, locked until the transaction ends.
pub async fn lock_by_hash(
    session: &Session<Tenant>,
    purpose: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<MailToken>, DatabaseError> {
    let row = open()
        .filter(mail_token::Column::TokenHash.eq(hash.to_vec()))
        .filter(mail_token::Column::Purpose.eq(purpose.code()))
        .filter(mail_token::Column::ExpiresAt.gt(now))
        .lock_exclusive()
        .one(session)
        .await?;
    row.map(MailToken::try_from).transpose()
}

/// The same to be looked at alone.
pub async fn by_hash(
    session: &Session<Tenant>,
    purpose: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<MailToken>, DatabaseError> {
    let row = open()
        .filter(mail_token::Column::TokenHash.eq(hash.to_vec()))
        .filter(mail_token::Column::Purpose.eq(purpose.code()))
        .filter(mail_token::Column::ExpiresAt.gt(now))
        .one(session)
        .await?;
    row.map(MailToken::try_from).transpose()
}

/// What a token is good for, if it can be used still, locked until the transaction ends.
pub async fn lock(session: &Session<Tenant>, id: Uuid) -> Result<Option<MailToken>, DatabaseError> {
    open()
        .filter(mail_token::Column::Id.eq(id))
        .lock_exclusive()
        .one(session)
        .await?
        .map(MailToken::try_from)
        .transpose()
}

fn invitations() -> Select<mail_token::Entity> {
    open().filter(mail_token::Column::Purpose.eq(Purpose::Invitation.code()))
}

/// The invitation of this address that waits to be accepted, or has expired unused.
pub async fn invitation_of(session: &Session<Tenant>, email: &str) -> Result<Option<MailToken>, DatabaseError> {
    use sea_orm::sea_query::{Expr, ExprTrait, Func};
    let same = Func::lower(Expr::col(mail_token::Column::Email)).eq(email.to_lowercase());
    invitations().filter(same).one(session).await?.map(MailToken::try_from).transpose()
}

/// Invitations that wait to be accepted, those that have expired too, in the order of their making.
pub async fn invitation_page(session: &Session<Tenant>, page: Page<Uuid>) -> Result<Vec<MailToken>, DatabaseError> {
    let mut query = invitations().order_by_asc(mail_token::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(mail_token::Column::Id.gt(after));
    }
    query.all(session).await?.into_iter().map(MailToken::try_from).collect()
}

/// How many invitations wait.
pub async fn invitation_count(session: &Session<Tenant>) -> Result<u64, DatabaseError> {
    Ok(invitations().count(session).await?)
}

/// Gives a token its hash: the one that it had is good no more.
pub async fn give_hash(
    session: &Session<Tenant>,
    id: Uuid,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    run(session, GIVE_HASH, [id.into(), hash.to_vec().into(), now.into()]).await?;
    Ok(())
}

/// Notes that a token was used; `false` where it was before.
pub async fn mark_used(session: &Session<Tenant>, id: Uuid, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    Ok(run(session, USE, [id.into(), now.into()]).await? > 0)
}

/// Withdraws a token.
pub async fn withdraw(session: &Session<Tenant>, id: Uuid, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    run(session, WITHDRAW, [id.into(), now.into()]).await?;
    Ok(())
}

/// Withdraws a person's tokens of a purpose.
pub async fn withdraw_of(
    session: &Session<Tenant>,
    user: Uuid,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    run(session, WITHDRAW_OF, [user.into(), purpose.code().into(), now.into()]).await?;
    Ok(())
}

/// Lets a token be sent again: the one that was sent is good no more.
pub async fn prolong(session: &Session<Tenant>, id: Uuid, expires_at: DateTime<Utc>) -> Result<(), DatabaseError> {
    run(session, PROLONG, [id.into(), expires_at.into()]).await?;
    Ok(())
}

/// Puts a mail into the outbox.
pub async fn enqueue(session: &Session<Tenant>, mail: &Queued) -> Result<(), DatabaseError> {
    let values = [
        mail.id.into(),
        mail.kind.code().into(),
        mail.recipient.clone().into(),
        mail.token.into(),
        mail.queued_at.into(),
    ];
    run(session, ENQUEUE, values).await?;
    Ok(())
}

/// The mails that wait after one, the oldest first.
pub async fn waiting(session: &Session<Tenant>, after: Option<Uuid>, limit: u64) -> Result<Vec<Queued>, DatabaseError> {
    let mut query = mail_outbox::Entity::find()
        .filter(mail_outbox::Column::DoneAt.is_null())
        .order_by_asc(mail_outbox::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(mail_outbox::Column::Id.gt(after));
    }
    query.all(session).await?.into_iter().map(queued).collect()
}

fn queued(row: mail_outbox::Model) -> Result<Queued, DatabaseError> {
    let kinds = [
        MailKind::Token(Purpose::Invitation),
        MailKind::Token(Purpose::PasswordReset),
        MailKind::Token(Purpose::EmailChange),
        MailKind::PasswordChanged,
        MailKind::EmailChanged,
    ];
    let kind = kinds.into_iter().find(|kind| kind.code() == row.kind);
    Ok(Queued {
        id: row.id,
        kind: kind.ok_or_else(|| DatabaseError::Corrupt(format!("no mail says {}", row.kind)))?,
        recipient: row.recipient,
        token: row.token_id,
        queued_at: row.queued_at,
        attempts: row.attempts,
    })
}

/// Notes what became of a mail.
pub async fn done(
    session: &Session<Tenant>,
    id: Uuid,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    run(session, DONE, [id.into(), now.into(), outcome.code().into()]).await?;
    Ok(())
}

/// Notes that sending a mail failed.
pub async fn failed(session: &Session<Tenant>, id: Uuid) -> Result<(), DatabaseError> {
    run(session, FAILED, [id.into()]).await?;
    Ok(())
}

/// Removes mails that are done with and were asked for before an instant, and tokens that expired before it; returns how many.
pub async fn purge(session: &Session<Tenant>, before: DateTime<Utc>) -> Result<u64, DatabaseError> {
    let mails = run(session, PURGE_OUTBOX, [before.into()]).await?;
    Ok(mails + run(session, PURGE_TOKENS, [before.into()]).await?)
}

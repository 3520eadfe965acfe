//! Sharing a portfolio with another person of the tenant.

use serde_json::json;
use uuid::Uuid;

use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::{Actor, ActorKind, Permission, PermissionSet, TenantId};
use crate::storage;
use crate::storage::portfolio::{Portfolio, Visible};
use crate::storage::portfolio_share::{Level, Share};
use crate::storage::user::User;
use crate::tenancy::{Session, Tenant};

/// People that one portfolio is shared with.
const MAX_SHARES: usize = 50;

/// Who is meant.
#[derive(Clone, Debug)]
pub enum Whom {
    /// The person with this id, for whoever sees the tenant's people.
    Id(Uuid),
    /// The person with this address, which the caller has from them.
    Email(String),
}

impl Services {
    /// Shares a portfolio with a person, or changes what they may do with it. Whoever it is shared with cannot share it on.
    pub async fn portfolio_share(
        &self,
        caller: &Caller,
        portfolio: Uuid,
        whom: Whom,
        level: Level,
    ) -> Result<Portfolio, ServiceError> {
        let visible = sharable(caller)?;
        let session = self.write(caller).await?;
        let result = async {
            let portfolio = shared_one(&session, visible, portfolio).await?;
            let unknown =
                || ServiceError::refused(RefusalCode::NotFound, &["input", "with"], "no such person of the firm");
            let person = match &whom {
                Whom::Id(id) if caller.actor.may(Permission::UsersRead) => {
                    storage::user::by_ids(&session, &[*id]).await?.pop()
                }
                Whom::Id(_) => None,
                Whom::Email(email) => storage::user::by_email(&session, email.trim()).await?,
            };
            let person = person.filter(|person| person.active).ok_or_else(unknown)?;
            check_receiver(&session, &portfolio, &person, level).await?;
            let shares = storage::portfolio_share::of(&session, &[portfolio.id]).await?;
            let before = shares.iter().find(|share| share.user == person.id);
            if before.is_none() && shares.len() >= MAX_SHARES {
                let message = format!("it is shared with {} people already, {MAX_SHARES} at the most", shares.len());
                return Err(ServiceError::refused(RefusalCode::LimitReached, &["input"], message));
            }
            let share = Share {
                portfolio: portfolio.id,
                user: person.id,
                level,
                created_at: self.environment.clock.now(),
                created_by: caller.actor.user_id,
            };
            storage::portfolio_share::put(&session, &share).await?;
            let done = Done {
                action: "portfolioShare",
                entity_type: "Portfolio",
                entity_id: portfolio.id,
                before: before.map(shown),
                after: Some(shown(&share)),
            };
            self.audit(&session, caller, done).await?;
            Ok(portfolio)
        }
        .await;
        settle(session, result).await
    }

    /// Shares a portfolio with a person no more.
    pub async fn portfolio_unshare(
        &self,
        caller: &Caller,
        portfolio: Uuid,
        whom: Whom,
    ) -> Result<Portfolio, ServiceError> {
        let visible = sharable(caller)?;
        let session = self.write(caller).await?;
        let result = async {
            let portfolio = shared_one(&session, visible, portfolio).await?;
            let id = match whom {
                Whom::Id(id) => Some(id),
                Whom::Email(email) => storage::user::by_email(&session, email.trim()).await?.map(|person| person.id),
            };
            let shares = storage::portfolio_share::of(&session, &[portfolio.id]).await?;
            let share = shares.iter().find(|share| Some(share.user) == id).ok_or_else(|| {
                let message = "the portfolio is not shared with them";
                ServiceError::refused(RefusalCode::NotFound, &["input", "with"], message)
            })?;
            storage::portfolio_share::remove(&session, portfolio.id, share.user).await?;
            let done = Done {
                action: "portfolioUnshare",
                entity_type: "Portfolio",
                entity_id: portfolio.id,
                before: Some(shown(share)),
                after: None,
            };
            self.audit(&session, caller, done).await?;
            Ok(portfolio)
        }
        .await;
        settle(session, result).await
    }

    /// With whom these portfolios are shared, those of them that the caller may share.
    pub async fn portfolio_shares(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
    ) -> Result<Vec<(Uuid, Vec<Share>)>, ServiceError> {
        let own = storage::portfolio::by_ids(session, access::sharable(session.actor()), portfolios).await?;
        let own: Vec<Uuid> = own.into_iter().map(|portfolio| portfolio.id).collect();
        let mut shares = storage::portfolio_share::of(session, &own).await?;
        let of = |id: Uuid| (id, shares.extract_if(.., |share| share.portfolio == id).collect());
        Ok(own.into_iter().map(of).collect())
    }
}

fn sharable(caller: &Caller) -> Result<Visible, ServiceError> {
    match access::sharable(&caller.actor) {
        visible if visible == Visible::default() => {
            Err(ServiceError::Forbidden(Permission::PortfoliosWriteOwn.to_string()))
        }
        visible => Ok(visible),
    }
}

async fn shared_one(session: &Session<Tenant>, visible: Visible, id: Uuid) -> Result<Portfolio, ServiceError> {
    let found = storage::portfolio::lock(session, visible, id).await?;
    found.ok_or_else(|| ServiceError::refused(RefusalCode::NotFound, &["id"], "no such portfolio"))
}

/// A share adds a portfolio to what a role lets its holder do, and nothing to the role: an auditor does not write by it.
async fn check_receiver(
    session: &Session<Tenant>,
    portfolio: &Portfolio,
    person: &User,
    level: Level,
) -> Result<(), ServiceError> {
    let refuse =
        |field: &str, message: &str| Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", field], message));
    if person.id == portfolio.owner_id {
        return refuse("with", "the portfolio is theirs");
    }
    let permissions: PermissionSet = storage::role::permissions(session, &person.role_code).await?;
    let receiver = Actor {
        user_id: person.id,
        tenant: Some(TenantId(Uuid::nil())),
        role: person.role,
        permissions,
        session: Uuid::nil(),
        kind: ActorKind::User,
    };
    match level {
        Level::View if access::readable(&receiver) == Visible::default() => {
            refuse("with", "their role reads no portfolios")
        }
        Level::Edit if access::writable(&receiver) == Visible::default() => {
            refuse("level", "their role changes no portfolios: share it to be viewed")
        }
        _ => Ok(()),
    }
}

fn shown(share: &Share) -> serde_json::Value {
    json!({ "user": share.user, "level": share.level.code() })
}

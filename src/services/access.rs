//! Which portfolios an actor may reach. The answer is a [`Visible`], without which no query of portfolios can be written.

use crate::auth::{Actor, ActorKind, Permission};
use crate::storage::portfolio::Visible;

use super::ServiceError;

/// Refuses an actor without the permission.
pub fn require(actor: &Actor, permission: Permission) -> Result<(), ServiceError> {
    if actor.may(permission) { Ok(()) } else { Err(ServiceError::Forbidden(permission.to_string())) }
}

/// Refuses the server itself: what is a person's own is nobody else's.
pub fn require_person(actor: &Actor) -> Result<(), ServiceError> {
    match actor.kind {
        ActorKind::User => Ok(()),
        ActorKind::System => Err(ServiceError::Forbidden("this is for people".to_owned())),
    }
}

/// The portfolios that the actor may read.
pub fn readable(actor: &Actor) -> Visible {
    Visible {
        all: actor.may(Permission::PortfoliosReadAll),
        owned_by: actor.may(Permission::PortfoliosReadOwn).then_some(actor.user_id),
        advised_by: actor.may(Permission::PortfoliosReadAssigned).then_some(actor.user_id),
    }
}

/// Refuses an actor who may read no portfolio at all.
pub fn require_some_readable(actor: &Actor) -> Result<Visible, ServiceError> {
    let visible = readable(actor);
    if visible == Visible::default() {
        return Err(ServiceError::Forbidden(Permission::PortfoliosReadOwn.to_string()));
    }
    Ok(visible)
}

/// Refuses an actor who looks after no portfolios but their own: what counts for the whole tenant is not theirs to set.
pub fn require_keeper(actor: &Actor) -> Result<(), ServiceError> {
    let keeps = actor.may(Permission::PortfoliosWriteAll) || actor.may(Permission::PortfoliosWriteAssigned);
    if keeps { Ok(()) } else { Err(ServiceError::Forbidden(Permission::PortfoliosWriteAll.to_string())) }
}

/// The portfolios that the actor may change.
pub fn writable(actor: &Actor) -> Visible {
    Visible {
        all: actor.may(Permission::PortfoliosWriteAll),
        owned_by: actor.may(Permission::PortfoliosWriteOwn).then_some(actor.user_id),
        advised_by: actor.may(Permission::PortfoliosWriteAssigned).then_some(actor.user_id),
    }
}

/// Refuses an actor who may change no portfolio at all.
pub fn require_some_writable(actor: &Actor) -> Result<Visible, ServiceError> {
    let visible = writable(actor);
    if visible == Visible::default() {
        return Err(ServiceError::Forbidden(Permission::PortfoliosWriteOwn.to_string()));
    }
    Ok(visible)
}

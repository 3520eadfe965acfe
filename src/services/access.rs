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
        ActorKind::Service | ActorKind::System => Err(ServiceError::Forbidden("this is for people".to_owned())),
    }
}

/// The portfolios that the actor may read. A share adds to those of whoever may read any.
pub fn readable(actor: &Actor) -> Visible {
    use Permission::{PortfoliosReadAll, PortfoliosReadAssigned, PortfoliosReadOwn};
    let any = actor.permissions.contains_any(&[PortfoliosReadAll, PortfoliosReadAssigned, PortfoliosReadOwn]);
    Visible {
        all: actor.may(PortfoliosReadAll),
        owned_by: actor.may(PortfoliosReadOwn).then_some(actor.user_id),
        advised_by: actor.may(PortfoliosReadAssigned).then_some(actor.user_id),
        shared_with: any.then_some(actor.user_id),
        to_edit: false,
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

/// The portfolios that the actor may share with others: those they may change, but for those that are only shared with them.
pub fn sharable(actor: &Actor) -> Visible {
    Visible {
        all: actor.may(Permission::PortfoliosWriteAll),
        owned_by: actor.may(Permission::PortfoliosWriteOwn).then_some(actor.user_id),
        advised_by: actor.may(Permission::PortfoliosWriteAssigned).then_some(actor.user_id),
        ..Visible::default()
    }
}

/// The portfolios that the actor may change. A share adds to those of whoever may change any.
pub fn writable(actor: &Actor) -> Visible {
    match sharable(actor) {
        none if none == Visible::default() => none,
        some => Visible { shared_with: Some(actor.user_id), to_edit: true, ..some },
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

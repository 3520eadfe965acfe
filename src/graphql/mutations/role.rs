//! Roles of the firm's own, and giving roles to people.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::role::Role;
use crate::graphql::types::user::User;
use crate::graphql::types::user_error::UserError;
use crate::services::role::{AccessChanges, RoleTerms};

/// A role to make.
#[derive(InputObject)]
pub struct RoleCreateInput {
    /// The code, which stays: 2 to 40 characters, a capital letter, then capitals, digits and underscores.
    code: String,
    /// What it is called, 1 to 80 characters.
    name: String,
    /// What it is for, up to 400 characters.
    #[graphql(default)]
    description: String,
    /// The codes of what it permits, as `permissions` lists them: nothing that the caller may not do.
    permissions: Vec<String>,
}

/// What a role is to be from now on.
#[derive(InputObject)]
pub struct RoleUpdateInput {
    /// What it is called, 1 to 80 characters.
    name: String,
    /// What it is for, up to 400 characters.
    #[graphql(default)]
    description: String,
    /// The codes of what it permits, all of them: nothing that the caller may not do.
    permissions: Vec<String>,
}

/// What to change of what a person may do; what is not given stays.
#[derive(InputObject)]
pub struct UserUpdateInput {
    /// The code of another role, as `roles` shows it. It may permit nothing that the caller may not do.
    role: Option<String>,
    /// Whether the person may log in. All sessions of a person who may not end.
    active: Option<bool>,
}

/// What acting on a role gives.
#[derive(SimpleObject)]
pub struct RolePayload {
    /// The role; of one that was removed, as it was. Null where it was refused.
    role: Option<Role>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

/// What changing what a person may do gives.
#[derive(SimpleObject)]
pub struct UserUpdatePayload {
    /// The person since; null where it was refused.
    user: Option<User>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct RoleMutation;

#[Object(guard = "Ruled")]
impl RoleMutation {
    /// Makes a role of the firm's own.
    async fn role_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role.")] input: RoleCreateInput,
    ) -> Result<Option<RolePayload>> {
        let operation = Operation::of(ctx);
        let RoleCreateInput { code, name, description, permissions } = input;
        let terms = RoleTerms { name, description, permissions };
        let outcome = async { operation.services.role_create(operation.changing().await?, &code, terms).await };
        let (role, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(RolePayload { role: role.map(Role::from), user_errors }))
    }

    /// Changes a role of the firm's own. It counts for whoever has the role from their next request on, at other servers within ten
    /// seconds. The built-in roles stay as they are.
    async fn role_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role's code.")] code: String,
        #[graphql(desc = "What it is to be.")] input: RoleUpdateInput,
    ) -> Result<Option<RolePayload>> {
        let operation = Operation::of(ctx);
        let RoleUpdateInput { name, description, permissions } = input;
        let terms = RoleTerms { name, description, permissions };
        let outcome = async { operation.services.role_update(operation.changing().await?, &code, terms).await };
        let (role, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(RolePayload { role: role.map(Role::from), user_errors }))
    }

    /// Removes a role of the firm's own that no person and no invitation has.
    async fn role_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role's code.")] code: String,
    ) -> Result<Option<RolePayload>> {
        let operation = Operation::of(ctx);
        let outcome = async { operation.services.role_delete(operation.changing().await?, &code).await };
        let (role, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(RolePayload { role: role.map(Role::from), user_errors }))
    }

    /// Gives another person another role, or lets them log in or not: of people who may do nothing that the caller may not do.
    async fn user_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] id: ID,
        #[graphql(
            desc = "The `version` that the change is based on: where the record has changed since, it is refused."
        )]
        expected_version: i64,
        #[graphql(desc = "What to change.")] input: UserUpdateInput,
    ) -> Result<Option<UserUpdatePayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::User.parse(&id, "id")?;
        let changes = AccessChanges { role_code: input.role, active: input.active };
        let outcome =
            async { operation.services.user_update(operation.changing().await?, id, expected_version, changes).await };
        let (user, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(UserUpdatePayload { user: user.map(User::from), user_errors }))
    }
}

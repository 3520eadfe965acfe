//! The schema, and how an operation is run on it.

use std::sync::Arc;

use async_graphql::{Error, Request, Response, Schema};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::stream::{BoxStream, StreamExt};

use super::audit_file::{self, AuditFile, AuditRequest};
use super::context::Operation;
use super::gains_file::{self, GainsFile, GainsRequest};
use super::import_file::{self, ImportRequest};
use super::loaders::Loaders;
use super::mutations::Mutation;
use super::queries::Query;
use super::service::{Authenticated, AuthenticationError, GraphqlService, RequestContext};
use super::subscriptions::Subscription;
use super::types::node::Node;
use crate::services::{Origin, ServiceError, Services};
use crate::tenancy::DatabaseError;

/// The product's schema.
pub type ApiSchema = Schema<Query, Mutation, Subscription>;

fn schema() -> ApiSchema {
    let builder = Schema::build(Query::default(), Mutation::default(), Subscription).register_output_type::<Node>();
    // Limits are applied before execution, by `limits`; who may ask for the schema's description is said by `introspection`.
    builder.disable_suggestions().finish()
}

/// The public contract, as `schema.graphql` holds it.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    format!("{}\n", schema().sdl_with_options(options).trim_end())
}

/// The schema with the services behind it.
pub struct Api {
    schema: ApiSchema,
    services: Services,
}

impl Api {
    /// Puts the services behind the schema.
    pub fn new(services: Services) -> Self {
        Self { schema: schema(), services }
    }

    async fn operation(&self, context: &RequestContext) -> Result<Arc<Operation>, ServiceError> {
        let origin = Origin {
            request_id: Some(context.request_id.clone()),
            address: context.whence.address.map(|address| address.to_string()),
            user_agent: context.whence.user_agent.clone(),
        };
        let caller = match &context.actor {
            Some(actor) => Some(self.services.caller(actor.clone(), origin.clone()).await?),
            None => None,
        };
        Ok(Arc::new(Operation::new(self.services.clone(), caller, origin, context.request_id.clone())))
    }
}

fn refusal(error: &ServiceError, context: &RequestContext) -> Error {
    use super::error::ErrorCode;
    match error {
        ServiceError::Unauthenticated => ErrorCode::Unauthenticated.error("log in first: this needs an access token"),
        ServiceError::Database(DatabaseError::Timeout(_)) => {
            ErrorCode::Unavailable.error("the database did not answer in time: try again")
        }
        other => super::error::internal(other, &context.request_id),
    }
}

fn refused(error: &ServiceError, context: &RequestContext) -> Response {
    Response::from_errors(vec![refusal(error, context).into_server_error(Default::default())])
}

#[async_trait]
impl GraphqlService for Api {
    async fn authenticate(
        &self,
        bearer: Option<&str>,
        _now: DateTime<Utc>,
    ) -> Result<Option<Authenticated>, AuthenticationError> {
        let Some(token) = bearer else {
            return Ok(None);
        };
        match self.services.authenticate(token).await {
            Ok((actor, expires_at)) => Ok(Some(Authenticated { actor, expires_at })),
            Err(ServiceError::Unauthenticated) => Err(AuthenticationError::Refused("not valid".to_owned())),
            Err(other) => Err(AuthenticationError::Unavailable(other.to_string())),
        }
    }

    async fn execute(&self, request: Request, context: RequestContext) -> Response {
        let operation = match self.operation(&context).await {
            Ok(operation) => operation,
            Err(error) => return refused(&error, &context),
        };
        let request = Loaders::attach(request, &operation).data(Arc::clone(&operation));
        let response = self.schema.execute(request).await;
        match operation.conclude().await {
            Ok(()) => response,
            Err(error) => Response::from_errors(vec![error.into_server_error(Default::default())]),
        }
    }

    fn subscribe(&self, request: Request, context: RequestContext) -> BoxStream<'static, Response> {
        let api = Self { schema: self.schema.clone(), services: self.services.clone() };
        let stream = async move {
            match api.operation(&context).await {
                Ok(operation) => {
                    let request = Loaders::attach(request, &operation).data(operation);
                    api.schema.execute_stream(request).boxed()
                }
                Err(error) => futures_util::stream::once(async move { refused(&error, &context) }).boxed(),
            }
        };
        futures_util::stream::once(stream).flatten().boxed()
    }

    async fn realized_gains_file(&self, asked: GainsRequest, context: RequestContext) -> Result<GainsFile, Error> {
        let operation = self.operation(&context).await.map_err(|error| refusal(&error, &context))?;
        let file = gains_file::open(&operation, &asked).await;
        operation.conclude().await?;
        file
    }

    async fn audit_file(&self, asked: AuditRequest, context: RequestContext) -> Result<AuditFile, Error> {
        let operation = self.operation(&context).await.map_err(|error| refusal(&error, &context))?;
        audit_file::open(&operation, &asked).await
    }

    async fn import_file(
        &self,
        asked: ImportRequest,
        file: &[u8],
        context: RequestContext,
    ) -> Result<serde_json::Value, Error> {
        let operation = self.operation(&context).await.map_err(|error| refusal(&error, &context))?;
        let answer = import_file::import(&operation, &asked, file).await;
        operation.finish().await;
        answer
    }

    async fn key_set(&self) -> serde_json::Value {
        self.services.key_set().await
    }

    async fn ready(&self) -> Result<(), &'static str> {
        self.services.gateway.ready().await.map_err(|_| "database")
    }
}

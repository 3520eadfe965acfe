//! Stands where the schema will: knows who asks and whether the database is there, and answers no operation.

use std::sync::Arc;

use async_graphql::{Request, Response, ServerError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream};

use crate::{
    http::{Authenticated, AuthenticationError, GraphqlService, RequestContext},
    services::Services,
    tenancy::Access,
};

struct Unconnected(Services);

pub(super) fn service(services: Services) -> Arc<dyn GraphqlService> {
    Arc::new(Unconnected(services))
}

fn answer() -> Response {
    Response::from_errors(vec![ServerError::new("this build has no schema", None)])
}

#[async_trait]
impl GraphqlService for Unconnected {
    async fn authenticate(
        &self,
        _: Option<&str>,
        _: DateTime<Utc>,
    ) -> Result<Option<Authenticated>, AuthenticationError> {
        Ok(None)
    }

    async fn execute(&self, _: Request, _: RequestContext) -> Response {
        answer()
    }

    fn subscribe(&self, _: Request, _: RequestContext) -> BoxStream<'static, Response> {
        Box::pin(stream::iter([answer()]))
    }

    async fn ready(&self) -> Result<(), &'static str> {
        let look = async { self.0.gateway.platform(Access::Read).await?.close().await };
        look.await.map_err(|_| "database")
    }
}

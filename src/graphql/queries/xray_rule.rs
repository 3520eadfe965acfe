//! Limits that the firm sets on what portfolios are made of.

use async_graphql::{Context, Object, Result};

use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::xray_rule::XrayRule;

#[derive(Default)]
pub struct XrayRuleQuery;

#[Object(guard = "Ruled")]
impl XrayRuleQuery {
    /// The firm's rules, by name; 100 at the most. `analytics { xray { rules } }` tells whether they are kept.
    async fn xray_rules(&self, ctx: &Context<'_>) -> Result<Option<Vec<XrayRule>>> {
        let operation = Operation::of(ctx);
        let read = async {
            let session = operation.session().await?;
            operation.services.xray_rules(&session).await
        };
        let rows = read.await.map_err(|error| operation.fail(error))?;
        Ok(Some(rows.into_iter().map(XrayRule::from).collect()))
    }
}

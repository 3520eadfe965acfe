//! Setting limits on what portfolios are made of.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::analytics::xray::Bound;

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::user_error::UserError;
use crate::graphql::types::xray_rule::{XrayMeasure, XrayRule};
use crate::services::{RefusalCode, ServiceError};
use crate::storage::xray_rule::{Limit, XrayRule as Row};

/// A limit to set: at the most or at the least so much.
#[derive(Debug, InputObject)]
pub struct XrayRuleSetInput {
    /// What it is called, 1 to 100 characters. The rule that has the name is replaced.
    name: String,
    /// What it looks at.
    measure: XrayMeasure,
    /// The code of the part to look at; the largest where none is given, cash that is no part of what is looked at aside.
    key: Option<String>,
    /// How many of the largest together, 1 to 100: for TOP_SHARE, which needs it, alone.
    top: Option<i32>,
    /// The limit is kept on this threshold or below: a share or an index of 0 to 1, a number of 1 to 10,000.
    at_most: Option<f64>,
    /// The limit is kept on this threshold or above.
    at_least: Option<f64>,
}

impl XrayRuleSetInput {
    fn limit(self) -> Result<Limit, ServiceError> {
        let refuse =
            |field: &[&str], message: String| Err(ServiceError::refused(RefusalCode::InvalidInput, field, message));
        let (bound, threshold) = match (self.at_most, self.at_least) {
            (Some(most), None) => (Bound::AtMost, most),
            (None, Some(least)) => (Bound::AtLeast, least),
            (Some(most), Some(least)) => {
                let message = format!("{most} at the most and {least} at the least: one of both makes a rule");
                return refuse(&["input"], message);
            }
            (None, None) => return refuse(&["input"], "neither atMost nor atLeast is given".to_owned()),
        };
        let top = match self.top.map(|top| (top, u8::try_from(top))) {
            None => None,
            Some((_, Ok(top))) => Some(top),
            Some((top, Err(_))) => return refuse(&["input", "top"], format!("{top} is not between 1 and 100")),
        };
        Ok(Limit { measure: self.measure.into(), key: self.key, top, bound, threshold })
    }
}

/// What setting a rule gives.
#[derive(SimpleObject)]
pub struct XrayRulePayload {
    /// The rule, as it is set or as it was before it was removed. Null where nothing was done.
    rule: Option<XrayRule>,
    /// Why nothing was done.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct XrayRuleMutation;

#[Object(guard = "Ruled")]
impl XrayRuleMutation {
    /// Sets a limit for the whole firm under a name, in place of the rule that has it; 100 at the most.
    async fn xray_rule_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rule.")] input: XrayRuleSetInput,
    ) -> Result<Option<XrayRulePayload>> {
        let operation = Operation::of(ctx);
        let name = input.name.clone();
        let limit = input.limit();
        let outcome = async { operation.services.xray_rule_set(operation.changing().await?, &name, limit?).await };
        payload(operation, outcome.await)
    }

    /// Removes a rule.
    async fn xray_rule_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rule's id.")] id: ID,
    ) -> Result<Option<XrayRulePayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::XrayRule.parse(&id, "id")?;
        let outcome = async { operation.services.xray_rule_remove(operation.changing().await?, id).await };
        payload(operation, outcome.await)
    }
}

fn payload(operation: &Operation, outcome: Result<Row, ServiceError>) -> Result<Option<XrayRulePayload>> {
    let (rule, user_errors) = operation.payload(outcome)?;
    Ok(Some(XrayRulePayload { rule: rule.map(XrayRule::from), user_errors }))
}

//! What one GraphQL document may ask for. async-graphql limits nothing by itself.

use serde::{Deserialize, Serialize};

use super::{Problem, out_of_range};

/// `[graphql]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphqlConfig {
    /// Levels of nested fields. An introspection query has about 14, if those are counted too.
    pub max_depth: usize,
    /// Sum of the costs of all fields, lists counted by their page size.
    pub max_complexity: usize,
    /// Aliased fields in one document.
    pub max_aliases: usize,
    /// Directives on one field.
    pub max_directives: usize,
    /// Operations in one HTTP request.
    pub max_batch: usize,
    /// Lexical tokens in one document, counted before it is parsed.
    pub max_tokens: usize,
    /// Whether the schema can be asked for its own description.
    pub introspection: bool,
}

impl Default for GraphqlConfig {
    fn default() -> Self {
        Self {
            max_depth: 12,
            max_complexity: 20_000,
            max_aliases: 30,
            max_directives: 20,
            max_batch: 10,
            max_tokens: 5_000,
            introspection: true,
        }
    }
}

impl GraphqlConfig {
    pub(super) fn validate(&self) -> Vec<Problem> {
        out_of_range(&[
            // A limit past 64 levels limits nothing.
            ("graphql.max_depth", self.max_depth as u64, 1, 64),
            ("graphql.max_complexity", self.max_complexity as u64, 1, 10_000_000),
            ("graphql.max_aliases", self.max_aliases as u64, 0, 10_000),
            ("graphql.max_directives", self.max_directives as u64, 0, 1_000),
            ("graphql.max_batch", self.max_batch as u64, 1, 1_000),
            ("graphql.max_tokens", self.max_tokens as u64, 10, 1_000_000),
        ])
    }
}

//! What one GraphQL document may ask for. async-graphql limits nothing by itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Problem, out_of_range};

/// `[graphql]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphqlConfig {
    /// Bytes of one document.
    pub max_bytes: u64,
    /// Lexical tokens in one document, counted before it is parsed.
    pub max_tokens: u64,
    /// Nesting of braces, brackets and parentheses; with fragments spread, twice as much.
    pub max_nesting: u64,
    /// Operations in one document.
    pub max_operations: u64,
    /// Fragments in one document.
    pub max_fragments: u64,
    /// Aliased fields in one document.
    pub max_aliases: u64,
    /// Directives in one document.
    pub max_directives: u64,
    /// Fields that repeat the name of a neighbour, in one document.
    pub max_repeated_fields: u64,
    /// Fields at the root of one operation.
    pub max_root_fields: u64,
    /// Fields and fragments of one document, each fragment counted wherever it is spread.
    pub max_selections: u64,
    /// Levels of nested fields, introspection not counted.
    pub max_depth: u64,
    /// Fields that would be resolved if every list were as long as was asked for.
    pub max_complexity: u64,
    /// The same for the schema's description.
    pub max_introspection: u64,
    /// Values inside the variables of one operation.
    pub max_variable_values: u64,
    /// Operations in one HTTP request.
    pub max_batch: u64,
    /// The length assumed for a list whose length is not asked for.
    pub default_page_size: u64,
    /// Who may ask for the schema's own description: `everyone`, `permitted` (whoever has SCHEMA_READ) or `nobody`. Unless set,
    /// everyone of the demo, and in production who is permitted.
    pub introspection: Option<IntrospectionName>,
    /// Whether documents are known by their hashes: `off`, `allow` (beside others) or `require` (no others).
    pub documents: DocumentsMode,
    /// The documents that are known, as JSON: `{"sha256:…": "query …"}`.
    pub documents_file: Option<PathBuf>,
}

/// Who may ask for the schema's description.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IntrospectionName {
    /// Also without an access token.
    Everyone,
    /// Whoever has the permission SCHEMA_READ.
    Permitted,
    /// It is in `schema.graphql`.
    Nobody,
}

/// Whether documents are known by their hashes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentsMode {
    /// No.
    #[default]
    Off,
    /// Known ones may be named by their hashes.
    Allow,
    /// Others are refused.
    Require,
}

impl Default for GraphqlConfig {
    fn default() -> Self {
        Self {
            max_bytes: 65_536,
            max_tokens: 5_000,
            max_nesting: 32,
            max_operations: 10,
            max_fragments: 100,
            max_aliases: 100,
            max_directives: 50,
            max_repeated_fields: 50,
            max_root_fields: 20,
            max_selections: 2_000,
            max_depth: 16,
            max_complexity: 25_000,
            max_introspection: 500_000,
            max_variable_values: 20_000,
            max_batch: 10,
            default_page_size: 20,
            introspection: None,
            documents: DocumentsMode::Off,
            documents_file: None,
        }
    }
}

impl GraphqlConfig {
    pub(super) fn validate(&self) -> Vec<Problem> {
        let mut problems = out_of_range(&[
            ("graphql.max_bytes", self.max_bytes, 64, 1 << 24),
            ("graphql.max_tokens", self.max_tokens, 10, 1_000_000),
            // The parser and the executor descend as deep: past this the stack would be the limit.
            ("graphql.max_nesting", self.max_nesting, 1, 64),
            ("graphql.max_operations", self.max_operations, 1, 1_000),
            ("graphql.max_fragments", self.max_fragments, 0, 10_000),
            ("graphql.max_aliases", self.max_aliases, 0, 10_000),
            ("graphql.max_directives", self.max_directives, 0, 1_000),
            ("graphql.max_repeated_fields", self.max_repeated_fields, 0, 10_000),
            ("graphql.max_root_fields", self.max_root_fields, 1, 1_000),
            ("graphql.max_selections", self.max_selections, 1, 1_000_000),
            // A limit past 64 levels limits nothing.
            ("graphql.max_depth", self.max_depth, 1, 64),
            ("graphql.max_complexity", self.max_complexity, 1, 10_000_000),
            ("graphql.max_introspection", self.max_introspection, 0, 100_000_000),
            ("graphql.max_variable_values", self.max_variable_values, 0, 10_000_000),
            ("graphql.max_batch", self.max_batch, 1, 1_000),
            ("graphql.default_page_size", self.default_page_size, 1, 100),
        ]);
        if self.documents != DocumentsMode::Off && self.documents_file.is_none() {
            problems.push(Problem {
                key: "graphql.documents_file".to_owned(),
                message: "is missing; graphql.documents needs the documents that are known".to_owned(),
            });
        }
        problems
    }
}

//! The guard in front of the executor: what a document would cost is computed before any of it is validated or run.
//!
//! async-graphql expands fragments before it applies limits of its own, so a few hundred bytes could cost gigabytes. Here a
//! fragment is computed once however often it is spread, and the work is linear in the document's text.

mod cost;
mod scan;
#[cfg(test)]
mod tests;

use async_graphql::{
    Name, Request, ServerError, Value, Variables,
    parser::{
        self, parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
    },
};

pub use self::cost::is_counted;
use self::scan::UnterminatedString;
use super::error::ErrorCode;

/// How much one request may ask for. Every limit counts what its name says and is inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document's text.
    pub max_bytes: u64,
    /// Lexical tokens of the document.
    pub max_tokens: u64,
    /// Nesting of braces, brackets and parentheses in the text; with fragments spread, twice as much.
    pub max_nesting: u64,
    /// Operations in the document.
    pub max_operations: u64,
    /// Fragment definitions in the document.
    pub max_fragments: u64,
    /// Aliased fields in the document.
    pub max_aliases: u64,
    /// Directives in the document.
    pub max_directives: u64,
    /// Fields that repeat the response key of a neighbour.
    pub max_repeated_fields: u64,
    /// Fields of an operation's root, fragments included.
    pub max_root_fields: u64,
    /// Fields, spreads and inline fragments of all operations, each fragment counted wherever it is spread.
    pub max_selections: u64,
    /// Levels of fields, fragments included, introspection not.
    pub max_depth: u64,
    /// Fields that would be resolved if every list were as long as was asked for; what books a ledger for its answer counts as
    /// many.
    pub max_complexity: u64,
    /// The same for `__schema` and `__type`, with assumed lengths: such fields cost next to nothing each.
    pub max_introspection: u64,
    /// Values inside the variables, those of lists and objects included.
    pub max_variable_values: u64,
    /// Requests in one batch.
    pub max_batch: u64,
    /// The length assumed for a connection whose `first` or `last` is not given or not known.
    pub default_page_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 64 * 1024,
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
        }
    }
}

/// What an operation would cost at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Fields that would be resolved.
    pub complexity: u64,
    /// Levels of fields.
    pub depth: u64,
    /// Selections in the operation, fragments expanded.
    pub selections: u64,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// It reads.
    Query,
    /// It changes.
    Mutation,
    /// It follows.
    Subscription,
}

/// A request that passed, with its document parsed and set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// What the chosen operation does.
    pub kind: OperationKind,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What it costs.
    pub cost: Cost,
    /// Whether it asks for the schema's description.
    pub introspects: bool,
}

/// Why a request was refused before execution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A limit was exceeded.
    #[error("the request has {actual} {what}; at most {maximum} are allowed")]
    Exceeded {
        /// What was counted, in words.
        what: &'static str,
        /// How many there are, at least.
        actual: u64,
        /// How many there may be.
        maximum: u64,
    },
    /// The document is not GraphQL.
    #[error("{0}")]
    Syntax(parser::Error),
    /// A string in the document has no end.
    #[error("a string in the document does not end")]
    UnterminatedString,
    /// PostgreSQL's text cannot hold it, and no text that a person means does.
    #[error("a text holds the character U+0000")]
    NulCharacter,
    /// A fragment spreads itself, directly or through others.
    #[error("the fragment \"{0}\" spreads itself")]
    FragmentCycle(String),
    /// The document has several operations and the request names none.
    #[error("the document has several operations: operationName says which one to run")]
    OperationNameMissing,
    /// The request names an operation that the document does not have.
    #[error("the document has no operation named \"{0}\"")]
    OperationUnknown(String),
    /// A variable that must have a value has none.
    #[error("the variable \"${0}\" of type \"{1}\" is missing")]
    VariableMissing(String, String),
}

impl Refusal {
    /// The refusal as a client sees it.
    pub fn into_server_error(self) -> ServerError {
        let message = self.to_string();
        match self {
            Self::Exceeded { what, actual, maximum } => {
                let mut error = ErrorCode::QueryTooComplex.server_error(message);
                let extensions = error.extensions.get_or_insert_default();
                extensions.set("limit", what);
                extensions.set("maximum", maximum);
                extensions.set("actual", actual);
                error
            }
            Self::Syntax(error) => {
                ServerError { locations: error.positions().collect(), ..ErrorCode::BadUserInput.server_error(message) }
            }
            _ => ErrorCode::BadUserInput.server_error(message),
        }
    }
}

impl From<UnterminatedString> for Refusal {
    fn from(_: UnterminatedString) -> Self {
        Self::UnterminatedString
    }
}

impl Limits {
    /// Checks a document that is to be known by its hash, whatever its variables will be.
    pub fn check_document(&self, text: &str) -> Result<(), Refusal> {
        let document = self.parse(text)?;
        let Some((_, operation)) = document.operations.iter().next() else { return Ok(()) };
        cost::check(&document, &operation.node, &Variables::default(), self)?;
        Ok(())
    }

    /// Checks what can be counted before a document is parsed, and parses it.
    fn parse(&self, text: &str) -> Result<ExecutableDocument, Refusal> {
        within("bytes", text.len() as u64, self.max_bytes)?;
        let scan = scan::scan(text)?;
        within("tokens", scan.tokens, self.max_tokens)?;
        within("levels of nesting", scan.nesting, self.max_nesting)?;
        if text.contains('\0') || text.contains("\\u0000") {
            return Err(Refusal::NulCharacter);
        }
        parse_query(text).map_err(Refusal::Syntax)
    }

    /// Checks a request against every limit, and sets its parsed document so that it is parsed this once.
    pub fn admit(&self, request: &mut Request) -> Result<Admitted, Refusal> {
        if request.variables.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)) {
            return Err(Refusal::NulCharacter);
        }
        within("values in its variables", count_values(request.variables.values()), self.max_variable_values)?;
        let document = self.parse(&request.query)?;
        let (name, operation) = chosen(&document, request.operation_name.as_deref())?;
        required(operation, &request.variables)?;
        let (cost, introspects) = cost::check(&document, operation, &request.variables, self)?;
        let admitted = Admitted { kind: operation.ty.into(), name: name.map(Name::to_string), cost, introspects };
        request.set_parsed_query(document);
        Ok(admitted)
    }
}

fn within(what: &'static str, actual: u64, maximum: u64) -> Result<(), Refusal> {
    if actual > maximum { Err(Refusal::Exceeded { what, actual, maximum }) } else { Ok(()) }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::List(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

fn count_values<'a>(values: impl Iterator<Item = &'a Value>) -> u64 {
    values
        .map(|value| {
            1 + match value {
                Value::List(items) => count_values(items.iter()),
                Value::Object(members) => count_values(members.values()),
                _ => 0,
            }
        })
        .sum()
}

fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<(Option<&'a Name>, &'a OperationDefinition), Refusal> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some((None, &operation.node)),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get_key_value(name).map(|(name, operation)| (Some(name), &operation.node))
        }
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.iter();
            match (all.next(), all.next()) {
                (Some((name, operation)), None) => Some((Some(name), &operation.node)),
                _ => return Err(Refusal::OperationNameMissing),
            }
        }
    };
    found.ok_or_else(|| Refusal::OperationUnknown(name.unwrap_or_default().to_owned()))
}

/// async-graphql notices a missing variable in the middle of the execution, where it is a field's error.
fn required(operation: &OperationDefinition, variables: &Variables) -> Result<(), Refusal> {
    for variable in &operation.variable_definitions {
        let (name, definition) = (&variable.node.name.node, &variable.node);
        let given = variables.get(name).or(definition.default_value.as_ref().map(|value| &value.node));
        if !definition.var_type.node.nullable && given.is_none_or(|value| *value == Value::Null) {
            return Err(Refusal::VariableMissing(name.to_string(), definition.var_type.node.to_string()));
        }
    }
    Ok(())
}

impl From<OperationType> for OperationKind {
    fn from(operation: OperationType) -> Self {
        match operation {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}

impl From<Cost> for Value {
    fn from(cost: Cost) -> Self {
        let counts = [("complexity", cost.complexity), ("depth", cost.depth), ("selections", cost.selections)];
        Self::Object(counts.into_iter().map(|(name, number)| (Name::new(name), number.into())).collect())
    }
}

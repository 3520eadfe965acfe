//! What a parsed document costs: one walk over its text, with every fragment computed once an operation.

use std::{borrow::Cow, collections::HashMap, convert::Infallible};

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet},
};

use super::{Cost, Limits, Refusal, within};

/// Arguments that say how many items a field returns at most.
const SIZE_ARGUMENTS: [&str; 3] = ["first", "last", "limit"];
/// The argument of a list of things that are looked up one by one.
const IDS_ARGUMENT: &str = "ids";
/// Members of a connection that do not repeat with its items.
const ONCE_PER_LIST: [&str; 3] = ["pageInfo", "totalCount", "__typename"];
/// Members that make a field a connection.
const ITEMS: [&str; 2] = ["edges", "nodes"];
/// Fields whose portfolios may be looked at otherwise than their books are kept, and the arguments that ask for it.
const PORTFOLIOS: [&str; 2] = ["portfolio", "portfolios"];
const ANOTHER_VIEW: [&str; 2] = ["currency", "knownAt"];
/// What booking the ledger of each again counts beside its fields.
const BOOKED_AGAIN: u64 = 100;
/// What is computed for each field of this name, and what that counts: a part of the ledger booked under each lot method, up to 100,000 paths
/// simulated, windows of up to ten years moved along a range, a lattice solved some tens of times, a list of a hundred. An alias more is one more, while everything below one view of a portfolio shares its booking.
const HEAVY: [(&str, u64); 5] =
    [("salePreview", 1_000), ("tailRisk", 500), ("rolling", 300), ("optionFigures", 100), ("simulations", 100)];
/// Assumed lengths of lists that are no connections and hold objects, by the field's name: what is usual for much of it, not the most
/// there could be. What is asked for by number or ids is counted by those.
const ASSUMED: [(&str, u64); 50] = [
    ("accounts", 2),
    ("allocation", 20),
    ("cash", 2),
    ("clusters", 10),
    ("contributions", 50),
    ("days", 10),
    ("dividends", 10),
    ("doubtfulInputs", 5),
    ("drawdowns", 5),
    ("endHoldings", 50),
    ("exchanges", 50),
    ("holdings", 50),
    ("identifiers", 5),
    ("instruments", 5),
    ("instrumentsByIdentifier", 5),
    ("invitations", 10),
    ("legs", 2),
    ("lots", 5),
    ("missing", 5),
    ("openingHoldings", 50),
    ("overrides", 5),
    ("parts", 50),
    ("partsReasons", 5),
    ("permissions", 30),
    ("predecessors", 2),
    ("priceOverrides", 5),
    ("priceRevisions", 5),
    ("realizedGains", 10),
    ("reasons", 1),
    ("results", 10),
    ("revisions", 5),
    ("riskContributions", 50),
    ("roles", 5),
    ("rowErrors", 100),
    ("rows", 5),
    ("rules", 20),
    ("schedules", 20),
    ("sectorPath", 4),
    ("sectors", 100),
    ("segments", 20),
    ("sessions", 20),
    ("shares", 5),
    ("shocks", 10),
    ("splits", 2),
    ("stressScenarios", 20),
    ("successors", 2),
    ("tenants", 1_000),
    ("transactions", 5),
    ("userErrors", 1),
    ("xrayRules", 20),
];
/// Fields that lead into the schema's description.
const INTROSPECTION_ROOTS: [&str; 2] = ["__schema", "__type"];
/// Assumed lengths of the lists in the schema's description.
const INTROSPECTION_LISTS: [(&str, u64); 8] = [
    ("types", 100),
    ("fields", 10),
    ("inputFields", 10),
    ("enumValues", 10),
    ("possibleTypes", 5),
    ("interfaces", 5),
    ("directives", 5),
    ("args", 3),
];

/// Whether the items of a list of this name are counted although it is no connection.
pub fn is_counted(list: &str) -> bool {
    ASSUMED.iter().any(|(name, _)| *name == list) || HEAVY.iter().any(|(name, _)| *name == list)
}

/// Counts of a selection set. All of them saturate, since nested lists multiply.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    selections: u64,
    /// Fields of this level, those of fragments included.
    width: u64,
    depth: u64,
    /// Selection sets below this one, those of fragments included.
    height: u64,
    /// Complexity of what a list has once, such as its page info.
    once: u64,
    /// Complexity of what a list has for each of its items.
    each: u64,
    introspection: u64,
    is_connection: bool,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.width = self.width.saturating_add(other.width);
        self.depth = self.depth.max(other.depth);
        self.height = self.height.max(other.height);
        self.once = self.once.saturating_add(other.once);
        self.each = self.each.saturating_add(other.each);
        self.introspection = self.introspection.saturating_add(other.introspection);
        self.is_connection |= other.is_connection;
    }
}

/// Counts of the text itself, which do not depend on how often a fragment is spread.
#[derive(Default)]
struct Written {
    aliases: u64,
    directives: u64,
    repeated: u64,
}

/// Checks the whole document, and returns the cost of the operation that is to run, and whether it asks for the schema's description.
///
/// The operations that will not run are checked as well, since the executor validates them too.
pub(super) fn check(
    document: &ExecutableDocument,
    chosen: &OperationDefinition,
    variables: &Variables,
    limits: &Limits,
) -> Result<(Cost, bool), Refusal> {
    within("operations", document.operations.iter().len() as u64, limits.max_operations)?;
    within("fragments", document.fragments.len() as u64, limits.max_fragments)?;
    written(document, limits)?;
    let mut cost = Cost::default();
    let mut introspects = false;
    let mut all_selections = 0_u64;
    for (_, operation) in document.operations.iter() {
        let mut walk = Walk { document, operation: &operation.node, variables, limits, fragments: HashMap::new() };
        let total = walk.whole()?;
        let complexity = total.once.saturating_add(total.each);
        all_selections = all_selections.saturating_add(total.selections);
        within("selections with its fragments expanded", all_selections, limits.max_selections)?;
        within("root fields", total.width, limits.max_root_fields)?;
        within("levels of fields", total.depth, limits.max_depth)?;
        within("fields to resolve", complexity, limits.max_complexity)?;
        within("introspection fields to resolve", total.introspection, limits.max_introspection)?;
        if std::ptr::eq(&raw const operation.node, chosen) {
            cost = Cost { complexity, depth: total.depth, selections: total.selections };
            introspects = total.introspection > 0;
        }
    }
    Ok((cost, introspects))
}

/// Checks what can be counted without expanding anything.
fn written(document: &ExecutableDocument, limits: &Limits) -> Result<(), Refusal> {
    let mut counts = Written::default();
    for (_, operation) in document.operations.iter() {
        let definitions = &operation.node.variable_definitions;
        let on_variables: usize = definitions.iter().map(|variable| variable.node.directives.len()).sum();
        counts.directives += (operation.node.directives.len() + on_variables) as u64;
        counts.read(&operation.node.selection_set.node);
    }
    for fragment in document.fragments.values() {
        counts.directives += fragment.node.directives.len() as u64;
        counts.read(&fragment.node.selection_set.node);
    }
    within("aliases", counts.aliases, limits.max_aliases)?;
    within("directives", counts.directives, limits.max_directives)?;
    within("repeated fields", counts.repeated, limits.max_repeated_fields)
}

impl Written {
    /// Reads a selection set. Its recursion is bounded by the nesting of the text.
    fn read(&mut self, set: &SelectionSet) {
        let mut keys: Vec<&str> = Vec::with_capacity(set.items.len());
        for item in &set.items {
            self.directives += item.node.directives().len() as u64;
            match &item.node {
                Selection::Field(field) => {
                    self.aliases += u64::from(field.node.alias.is_some());
                    keys.push(&field.node.response_key().node);
                    self.read(&field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => self.read(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => (),
            }
        }
        keys.sort_unstable();
        let written = keys.len();
        keys.dedup();
        self.repeated += (written - keys.len()) as u64;
    }
}

/// A fragment that is being computed, or that has been.
#[derive(Clone, Copy)]
enum Fragment {
    Open,
    Done(Tally),
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    limits: &'a Limits,
    /// By name, and by whether it is spread inside the schema's description, where fields are counted differently.
    fragments: HashMap<(&'a str, bool), Fragment>,
}

impl<'a> Walk<'a> {
    fn whole(&mut self) -> Result<Tally, Refusal> {
        // A fragment nobody spreads costs nothing to run, but the executor would still follow its cycle.
        for name in self.document.fragments.keys() {
            self.fragment(name, false, 0)?;
        }
        self.set(&self.operation.selection_set.node, false, 0)
    }

    /// `level` counts the selection sets around this one, those of fragments included: it bounds this recursion, and the
    /// executor's that follows.
    fn set(&mut self, set: &'a SelectionSet, introspecting: bool, level: u64) -> Result<Tally, Refusal> {
        self.within_nesting(level)?;
        let mut total = Tally::default();
        for item in &set.items {
            let mut part = match &item.node {
                Selection::Field(field) => self.field(&field.node, introspecting, level)?,
                Selection::InlineFragment(inline) => {
                    self.set(&inline.node.selection_set.node, introspecting, level + 1)?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, introspecting, level)?
                }
            };
            part.selections = part.selections.saturating_add(1);
            part.height = part.height.saturating_add(1);
            total.add(part);
        }
        Ok(total)
    }

    fn within_nesting(&self, level: u64) -> Result<(), Refusal> {
        within("levels of nesting with its fragments", level, self.limits.max_nesting.saturating_mul(2))
    }

    fn fragment(&mut self, name: &'a str, introspecting: bool, level: u64) -> Result<Tally, Refusal> {
        // A fragment that does not exist is left to validation, which says so better.
        let Some(definition) = self.document.fragments.get(name) else {
            return Ok(Tally::default());
        };
        match self.fragments.insert((name, introspecting), Fragment::Open) {
            Some(Fragment::Open) => return Err(Refusal::FragmentCycle(name.to_owned())),
            Some(done @ Fragment::Done(tally)) => {
                self.fragments.insert((name, introspecting), done);
                // Computed when it stood less deep, perhaps: in which order fragments are computed must not matter.
                self.within_nesting(level.saturating_add(1).saturating_add(tally.height))?;
                return Ok(tally);
            }
            None => (),
        }
        let tally = self.set(&definition.node.selection_set.node, introspecting, level + 1)?;
        self.fragments.insert((name, introspecting), Fragment::Done(tally));
        Ok(tally)
    }

    fn field(&mut self, field: &'a Field, introspecting: bool, level: u64) -> Result<Tally, Refusal> {
        let name = field.name.node.as_str();
        let introspecting = introspecting || INTROSPECTION_ROOTS.contains(&name);
        let inner = self.set(&field.selection_set.node, introspecting, level + 1)?;
        let mut tally = Tally { selections: inner.selections, width: 1, height: inner.height, ..Tally::default() };
        if introspecting {
            let length = INTROSPECTION_LISTS.iter().find(|(list, _)| *list == name).map_or(1, |(_, length)| *length);
            tally.introspection = length.saturating_mul(inner.introspection).saturating_add(1);
            return Ok(tally);
        }
        let items = self.items(field, inner.is_connection);
        let cost = items.saturating_mul(inner.each).saturating_add(inner.once).saturating_add(1);
        let cost = cost.saturating_add(self.bookings(field).saturating_mul(items));
        if ONCE_PER_LIST.contains(&name) {
            tally.once = cost;
        } else {
            tally.each = cost;
        }
        tally.depth = inner.depth.saturating_add(1);
        tally.introspection = inner.introspection;
        tally.is_connection = ITEMS.contains(&name);
        Ok(tally)
    }

    /// What booking a ledger for the field, or computing it, counts, for each of its items.
    fn bookings(&self, field: &Field) -> u64 {
        let name = field.name.node.as_str();
        if let Some((_, cost)) = HEAVY.iter().find(|(heavy, _)| name == *heavy) {
            return *cost;
        }
        let asks = |at: usize, name: &Positioned<Name>| {
            ANOTHER_VIEW.contains(&name.node.as_str())
                && self.argument(field, at).is_some_and(|value| *value != Value::Null)
        };
        match PORTFOLIOS.contains(&name) && field.arguments.iter().enumerate().any(|(at, (name, _))| asks(at, name)) {
            true => BOOKED_AGAIN,
            false => 0,
        }
    }

    /// The value of a field's argument, by its place; nothing where that is a variable without one.
    fn argument(&self, field: &Field, at: usize) -> Option<Cow<'a, Value>> {
        let (_, value) = field.arguments.get(at)?;
        // The crate does not export the type of values that hold variables; this is the way to look into one. Variables
        // are not copied: theirs may be long.
        let mut variable = None;
        let written = value.node.clone().into_const_with(|name| {
            variable = Some(name);
            Ok::<_, Infallible>(Value::Null)
        });
        match (written, variable) {
            (Ok(Value::Null), Some(name)) => self.variable(&name).map(Cow::Borrowed),
            (Ok(value), _) => Some(Cow::Owned(value)),
        }
    }

    /// How many items the field returns at most, as far as its arguments say.
    fn items(&self, field: &Field, is_connection: bool) -> u64 {
        let mut items = None;
        for (at, (name, _)) in field.arguments.iter().enumerate() {
            let name = name.node.as_str();
            let is_size = SIZE_ARGUMENTS.contains(&name);
            if !is_size && name != IDS_ARGUMENT {
                continue;
            }
            let asked = match self.argument(field, at).as_deref() {
                Some(Value::Number(number)) if is_size => number.as_u64(),
                Some(Value::List(ids)) if !is_size => Some(ids.len() as u64),
                _ => None,
            };
            let assumed = if is_size { self.limits.default_page_size } else { 1 };
            items = items.max(Some(asked.unwrap_or(assumed)));
        }
        let listed =
            || ASSUMED.iter().find(|(list, _)| *list == field.name.node.as_str()).map_or(1, |(_, length)| *length);
        let assumed = if is_connection { self.limits.default_page_size } else { listed() };
        // An empty list is not free: the field that finds it empty still runs.
        items.unwrap_or(assumed).max(1)
    }

    fn variable(&self, name: &Name) -> Option<&'a Value> {
        self.variables.get(name).or_else(|| {
            let defined = self.operation.variable_definitions.iter().find(|defined| defined.node.name.node == *name)?;
            Some(&defined.node.default_value.as_ref()?.node)
        })
    }
}

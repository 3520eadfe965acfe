//! Who may import whom, as `docs/architecture.md` draws it, checked against every file of `src`.

use std::fs;
use std::path::{Path, PathBuf};

/// A part of `src` and the parts that it may name.
const IMPORTS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    (
        "cli",
        &[
            "audit",
            "auth",
            "clock",
            "config",
            "graphql",
            "http",
            "jobs",
            "local_postgres",
            "mail",
            "market_data",
            "queue",
            "services",
            "storage",
            "tenancy",
        ],
    ),
    ("http", &["auth", "graphql"]),
    ("graphql", &["audit", "auth", "clock", "queue", "services", "storage", "tenancy"]),
    ("jobs", &["queue", "services", "tenancy"]),
    ("services", &["audit", "auth", "clock", "mail", "market_data", "queue", "storage", "tenancy"]),
    ("market_data", &["clock", "config", "queue", "storage", "tenancy"]),
    ("queue", &["tenancy"]),
    ("audit", &["auth", "storage", "tenancy"]),
    ("storage", &["auth", "tenancy"]),
    ("tenancy", &["auth"]),
    ("auth", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("local_postgres", &[]),
    ("mail", &[]),
    ("lib", &[]),
];

/// A name and the parts of `src` that may speak it. A path ends in `.rs` where only that file may.
const NAMES: &[(&str, &[&str])] = &[
    ("async_graphql", &["graphql/", "http/"]),
    ("axum::", &["http/"]),
    ("hyper::", &["http/"]),
    ("tokio_rustls::", &["http/"]),
    ("sea_orm::", &["storage/", "tenancy/", "audit/", "queue/"]),
    ("entity::", &["storage/", "tenancy/", "audit/"]),
    ("migration::", &["tenancy/"]),
    // Beside the door, only what looks at a server of PostgreSQL before there is an installation on it.
    (
        "sqlx::",
        &[
            "tenancy/",
            "local_postgres/",
            "cli/database.rs",
            "cli/demo/server.rs",
            "cli/demo_secrets.rs",
            "cli/doctor/database.rs",
        ],
    ),
    ("reqwest::", &["market_data/providers/"]),
    ("lettre::", &["mail.rs"]),
    ("Utc::now", &["clock.rs"]),
    ("Local::now", &[]),
    ("SystemTime::now", &[]),
    ("now_v7", &["clock.rs"]),
    ("new_v4", &[]),
];

/// Ways to run a statement from text that was put together at run time.
const BUILT_STATEMENTS: &[&str] = &["AssertSqlSafe", "raw_sql(", "execute_unprepared("];
const BUILDS_STATEMENTS: &[&str] = &["tenancy/", "local_postgres/"];

struct Source {
    /// Below the directory that was searched, with slashes.
    path: String,
    /// Without comments and without the tests at its end.
    code: String,
}

impl Source {
    fn part(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_test(&self) -> bool {
        self.path.split('/').any(|name| matches!(name, "tests" | "tests.rs")) || self.path.ends_with("_tests.rs")
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || (place.ends_with('/') && self.path.starts_with(place)))
    }

    /// Every path that begins with `crate::`, those of a group one by one.
    fn imports(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            let before = self.code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let rest = &self.code[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(heads(group)),
                None => found.push(word(rest)),
            }
        }
        found
    }
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first word of each member of a group, up to the brace that closes it.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(word(group[start..at].trim()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn sources(directory: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut files = Vec::new();
    walk(&root, &mut files);
    assert!(!files.is_empty(), "{directory} holds sources");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source");
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        let path = path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
        Source { path, code: code.join("\n") }
    };
    files.into_iter().map(read).collect()
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[track_caller]
fn none(violations: &[String]) {
    assert!(violations.is_empty(), "{}\ndocs/architecture.md says who may import whom", violations.join("\n"));
}

#[test]
fn no_part_imports_what_stands_above_it() {
    let mut violations = Vec::new();
    for source in sources("src") {
        let part = source.part();
        let allowed = IMPORTS.iter().find(|(name, _)| *name == part).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("src/{part} is not in the table of tests/layering.rs"));
        for import in source.imports() {
            if import != part && !allowed.contains(&import.as_str()) && IMPORTS.iter().any(|(name, _)| *name == import)
            {
                violations.push(format!("src/{} names crate::{import}", source.path));
            }
        }
    }
    none(&violations);
}

#[test]
fn the_table_has_no_arrow_that_nobody_needs_and_no_circle() {
    let sources = sources("src");
    for (part, allowed) in IMPORTS {
        let used: Vec<String> =
            sources.iter().filter(|source| source.part() == *part).flat_map(Source::imports).collect();
        for import in *allowed {
            let needed = *part == "main" || used.iter().any(|name| name == import);
            assert!(needed, "{part} may import {import} and does not: take it out of the table");
            let below = IMPORTS.iter().find(|(name, _)| name == import).expect("a part").1;
            assert!(!below.contains(part), "{part} and {import} import each other");
        }
    }
}

#[test]
fn libraries_are_named_only_where_they_belong() {
    let mut violations = Vec::new();
    for source in sources("src").iter().filter(|source| !source.is_test()) {
        for (name, places) in NAMES {
            if source.code.contains(name) && !source.is_in(places) {
                violations.push(format!("src/{} names {name}", source.path));
            }
        }
    }
    none(&violations);
}

#[test]
fn statements_are_put_together_only_behind_the_door() {
    let mut violations = Vec::new();
    for source in sources("src").iter().filter(|source| !source.is_test() && !source.is_in(BUILDS_STATEMENTS)) {
        for name in BUILT_STATEMENTS {
            if source.code.contains(name) {
                violations.push(format!("src/{} runs a statement with {name}", source.path));
            }
        }
        for constructor in ["Statement::from_string(", "Statement::from_sql_and_values(", "Expr::cust("] {
            for (at, _) in source.code.match_indices(constructor) {
                let end = source.code[at..].find(';').map_or(source.code.len(), |end| at + end);
                if source.code[at..end].contains("format!") {
                    violations.push(format!("src/{} puts a statement together in {constructor}", source.path));
                }
            }
        }
    }
    none(&violations);
}

#[test]
fn the_domain_and_its_cases_are_pure_arithmetic() {
    let forbidden = [
        "tokio",
        "sea_orm",
        "sqlx",
        "async fn",
        "async move",
        ".await",
        "async_graphql",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "Instant::now",
        "Utc::now",
        "SystemTime",
        "rand::",
        "tracing",
        "println!",
        "unsafe ",
    ];
    let mut violations = Vec::new();
    for directory in ["domain/src", "cases/src"] {
        for source in sources(directory) {
            for name in forbidden {
                if source.code.contains(name) {
                    violations.push(format!("{directory}/{} names {name}", source.path));
                }
            }
        }
    }
    none(&violations);
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("domain/Cargo.toml")).expect("a manifest");
    let dependencies = manifest.split("[dependencies]").nth(1).expect("dependencies");
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    let names: Vec<&str> = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names, ["chrono", "foldhash", "rust_decimal", "statrs", "thiserror", "uuid"]);
}

#[test]
fn the_reader_of_this_test_finds_groups_and_nested_paths() {
    let code =
        "use crate::{\n    auth::{Actor, Role},\n    cli::open,\n};\nlet x = crate::storage::Page; $crate::http::x"
            .to_owned();
    let source = Source { path: "services/x.rs".to_owned(), code };
    assert_eq!(source.imports(), ["auth", "cli", "storage"]);
    assert_eq!(source.part(), "services");
}

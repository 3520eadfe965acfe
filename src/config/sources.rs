//! Reading the sources and merging them.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use figment::{Figment, providers::Serialized, value::Value};

use super::{Config, ConfigError, Origin, Provenance};

/// The file that is read when `--config` is not given and it is there.
pub const DEFAULT_FILE: &str = "portfolio.toml";

/// Stands for `database.url`, as it does elsewhere.
const DATABASE_URL: &str = "DATABASE_URL";

/// Ends the name of a variable that names a file with the secret, instead of holding it: others of the machine may see the environment
/// of a process more easily than a file.
const FILE_SUFFIX: &str = "_FILE";

/// What nobody but the owner and the group may have: the group reads at most.
const EXPOSED: u32 = 0o037;

/// The keys whose values are secrets, or hold one.
const SECRETS: [&str; 4] = ["auth.secret", "database.url", "database.api_url", "mail.smtp_password"];

/// Two underscores end the prefix, since Kubernetes sets `PORTFOLIO_PORT` and the like by itself for a
/// service named `portfolio`.
const PREFIX: &str = "PORTFOLIO__";

/// A value given on the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As typed, such as `--listen`.
    pub name: &'static str,
    /// The key it sets, such as `http.listen`.
    pub key: &'static str,
    /// The value.
    pub value: String,
}

/// Everything a configuration is made from; tests build it by hand, so that loading reads no globals.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// Where [`DEFAULT_FILE`] is looked for.
    pub working_dir: PathBuf,
    /// The environment variables.
    pub environment: Vec<(OsString, OsString)>,
    /// The flags that were given.
    pub flags: Vec<Flag>,
}

impl Sources {
    /// The environment and the working directory of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads settings from the environment")]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        Self { file, working_dir: PathBuf::new(), environment: std::env::vars_os().collect(), flags }
    }
}

/// One value with its key and where it came from.
struct Setting {
    key: String,
    value: Value,
    origin: Origin,
}

pub(super) fn merge(sources: &Sources) -> Result<(Config, Provenance), ConfigError> {
    let defaults = Value::serialize(Config::default()).map_err(|error| ConfigError::Merge(error.to_string()))?;
    let mut settings = from_file(sources)?;
    settings.extend(from_environment(sources, &defaults)?);
    settings.extend(sources.flags.iter().map(|flag| Setting {
        key: flag.key.to_owned(),
        value: Value::from(flag.value.as_str()),
        origin: Origin::Flag(flag.name),
    }));
    refuse_unknown(&settings, &defaults)?;

    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    let mut provenance = Provenance::default();
    for Setting { key, value, origin } in settings {
        figment = figment.merge(Serialized::default(&key, value));
        provenance.record(&key, origin);
    }
    match figment.extract() {
        Ok(config) => Ok((config, provenance)),
        Err(error) => Err(ConfigError::WrongValue {
            place: provenance.describe(&error.path.join(".")),
            message: error.kind.to_string(),
        }),
    }
}

/// The file's values, flattened to dotted keys.
fn from_file(sources: &Sources) -> Result<Vec<Setting>, ConfigError> {
    let path = match &sources.file {
        Some(path) => path.clone(),
        None => sources.working_dir.join(DEFAULT_FILE),
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match sources.file {
                Some(_) => Err(ConfigError::FileMissing(path)),
                None => Ok(Vec::new()),
            };
        }
        Err(source) => return Err(ConfigError::FileUnreadable { path, source }),
    };
    let table = parse(&path, &text)?;
    let value = Value::serialize(table).map_err(|error| ConfigError::Merge(error.to_string()))?;
    let mut leaves = Vec::new();
    flatten("", value, &mut leaves);
    let origin = Origin::File(path);
    Ok(leaves.into_iter().map(|(key, value)| Setting { key, value, origin: origin.clone() }).collect())
}

/// Parses with `toml` itself, since figment's error would print the line, which may hold a secret.
fn parse(path: &Path, text: &str) -> Result<toml::Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        ConfigError::FileSyntax {
            path: path.to_owned(),
            line: text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1,
            message: error.message().to_owned(),
        }
    })
}

fn flatten(prefix: &str, value: Value, leaves: &mut Vec<(String, Value)>) {
    let join = |key: String| {
        if prefix.is_empty() { key } else { format!("{prefix}.{key}") }
    };
    match value {
        Value::Dict(_, dict) => {
            for (key, value) in dict {
                flatten(&join(key), value, leaves);
            }
        }
        leaf => leaves.push((prefix.to_owned(), leaf)),
    }
}

/// The variables that are ours. An empty one counts as not set, as `${VAR:-}` in a compose file makes it.
fn from_environment(sources: &Sources, defaults: &Value) -> Result<Vec<Setting>, ConfigError> {
    let mut settings = Vec::new();
    for (name, value) in &sources.environment {
        let name = name.to_string_lossy();
        let Some(key) = key_of(&name) else { continue };
        let value = value.to_str().ok_or_else(|| ConfigError::NotUnicode(name.to_string()))?;
        if value.is_empty() {
            continue;
        }
        if let Some((plain, key)) = name.strip_suffix(FILE_SUFFIX).and_then(|plain| Some((plain, key_of(plain)?)))
            && is_secret(&key)
        {
            if sources.environment.iter().any(|(other, value)| other == plain && !value.is_empty()) {
                return Err(ConfigError::SecretTwice(plain.to_owned()));
            }
            let path = PathBuf::from(value);
            let value = Value::from(secret_in(&name, &path)?);
            let is_general = plain == DATABASE_URL;
            let setting = Setting { key, value, origin: Origin::SecretFile(path) };
            // The exact name is the more deliberate one, so it comes last and wins over DATABASE_URL.
            settings.insert(if is_general { 0 } else { settings.len() }, setting);
        } else {
            let value = typed(value, defaults.find_ref(&key));
            settings.push(Setting { key, value, origin: Origin::Environment(name.into_owned()) });
        }
    }
    // The exact name is the more deliberate one, so it comes last and wins over DATABASE_URL.
    settings.sort_by_key(|setting| setting.origin != Origin::Environment(DATABASE_URL.to_owned()));
    Ok(settings)
}

/// The key that a variable sets, if it is ours.
fn key_of(variable: &str) -> Option<String> {
    match variable.strip_prefix(PREFIX) {
        Some(path) => Some(path.to_ascii_lowercase().replace("__", ".")),
        None if variable == DATABASE_URL => Some("database.url".to_owned()),
        None => {
            let plain = variable.strip_suffix(FILE_SUFFIX)?;
            (plain == DATABASE_URL).then(|| "database.url_file".to_owned())
        }
    }
}

fn is_secret(key: &str) -> bool {
    let of_provider = || {
        let name = key.strip_prefix("market_data.")?;
        Some(name.starts_with("keys.") || name.ends_with(".key"))
    };
    SECRETS.contains(&key) || of_provider() == Some(true)
}

/// The secret in a file, without the line's end that editors put there.
///
/// # Errors
/// A file that cannot be read, or that more people may read than should.
pub fn secret_in(variable: &str, path: &Path) -> Result<String, ConfigError> {
    let unreadable =
        |source| ConfigError::SecretUnreadable { variable: variable.to_owned(), path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o777;
    if mode & EXPOSED != 0 {
        return Err(ConfigError::SecretExposed { variable: variable.to_owned(), path: path.to_owned(), mode });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// Reads a variable as what its key holds: a secret of digits only must stay text, and commas part the items of a list.
fn typed(text: &str, default: Option<&Value>) -> Value {
    match default {
        Some(Value::Num(..)) => {
            text.trim().replace('_', "").parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
        }
        Some(Value::Bool(..)) => text.trim().parse::<bool>().map_or_else(|_| Value::from(text), Value::from),
        Some(Value::Array(..)) => {
            Value::from(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>())
        }
        _ => Value::from(text),
    }
}

/// Refuses keys that no section has, naming source and closest key; all of them at once.
fn refuse_unknown(settings: &[Setting], defaults: &Value) -> Result<(), ConfigError> {
    let mut leaves = Vec::new();
    flatten("", defaults.clone(), &mut leaves);
    let known: Vec<_> = leaves.into_iter().map(|(key, _)| key).collect();
    let keys: Vec<_> = settings
        .iter()
        .filter(|setting| {
            !known.contains(&setting.key) && !is_section(setting, defaults) && !is_named(setting, defaults)
        })
        .map(|setting| {
            let hint =
                closest(&setting.key, &known).map_or_else(String::new, |key| format!(", perhaps {key} is meant"));
            format!("{} ({}) is not a setting{hint}; `config show` lists all", setting.key, setting.origin)
        })
        .collect();
    if keys.is_empty() { Ok(()) } else { Err(ConfigError::UnknownKeys { keys }) }
}

/// `http = 5` is a value of the wrong kind rather than an unknown key: the typed error says it better.
fn is_section(setting: &Setting, defaults: &Value) -> bool {
    matches!(defaults.find_ref(&setting.key), Some(Value::Dict(..)))
}

/// A section without a key of its own takes any: its keys are names that the operator chose.
fn is_named(setting: &Setting, defaults: &Value) -> bool {
    let parent = setting.key.rsplit_once('.').and_then(|(parent, _)| defaults.find_ref(parent));
    matches!(parent, Some(Value::Dict(_, dict)) if dict.is_empty())
}

/// The key with the same last part, or the smallest edit distance when that is small.
fn closest<'a>(key: &str, known: &'a [String]) -> Option<&'a String> {
    let last = key.rsplit('.').next().unwrap_or(key);
    let same_name = known.iter().find(|candidate| candidate.rsplit('.').next() == Some(last));
    same_name.or_else(|| {
        known
            .iter()
            .map(|candidate| (distance(key, candidate), candidate))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= 3)
            .map(|(_, candidate)| candidate)
    })
}

/// Levenshtein's edit distance, one row at a time.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        for (b, cell) in right.chars().zip(row.iter_mut().skip(1)) {
            let substituted = diagonal + usize::from(a != b);
            diagonal = *cell;
            *cell = substituted.min(previous + 1).min(*cell + 1);
            previous = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

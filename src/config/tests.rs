use std::{ffi::OsString, fs};

use secrecy::ExposeSecret;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn load(file: &str, pairs: &[(&str, &str)], flags: Vec<Flag>) -> Result<(Config, Provenance), String> {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join(DEFAULT_FILE), file).expect("written");
    let sources = Sources { file: None, working_dir: dir.path().to_owned(), environment: environment(pairs), flags };
    Config::load(&sources).map_err(|error| error.to_string())
}

fn refusal(file: &str, pairs: &[(&str, &str)]) -> String {
    load(file, pairs, Vec::new()).expect_err("refused")
}

fn listen(value: &str) -> Vec<Flag> {
    vec![Flag { name: "--listen", key: "http.listen", value: value.to_owned() }]
}

#[test]
fn defaults_stand_alone() {
    let (config, provenance) = load("", &[], Vec::new()).expect("defaults");
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.profile, Profile::Production);
    assert_eq!(provenance.origin("http.listen"), &Origin::Default);
}

#[test]
fn file_then_environment_then_flag() {
    let file = "[http]\nlisten = \"127.0.0.1:1\"\nbody_limit_bytes = 4096\nrequest_timeout_ms = 2000\n";
    let pairs = [("PORTFOLIO__HTTP__LISTEN", "127.0.0.1:2"), ("PORTFOLIO__HTTP__REQUEST_TIMEOUT_MS", "3000")];
    let (config, provenance) = load(file, &pairs, listen("127.0.0.1:3")).expect("valid");
    assert_eq!(config.http.listen.port(), 3);
    assert_eq!(config.http.request_timeout_ms, 3000);
    assert_eq!(config.http.body_limit_bytes, 4096);
    assert_eq!(config.http.import_limit_bytes, HttpConfig::default().import_limit_bytes);
    assert_eq!(provenance.origin("http.listen"), &Origin::Flag("--listen"));
    assert!(matches!(provenance.origin("http.body_limit_bytes"), Origin::File(_)));
    assert_eq!(
        provenance.origin("http.request_timeout_ms").to_string(),
        "environment variable PORTFOLIO__HTTP__REQUEST_TIMEOUT_MS"
    );
}

#[test]
fn the_exact_variable_wins_over_database_url() {
    let pairs = [("PORTFOLIO__DATABASE__URL", "postgres://a@b/exact"), ("DATABASE_URL", "postgres://a@b/other")];
    let (config, _) = load("", &pairs, Vec::new()).expect("valid");
    assert_eq!(config.database.url.expect("set").database(), "exact");
    let (config, _) = load("", &pairs[1..], Vec::new()).expect("valid");
    assert_eq!(config.database.url.expect("set").database(), "other");
}

#[test]
fn a_secret_of_digits_stays_text_and_an_empty_variable_counts_as_unset() {
    let digits = "01234567890123456789012345678901";
    let pairs = [("PORTFOLIO__AUTH__SECRET", digits), ("DATABASE_URL", "")];
    let (config, _) = load("", &pairs, Vec::new()).expect("valid");
    assert_eq!(config.auth.secret.as_ref().expect("set").expose_secret(), digits);
    assert!(config.database.url.is_none());
    assert!(!format!("{config:?}").contains(digits));
}

#[test]
fn an_unknown_key_names_its_source_and_the_closest_key() {
    let message = refusal("[http]\nlissen = \"x\"\n[auth]\nmax_depth = 3\n", &[("PORTFOLIO__HTPP__LISTEN", "x")]);
    assert!(message.contains("http.lissen (file "), "{message}");
    assert!(message.contains("perhaps http.listen is meant"), "{message}");
    assert!(message.contains("auth.max_depth (file "), "{message}");
    assert!(message.contains("perhaps graphql.max_depth is meant"), "{message}");
    assert!(message.contains("htpp.listen (environment variable PORTFOLIO__HTPP__LISTEN)"), "{message}");
}

#[test]
fn a_wrong_value_names_its_key_and_source() {
    let message = refusal("[graphql]\nmax_depth = \"deep\"\n", &[]);
    assert!(message.contains("graphql.max_depth (file ") && message.contains("deep"), "{message}");
    let message = refusal("", &[("PORTFOLIO__HTTP__LISTEN", "8080")]);
    assert!(message.contains("http.listen (environment variable PORTFOLIO__HTTP__LISTEN)"), "{message}");
    assert!(message.contains("127.0.0.1:8080"), "{message}");
    let message = refusal("", &[("PORTFOLIO__PROFILE", "staging")]);
    assert!(message.contains("profile (environment variable PORTFOLIO__PROFILE)"), "{message}");
    let message = refusal("http = 5", &[]);
    assert!(message.contains("http (file "), "{message}");
    let message = refusal("", &[("PORTFOLIO__LOG__LEVEL", "a=b=c")]);
    assert!(message.contains("log.level (environment variable PORTFOLIO__LOG__LEVEL)"), "{message}");
}

#[test]
fn values_out_of_range_are_listed_together() {
    let message = refusal("[graphql]\nmax_depth = 0\nmax_batch = 0\n", &[]);
    assert!(message.contains("graphql.max_depth") && message.contains("graphql.max_batch"), "{message}");
}

#[test]
fn no_error_repeats_a_secret() {
    for (file, pairs) in [
        ("[auth]\nsecret = 987654321\n", &[][..]),
        ("[auth]\nsecret = \"987654321\n", &[]),
        ("[auth]\nsecret = \"987654321\"\n", &[]),
        ("", &[("DATABASE_URL", "oracle://a:987654321@b/c")]),
    ] {
        let message = refusal(file, pairs);
        assert!(!message.contains("987654321"), "{message}");
    }
}

#[test]
fn a_named_file_has_to_exist() {
    let sources = Sources { file: Some("/nowhere/at/all.toml".into()), ..Sources::default() };
    let message = Config::load(&sources).expect_err("refused").to_string();
    assert!(message.contains("/nowhere/at/all.toml"), "{message}");
}

#[test]
fn production_lists_everything_at_once() {
    let (config, provenance) = load("profile = \"demo\"", &[], Vec::new()).expect("valid");
    assert!(matches!(provenance.origin("auth.secret"), Origin::Derived(_)));
    let Violations(rules) = config.validate_production().expect_err("not fit");
    for part in ["profile", "database.api_url", "demo constant"] {
        assert!(rules.iter().any(|rule| rule.contains(part)), "{rules:?}");
    }
}

#[test]
fn production_accepts_two_logins_and_a_random_secret() {
    let mut pairs = vec![
        ("DATABASE_URL", "postgres://owner:x@b/c?sslmode=verify-full"),
        ("PORTFOLIO__DATABASE__API_URL", "postgres://api:x@b/c?sslmode=verify-full"),
        ("PORTFOLIO__AUTH__SECRET", "pV8x3ySgWq0ZbXkR2nUoTf6LmJd9CwAe"),
    ];
    let (config, _) = load("", &pairs, Vec::new()).expect("valid");
    assert_eq!(config.validate_production(), Ok(()));
    pairs[1].1 = "postgres://owner:x@b/c?sslmode=verify-full";
    let (config, _) = load("", &pairs, Vec::new()).expect("valid");
    assert_eq!(config.validate_production().expect_err("one login").0.len(), 1);
}

#[test]
fn what_was_staged_is_kept_for_as_many_days_as_are_set() {
    let (config, _) = load("", &[], Vec::new()).expect("defaults");
    assert_eq!(config.market_data.keep_staged().as_secs(), 30 * 86_400);
    let (config, _) = load("[market_data]\nkeep_staged_days = 7\n", &[], Vec::new()).expect("valid");
    assert_eq!(config.market_data.keep_staged().as_secs(), 7 * 86_400);
    let message = refusal("", &[("PORTFOLIO__MARKET_DATA__KEEP_STAGED_DAYS", "0")]);
    assert!(message.contains("market_data.keep_staged_days") && message.contains("3650"), "{message}");
}

#[test]
fn production_wants_every_way_encrypted() {
    let pairs = [
        ("DATABASE_URL", "postgres://owner:x@b/c"),
        ("PORTFOLIO__DATABASE__API_URL", "postgres://api:x@b/c?sslmode=require"),
        ("PORTFOLIO__AUTH__SECRET", "pV8x3ySgWq0ZbXkR2nUoTf6LmJd9CwAe"),
        ("PORTFOLIO__HTTP__LISTEN", "0.0.0.0:443"),
        ("PORTFOLIO__HTTP__ALLOWED_ORIGINS", "http://app.example.com"),
    ];
    let (config, _) = load("", &pairs, Vec::new()).expect("valid");
    let Violations(rules) = config.validate_production().expect_err("not fit");
    for part in ["database.url does", "database.api_url does", "http.listen is", "http.allowed_origins has"] {
        assert!(rules.iter().any(|rule| rule.starts_with(part)), "{part}: {rules:?}");
    }
    assert_eq!(rules.len(), 4, "{rules:?}");
    let file = "[http]\nlisten = \"0.0.0.0:443\"\n";
    let proxied = format!("{file}trusted_proxies = [\"10.0.0.0/8\"]\n");
    let secured = format!("{file}[http.tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\nminimum = \"1.3\"\n");
    for fit in [proxied, secured] {
        assert!(load(&fit, &[], Vec::new()).expect("valid").0.http.is_encrypted(), "{fit}");
    }
}

#[test]
fn lists_are_parted_by_commas_and_origins_are_origins() {
    let pairs = [
        ("PORTFOLIO__HTTP__ALLOWED_ORIGINS", "https://a.example, http://b.example:8080"),
        ("PORTFOLIO__HTTP__TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8"),
    ];
    let (config, _) = load("", &pairs, Vec::new()).expect("valid");
    assert_eq!(config.http.allowed_origins, ["https://a.example", "http://b.example:8080"]);
    assert_eq!(config.http.trusted_proxies.len(), 2);
    for wrong in
        ["*", "https://*.example", "a.example", "https://a.example/", "https://a.example:443", "ftp://a.example"]
    {
        let message = refusal("", &[("PORTFOLIO__HTTP__ALLOWED_ORIGINS", wrong)]);
        assert!(message.contains("http.allowed_origins (environment") && message.contains(wrong), "{message}");
    }
    let half = refusal("[http.tls]\ncertificate = \"c.pem\"\n", &[]);
    assert!(half.contains("http.tls.key"), "{half}");
}

#[test]
fn who_may_see_the_schema_follows_the_profile_unless_it_is_said() {
    let of = |file: &str| load(file, &[], Vec::new()).expect("valid").0.graphql.introspection;
    assert_eq!(of(""), Some(IntrospectionName::Permitted));
    assert_eq!(of("profile = \"demo\""), Some(IntrospectionName::Everyone));
    assert_eq!(of("[graphql]\nintrospection = \"nobody\""), Some(IntrospectionName::Nobody));
    assert!(refusal("[graphql]\ndocuments = \"require\"", &[]).contains("graphql.documents_file"));
}

#[test]
fn a_secret_may_be_in_a_file_that_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str, mode: u32| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("closed");
        path.to_str().expect("UTF-8").to_owned()
    };
    let secret = "pV8x3ySgWq0ZbXkR2nUoTf6LmJd9CwAe";
    let kept = file("secret", &format!("{secret}\n"), 0o640);
    let url = file("url", "postgres://owner:x@b/general", 0o600);
    let exact = file("exact", "postgres://owner:x@b/exact", 0o600);
    let key = file("key", "abc\r\n", 0o400);
    let pairs = [
        ("PORTFOLIO__AUTH__SECRET_FILE", kept.as_str()),
        ("PORTFOLIO__DATABASE__URL_FILE", &exact),
        ("DATABASE_URL_FILE", &url),
        ("PORTFOLIO__MARKET_DATA__TIINGO__KEY_FILE", &key),
    ];
    let (config, provenance) = load("", &pairs, Vec::new()).expect("valid");
    assert_eq!(config.auth.secret.as_ref().expect("set").expose_secret(), secret);
    assert_eq!(config.database.url.as_ref().expect("set").database(), "exact", "the exact name wins");
    assert_eq!(config.market_data.tiingo.key.as_ref().expect("set").expose_secret(), "abc");
    assert_eq!(provenance.origin("auth.secret"), &Origin::SecretFile(kept.clone().into()));
    let (config, _) = load("", &pairs[2..3], Vec::new()).expect("valid");
    assert_eq!(config.database.url.expect("set").database(), "general");

    let open = file("open", secret, 0o644);
    for (pairs, part) in [
        (vec![("PORTFOLIO__AUTH__SECRET_FILE", open.as_str())], "mode 644"),
        (vec![("PORTFOLIO__AUTH__SECRET_FILE", "/nowhere/at/all")], "/nowhere/at/all"),
        (vec![pairs[0], ("PORTFOLIO__AUTH__SECRET", secret)], "both set"),
        (vec![pairs[2], ("DATABASE_URL", "postgres://a@b/c")], "both set"),
        (vec![("PORTFOLIO__HTTP__LISTEN_FILE", kept.as_str())], "http.listen_file"),
    ] {
        let message = refusal("", &pairs);
        assert!(message.contains(part) && !message.contains(secret), "{message}");
    }
}

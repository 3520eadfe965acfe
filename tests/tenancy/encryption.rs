//! TLS to PostgreSQL: a server is believed by its own authority and under its own name, and by no other.

use std::path::Path;
use std::time::Duration;

use portfolio_analyzer::config::{Config, Sources};
use portfolio_analyzer::local_postgres::{Durability, LocalPostgres, Login, SqlName};
use portfolio_analyzer::tenancy::{Administration, DatabaseSettings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A certificate authority, and a server's certificate of it with its key.
fn authority(host: &str) -> (String, String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let root = params.self_signed(&key).expect("an authority").pem();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().expect("a key");
    let served = CertificateParams::new([host.to_owned()]).expect("a name").signed_by(&own, &issuer);
    (root, served.expect("a certificate").pem(), own.serialize_pem())
}

/// Lets the server itself write a file beside its data, since the key has to be its own.
async fn write(connection: &mut PgConnection, name: &str, text: &str) {
    let statement = format!(
        "COPY (SELECT unnest(string_to_array(trim(E'\\n' FROM '{text}'), E'\\n'))) TO PROGRAM 'umask 077; cat > {name}'"
    );
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.expect("a file");
}

/// Whether a login reaches the server as the configuration has it.
async fn reaches(login: &Login, host: &str, parameters: &str, root: Option<&Path>) -> bool {
    let password = login.password.expose_secret();
    let Login { port, user, database, .. } = login;
    let mut environment = vec![(
        "DATABASE_URL".into(),
        format!("postgres://{user}:{password}@{host}:{port}/{database}?{parameters}").into(),
    )];
    environment.extend(root.map(|root| ("PORTFOLIO__DATABASE__ROOT_CERTIFICATE".into(), root.into())));
    let sources = Sources { environment, working_dir: "/nowhere".into(), ..Sources::default() };
    let (config, _) = Config::load(&sources).expect("a configuration");
    let settings = DatabaseSettings {
        url: config.database.url.expect("set").expose().into(),
        max_connections: 1,
        acquire_timeout: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(5),
    };
    match Administration::connect(&settings, &settings).await {
        Ok(administration) => {
            administration.close().await;
            true
        }
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_server_is_believed_by_its_authority_and_name_alone() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let postgres = LocalPostgres::ephemeral(Durability::Volatile).await.expect("a PostgreSQL server");
    let login = postgres.superuser(&SqlName::new("postgres").expect("a name"));
    let directory = tempfile::tempdir().expect("a directory");
    let (root, certificate, key) = authority("localhost");
    let (other_root, ..) = authority("localhost");
    let (right, wrong) = (directory.path().join("right.pem"), directory.path().join("wrong.pem"));
    std::fs::write(&right, root).expect("written");
    std::fs::write(&wrong, other_root).expect("written");
    let safe = "sslmode=verify-full";
    assert!(reaches(&login, "localhost", "sslmode=disable", None).await);
    assert!(!reaches(&login, "localhost", safe, Some(&right)).await, "it does not speak TLS yet");

    let mut connection = PgConnection::connect_with(&login.connect_options()).await.expect("a connection");
    write(&mut connection, "tls.crt", &certificate).await;
    write(&mut connection, "tls.key", &key).await;
    for statement in [
        "ALTER SYSTEM SET ssl_cert_file = 'tls.crt'",
        "ALTER SYSTEM SET ssl_key_file = 'tls.key'",
        "ALTER SYSTEM SET ssl = on",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("a statement");
    }
    connection.close().await.expect("a clean end");
    let speaks = async {
        while !reaches(&login, "localhost", safe, Some(&right)).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), speaks).await.expect("the right authority and name are believed");
    assert!(!reaches(&login, "localhost", safe, Some(&wrong)).await, "another authority");
    assert!(!reaches(&login, "localhost", safe, None).await, "the public authorities");
    assert!(!reaches(&login, "127.0.0.1", safe, Some(&right)).await, "another name");
    assert!(reaches(&login, "127.0.0.1", "sslmode=verify-ca", Some(&right)).await, "which production refuses");
    postgres.stop().await.expect("a clean end");
}

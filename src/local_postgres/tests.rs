//! These start real servers; everything that needs none is tested beside its code.

use std::{path::Path, process::Stdio};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::*;

async fn run(login: &Login, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(&login.connect_options()).await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
    connection.close().await
}

async fn flag(login: &Login, sql: &'static str) -> bool {
    let mut connection = PgConnection::connect_with(&login.connect_options()).await.expect("connects");
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("answers")
}

async fn volatile(data_dir: &Path) -> LocalPostgres {
    let options = StartOptions { durability: Durability::Volatile, ..StartOptions::new(data_dir) };
    LocalPostgres::start(options, |_| {}).await.expect("starts")
}

fn pid(value: u32) -> Pid {
    Pid::from_raw(value.try_into().expect("a process number"))
}

fn name(text: &str) -> SqlName {
    SqlName::new(text).expect("a name")
}

/// A place that the server's user can enter even when `TMPDIR` is closed to it.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a directory");
    Account::for_server().expect("an account").give(place.path()).expect("given");
    place
}

#[tokio::test]
async fn a_server_keeps_its_data_and_its_port_over_stops_and_kills() {
    let place = place();
    let data_dir = place.path().join("data with space");
    let server = volatile(&data_dir).await;
    let port = server.port();
    let refused = LocalPostgres::start(StartOptions::new(&data_dir), |_| {}).await.expect_err("in use");
    assert!(matches!(refused, LocalPostgresError::InUse { pid: Some(_), .. }), "{refused}");

    let owner = server.ensure_owner(&name("app_owner"), &name("app")).await.expect("made");
    run(&owner, "CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (7)").await.expect("made");
    server.stop().await.expect("stops");

    // A supervisor that is killed leaves the postmaster to its watcher, whose pipe is still open here.
    let server = volatile(&data_dir).await;
    assert_eq!(server.port(), port);
    let again = server.ensure_owner(&name("app_owner"), &name("app")).await.expect("still there");
    assert_eq!(again.password.expose_secret(), owner.password.expose_secret());
    assert!(flag(&again, "SELECT EXISTS (SELECT FROM kept WHERE id = 7)").await);
    kill(pid(server.supervisor.pid()), Signal::SIGKILL).expect("killed");
    drop(server);

    // Everything is killed: the pid file stays, and so does the shared memory for a moment.
    let server = volatile(&data_dir).await;
    killpg(pid(server.supervisor.pid()), Signal::SIGKILL).expect("killed");
    drop(server);
    let server = volatile(&data_dir).await;
    assert!(
        flag(&Login { port: server.port(), ..owner.clone() }, "SELECT EXISTS (SELECT FROM kept WHERE id = 7)").await
    );
    server.stop().await.expect("stops");
    assert!(!data_dir.join("cluster/postmaster.pid").exists());
}

#[tokio::test]
async fn a_left_over_server_that_nobody_watches_is_stopped_first() {
    let place = place();
    let server = volatile(place.path()).await;
    let (programs, port) = (server.programs.clone(), server.port());
    server.stop().await.expect("stops");

    let data_dir = place.path().canonicalize().expect("there");
    let cluster = data_dir.join("cluster");
    let options = StartOptions { durability: Durability::Volatile, ..StartOptions::new(&data_dir) };
    let command = cluster::server(&programs, &cluster, port, &options);
    let mut left_over = Account::for_server()
        .expect("an account")
        .command(programs.postgres())
        .args(command.get_args())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    while !cluster.join("postmaster.pid").exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let seen = std::sync::Mutex::new(Vec::new());
    let note = |progress: &Progress| seen.lock().expect("unpoisoned").push(progress.clone());
    let server = LocalPostgres::start(options, note).await.expect("starts");
    let status = left_over.wait().expect("ended");
    assert!(status.success(), "it was asked to stop, not killed: {status}");
    let pid = left_over.id().try_into().expect("a process number");
    assert!(seen.lock().expect("unpoisoned").contains(&Progress::StoppingLeftOver { pid }));
    server.stop().await.expect("stops");
}

#[tokio::test]
async fn an_ephemeral_server_vanishes_when_its_pipe_closes() {
    let server = LocalPostgres::ephemeral(Durability::Volatile).await.expect("starts");
    let directory = server.log.path.parent().expect("a directory").to_owned();
    let owner = server.ensure_owner(&name("app_owner"), &name("app")).await.expect("made");
    let sql = "SELECT rolcreaterole AND rolcanlogin AND NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolreplication)
               AND (SELECT datdba = r.oid FROM pg_database WHERE datname = current_database())
               FROM pg_roles r WHERE rolname = current_user";
    assert!(flag(&owner, sql).await);
    run(&owner, "CREATE ROLE t_1; CREATE SCHEMA s").await.expect("allowed");
    let wrong = Login { password: "wrong".to_owned().into(), ..owner.clone() };
    run(&wrong, "SELECT 1").await.expect_err("a wrong password is refused");
    assert!(directory.exists());
    drop(server);
    for _ in 0..500 {
        if !directory.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} is still there", directory.display());
}

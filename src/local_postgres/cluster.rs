//! Makes a cluster, and says how the server on it is started.

use std::{fs, path::Path, process::Command};

use secrecy::ExposeSecret;

use super::{
    Durability, LocalPostgresError, StartOptions,
    account::{Account, spawn_error},
    directory::{DataDirectory, last_lines, write_private},
    programs::Programs,
    secrets::Passwords,
};

/// The name of the superuser; distinct from any name the application uses.
pub(super) const SUPERUSER: &str = "pa_superuser";

/// From here on PostgreSQL brings its own UTF-8 locale, which sorts alike on every system.
const FIRST_WITH_BUILTIN_LOCALE: u32 = 17;

/// Runs `initdb`. The cluster gets its name only when it is complete.
pub(super) async fn initialise(
    directory: &DataDirectory,
    programs: &Programs,
    account: &Account,
    passwords: &mut Passwords,
    durability: Durability,
) -> Result<(), LocalPostgresError> {
    let unfinished = directory.unfinished_cluster();
    fs::create_dir(&unfinished).map_err(LocalPostgresError::file("create the directory", &unfinished))?;
    account.give(&unfinished)?;

    let password_file = directory.password_file();
    write_private(&password_file, passwords.existing_or_new(SUPERUSER)?.expose_secret())?;
    account.give(&password_file)?;
    let command = initdb(programs, account, &unfinished, &password_file, durability);
    let mut command = tokio::process::Command::from(command);
    let output = command.kill_on_drop(true).output().await;
    fs::remove_file(&password_file).map_err(LocalPostgresError::file("remove", &password_file))?;

    let output = output.map_err(spawn_error(programs.initdb()))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        return Err(LocalPostgresError::Initdb { output: last_lines(&String::from_utf8_lossy(&text), 20) });
    }
    let cluster = directory.cluster();
    fs::rename(&unfinished, &cluster).map_err(LocalPostgresError::file("create", cluster))
}

fn initdb(
    programs: &Programs,
    account: &Account,
    path: &Path,
    password_file: &Path,
    durability: Durability,
) -> Command {
    let mut command = account.command(programs.initdb());
    command.arg("--pgdata").arg(path).arg("--pwfile").arg(password_file);
    command.arg(format!("--username={SUPERUSER}"));
    command.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]);
    if programs.version.major >= FIRST_WITH_BUILTIN_LOCALE {
        command.args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
    }
    command.arg(match durability {
        Durability::Durable => "--data-checksums",
        Durability::Volatile => "--no-sync",
    });
    command
}

/// The server's command line. Everything that matters is on it, so that no file has to be edited.
pub(super) fn server(programs: &Programs, cluster: &Path, port: u16, options: &StartOptions) -> Command {
    let mut command = Command::new(programs.postgres());
    command.arg("-D").arg(cluster);
    let mut settings = vec![
        // Only this machine can connect, and only by TCP: a socket directory would need yet another place.
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("unix_socket_directories", String::new()),
        ("port", port.to_string()),
        ("max_connections", options.max_connections.to_string()),
        ("shared_buffers", format!("{}MB", options.shared_buffers_mb)),
        ("password_encryption", "scram-sha-256".to_owned()),
        ("logging_collector", "off".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        ("cluster_name", "portfolio-analyzer".to_owned()),
    ];
    if options.durability == Durability::Volatile {
        settings.extend(["fsync", "full_page_writes", "synchronous_commit"].map(|name| (name, "off".to_owned())));
    }
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    for (name, value) in &options.settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command
}

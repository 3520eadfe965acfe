//! What is installed on this machine.

use std::{fs, io, net::TcpListener, path::Path, process::Command};

use super::Finding;
use crate::{
    cli::Globals,
    config::HttpConfig,
    local_postgres::{Account, Programs},
};

/// The oldest Node that builds the playground.
const MINIMUM_NODE: u32 = 20;

/// What is there whatever the configuration says.
pub(super) fn findings(globals: &Globals) -> Vec<Finding> {
    vec![programs(), server_user(), data_dir(&globals.data_dir), node(), npm()]
}

/// What the configuration points to.
pub(super) fn configured(http: &HttpConfig) -> Vec<Finding> {
    vec![playground(&http.playground_dir), port(http)]
}

fn programs() -> Finding {
    const SUBJECT: &str = "PostgreSQL";
    match Programs::find() {
        Ok(found) => Finding::ok(SUBJECT, format!("{} in {}", found.version, found.directory.display())),
        Err(error) => Finding::fail(SUBJECT, error.to_string()),
    }
}

fn server_user() -> Finding {
    const SUBJECT: &str = "PostgreSQL's user";
    match Account::for_server().as_ref().map(Account::switched_to) {
        Ok(None) => Finding::ok(SUBJECT, "the private server runs as the current user"),
        Ok(Some(user)) => Finding::ok(SUBJECT, format!("this is root; the private server runs as `{user}`")),
        Err(error) => Finding::fail(SUBJECT, error.to_string()),
    }
}

fn data_dir(directory: &Path) -> Finding {
    const SUBJECT: &str = "data directory";
    let shown = directory.display();
    if let Err(error) = Account::for_server().and_then(|account| account.check_reach(directory)) {
        return Finding::fail(SUBJECT, error.to_string());
    }
    match writable(directory) {
        Ok(()) => Finding::ok(SUBJECT, format!("{shown} can be written")),
        Err(error) => {
            Finding::fail(SUBJECT, format!("{shown} cannot be written ({error}); choose another with --data-dir"))
        }
    }
}

/// Tries it where the directory is or would be made; modes alone do not tell of read-only file systems.
fn writable(directory: &Path) -> io::Result<()> {
    let directory = std::path::absolute(directory)?;
    let existing = directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    tempfile::tempfile_in(existing).map(drop)
}

fn node() -> Finding {
    const SUBJECT: &str = "Node";
    match version_of("node") {
        Some(version) if major(&version) >= Some(MINIMUM_NODE) => Finding::ok(SUBJECT, version),
        Some(version) => Finding::warn(
            SUBJECT,
            format!(
                "{version} is too old to build the playground; install Node {MINIMUM_NODE} or newer from https://nodejs.org"
            ),
        ),
        None => Finding::warn(
            SUBJECT,
            format!(
                "not found, so the playground cannot be built; install Node {MINIMUM_NODE} or newer from https://nodejs.org"
            ),
        ),
    }
}

fn npm() -> Finding {
    match version_of("npm") {
        Some(version) => Finding::ok("npm", version),
        None => Finding::warn("npm", "not found, so the playground cannot be built; it comes with Node"),
    }
}

fn version_of(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

fn playground(directory: &Path) -> Finding {
    const SUBJECT: &str = "playground";
    let shown = directory.display();
    if fs::metadata(directory.join("index.html")).is_ok() {
        Finding::ok(SUBJECT, format!("built in {shown}"))
    } else {
        Finding::warn(
            SUBJECT,
            format!("not built in {shown}; `demo` builds it, or run `npm ci && npm run build` in web/"),
        )
    }
}

fn port(http: &HttpConfig) -> Finding {
    const SUBJECT: &str = "HTTP port";
    let listen = http.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Finding::ok(SUBJECT, format!("{listen} is free")),
        Err(error) => Finding::fail(
            SUBJECT,
            format!("{listen} cannot be used ({error}); stop what uses it, or choose another with --listen"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Verdict;

    #[test]
    fn nodes_versions_are_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("11.19.1"), Some(11));
        assert_eq!(major("what"), None);
    }

    #[test]
    fn a_port_in_use_fails_and_a_missing_directory_is_judged_by_its_parent() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let http = HttpConfig { listen: taken.local_addr().expect("bound"), ..HttpConfig::default() };
        assert_eq!(port(&http).verdict, Verdict::Fail);
        drop(taken);
        assert_eq!(port(&http).verdict, Verdict::Ok);
        let temporary = tempfile::tempdir().expect("a directory");
        writable(&temporary.path().join("not/there/yet")).expect("its parent can be written");
    }
}

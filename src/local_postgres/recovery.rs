//! Deals with a server that an earlier run has left behind, and with traces of one.

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::LocalPostgresError;

/// How long a left-over server may take to close its connections and write its checkpoint.
const FAST_SHUTDOWN: Duration = Duration::from_secs(30);
/// How long it may take to just end.
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(10);

/// Stands for the number in a pid file without one.
const NOT_WRITTEN: i32 = 0;
/// How long a pid file may stay without a number.
const BEING_WRITTEN: Duration = Duration::from_millis(500);

/// Stops a living server on this cluster and removes a dead one's pid file. `found` is told its number.
pub(super) async fn stop_left_over(cluster: &Path, found: impl FnOnce(i32)) -> Result<(), LocalPostgresError> {
    let file = cluster.join("postmaster.pid");
    let Some(mut pid) = recorded_pid(&file)? else {
        return Ok(());
    };
    if pid == NOT_WRITTEN {
        // A server that is only just starting makes the file before it writes to it.
        tokio::time::sleep(BEING_WRITTEN).await;
        pid = recorded_pid(&file)?.unwrap_or(NOT_WRITTEN);
    }
    if is_server_of(pid, cluster) {
        found(pid);
        for (signal, patience) in [(Signal::SIGINT, FAST_SHUTDOWN), (Signal::SIGQUIT, IMMEDIATE_SHUTDOWN)] {
            // It may have ended by itself since; then there is nothing left to signal.
            let _ = kill(Pid::from_raw(pid), signal);
            if ended_within(patience, || !is_server_of(pid, cluster)).await {
                break;
            }
        }
        if is_server_of(pid, cluster) {
            return Err(LocalPostgresError::LeftOverStays { pid });
        }
    }
    // The number may since belong to another program, which would make PostgreSQL refuse to start.
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LocalPostgresError::file("remove", file)(error)),
        _ => Ok(()),
    }
}

async fn ended_within(patience: Duration, ended: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !ended() {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    true
}

/// The first line of the pid file. One without a number was being written when the machine stopped.
fn recorded_pid(file: &Path) -> Result<Option<i32>, LocalPostgresError> {
    match fs::read_to_string(file) {
        Ok(text) => {
            let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
            Ok(Some(pid.unwrap_or(NOT_WRITTEN)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LocalPostgresError::file("read", file)(error)),
    }
}

/// Whether `pid` is a living server on this very cluster, judged by its command line.
fn is_server_of(pid: i32, cluster: &Path) -> bool {
    pid > 1
        && arguments(pid)
            .windows(2)
            .any(|pair| matches!(pair, [flag, path] if flag == "-D" && Path::new(path) == cluster))
}

/// The arguments of a living process; a zombie has none.
fn arguments(pid: i32) -> Vec<String> {
    if cfg!(target_os = "linux") {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        return bytes.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    }
    let output = std::process::Command::new("ps").args(["-ww", "-o", "args=", "-p", &pid.to_string()]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    from_ps(&String::from_utf8_lossy(&text))
}

/// `ps` puts spaces between arguments, so a path with spaces ends where the server's first setting begins.
fn from_ps(line: &str) -> Vec<String> {
    let Some((program, rest)) = line.split_once(" -D ") else {
        return Vec::new();
    };
    let path = rest.split_once(" -c ").map_or(rest, |(path, _)| path);
    [program, "-D", path.trim_end()].map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_pid_file_goes_and_a_stranger_with_that_number_is_left_alone() {
        let cluster = tempfile::tempdir().expect("a directory");
        let file = cluster.path().join("postmaster.pid");
        for content in [String::new(), "999999999\n".to_owned(), format!("{}\n", std::process::id())] {
            fs::write(&file, content).expect("written");
            stop_left_over(cluster.path(), |pid| assert_eq!(pid, 0, "nothing is to be stopped")).await.expect("done");
            assert!(!file.exists());
        }
        stop_left_over(cluster.path(), |_| {}).await.expect("nothing to do");
    }

    #[test]
    fn a_path_with_spaces_survives_ps() {
        let arguments = from_ps("/opt/bin/postgres -D /Users/me/My Data/cluster -c port=1 -c fsync=off\n");
        assert_eq!(arguments.last().map(String::as_str), Some("/Users/me/My Data/cluster"));
        assert!(from_ps("(postgres)").is_empty());
    }
}

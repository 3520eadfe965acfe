//! Keeps the server from outliving us.
//!
//! A program that is killed cannot clean up. So a small shell stands between: it holds the reading end of a
//! pipe whose only writing end is ours. However we end, the system closes it, and the shell stops the server.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use super::{LocalPostgresError, account::spawn_error, directory::Log};

/// Arguments: the signal that stops the server, a directory to remove afterwards or nothing, the server's
/// command line. The signal is repeated, since a server that has only just been forked may ignore it, and
/// turns into an immediate shutdown after 30 s. Standard input must be saved first: a shell gives its
/// background commands none. The shells ignore what may be sent to every process of a service, so that they
/// see the end of the server; the server sets handlers of its own.
const SCRIPT: &str = r#"
stop=$1; remove=$2; shift 2
trap '' HUP INT TERM
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
  read -r _ <&3
  turns=0
  while [ "$turns" -lt 90 ] && kill -s "$stop" "$server"; do
    sleep 1
    turns=$((turns + 1))
    if [ "$turns" -ge 30 ]; then stop=QUIT; fi
  done
} 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"; code=$?
kill -s KILL "$watcher" 2>/dev/null
case $remove in */portfolio-postgres-*) rm -rf -- "$remove" ;; esac
exit "$code"
"#;

/// How often a process that should end is looked at.
const POLL: Duration = Duration::from_millis(20);

/// The shell around a running server. Dropping it stops the server, without waiting.
#[derive(Debug)]
pub(super) struct Supervisor {
    shell: Child,
}

impl Supervisor {
    /// Starts `server` below a shell. The caller has to set the user on `shell`, which both will run as.
    pub(super) fn start(
        mut shell: Command,
        server: &Command,
        remove: Option<&Path>,
        log: &Log,
    ) -> Result<Self, LocalPostgresError> {
        let clone = || log.file.try_clone().map_err(LocalPostgresError::file("open", &log.path));
        // Data that is thrown away needs no checkpoint. A volatile server whose data stays does: an immediate
        // shutdown would lose what it has committed and not yet written.
        let signal = if remove.is_some() { "QUIT" } else { "INT" };
        shell
            .args(["-c", SCRIPT, "sh", signal])
            .arg(remove.unwrap_or(Path::new("")))
            .arg(server.get_program())
            .args(server.get_args())
            .stdin(Stdio::piped())
            .stdout(clone()?)
            .stderr(clone()?)
            // Ctrl-C in the terminal is for us; we then stop the server in our own time.
            .process_group(0);
        let shell = shell.spawn().map_err(spawn_error("/bin/sh"))?;
        Ok(Self { shell })
    }

    /// Whether the server has ended.
    pub(super) fn has_exited(&mut self) -> bool {
        self.shell.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Stops the server and waits until it has ended; `None` when it has not within `patience`.
    pub(super) async fn stop(mut self, patience: Duration) -> Option<ExitStatus> {
        drop(self.shell.stdin.take());
        let deadline = Instant::now() + patience;
        loop {
            if let Ok(Some(status)) = self.shell.try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    #[cfg(test)]
    pub(super) fn pid(&self) -> u32 {
        self.shell.id()
    }
}

//! Builds the playground when its files are missing or older than its sources. The demo runs without it too.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use tokio::process::Command;

use crate::cli::progress::Progress;

/// What the build reads, beside the packages.
const SOURCES: [&str; 7] =
    ["src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json"];
/// Written last by npm.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// Where the built files lie.
pub(super) fn built(web: &Path) -> PathBuf {
    web.join("dist")
}

/// Builds what has to be built; says why where it cannot.
pub(super) async fn build(web: &Path, progress: Progress) {
    if !web.join("package.json").is_file() {
        progress.say(format_args!("no playground: its sources are not at {}", web.display()));
        return;
    }
    let sources = SOURCES.iter().filter_map(|source| newest(&web.join(source))).max();
    let is_newer =
        |file: &str, than: Option<SystemTime>| changed(&web.join(file)) >= than.max(Some(SystemTime::UNIX_EPOCH));
    if is_newer("dist/index.html", sources) {
        return;
    }
    if !is_newer(INSTALLED, changed(&web.join("package-lock.json"))) {
        progress.say("fetching the playground's packages (npm ci)");
        if !npm(web, &["ci", "--no-audit", "--no-fund"], progress).await {
            return;
        }
    }
    progress.say("building the playground (npm run build)");
    npm(web, &["run", "build"], progress).await;
}

async fn npm(web: &Path, arguments: &[&str], progress: Progress) -> bool {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(web).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = match command.output().await {
        Ok(output) if output.status.success() => return true,
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            progress.say("no playground: npm is not installed (Node 20.19 or newer builds it); the API works without");
            return false;
        }
        Err(error) => {
            progress.say(format_args!("no playground: npm cannot be run ({error}); the API works without"));
            return false;
        }
    };
    eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    progress.say(format_args!(
        "the playground was not built: `npm {}` failed in {}",
        arguments.join(" "),
        web.display()
    ));
    false
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The latest change of a file or of anything below a directory.
fn newest(path: &Path) -> Option<SystemTime> {
    let below = fs::read_dir(path).into_iter().flatten().flatten().filter_map(|entry| newest(&entry.path()));
    below.chain(changed(path)).max()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_newest_file_counts_however_deep_it_lies() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(directory.path().join("a/b")).expect("made");
        let file = fs::File::create(directory.path().join("a/b/c")).expect("made");
        let later = SystemTime::now() + Duration::from_secs(3_600);
        file.set_modified(later).expect("set");
        assert_eq!(newest(directory.path()), Some(later));
        assert_eq!(newest(&directory.path().join("nothing")), None);
    }
}

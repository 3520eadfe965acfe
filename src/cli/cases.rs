//! `cases`: worked cases with published figures, run through the product's own engine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use cases::Report;

use super::print;

/// The options of `cases`.
#[derive(Debug, clap::Args)]
pub struct CasesOptions {
    /// Files of cases, as JSON, or directories that are searched for `*.json`
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// The file itself, or the JSON files of a directory and those below it, by name.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.with_context(|| format!("cannot read {}", path.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "json") {
            collect(&path, files)?;
        }
    }
    Ok(())
}

pub(super) fn run(options: &CasesOptions) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    let mut files = Vec::new();
    for path in &options.paths {
        let before = files.len();
        collect(path, &mut files)?;
        ensure!(before < files.len(), "{} holds no .json file", path.display());
    }
    for path in &files {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        report.extend(cases::run(&text).with_context(|| format!("{} holds no cases", path.display()))?);
    }
    for line in report.lines() {
        print(&line)?;
    }
    Ok(if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_walked_for_its_json_files() {
        let root = std::env::temp_dir().join(format!("cases-{}", std::process::id()));
        fs::create_dir_all(root.join("b/c")).expect("a directory");
        for name in ["b/c/two.json", "one.json", "b/notes.md", "b/three.json"] {
            fs::write(root.join(name), "{}").expect("a file");
        }
        let mut files = Vec::new();
        collect(&root, &mut files).expect("files");
        let names: Vec<_> = files.iter().filter_map(|file| file.strip_prefix(&root).ok()).collect();
        assert_eq!(names, [Path::new("b/c/two.json"), Path::new("b/three.json"), Path::new("one.json")]);
        fs::remove_dir_all(&root).expect("removed");
    }
}

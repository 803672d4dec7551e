//! From the paths of a command line to documents: files, directories, globs and what they include.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    diagnostic::{Place, Report},
    raw::Document,
    schema::Schema,
    source::{At, Source},
    validate,
};

/// A document that is whole in form, and the file it came from.
#[derive(Debug)]
pub struct Loaded {
    /// The file.
    pub source: Source,
    /// What it says.
    pub document: Document,
}

/// What became of the paths.
#[derive(Debug, Default)]
pub struct Load {
    /// The documents that are whole in form, each file once, what a file includes behind it.
    pub documents: Vec<Loaded>,
    /// Everything wrong so far; with errors in it, `documents` is not the whole configuration.
    pub report: Report,
    /// Files that were read and directories that a further file may appear in: what a reload has to watch.
    pub watched: BTreeSet<PathBuf>,
}

/// Reads the files, directories (their `*.yaml`, `*.yml` and `*.json`, by name) and globs, and whatever they include,
/// and checks each against the schema. Reports every mistake of every file.
pub fn load(paths: &[String], schema: &Schema) -> Load {
    let mut loader = Loader {
        schema,
        load: Load::default(),
        seen: BTreeSet::new(),
        open: Vec::new(),
    };
    for path in paths {
        let place = Place::file(path);
        let files = loader.expand(Path::new(""), path, &place);
        if files.is_empty() {
            loader
                .load
                .report
                .error(place, "no-files", "there is no configuration file here")
                .help(EXTENSIONS_HELP);
        }
        for file in files {
            let place = Place::file(file.display().to_string());
            loader.visit(&file, &place);
        }
    }
    loader.load
}

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

const EXTENSIONS_HELP: &str = "a configuration is a *.yaml, *.yml or *.json file";

struct Loader<'a> {
    schema: &'a Schema,
    load: Load,
    /// Canonical paths of the files that were read.
    seen: BTreeSet<PathBuf>,
    /// Canonical paths of the files whose includes are being followed.
    open: Vec<PathBuf>,
}

impl Loader<'_> {
    /// The files that a path means; `base` is where relative paths start.
    fn expand(&mut self, base: &Path, path: &str, place: &Place) -> Vec<PathBuf> {
        let full = base.join(path);
        if full.is_dir() {
            self.load.watched.insert(full.clone());
            return self.directory(&full, place);
        }
        if full.exists() || !path.contains(['*', '?', '[']) {
            return vec![full];
        }
        self.load.watched.insert(glob_root(&full));
        let prefix = glob::Pattern::escape(&base.to_string_lossy());
        let pattern = Path::new(&prefix).join(path);
        match glob::glob(&pattern.to_string_lossy()) {
            Ok(matches) => matches
                .filter_map(Result::ok)
                .filter(|file| file.is_file())
                .collect(),
            Err(error) => {
                let message = format!("`{path}` is not a pattern for files: {error}");
                self.load.report.error(place.clone(), "bad-glob", message);
                Vec::new()
            }
        }
    }

    fn directory(&mut self, directory: &Path, place: &Place) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(reason) => {
                let message = format!("the directory can't be read: {reason}");
                self.load
                    .report
                    .error(place.clone(), "unreadable-file", message);
                return Vec::new();
            }
        };
        let mut files: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect();
        files.retain(|file| {
            let hidden = file
                .file_name()
                .is_none_or(|name| name.to_string_lossy().starts_with('.'));
            let extension = file.extension().and_then(|extension| extension.to_str());
            !hidden
                && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
                && file.is_file()
        });
        files.sort();
        files
    }

    /// Reads a file and what it includes, unless that was done before. `asked` is where the file is named.
    fn visit(&mut self, file: &Path, asked: &Place) {
        let name = file.display().to_string();
        let canonical = match file.canonicalize() {
            Ok(canonical) => canonical,
            Err(reason) => {
                let message = format!("`{name}` can't be read: {reason}");
                self.load
                    .report
                    .error(asked.clone(), "unreadable-file", message);
                return;
            }
        };
        if self.open.contains(&canonical) {
            let help =
                "take one of the includes away; a file may be included by any number of others";
            let message = format!("`{name}` includes itself, directly or by others");
            self.load
                .report
                .error(asked.clone(), "include-cycle", message)
                .help(help);
            return;
        }
        self.load.watched.insert(file.to_owned());
        if !self.seen.insert(canonical.clone()) {
            return;
        }
        let Some(source) = Source::read(file, &name, &mut self.load.report) else {
            return;
        };
        let document = validate::document(&source, self.schema, &mut self.load.report);
        let includes = includes(&source);
        let directory = source.directory().to_owned();
        if let Some(document) = document {
            self.load.documents.push(Loaded { source, document });
        }
        self.open.push(canonical);
        for (pattern, place) in includes {
            self.include(&directory, &pattern, &place);
        }
        self.open.pop();
    }

    fn include(&mut self, directory: &Path, pattern: &str, place: &Place) {
        let files = self.expand(directory, pattern, place);
        if files.is_empty() {
            let message = format!("`{pattern}` matches no file");
            let help = "the path is relative to the file that includes it";
            self.load
                .report
                .error(place.clone(), "include-nothing", message)
                .help(help);
        }
        for file in files {
            self.visit(&file, place);
        }
    }
}

/// What a file includes and where it says so; from its value, so that the includes of a file with mistakes are checked
/// in the same run.
fn includes(source: &Source) -> Vec<(String, Place)> {
    let at = At::root(source).key("include");
    let patterns = source.value()["include"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let patterns = patterns.iter().enumerate();
    patterns
        .filter_map(|(index, pattern)| Some((pattern.as_str()?.to_owned(), at.index(index).into())))
        .collect()
}

/// The directory of a glob that has no wildcard in it.
fn glob_root(pattern: &Path) -> PathBuf {
    let plain = |part: &std::path::Component<'_>| {
        !part.as_os_str().to_string_lossy().contains(['*', '?', '['])
    };
    let root: PathBuf = pattern.components().take_while(plain).collect();
    if root.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        root
    }
}

#[cfg(test)]
mod tests;

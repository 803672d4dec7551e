//! The files of a configuration, each with the places of its values; includes are followed as the gateway follows them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::checks::mistake::{Mark, Mistake, Mistakes};
use crate::checks::yaml::{Node, Value};

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    /// As mistakes and checks call it: relative to the first file's directory.
    pub name: String,
    /// What it says.
    pub root: Node,
}

/// Reads a configuration file and whatever it includes, each file once.
///
/// # Errors
/// Files that can't be read or are not YAML, includes that match nothing or themselves: all at once.
pub(super) fn read(path: &Path) -> Result<Vec<Source>, Mistakes> {
    let mut reading = Reading {
        base: path.parent().unwrap_or(Path::new("")).to_owned(),
        sources: Vec::new(),
        seen: Vec::new(),
        open: Vec::new(),
        mistakes: Vec::new(),
    };
    reading.visit(path, None);
    match reading.mistakes.is_empty() {
        true => Ok(reading.sources),
        false => Err(Mistakes(reading.mistakes)),
    }
}

struct Reading {
    base: PathBuf,
    sources: Vec<Source>,
    seen: Vec<PathBuf>,
    open: Vec<PathBuf>,
    mistakes: Vec<Mistake>,
}

impl Reading {
    /// Reads a file; `asked` is where it is named.
    fn visit(&mut self, path: &Path, asked: Option<(&str, Mark)>) {
        let name = path.strip_prefix(&self.base).unwrap_or(path);
        let name = name.display().to_string();
        let canonical = match path.canonicalize() {
            Ok(canonical) => canonical,
            Err(error) => return self.unreadable(&name, asked, &error),
        };
        if self.open.contains(&canonical) {
            let what = format!("`{name}` includes itself, directly or by others");
            return self.mistake(asked, what, Some("take one of the includes away"));
        }
        if self.seen.contains(&canonical) {
            return;
        }
        let text = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.unreadable(&name, asked, &error),
        };
        let Ok(text) = String::from_utf8(text) else {
            let what = format!("`{name}` is not UTF-8");
            return self.mistake(asked, what, None);
        };
        self.seen.push(canonical.clone());
        let root = match Node::parse(&name, &text) {
            Ok(root) => root,
            Err(Mistakes(mistakes)) => return self.mistakes.extend(mistakes),
        };
        let includes = root.find("include").map(|entry| entry.value.clone());
        self.sources.push(Source {
            name: name.clone(),
            root,
        });
        self.open.push(canonical);
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        match includes.as_ref().map(|node| (&*node.value, node.at)) {
            None => {}
            Some((Value::List(patterns), _)) => {
                for pattern in patterns {
                    self.include(&directory, &name, pattern);
                }
            }
            Some((_, at)) => {
                let what = "`include` is a list of files";
                self.mistake(
                    Some((&name, at)),
                    what.to_owned(),
                    Some("put `[…]` around it"),
                );
            }
        }
        self.open.pop();
    }

    fn include(&mut self, directory: &Path, name: &str, pattern: &Node) {
        let asked = Some((name, pattern.at));
        let Value::Scalar { text, .. } = &*pattern.value else {
            let what = format!("a file is named by a text, not by {}", pattern.kind());
            return self.mistake(asked, what, None);
        };
        let path = directory.join(text);
        if path.is_dir() {
            let help = format!("write `{}/*.yaml`", text.trim_end_matches('/'));
            let what = format!("`{text}` is a directory");
            return self.mistake(asked, what, Some(&help));
        }
        if path.exists() || !text.contains(['*', '?', '[']) {
            return self.visit(&path, asked);
        }
        let escaped = glob::Pattern::escape(&directory.to_string_lossy());
        let matches = glob::glob(&Path::new(&escaped).join(text).to_string_lossy());
        // The order of glob is that of names.
        let files: Vec<PathBuf> = match matches {
            Ok(matches) => matches
                .filter_map(Result::ok)
                .filter(|path| path.is_file())
                .collect(),
            Err(error) => {
                let what = format!("`{text}` is no pattern for files: {error}");
                return self.mistake(asked, what, None);
            }
        };
        if files.is_empty() {
            let help = "the path is relative to the file that includes it";
            self.mistake(asked, format!("`{text}` matches no file"), Some(help));
        }
        files.iter().for_each(|file| self.visit(file, asked));
    }

    fn unreadable(&mut self, name: &str, asked: Option<(&str, Mark)>, error: &std::io::Error) {
        let what = match asked {
            Some(_) => format!("`{name}` can't be read: {error}"),
            None => format!("the file can't be read: {error}"),
        };
        self.mistake(asked.or(None), what, None);
        if asked.is_none()
            && let Some(last) = self.mistakes.last_mut()
        {
            last.file = name.to_owned();
        }
    }

    fn mistake(&mut self, asked: Option<(&str, Mark)>, what: String, help: Option<&str>) {
        self.mistakes.push(Mistake {
            file: asked.map_or_else(String::new, |(file, _)| file.to_owned()),
            at: asked.map(|(_, at)| at),
            what,
            help: help.map(str::to_owned),
        });
    }
}

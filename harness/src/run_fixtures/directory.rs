//! A directory that ends with the program.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A directory that is removed when it is dropped, readable by its owner alone.
pub struct Directory {
    path: PathBuf,
    removed: bool,
}

impl Directory {
    /// Makes this directory, or a temporary one.
    ///
    /// # Errors
    /// When it exists already: nothing that was there before shall be lost at the end.
    pub fn make(path: Option<&Path>) -> anyhow::Result<Self> {
        let path = match path {
            None => tempfile::Builder::new()
                .prefix("gatecheck-fixtures-")
                .tempdir()
                .context("no directory can be made")?
                .keep(),
            Some(path) => {
                DirBuilder::new().mode(0o700).create(path).with_context(|| {
                    format!(
                        "{} can't be made; name a directory that doesn't exist yet, in one that does",
                        path.display()
                    )
                })?;
                std::path::absolute(path)?
            }
        };
        Ok(Self {
            path,
            removed: false,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it now.
    ///
    /// # Errors
    /// When it can't be removed.
    pub fn remove(mut self) -> anyhow::Result<()> {
        self.removed = true;
        std::fs::remove_dir_all(&self.path)
            .with_context(|| format!("{} can't be removed", self.path.display()))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.removed {
            return;
        }
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a directory is left behind");
        }
    }
}

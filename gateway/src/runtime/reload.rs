//! Reload when the files change.
//!
//! What changed is told by the directories of the files, since editors and Kubernetes put a new file in an old one's
//! place; whether it matters is told by the contents.

use super::{Gateway, StartError};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Changes come in bursts: a reload waits until one is over.
const SETTLE: Duration = Duration::from_millis(100);

impl Gateway {
    /// Reloads whenever a file of the configuration changes, until the gateway is gone.
    ///
    /// # Errors
    /// When the files cannot be watched.
    pub fn watch(self: &Arc<Self>) -> notify::Result<()> {
        let (changed, mut changes) = mpsc::channel::<()>(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Reading the files is an access too, and no change.
            if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
                // A full channel holds a change already.
                changed.try_send(()).ok();
            }
        })?;
        let mut watched = BTreeSet::new();
        self.watch_more(&mut watcher, &mut watched)?;
        let gateway = Arc::downgrade(self);
        let mut known = fingerprint(&self.state.snapshot.load().watched);
        tokio::spawn(async move {
            while changes.recv().await.is_some() {
                tokio::time::sleep(SETTLE).await;
                let Some(gateway) = gateway.upgrade() else {
                    return;
                };
                let now = fingerprint(&gateway.state.snapshot.load().watched);
                if now == known {
                    continue;
                }
                known = now;
                tell(&gateway.reload().await);
                if let Err(error) = gateway.watch_more(&mut watcher, &mut watched) {
                    tracing::error!(%error, "a file of the configuration cannot be watched");
                }
            }
        });
        Ok(())
    }

    fn watch_more(
        &self,
        watcher: &mut impl Watcher,
        watched: &mut BTreeSet<PathBuf>,
    ) -> notify::Result<()> {
        for path in &self.state.snapshot.load().watched {
            let directory = if path.is_dir() {
                path.as_path()
            } else {
                parent(path)
            };
            if watched.insert(directory.to_owned()) {
                watcher.watch(directory, RecursiveMode::NonRecursive)?;
            }
        }
        Ok(())
    }
}

/// Tells how a reload went.
pub fn tell(result: &Result<(), StartError>) {
    match result {
        Ok(()) => tracing::info!("the configuration was reloaded"),
        Err(StartError::Config(report)) => {
            tracing::error!(
                "the new configuration has errors; the old one stays in force\n{}",
                report.human(false)
            );
        }
        Err(error) => {
            tracing::error!(%error, "the new configuration cannot be served; the old one stays in force")
        }
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// What the files hold now, and which there are.
fn fingerprint(watched: &BTreeSet<PathBuf>) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut add = |path: &Path| {
        path.hash(&mut hasher);
        fs::read(path).ok().hash(&mut hasher);
    };
    for path in watched {
        if path.is_dir() {
            let mut files: Vec<_> = fs::read_dir(path)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .collect();
            files.sort();
            let configuration = |file: &&PathBuf| {
                file.extension()
                    .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known))
            };
            files
                .iter()
                .filter(configuration)
                .for_each(|file| add(file));
        } else {
            add(path);
        }
    }
    hasher.finish()
}

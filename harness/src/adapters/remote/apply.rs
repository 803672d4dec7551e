//! A configuration on its way to a gateway that runs already: the user's command.

use std::io::{self, Read as _, Seek as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;
use tokio::time::timeout;

use super::profile::Apply;
use super::template;
use crate::adapters::process::write_files;
use crate::adapters::{Rendered, SetupError};

/// Writes what was rendered into `dir`, with the name of this application, and runs the command.
pub(super) async fn apply(
    apply: &Apply,
    rendered: &Rendered,
    id: &str,
    dir: &Path,
) -> Result<(), SetupError> {
    let failed =
        |what: String| SetupError::new(format!("the profile's command {:?} {what}", apply.command));
    let mut rendered = rendered.clone();
    for (_, text) in &mut rendered.files {
        *text = text.replace(template::ID, id);
    }
    write_files(&rendered, dir).map_err(|error| SetupError::new(error.to_string()))?;
    let main = rendered.files.first().map(|(name, _)| dir.join(name));
    let main = main.unwrap_or_else(|| dir.to_owned());
    let line = apply
        .command
        .replace("{file}", &quoted(&main))
        .replace("{dir}", &quoted(dir))
        .replace("{id}", id);
    let mut command = Command::new("sh");
    command
        .args(["-c", &line])
        .envs(rendered.environment)
        .stdin(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    let ended = printed(command, apply.within).await;
    match ended {
        Err(error) => Err(failed(format!("can't be run: {error}"))),
        Ok(None) => Err(failed(format!("did not end within {:?}", apply.within))),
        Ok(Some((true, _))) => Ok(()),
        Ok(Some((false, output))) => Err(failed(format!("failed; it printed:\n{output}"))),
    }
}

/// Whether a command ended well, and what it printed; none when it didn't end in time, and was killed with all that it
/// had started.
async fn printed(mut command: Command, within: Duration) -> io::Result<Option<(bool, String)>> {
    // Into a file, not a pipe: what the command leaves running may hold its output open for ever.
    let mut file = tempfile::tempfile()?;
    command.stdout(file.try_clone()?).stderr(file.try_clone()?);
    let mut child = command.spawn()?;
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let Ok(status) = timeout(within, child.wait()).await else {
        if let Some(group) = group {
            kill_process_group(group, Signal::KILL)?;
        }
        return Ok(None);
    };
    let mut text = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    Ok(Some((status?.success(), text)))
}

/// A path as a POSIX shell reads it as one word.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

//! `gatecheck render`: a configuration in another gateway's words.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use gatecheck::adapters;
use gatecheck::fixtures::Fixture;
use gatecheck::translation::{Translation, translate};

/// The arguments of `gatecheck render`.
#[derive(Debug, Args)]
pub struct Render {
    /// The gateway whose words are wanted.
    #[arg(long, value_name = "NAME", value_parser = known)]
    to: String,
    /// The configuration: a whole one, or an API document.
    config: PathBuf,
    /// Write the files into this directory, instead of to standard output.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: Render) -> anyhow::Result<ExitCode> {
    let shown = arguments.config.display();
    let text =
        fs::read_to_string(&arguments.config).with_context(|| format!("{shown} can't be read"))?;
    let stem = arguments
        .config
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let fixture = Fixture::parse(&stem, &text).with_context(|| shown.to_string())?;
    fixture.typed().with_context(|| {
        format!("{shown} is no configuration; `gateway check {shown}` tells more")
    })?;
    let adapter = adapters::by_name(&arguments.to, None)?;
    let translation = match translate(adapter.as_ref(), &fixture) {
        Ok(translation) => translation,
        Err(why) => bail!("{} can't say {shown}: {}", arguments.to, why.reason),
    };
    let files = commented(translation);
    match arguments.output {
        Some(dir) => {
            fs::create_dir_all(&dir).with_context(|| format!("{} can't be made", dir.display()))?;
            for (name, text) in files {
                let file = dir.join(name);
                fs::write(&file, text)
                    .with_context(|| format!("{} can't be written", file.display()))?;
            }
        }
        None => {
            let mut out = io::stdout().lock();
            for (name, text) in &files {
                if files.len() > 1 {
                    writeln!(out, "# --- {name}")?;
                }
                out.write_all(text.as_bytes())?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The files, with what could not be said as comments on top of the first; JSON has none, so it is told beside it.
fn commented(translation: Translation) -> Vec<(String, String)> {
    let Translation { mut files, notes } = translation;
    let Some((name, text)) = files.first_mut() else {
        return files;
    };
    if name.ends_with(".json") {
        for note in notes {
            eprintln!("note: {note}");
        }
        return files;
    }
    let notes: String = notes.iter().map(|note| format!("# {note}\n")).collect();
    text.insert_str(0, &notes);
    files
}

fn known(text: &str) -> Result<String, String> {
    if adapters::TARGETS.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(adapters::unknown(text))
}

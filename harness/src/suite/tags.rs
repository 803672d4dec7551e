//! What a scenario's tags say of it: one id (`@CORS-004`), one level (`@core`), at least one source
//! (`@rfc9110-15.5.2`). Any other tag is free for selecting.

use crate::report::model::Level;

/// The labels that every scenario has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Capital letters and a number of three digits.
    pub id: String,
    /// How widely the scenario is expected to hold.
    pub level: Level,
    /// The standards it follows.
    pub sources: Vec<String>,
}

impl Labels {
    /// Reads the labels out of all tags that apply to a scenario.
    ///
    /// # Errors
    /// Says which label is missing or given twice.
    pub fn read(tags: &[String]) -> Result<Self, String> {
        let id = single("id", "like @CORS-004", tags.iter().filter(|tag| is_id(tag)))?.clone();
        let level = single(
            "level",
            "@core, @extended or @strict",
            tags.iter().filter_map(|tag| level(tag)),
        )?;
        let sources: Vec<String> = tags
            .iter()
            .filter(|tag| source_url(tag).is_some())
            .cloned()
            .collect();
        if sources.is_empty() {
            return Err(
                "the scenario has no source; tag it with one, like @rfc9110-15.5.2".to_owned(),
            );
        }
        Ok(Self { id, level, sources })
    }
}

/// Where to read what a source tag names; none if the tag is not a source.
///
/// - `rfc9110-15.5.2`: an RFC and its section
/// - `fetch-3.2.2`, `html-9.2`: a section of a WHATWG standard
/// - `w3c-trace-context-3.2`: a W3C recommendation and its section
/// - `draft-ietf-httpapi-ratelimit-headers-10`: an Internet-Draft with its version
/// - `docs-configuration`: a page of this project's documentation, for what is promised beyond the standards
/// - `exercise-orders`: the self-check of a worked exercise
pub fn source_url(tag: &str) -> Option<String> {
    if tag.starts_with("draft-") {
        return Some(format!("https://datatracker.ietf.org/doc/{tag}/"));
    }
    if let Some(rest) = tag.strip_prefix("rfc") {
        let (number, section) = rest.split_once('-').unwrap_or((rest, ""));
        let anchor = if section.is_empty() {
            String::new()
        } else {
            format!("#section-{section}")
        };
        return number
            .parse::<u32>()
            .ok()
            .map(|number| format!("https://www.rfc-editor.org/rfc/rfc{number}{anchor}"));
    }
    if let Some(rest) = tag.strip_prefix("w3c-") {
        let name = rest
            .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
            .trim_end_matches('-');
        return Some(format!("https://www.w3.org/TR/{name}/"));
    }
    if tag.starts_with("fetch-") {
        return Some("https://fetch.spec.whatwg.org/".to_owned());
    }
    if tag.starts_with("html-") {
        return Some("https://html.spec.whatwg.org/".to_owned());
    }
    if let Some(page) = tag.strip_prefix("docs-") {
        return Some(format!("docs/{page}.md"));
    }
    tag.strip_prefix("exercise-")
        .map(|name| format!("features/exercises/{name}.feature"))
}

fn is_id(tag: &str) -> bool {
    tag.rsplit_once('-').is_some_and(|(letters, digits)| {
        letters.chars().all(|c| c.is_ascii_uppercase() || c == '-')
            && digits.len() == 3
            && digits.chars().all(|c| c.is_ascii_digit())
    })
}

fn level(tag: &str) -> Option<Level> {
    match tag {
        "core" => Some(Level::Core),
        "extended" => Some(Level::Extended),
        "strict" => Some(Level::Strict),
        _ => None,
    }
}

fn single<T>(what: &str, form: &str, mut found: impl Iterator<Item = T>) -> Result<T, String> {
    let first = found
        .next()
        .ok_or_else(|| format!("the scenario has no {what}; tag it {form}"))?;
    match found.next() {
        Some(_) => Err(format!(
            "the scenario has more than one {what}; keep one tag {form}"
        )),
        None => Ok(first),
    }
}

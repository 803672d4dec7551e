//! The features embedded in this binary, read into cases: one for each scenario and for each row of an outline.

mod tags;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use cucumber::feature::Ext as _;
use cucumber::gherkin::tagexpr::TagOperation;
use cucumber::gherkin::{Feature, GherkinEnv, Scenario, Step};
use cucumber::tag::Ext as _;
use include_dir::{Dir, include_dir};

pub use tags::{Labels, source_url};

use crate::report::model::Level;
use crate::steps;

static FEATURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../features");

/// Every feature of the suite, with its cases.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The features in order of their files, outlines expanded, each scenario tagged with its case's number.
    pub features: Vec<Feature>,
    /// The cases in order of file and line.
    pub cases: Vec<Arc<Case>>,
}

/// One scenario, or one row of an outline.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its place in [`Suite::cases`].
    pub number: usize,
    /// Its id; rows of one outline share it.
    pub id: String,
    /// How widely it is expected to hold.
    pub level: Level,
    /// The standards it follows.
    pub sources: Vec<String>,
    /// The folder its feature lies in.
    pub capability: String,
    /// The feature's title.
    pub feature: String,
    /// The feature's file, relative to `features/`.
    pub file: String,
    /// Its line in that file; for a row of an outline, the row's.
    pub line: usize,
    /// Where its text begins in that file, in bytes; rows of one outline share it.
    pub offset: usize,
    /// Its title.
    pub name: String,
    /// Every tag that applies to it, those of its feature included.
    pub tags: Vec<String>,
    /// Its steps, those of the background first.
    pub steps: Vec<Step>,
}

/// Which cases to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A tag expression, as in `@core and not @slow`.
    pub tags: Option<String>,
    /// A part of the scenario's name, upper or lower case.
    pub name: Option<String>,
}

impl Suite {
    /// Reads the embedded features.
    ///
    /// # Errors
    /// Tells every feature that can't be parsed, every unknown step with the nearest known one, and every scenario
    /// without id, level or source.
    pub fn embedded() -> anyhow::Result<Self> {
        let mut files = Vec::new();
        collect_files(&FEATURES, &mut files);
        files.sort_unstable();
        Self::read(&files)
    }

    /// Reads features given as path and text.
    ///
    /// # Errors
    /// As [`Suite::embedded`].
    pub fn read(files: &[(String, &str)]) -> anyhow::Result<Self> {
        let mut suite = Self {
            features: Vec::new(),
            cases: Vec::new(),
        };
        let mut problems = Vec::new();
        for (path, text) in files {
            match parse(path, text) {
                Ok(feature) => suite.add(path, feature, &mut problems),
                Err(error) => problems.push(format!("{error:#}")),
            }
        }
        problems.extend(suite.duplicates());
        if !problems.is_empty() {
            bail!(
                "{} problem(s) in the features:\n  {}",
                problems.len(),
                problems.join("\n  ")
            );
        }
        Ok(suite)
    }

    /// The cases that a filter selects.
    ///
    /// # Errors
    /// When the tag expression can't be read.
    pub fn select(&self, filter: &Filter) -> anyhow::Result<Vec<Arc<Case>>> {
        let tags: Option<TagOperation> = match &filter.tags {
            Some(text) => Some(text.parse().with_context(|| {
                format!("the tag expression {text:?} can't be read; write it like \"@core and not @slow\"")
            })?),
            None => None,
        };
        let name = filter.name.as_ref().map(|name| name.to_lowercase());
        let selected = |case: &&Arc<Case>| {
            tags.as_ref().is_none_or(|tags| tags.eval(case.tags.iter()))
                && name
                    .as_ref()
                    .is_none_or(|name| case.name.to_lowercase().contains(name))
        };
        Ok(self.cases.iter().filter(selected).cloned().collect())
    }

    /// The suite without any cases but those of these numbers, which they keep.
    pub fn only(&self, numbers: &HashSet<usize>) -> Self {
        let wanted = |scenario: &Scenario| {
            case_number(&scenario.tags).is_some_and(|number| numbers.contains(&number))
        };
        let features = self.features.iter().filter_map(|feature| {
            let scenarios = feature.scenarios.iter().filter(|one| wanted(one));
            let scenarios: Vec<Scenario> = scenarios.cloned().collect();
            (!scenarios.is_empty()).then(|| Feature {
                keyword: feature.keyword.clone(),
                name: feature.name.clone(),
                description: feature.description.clone(),
                background: feature.background.clone(),
                scenarios,
                rules: Vec::new(),
                tags: feature.tags.clone(),
                span: feature.span,
                position: feature.position,
                path: feature.path.clone(),
            })
        });
        let cases = self
            .cases
            .iter()
            .filter(|case| numbers.contains(&case.number));
        Self {
            features: features.collect(),
            cases: cases.cloned().collect(),
        }
    }

    fn add(&mut self, path: &str, mut feature: Feature, problems: &mut Vec<String>) {
        if !feature.rules.is_empty() {
            problems.push(format!(
                "features/{path}: Rule is not used here; write a feature of its own"
            ));
        }
        let background = feature
            .background
            .as_ref()
            .map(|part| part.steps.clone())
            .unwrap_or_default();
        let (title, feature_tags) = (feature.name.clone(), feature.tags.clone());
        for scenario in &mut feature.scenarios {
            problems.extend(unknown_steps(
                path,
                background.iter().chain(&scenario.steps),
            ));
            let steps = background.iter().chain(&scenario.steps).cloned().collect();
            match self.case(path, &title, &feature_tags, scenario, steps) {
                Ok(case) => {
                    scenario.tags.push(case_tag(case.number));
                    self.cases.push(Arc::new(case));
                }
                Err(problem) => problems.push(format!(
                    "features/{path}:{}: {problem}",
                    scenario.position.line
                )),
            }
        }
        self.features.push(feature);
    }

    fn case(
        &self,
        path: &str,
        feature: &str,
        feature_tags: &[String],
        scenario: &Scenario,
        steps: Vec<Step>,
    ) -> Result<Case, String> {
        let tags: Vec<String> = feature_tags.iter().chain(&scenario.tags).cloned().collect();
        let Labels { id, level, sources } = Labels::read(&tags)?;
        let capability = path
            .split_once('/')
            .map_or("general", |(folder, _)| folder)
            .to_owned();
        Ok(Case {
            number: self.cases.len(),
            id,
            level,
            sources,
            capability,
            feature: feature.to_owned(),
            file: path.to_owned(),
            line: scenario.position.line,
            offset: scenario.span.start,
            name: scenario.name.clone(),
            tags,
            steps,
        })
    }

    fn duplicates(&self) -> Vec<String> {
        let mut first: HashMap<&str, &Case> = HashMap::new();
        let mut problems = Vec::new();
        for case in &self.cases {
            let earlier = *first.entry(&case.id).or_insert(case);
            if (&earlier.file, earlier.offset) != (&case.file, case.offset) {
                problems.push(format!(
                    "features/{}:{}: the id {} is taken by features/{}:{}",
                    case.file, case.line, case.id, earlier.file, earlier.line
                ));
            }
        }
        problems
    }
}

/// The tag that ties a scenario in cucumber's events to its case.
pub fn case_tag(number: usize) -> String {
    format!("case:{number}")
}

/// The case's number in the tags of a scenario that [`Suite::read`] has seen.
pub fn case_number(tags: &[String]) -> Option<usize> {
    tags.iter()
        .find_map(|tag| tag.strip_prefix("case:")?.parse().ok())
}

fn collect_files<'a>(dir: &'a Dir<'a>, into: &mut Vec<(String, &'a str)>) {
    for file in dir.files() {
        if file
            .path()
            .extension()
            .is_some_and(|extension| extension == "feature")
        {
            let path = file.path().to_string_lossy().replace('\\', "/");
            into.push((path, file.contents_utf8().unwrap_or("(not UTF-8)")));
        }
    }
    for dir in dir.dirs() {
        collect_files(dir, into);
    }
}

fn parse(path: &str, text: &str) -> anyhow::Result<Feature> {
    let mut feature = Feature::parse(text, GherkinEnv::default())
        .with_context(|| format!("features/{path} can't be parsed"))?;
    feature.path = Some(PathBuf::from(path));
    Ok(feature.expand_examples()?)
}

fn unknown_steps<'a>(
    path: &'a str,
    steps: impl Iterator<Item = &'a Step>,
) -> impl Iterator<Item = String> {
    steps.filter_map(move |step| match steps::find(step) {
        Ok(_) => None,
        Err(problem) => Some(format!("features/{path}:{}: {problem}", step.position.line)),
    })
}

#[cfg(test)]
mod tests;

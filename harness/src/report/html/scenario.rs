//! The lower part of the page: the filter, and every scenario with its steps and exchanges.

use super::escape::text;
use super::{LOOKS, SourceUrl, command, pill, plain};
use crate::report::model::{
    Configuration, Exchange, Message, RunReport, ScenarioReport, StepStatus, UpstreamView, Verdict,
};

pub(super) fn scenarios(report: &RunReport, source_url: SourceUrl<'_>) -> String {
    let groups = report.by_capability();
    let names: Vec<_> = groups.iter().map(|(name, _)| *name).collect();
    let groups = groups.iter().map(|(name, scenarios)| {
        let scenarios: String = scenarios
            .iter()
            .map(|scenario| self::scenario(scenario, source_url, ""))
            .collect();
        format!(
            "<section class=\"group\">\n<h3>{}</h3>\n{scenarios}</section>\n",
            text(name)
        )
    });
    format!(
        "<section aria-labelledby=\"scenarios\">\n<h2 id=\"scenarios\" tabindex=\"-1\">Scenarios</h2>\n{}{}\
         <p class=\"empty\" hidden>Nothing matches the filter.</p>\n</section>\n{}</main>\n",
        filter(&names),
        groups.collect::<String>(),
        configurations(report),
    )
}

fn filter(capabilities: &[&str]) -> String {
    let toggle = |key: &str, value: &str| {
        format!(
            "<button type=\"button\" class=\"toggle {value}\" aria-pressed=\"false\" data-{key}=\"{value}\">{value}</button>\n"
        )
    };
    let verdicts: String = LOOKS
        .iter()
        .map(|look| toggle("verdict", look.label))
        .collect();
    let levels: String = ["core", "extended", "strict"]
        .iter()
        .map(|level| toggle("level", level))
        .collect();
    let options: String = capabilities
        .iter()
        .map(|name| format!("<option value=\"{0}\">{0}</option>", text(name)))
        .collect();
    format!(
        "<form class=\"filter\" role=\"search\" aria-label=\"Scenarios\">\n\
         <label class=\"search\">Search <input type=\"search\" id=\"search\" autocomplete=\"off\" \
         placeholder=\"id, words, header, RFC …\"></label>\n\
         <label>Capability <select id=\"capability\"><option value=\"\">all</option>{options}</select></label>\n\
         <fieldset><legend>Verdict</legend>\n{verdicts}</fieldset>\n\
         <fieldset><legend>Level</legend>\n{levels}</fieldset>\n\
         <div class=\"actions\"><output id=\"shown\" aria-live=\"polite\"></output>\
         <button type=\"button\" id=\"open\">Open all</button>\
         <button type=\"button\" id=\"close\">Close all</button>\
         <button type=\"reset\">Clear the filter</button></div>\n</form>\n"
    )
}

/// A scenario, closed. Anchors begin with `prefix`, where several runs share a page.
pub(in crate::report) fn scenario(
    scenario: &ScenarioReport,
    source_url: SourceUrl<'_>,
    prefix: &str,
) -> String {
    let explanation = plain::explanation(&scenario.verdict);
    let gist = explanation.lines().next().unwrap_or_default();
    let gist = if gist.is_empty() {
        String::new()
    } else {
        format!("<span class=\"gist\">{}</span>", text(gist))
    };
    format!(
        "<details class=\"scenario {label}\" id=\"{anchor}\" data-verdict=\"{label}\" data-level=\"{level}\" \
         data-capability=\"{capability}\">\n\
         <summary>{pill}<span class=\"id\">{id}</span><h4>{name}</h4>{gist}\
         <span class=\"level\">{level}</span><span class=\"took\">{took}</span></summary>\n\
         <div class=\"inside\">\n{about}{steps}{exchanges}<h5>Run it alone</h5>\n{command}</div>\n</details>\n",
        label = scenario.verdict.label(),
        anchor = text(&format!("{prefix}{}-{}", scenario.id, scenario.line)),
        level = scenario.level,
        capability = text(&scenario.capability),
        pill = pill(&scenario.verdict),
        id = text(&scenario.id),
        name = text(&scenario.name),
        took = plain::duration(scenario.duration_ms),
        about = about(scenario, source_url, prefix),
        steps = steps(scenario),
        exchanges = exchanges(scenario),
        command = command(&scenario.rerun),
    )
}

/// What the target was configured with.
fn configurations(report: &RunReport) -> String {
    if report.configurations.is_empty() {
        return String::new();
    }
    let all: String = report
        .configurations
        .iter()
        .map(|one| configuration(one, ""))
        .collect();
    format!(
        "<section aria-labelledby=\"configurations\">\n<h2 id=\"configurations\">Configurations</h2>\n{all}</section>\n"
    )
}

/// One configuration; its files are shown when it is opened.
pub(in crate::report) fn configuration(configuration: &Configuration, prefix: &str) -> String {
    let files = configuration.files.iter().map(|(name, content)| {
        format!(
            "<h6>{}</h6>\n<pre tabindex=\"0\">{}</pre>\n",
            text(name),
            text(content.trim_end())
        )
    });
    format!(
        "<details class=\"configuration\" id=\"{}\">\n<summary>{}</summary>\n{}</details>\n",
        text(&anchor(prefix, &configuration.name)),
        text(&configuration.name),
        files.collect::<String>(),
    )
}

/// Where on the page a configuration is.
pub(in crate::report) fn anchor(prefix: &str, name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    format!("{prefix}configuration-{name}")
}

fn about(scenario: &ScenarioReport, source_url: SourceUrl<'_>, prefix: &str) -> String {
    let sources: Vec<_> = scenario
        .sources
        .iter()
        .map(|source| link(source, source_url(source).as_deref()))
        .collect();
    let mut facts = vec![
        ("Requirement", sources.join(", ")),
        ("Feature", text(&scenario.feature).to_string()),
        (
            "Place",
            format!(
                "<code>features/{}:{}</code>",
                text(&scenario.file),
                scenario.line
            ),
        ),
    ];
    if let Some(configuration) = &scenario.configuration {
        facts.push((
            "Configuration",
            format!(
                "<a href=\"#{}\"><code>{}</code></a>",
                text(&anchor(prefix, configuration)),
                text(configuration)
            ),
        ));
    }
    facts.extend(
        scenario
            .shown
            .iter()
            .map(|shown| ("Shown otherwise", text(shown).to_string())),
    );
    if let Verdict::KnownFailing { link, .. } | Verdict::UnexpectedPass { link, .. } =
        &scenario.verdict
    {
        facts.push(("Declared at", self::link(link, Some(link))));
    }
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"))
        .collect();
    format!("<dl class=\"facts\">\n{facts}</dl>\n")
}

/// A link, when it leads to the web: another scheme would be a script, a bare path leads nowhere from this page.
fn link(name: &str, url: Option<&str>) -> String {
    match url.filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
        Some(url) => format!(
            "<a href=\"{}\" rel=\"noreferrer\">{}</a>",
            text(url),
            text(name)
        ),
        None => match url {
            Some(url) if url != name => format!("{} <code>{}</code>", text(name), text(url)),
            _ => text(name).to_string(),
        },
    }
}

fn steps(scenario: &ScenarioReport) -> String {
    let explanation = plain::explanation(&scenario.verdict);
    let mut explanation = (!explanation.is_empty()).then(|| {
        format!(
            "<pre class=\"why {}\">{}</pre>\n",
            scenario.verdict.label(),
            text(&explanation)
        )
    });
    let mut items = String::new();
    for step in &scenario.steps {
        let (class, sign, word) = match step.status {
            StepStatus::Passed => ("held", "✓", "held"),
            StepStatus::Failed => ("broken", "✗", "did not hold"),
            StepStatus::Skipped => ("skipped", "–", "not reached"),
        };
        let why = if step.status == StepStatus::Failed {
            explanation.take()
        } else {
            None
        };
        items += &format!(
            "<li class=\"{class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>\
             <span><b>{}</b> {} <span class=\"unseen\">({word})</span></span>{}</li>\n",
            text(&step.keyword),
            text(&step.text),
            why.unwrap_or_default(),
        );
    }
    let explanation = explanation.unwrap_or_default();
    if items.is_empty() {
        return explanation;
    }
    format!("{explanation}<h5>Steps</h5>\n<ol class=\"steps\">\n{items}</ol>\n")
}

fn exchanges(scenario: &ScenarioReport) -> String {
    let shown = scenario.exchanges.len();
    if shown == 0 {
        return String::new();
    }
    let total = scenario.exchanges_total;
    let title = if shown < total {
        format!("Exchanges, the last {shown} of {total}")
    } else {
        "Exchanges".to_owned()
    };
    let numbered = scenario
        .exchanges
        .iter()
        .zip(total.saturating_sub(shown) + 1..);
    let exchanges: String = numbered
        .map(|(exchange, n)| self::exchange(exchange, n, n == total))
        .collect();
    format!("<h5>{title}</h5>\n{exchanges}")
}

fn exchange(exchange: &Exchange, number: usize, open: bool) -> String {
    let answer = exchange
        .response
        .as_ref()
        .map(|response| status(&response.start_line));
    let answer = answer
        .or(exchange.error.as_deref())
        .unwrap_or("no response");
    let response = match &exchange.response {
        Some(response) => message("Response", response),
        None => String::new(),
    };
    let error = exchange.error.as_ref().map(|error| {
        format!("<div class=\"message\"><h6>No whole response</h6><pre class=\"why fail\">{}</pre></div>\n", text(error))
    });
    format!(
        "<details class=\"exchange\"{}>\n<summary><span class=\"number\">{number}</span>\
         <code>{}</code><span class=\"answer\">{}</span><span class=\"took\">+{}, {}</span></summary>\n\
         <div class=\"messages\">\n{}{response}{}{}</div>\n</details>\n",
        if open { " open" } else { "" },
        text(request_line(&exchange.request.start_line)),
        text(answer),
        plain::duration(exchange.at_ms),
        plain::duration(exchange.duration_ms),
        message("Request", &exchange.request),
        error.unwrap_or_default(),
        exchange.upstreams.iter().map(upstream).collect::<String>(),
    )
}

fn upstream(upstream: &UpstreamView) -> String {
    if upstream.requests.is_empty() {
        return format!(
            "<div class=\"message\"><h6>{} saw</h6><p class=\"nothing\">nothing: it was not called</p></div>\n",
            text(&upstream.name)
        );
    }
    let saw = format!("{} saw", upstream.name);
    upstream
        .requests
        .iter()
        .map(|request| message(&saw, request))
        .collect()
}

fn message(title: &str, message: &Message) -> String {
    let headers: String = message
        .headers
        .iter()
        .map(|(name, value)| {
            format!(
                "<span class=\"name\">{}:</span> {}\n",
                text(name),
                text(value)
            )
        })
        .collect();
    let body = if message.body.is_empty() {
        String::new()
    } else {
        format!("\n{}", text(message.body.trim_end()))
    };
    let cut = plain::cut(message)
        .map(|cut| format!("<p class=\"cut\">{cut}</p>"))
        .unwrap_or_default();
    format!(
        "<div class=\"message\"><h6>{}</h6><pre tabindex=\"0\"><b>{}</b>\n{headers}{body}</pre>{cut}</div>\n",
        text(title),
        text(&message.start_line),
    )
}

/// The status line without the version.
fn status(start_line: &str) -> &str {
    start_line
        .split_once(' ')
        .map_or(start_line, |(_, status)| status)
}

/// The request line without the version.
fn request_line(start_line: &str) -> &str {
    start_line
        .rsplit_once(" HTTP/")
        .map_or(start_line, |(request, _)| request)
}

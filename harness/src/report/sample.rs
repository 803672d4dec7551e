//! A run with every verdict and every shape of exchange, for the tests of the reports.

use super::model::{
    Configuration, Exchange, Level, Message, RunReport, ScenarioReport, Selection,
    StaleDeclaration, StepReport, StepStatus, Target, UpstreamView, Verdict,
};

/// A run against nginx with every verdict.
pub(super) fn run() -> RunReport {
    RunReport {
        schema_version: RunReport::SCHEMA_VERSION,
        suite_version: "0.1.0".to_owned(),
        target: Target {
            name: "nginx".to_owned(),
            version: Some("1.29.3".to_owned()),
        },
        started_at: "2025-11-23T21:40:05.606377875Z".to_owned(),
        duration_ms: 12_345,
        selection: Selection {
            tags: Some("@core or @extended".to_owned()),
            name: None,
            profile: None,
        },
        scenarios: vec![
            pass(),
            fail(),
            known_failing(),
            unsupported(),
            unexpected_pass(),
            setup_failed(),
            broken_off(),
        ],
        configurations: vec![Configuration {
            name: "api-keys".to_owned(),
            files: vec![("nginx.conf".to_owned(), "worker_processes 1;\n".to_owned())],
        }],
        stale_declarations: vec![StaleDeclaration {
            list: "unsupported".to_owned(),
            selector: "JWT-999".to_owned(),
            reason: "no JWT module".to_owned(),
        }],
        interrupted: None,
    }
}

/// A run in which all is well.
pub(super) fn good() -> RunReport {
    RunReport {
        scenarios: vec![pass(), known_failing(), unsupported()],
        stale_declarations: Vec::new(),
        ..run()
    }
}

pub(super) fn message(start_line: &str, headers: &[(&str, &str)], body: &str) -> Message {
    Message {
        start_line: start_line.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        body: body.to_owned(),
        body_bytes: body.len() as u64,
    }
}

fn pass() -> ScenarioReport {
    let request = message(
        "GET /api/v1/orders HTTP/1.1",
        &[("Host", "gateway"), ("X-API-Key", "k1")],
        "",
    );
    let seen = message(
        "GET /api/v1/orders HTTP/1.1",
        &[("Host", "orders-svc:8080"), ("X-Consumer", "alice")],
        "",
    );
    ScenarioReport {
        duration_ms: 14,
        exchanges: vec![exchange(
            request,
            Some(message(
                "HTTP/1.1 200 OK",
                &[("Content-Type", "application/json")],
                "{\"ok\": true}\n",
            )),
            vec![upstream("orders-svc:8080", vec![seen])],
        )],
        exchanges_total: 1,
        shown: Vec::new(),
        ..scenario(
            "KEY-001",
            "api-keys",
            "API keys",
            "A known key passes",
            Level::Core,
            8,
        )
    }
}

fn fail() -> ScenarioReport {
    let message_text = "expected status 401, found 200\nthe response was made by orders-svc:8080";
    let mut scenario = ScenarioReport {
        verdict: Verdict::Fail {
            message: message_text.to_owned(),
        },
        duration_ms: 1_204,
        exchanges: vec![exchange(
            message(
                "GET /api/v1/orders HTTP/1.1",
                &[("Host", "gateway"), ("X-Note", "<b>\"'&")],
                "",
            ),
            Some(Message {
                body_bytes: 70_000,
                ..message("HTTP/1.1 200 OK", &[], "<script>alert(1)</script>")
            }),
            vec![upstream(
                "orders-svc:8080",
                vec![message("GET /api/v1/orders HTTP/1.1", &[], "")],
            )],
        )],
        exchanges_total: 3,
        shown: Vec::new(),
        ..scenario(
            "KEY-002",
            "api-keys",
            "API keys",
            "No key is 401 & <nothing> else",
            Level::Core,
            15,
        )
    };
    scenario.steps[2].status = StepStatus::Failed;
    scenario.steps[3].status = StepStatus::Skipped;
    scenario
}

fn known_failing() -> ScenarioReport {
    ScenarioReport {
        verdict: Verdict::KnownFailing {
            reason: "a disallowed origin still gets Vary alone".to_owned(),
            link: "https://example.org/issues/7".to_owned(),
            message: "expected header Vary: Origin, found none".to_owned(),
        },
        sources: vec!["fetch-3.2.2".to_owned()],
        ..scenario(
            "CORS-004",
            "cors",
            "CORS preflights",
            "Vary names the origin",
            Level::Extended,
            21,
        )
    }
}

fn unsupported() -> ScenarioReport {
    let mut scenario = ScenarioReport {
        verdict: Verdict::Unsupported {
            reason: "nginx has no introspection without a commercial module".to_owned(),
        },
        duration_ms: 0,
        ..scenario(
            "INTRO-001",
            "introspection",
            "Introspection",
            "An active token passes",
            Level::Extended,
            6,
        )
    };
    scenario
        .steps
        .iter_mut()
        .for_each(|step| step.status = StepStatus::Skipped);
    scenario
}

fn unexpected_pass() -> ScenarioReport {
    ScenarioReport {
        verdict: Verdict::UnexpectedPass {
            reason: "Retry-After is missing".to_owned(),
            link: "https://example.org/issues/9".to_owned(),
        },
        ..scenario(
            "RATE-003",
            "rate-limits",
            "Rate limits",
            "429 says when to come back",
            Level::Core,
            30,
        )
    }
}

fn setup_failed() -> ScenarioReport {
    let mut scenario = ScenarioReport {
        verdict: Verdict::SetupFailed {
            message: "nginx did not get ready\nnginx: [emerg] unknown directive \"limit\" in nginx.conf:12".to_owned(),
            help: Some("install nginx 1.27 or newer".to_owned()),
        },
        ..scenario("RATE-004", "rate-limits", "Rate limits", "The window slides", Level::Strict, 44)
    };
    scenario
        .steps
        .iter_mut()
        .for_each(|step| step.status = StepStatus::Skipped);
    scenario
}

fn broken_off() -> ScenarioReport {
    let request = message(
        "POST /upload HTTP/1.1",
        &[("Content-Length", "9")],
        "some\0text\u{1b}[31m",
    );
    ScenarioReport {
        verdict: Verdict::Fail {
            message: "expected a response, found a reset".to_owned(),
        },
        configuration: None,
        exchanges: vec![Exchange {
            error: Some("connection reset by peer".to_owned()),
            ..exchange(request, None, vec![upstream("upload-svc:8080", Vec::new())])
        }],
        exchanges_total: 1,
        shown: Vec::new(),
        ..scenario(
            "LIM-002",
            "limits",
            "Limits",
            "A large body is 413",
            Level::Core,
            9,
        )
    }
}

fn scenario(
    id: &str,
    capability: &str,
    feature: &str,
    name: &str,
    level: Level,
    line: usize,
) -> ScenarioReport {
    let steps = [
        ("Given", "the configuration \"orders\""),
        ("When", "a client sends GET /api/v1/orders"),
        ("Then", "the status is 401"),
        ("And", "the upstream was not called"),
    ];
    let steps = steps
        .iter()
        .zip(line + 1..)
        .map(|((keyword, text), line)| StepReport {
            keyword: keyword.to_string(),
            text: text.to_string(),
            line,
            status: StepStatus::Passed,
            duration_ms: 3,
        });
    ScenarioReport {
        id: id.to_owned(),
        level,
        sources: vec!["rfc9110-15.5.2".to_owned()],
        capability: capability.to_owned(),
        feature: feature.to_owned(),
        file: format!("{capability}/behaviour.feature"),
        line,
        name: name.to_owned(),
        configuration: Some("scenarios/orders.yaml".to_owned()),
        verdict: Verdict::Pass,
        duration_ms: 7,
        steps: steps.collect(),
        exchanges: Vec::new(),
        exchanges_total: 0,
        shown: Vec::new(),
        rerun: format!("gatecheck run --target nginx --tags @{id}"),
    }
}

fn exchange(request: Message, response: Option<Message>, upstreams: Vec<UpstreamView>) -> Exchange {
    Exchange {
        tag: "KEY-001/1".to_owned(),
        client: "127.0.0.1:50000".to_owned(),
        at_ms: 2,
        request,
        response,
        error: None,
        duration_ms: 5,
        upstreams,
    }
}

fn upstream(name: &str, requests: Vec<Message>) -> UpstreamView {
    UpstreamView {
        name: name.to_owned(),
        requests,
    }
}

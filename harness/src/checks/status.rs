//! The board as JSON, for `/status.json` and `--once --format json`.

use serde_json::{Map, Value, json};

use super::board::{Kind, Row, View};
use super::{State, units};

/// The version of the document's form.
const VERSION: u32 = 1;

/// Writes the board.
pub fn document(view: &View) -> Value {
    let mut suite = json!({
        "name": view.suite.name,
        "url": view.suite.url,
        "insecure": view.suite.insecure,
        "notes": view.suite.notes,
        "loadedAt": format!("{:.3}", view.suite.loaded_at),
    });
    if let Some(error) = &view.suite.error {
        suite["reloadError"] = json!(error);
    }
    json!({
        "version": VERSION,
        "state": view.state(),
        "startedAt": format!("{:.3}", view.started_at),
        "suite": suite,
        "counts": {
            "good": view.count(State::Good),
            "degraded": view.count(State::Degraded),
            "bad": view.count(State::Bad),
            "waiting": view.running().filter(|row| row.latest.is_none()).count(),
            "skipped": view.rows.len() - view.running().count(),
        },
        "alerts": view.alerts,
        "checks": view.rows.iter().map(check).collect::<Vec<_>>(),
    })
}

fn check(row: &Row) -> Value {
    let about = &row.about;
    let mut check = Map::new();
    let mut put = |name: &str, value: Value| check.insert(name.to_owned(), value);
    put("id", json!(about.id));
    put("title", json!(about.title));
    if let Some(source) = &about.source {
        put("source", json!(source));
    }
    put("intrusive", json!(about.intrusive));
    if let Some(why) = &about.skipped {
        put("skipped", json!(why));
        return Value::Object(check);
    }
    if let Some(every) = about.every {
        put("every", json!(units::duration_text(every)));
    }
    put("state", json!(row.state()));
    if let Some(latest) = &row.latest {
        let kind = Kind::of(&latest.outcome);
        if kind.state != State::Good {
            put("reason", json!(kind.reason));
            put("message", json!(latest.outcome.message));
            if let Some(step) = kind.step {
                put("step", json!(step));
            }
        }
        let took = latest.outcome.took.as_millis();
        put("tookMs", json!(u64::try_from(took).unwrap_or(u64::MAX)));
        put("lastRunAt", json!(format!("{:.3}", latest.at)));
        put("since", json!(format!("{:.3}", latest.since)));
        put("runsInState", json!(latest.runs));
    }
    put("runs", json!(row.durations.count));
    put("alerting", json!(row.track.open()));
    put("flapping", json!(row.track.flapping()));
    Value::Object(check)
}

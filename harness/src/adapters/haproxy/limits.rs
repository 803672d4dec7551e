//! Limits: rates counted in stick tables, and the size of request bodies.

use super::rules::{Rules, Source};
use super::words::line;
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::{RateLimit, Settings as _, largest_request};

/// The largest limit up to which bodies of unknown length are counted: they have to fit into a buffer.
const BUFFERED: u64 = 1 << 20;
/// The longest wait for such a body.
const WAIT: &str = "30s";

/// What is counted apart: an expression, the type of a table's key, and the condition under which there is such a thing.
struct Counted {
    by: String,
    r#type: String,
    present: Option<String>,
}

/// A limit by the rate of a counter that only requests that pass add to. So many in the time in which a bucket of that
/// size is filled is what a bucket lets pass in the long run; HAProxy estimates the rate of a window that slides by the
/// counts of two periods.
pub(super) fn rate(rules: &mut Rules, source: &Source<'_>) -> Result<(), Unsupported> {
    let Some(config) = RateLimit::on(source.route)? else {
        return Ok(());
    };
    let (rate, seconds) = config.rate()?;
    let limit = u64::from(config.burst.unwrap_or(rate));
    if limit < 2 || rate == 0 {
        return Err(Unsupported::new(
            "rate-limit: one request at a time: the last one alone counts in full for two periods of a table's rate",
        ));
    }
    let window = (u64::from(seconds) * 1000 * limit).div_ceil(u64::from(rate));
    let counted = counted(&config.key, source)?;
    let table = format!("{}_limit", source.name);
    track(rules, &table, &counted, window);
    if let Some(present) = &counted.present {
        let table = format!("{table}_by_address");
        let address = by_address(Some(format!("!{present}")));
        track(rules, &table, &address, window);
    }
    let over = rules
        .acls
        .one("over_limit", format!("sc_gpc0_rate(0) ge {limit}"));
    // After the whole window there is room again, whenever in it the requests came.
    let wait = window.div_ceil(1000);
    rules.add(&format!(
        "http-request return status 429 hdr Retry-After {wait} if {over}"
    ));
    rules.add("http-request sc-inc-gpc0(0)");
    Ok(())
}

fn counted(key: &str, source: &Source<'_>) -> Result<Counted, Unsupported> {
    let text = |by: &str, length: usize| Counted {
        by: by.to_owned(),
        r#type: format!("string len {length}"),
        present: None,
    };
    Ok(match key {
        "ip" => by_address(None),
        "route" => text("str(all)", 4),
        "consumer" => Counted {
            present: Some("{ var(txn.consumer) -m found }".to_owned()),
            ..text("var(txn.consumer)", source.people.longest() + 1)
        },
        "key" if source.route.plugin("key-auth").is_some() => Counted {
            present: Some("{ var(txn.key) -m found }".to_owned()),
            ..text("var(txn.key)", 65)
        },
        other => match other.strip_prefix("header:") {
            // However long it is, no two values share a counter.
            Some(name) => Counted {
                by: format!("req.fhdr({name}),sha2(256)"),
                r#type: "binary len 32".to_owned(),
                present: Some(format!("{{ req.fhdr({name}) -m len gt 0 }}")),
            },
            None => return Err(Unsupported::new(format!("rate-limit: the key {other}"))),
        },
    })
}

/// An IPv6 client by its network.
fn by_address(present: Option<String>) -> Counted {
    Counted {
        by: "src,ipmask(32,64)".to_owned(),
        r#type: "ipv6".to_owned(),
        present,
    }
}

fn track(rules: &mut Rules, table: &str, counted: &Counted, window: u64) {
    let Counted {
        by,
        r#type,
        present,
    } = counted;
    let condition = present
        .as_ref()
        .map(|present| format!(" if {present}"))
        .unwrap_or_default();
    rules.add(&format!(
        "http-request track-sc0 {by} table {table}{condition}"
    ));
    let expire = window * 2;
    rules.tables.push_str(&format!("\nbackend {table}\n"));
    line(
        &mut rules.tables,
        &format!(
            "stick-table type {} size 100k expire {expire}ms store gpc0_rate({window}ms)",
            r#type
        ),
    );
}

/// The announced length of a body is compared at once; one of unknown length is waited for until it is over the limit or
/// at its end, so it has to fit into a buffer. Where nobody has written a limit, that is too much to ask: there only
/// announced lengths are limited.
pub(super) fn size(rules: &mut Rules, source: &Source<'_>) -> Result<(), Unsupported> {
    let Some(limit) = largest_request(source.route)? else {
        return Ok(());
    };
    let refuse = format!("http-request return status 413 if {{ req.body_size gt {limit} }}");
    rules.add(&refuse);
    if source.route.plugin("request-size-limit").is_none() {
        return Ok(());
    }
    if limit > BUFFERED {
        return Err(Unsupported::new(format!(
            "request-size-limit: a body of unknown length is counted in a buffer, which would have to hold {limit} bytes"
        )));
    }
    let enough = limit + 1;
    rules.buffered = rules.buffered.max(enough);
    rules.add(&format!(
        "http-request wait-for-body time {WAIT} at-least {enough} unless {{ req.fhdr(Content-Length) -m found }}"
    ));
    rules.add(&refuse);
    Ok(())
}

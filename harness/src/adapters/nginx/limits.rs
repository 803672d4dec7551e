//! Rates (limit_req) and requests at a time (limit_conn), counted by a variable.

use serde_json::{Value, json};

use super::plugins::Plugins;
use super::render::{header_variable, line};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::{KeyAuth, RateLimit, Settings as _};
use crate::fixtures::RouteApi;

impl Plugins {
    /// Translates limits, of rates or of requests at a time. Where one of several rates refuses a request, it is counted by
    /// none of them.
    pub(super) fn rate_limit(
        &mut self,
        config: &Value,
        route: &RouteApi,
    ) -> Result<(), Unsupported> {
        let mut config = config.clone();
        let dry_run = take(&mut config, "dryRun") == Some(Value::Bool(true));
        let limits = match take(&mut config, "limits") {
            Some(Value::Array(limits)) if config == json!({}) => limits,
            Some(_) => return Err(Unsupported::new("rate-limit: one limit beside several")),
            None => vec![config],
        };
        let (mut waits, all) = (Vec::new(), limits.len());
        for (place, mut limit) in limits.into_iter().enumerate() {
            let name = match place {
                0 => self.index.to_string(),
                _ => format!("{}_{place}", self.index),
            };
            // It is told in RateLimit alone, which there is not.
            take(&mut limit, "name");
            waits.extend(self.limit(&name, limit, route, dry_run)?);
        }
        if !waits.is_empty() && waits.len() < all {
            return Err(Unsupported::new(
                "rate-limit: rates beside requests at a time, of which what one refuses is counted by the other",
            ));
        }
        if let Some(wait) = waits.iter().max() {
            let retry_after = format!("$retry_after_{}", self.index);
            self.map(&format!(
                "map $limit_req_status {retry_after} {{ default \"\"; REJECTED {wait}; }}"
            ));
            self.after(&format!("add_header Retry-After {retry_after} always"));
        }
        self.rehearses |= dry_run;
        Ok(())
    }

    /// One of them; the wait, in seconds, until a rate lets the next request pass.
    fn limit(
        &mut self,
        name: &str,
        mut config: Value,
        route: &RouteApi,
        dry_run: bool,
    ) -> Result<Option<u32>, Unsupported> {
        let concurrent = take(&mut config, "concurrent");
        let settings = RateLimit::read(&config)?;
        let key = self.counted(name, &settings, route)?;
        let (module, wait) = match concurrent {
            None => ("limit_req", Some(self.rate(name, &settings, &key)?)),
            Some(most) if settings.rate().is_err() => {
                self.at_a_time(name, &most, &key)?;
                ("limit_conn", None)
            }
            Some(_) => {
                return Err(Unsupported::new(
                    "rate-limit: a rate and requests at a time in one limit",
                ));
            }
        };
        let directive = format!("{module}_dry_run on");
        if dry_run && !self.after.contains(&directive) {
            self.after(&directive);
        }
        Ok(wait)
    }

    /// The variable that is counted by. A request without such a thing is counted by its address.
    fn counted(
        &mut self,
        name: &str,
        config: &RateLimit,
        route: &RouteApi,
    ) -> Result<String, Unsupported> {
        let index = self.index;
        let variable = match config.key.as_str() {
            "ip" => return Ok("$binary_remote_addr".to_owned()),
            "route" => return Ok(format!("\"route {index}\"")),
            "consumer" if self.authenticates => format!("$consumer_{index}"),
            "key" => match KeyAuth::on(route)? {
                Some(config) if config.query.is_none() => header_variable(&config.header),
                _ => {
                    return Err(Unsupported::new(
                        "rate-limit by key where none is asked for in a header alone",
                    ));
                }
            },
            other => match other.strip_prefix("header:") {
                Some(name) => header_variable(name),
                None => return Err(Unsupported::new(format!("rate-limit: the key {other}"))),
            },
        };
        let counted = format!("$counted_{name}");
        self.map(&format!(
            "map {variable} {counted} {{ default \"value {variable}\"; \"\" \"address $remote_addr\"; }}"
        ));
        Ok(counted)
    }

    /// A bucket that holds `burst` and is refilled at the sustained rate; nginx counts the request at hand beside it. A
    /// limit without a burst is a window that slides, to which the nearest is a bucket of the window's size.
    fn rate(&mut self, name: &str, config: &RateLimit, key: &str) -> Result<u32, Unsupported> {
        let (limit, seconds) = config.rate()?;
        let (rate, unit) = match (limit, seconds) {
            (limit, 1) => (limit, "s"),
            (limit, seconds) if seconds > 0 && limit * 60 % seconds == 0 => {
                (limit * 60 / seconds, "m")
            }
            _ => {
                return Err(Unsupported::new(
                    "rate-limit: a rate is a whole number by second or by minute",
                ));
            }
        };
        line(
            &mut self.http,
            1,
            &format!("limit_req_zone {key} zone=limit_{name}:1m rate={rate}r/{unit}"),
        );
        let burst = match config.burst.unwrap_or(limit) {
            0 | 1 => String::new(),
            burst => format!(" burst={} nodelay", burst - 1),
        };
        self.after(&format!("limit_req zone=limit_{name}{burst}"));
        Ok(u32::div_ceil(seconds, limit.max(1)))
    }

    fn at_a_time(&mut self, name: &str, most: &Value, key: &str) -> Result<(), Unsupported> {
        let most = most.as_u64().filter(|most| *most > 0);
        let most =
            most.ok_or_else(|| Unsupported::new("rate-limit: concurrent is a number from 1"))?;
        line(
            &mut self.http,
            1,
            &format!("limit_conn_zone {key} zone=connections_{name}:1m"),
        );
        self.after(&format!("limit_conn connections_{name} {most}"));
        Ok(())
    }
}

fn take(config: &mut Value, name: &str) -> Option<Value> {
    config.as_object_mut()?.shift_remove(name)
}

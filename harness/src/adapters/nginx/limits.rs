//! Rates (limit_req) and requests at a time (limit_conn), counted by a variable.

use serde_json::Value;

use super::plugins::Plugins;
use super::render::{braced, header_variable, line};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::{KeyAuth, RateLimit, Settings as _};
use crate::fixtures::RouteApi;

impl Plugins {
    /// Translates a limit, of a rate or of requests at a time.
    pub(super) fn rate_limit(
        &mut self,
        config: &Value,
        route: &RouteApi,
    ) -> Result<(), Unsupported> {
        let mut config = config.clone();
        let mut take = |name| {
            config
                .as_object_mut()
                .and_then(|all| all.shift_remove(name))
        };
        let (concurrent, dry_run) = (take("concurrent"), take("dryRun"));
        let settings = RateLimit::read(&config)?;
        let key = self.counted(&settings, route)?;
        let module = match concurrent {
            None => self.rate(&settings, &key)?,
            Some(most) if settings.rate().is_err() => self.at_a_time(&most, &key)?,
            Some(_) => {
                return Err(Unsupported::new(
                    "rate-limit: a rate and requests at a time in one limit",
                ));
            }
        };
        if dry_run.is_some_and(|dry_run| dry_run == true) {
            self.rehearses = true;
            self.after(&format!("{module}_dry_run on"));
        }
        Ok(())
    }

    /// The variable that is counted by. A request without such a thing is counted by its address.
    fn counted(&mut self, config: &RateLimit, route: &RouteApi) -> Result<String, Unsupported> {
        let index = self.index;
        let variable = match config.key.as_str() {
            "ip" => return Ok("$binary_remote_addr".to_owned()),
            "route" => return Ok(format!("\"route {index}\"")),
            "consumer" if self.authenticates => format!("$consumer_{index}"),
            "key" => match KeyAuth::on(route)? {
                Some(config) => header_variable(&config.header),
                None => {
                    return Err(Unsupported::new(
                        "rate-limit by key where no key is asked for",
                    ));
                }
            },
            other => match other.strip_prefix("header:") {
                Some(name) => header_variable(name),
                None => return Err(Unsupported::new(format!("rate-limit: the key {other}"))),
            },
        };
        let counted = format!("$counted_{index}");
        self.map(&format!(
            "map {variable} {counted} {{ default \"value {variable}\"; \"\" \"address $remote_addr\"; }}"
        ));
        Ok(counted)
    }

    /// A bucket that holds `burst` and is refilled at the sustained rate; nginx counts the request at hand beside it. A
    /// limit without a burst is a window that slides, to which the nearest is a bucket of the window's size.
    fn rate(&mut self, config: &RateLimit, key: &str) -> Result<&'static str, Unsupported> {
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
        let index = self.index;
        let burst = config.burst.unwrap_or(limit).saturating_sub(1);
        line(
            &mut self.http,
            1,
            &format!("limit_req_zone {key} zone=limit_{index}:1m rate={rate}r/{unit}"),
        );
        let retry = u32::div_ceil(seconds, limit.max(1));
        braced(
            &mut self.http,
            1,
            &format!(
                "map $limit_req_status $retry_after_{index} {{ default \"\"; REJECTED {retry}; }}"
            ),
        );
        let burst = if burst == 0 {
            String::new()
        } else {
            format!(" burst={burst} nodelay")
        };
        self.after(&format!("limit_req zone=limit_{index}{burst}"));
        self.after(&format!(
            "add_header Retry-After $retry_after_{index} always"
        ));
        Ok("limit_req")
    }

    fn at_a_time(&mut self, most: &Value, key: &str) -> Result<&'static str, Unsupported> {
        let most = most.as_u64().filter(|most| *most > 0);
        let most =
            most.ok_or_else(|| Unsupported::new("rate-limit: concurrent is a number from 1"))?;
        let index = self.index;
        line(
            &mut self.http,
            1,
            &format!("limit_conn_zone {key} zone=connections_{index}:1m"),
        );
        self.after(&format!("limit_conn connections_{index} {most}"));
        Ok("limit_conn")
    }
}

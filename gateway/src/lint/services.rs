//! Services that wait, try again or stand about otherwise than was probably meant.

use super::Findings;
use crate::compile::Outline;
use crate::config::{At, raw};
use crate::plugin::registry;
use crate::upstream::{RetryPolicy, Timeouts};
use http::Method;

pub fn default_timeouts(outline: &Outline<'_>, found: &mut Findings<'_>) {
    let defaults = Timeouts::default();
    for (service, at) in services(outline).filter(|(service, _)| service.timeouts.is_none()) {
        let (connect, try_, total, idle) = (
            defaults.connect(),
            defaults.try_(),
            defaults.total(),
            defaults.idle(),
        );
        found.add(
            at.on_key(),
            format!("the service `{}` says nothing of timeouts", service.name),
            format!(
                "the defaults hold (connect {connect:?}, try {try_:?}, total {total:?}, idle {idle:?}); write down \
                 what its callers can wait for, as in `timeouts: {{try: 2s, total: 5s}}`"
            ),
        );
    }
}

pub fn default_retries(outline: &Outline<'_>, found: &mut Findings<'_>) {
    let attempts = RetryPolicy::default().attempts;
    for (service, at) in services(outline).filter(|(service, _)| service.retries.is_none()) {
        found.add(
            at.on_key(),
            format!("the service `{}` says nothing of retries", service.name),
            format!(
                "the default holds ({attempts} further try of idempotent methods after a failed connection); write \
                 down what is wanted, as in `retries: {{attempts: {attempts}}}`, or 0 for none"
            ),
        );
    }
}

pub fn unsafe_retry(outline: &Outline<'_>, found: &mut Findings<'_>) {
    let idempotent = RetryPolicy::default().methods;
    for (service, at) in services(outline) {
        let Some(retries) = service
            .retries
            .as_ref()
            .filter(|retries| retries.attempts != Some(0))
        else {
            continue;
        };
        let list = at.key("retries").key("methods");
        for (place, name) in retries.methods.iter().flatten().enumerate() {
            let known = name
                .parse()
                .is_ok_and(|method: Method| idempotent.contains(&method));
            if !known {
                found.add(
                    list.index(place),
                    format!("a {name} that reached the upstream before it failed is done twice"),
                    "leave it out, unless the upstream tells repeated requests by an idempotency key",
                );
            }
        }
    }
}

pub fn unused(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for api in &outline.apis {
        let routes = outline
            .routes
            .iter()
            .filter(|route| std::ptr::eq(route.api.raw, api.raw));
        let named: Vec<&str> = routes
            .flat_map(|route| &route.plugins)
            .filter(|entry| entry.kind.name == registry::ROUTE_BY_HEADER)
            .filter_map(|entry| entry.config["toService"].as_str())
            .collect();
        for (service, at) in api.services().into_iter().skip(1) {
            if !named.contains(&service.name.as_str()) {
                found.add(
                    at.on_key(),
                    format!("no request goes to the service `{}`", service.name),
                    "name it in `toService` of route-by-header, or take it away",
                );
            }
        }
    }
}

fn services<'a>(outline: &Outline<'a>) -> impl Iterator<Item = (&'a raw::Service, At<'a>)> {
    outline.apis.iter().flat_map(|api| api.services())
}

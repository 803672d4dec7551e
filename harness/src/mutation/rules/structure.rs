//! The rules for services, routes, listeners and consumers, and for plugins as wholes.

use super::{Rule, rule, rule_for};
use crate::mutation::operator::Operator::{
    Append, Flip, Give, Other, Part, Prefix, Remove, Reset, Set, Shift, Swap, Thin, Times, Without,
};

pub(super) const RULES: &[Rule] = &[
    // Plugins as wholes, and how those that ask who calls go together.
    rule("plugin", &[Remove]),
    rule("authenticate", &[Set("\"all\""), Set("\"any\"")]),
    // Services.
    rule_for(&["search-canary"], "service.name", &[Other]),
    rule("service.url", &[Swap]),
    rule("service.targets[]", &[Thin]),
    rule("service.targets[].url", &[Swap]),
    rule("service.targets[].weight", &[Reset("1"), Times(3)]),
    rule(
        "service.balancing",
        &[
            Set("\"round-robin\""),
            Set("\"least-connections\""),
            Set(r#"{"consistentHash": "path"}"#),
        ],
    ),
    rule(
        "service.balancing.consistentHash",
        &[Set("\"ip\""), Set("\"path\"")],
    ),
    rule("service.balancing.consistentHash.header", &[Other]),
    // Elsewhere it keeps nginx from having to choose a Host for each target.
    rule_for(
        &["upstreams"],
        "service.host",
        &[Reset("\"upstream\""), Set(r#"{"set": "other.example"}"#)],
    ),
    rule("service.host.set", &[Other]),
    rule("service.http2", &[Flip]),
    // Elsewhere they keep scenarios short.
    rule_for(&["upstreams"], "service.timeouts.connect", &[Times(10)]),
    rule_for(
        &["upstreams"],
        "service.timeouts.try",
        &[Times(10), Part(20)],
    ),
    rule_for(&["retries"], "service.timeouts.total", &[Times(10)]),
    rule("service.timeouts.idle", &[Times(20)]),
    rule(
        "service.retries.attempts",
        &[Shift(1), Shift(-1), Reset("1")],
    ),
    rule("service.retries.on", &[Append("502")]),
    rule("service.retries.on[]", &[Thin]),
    rule("service.retries.methods", &[Remove, Append("\"POST\"")]),
    rule("service.retries.methods[]", &[Thin]),
    rule("service.retries.budget.percent", &[Times(10), Set("100")]),
    rule("service.retries.budget.min", &[Shift(1), Remove]),
    rule("service.tls", &[Without(&["certificate", "key"])]),
    rule("service.tls.ca", &[Set("\"other-ca.pem\"")]),
    rule("service.tls.serverName", &[Remove, Other]),
    rule("service.tls.certificate", &[Set("\"gateway.expired.pem\"")]),
    // Routes.
    rule("route.hosts", &[Remove]),
    rule("route.hosts[]", &[Other]),
    rule("route.paths[]", &[Other, Prefix]),
    rule("route.paths[].exact", &[Other]),
    rule("route.methods", &[Append("\"PATCH\""), Remove]),
    rule("route.methods[]", &[Thin]),
    rule("route.headers", &[Remove]),
    rule("route.headers.*", &[Other, Set(r#"{"present": true}"#)]),
    rule("route.headers.*.regex", &[Other, Set("\"\"")]),
    rule("route.query", &[Remove]),
    rule("route.query.*", &[Other, Set(r#"{"present": true}"#)]),
    rule("route.query.*.present", &[Flip]),
    rule("route.stripPrefix", &[Flip]),
    rule("route.rewrite", &[Remove, Other]),
    // Listeners.
    rule("listener.trustedProxies", &[Remove]),
    rule("listener.trustedProxies[]", &[Set("\"10.0.0.0/8\"")]),
    rule("listener.tls", &[Remove]),
    rule("listener.tls.certificates[]", &[Thin]),
    rule("listener.tls.minVersion", &[Set("\"1.2\""), Set("\"1.3\"")]),
    rule("listener.tls.clientCertificates", &[Remove]),
    rule(
        "listener.tls.clientCertificates.mode",
        &[Set("\"required\""), Set("\"optional\""), Set("\"off\"")],
    ),
    rule(
        "listener.tls.clientCertificates.ca",
        &[Set("\"other-ca.pem\"")],
    ),
    rule("listener.tls.clientCertificates.ca[]", &[Thin]),
    rule("listener.tls.clientCertificates.crl", &[Remove]),
    rule("listener.http2", &[Flip]),
    // Elsewhere they keep scenarios short.
    rule_for(&["slow-clients"], "listener.timeouts.head", &[Times(30)]),
    rule_for(&["slow-clients"], "listener.timeouts.body", &[Times(30)]),
    rule_for(
        &["slow-clients"],
        "listener.timeouts.keepAlive",
        &[Times(30)],
    ),
    rule("listener.paths.mergeSlashes", &[Flip]),
    rule(
        "listener.paths.encodedSlashes",
        &[Set("\"reject\""), Set("\"keep\"")],
    ),
    rule("listener.limits.headerBytes", &[Times(2), Part(2)]),
    rule("listener.limits.headerCount", &[Shift(1), Shift(-1)]),
    rule("listener.limits.targetBytes", &[Shift(1), Shift(-1)]),
    // Consumers.
    rule("consumer", &[Remove]),
    rule("consumer.name", &[Other]),
    rule("consumer.groups[]", &[Remove]),
    rule("consumer.roles[]", &[Remove]),
    rule("consumer.keys[]", &[Remove]),
    rule("consumer.tokens[]", &[Remove]),
    rule("consumer.tokens[].issuer", &[Remove, Other]),
    rule("consumer.tokens[].claim", &[Remove, Other]),
    rule("consumer.tokens[].value", &[Other]),
    rule("consumer.basic", &[Remove]),
    rule("consumer.basic.username", &[Remove, Other]),
    // A hash of another password.
    rule(
        "consumer.basic.password",
        &[Set(
            "\"$2b$04$xGX0V0iBBb8X2wL2sJZ.e.Yq8cVxqJ2wdU0PZx6TdhI0gVJmZTzEe\"",
        )],
    ),
    rule_for(&["limits"], "service", &[Give("host", "\"preserve\"")]),
];

pub(super) const UNTOUCHED: &[(&str, &str)] = &[
    (
        "service.retries.backoff",
        "full jitter: any wait up to the bound may be none, so no request tells what the bound is",
    ),
    (
        "service.name",
        "a label of logs and metrics, changed where scenarios look at them",
    ),
    (
        "route.name",
        "a label of logs and metrics, which no fixture sets",
    ),
    (
        "route.authenticate",
        "the same as in the document around it, which is changed as `authenticate`",
    ),
    (
        "route.plugins",
        "plugins are changed as plugins, wherever they stand",
    ),
    (
        "authorize.rule.paths[].exact",
        "read as a route's, which is changed",
    ),
    (
        "jwt-validate.keys[].jwk",
        "keys are made for the run, so that no file can have them; files name PEM material instead",
    ),
    (
        "jwt-validate.keys[].kid",
        "keys are made for the run, and so are their names",
    ),
    (
        "jwt-validate.tls.serverName",
        "the same as a service's, which is changed",
    ),
    (
        "jwt-validate.tls.certificate",
        "the same as a service's, which is changed",
    ),
    (
        "jwt-validate.tls.key",
        "another key than the certificate's is refused",
    ),
    (
        "oauth2-introspect.tls.serverName",
        "the same as a service's, which is changed",
    ),
    (
        "oauth2-introspect.tls.certificate",
        "the same as a service's, which is changed; scenarios ask for it with `clientAuth: tls`",
    ),
    (
        "oauth2-introspect.tls.key",
        "another key than the certificate's is refused",
    ),
    (
        "oauth2-introspect.token.scheme",
        "the same as jwt-validate's, which is changed",
    ),
    (
        "oauth2-introspect.token.cookie",
        "the same as jwt-validate's, which is changed",
    ),
    (
        "oauth2-introspect.token.query",
        "the same as jwt-validate's, which is changed",
    ),
    (
        "oauth2-introspect.cache.entries",
        "a bound of memory, far from what any scenario fills",
    ),
    (
        "service.tls.key",
        "another key than the certificate's is refused",
    ),
    (
        "listener.tls.certificates[].certificate",
        "another file's key is refused; each pair is taken away whole",
    ),
    (
        "listener.tls.certificates[].key",
        "another key than the certificate's is refused",
    ),
    (
        "listener.address",
        "the harness lets the system choose the port",
    ),
    ("admin", "the harness sets it, to read metrics"),
    ("telemetry", "the harness sets it, to read the access log"),
    (
        "runtime",
        "the harness sets `resolve`; `drain` is about a gateway that ends, which no scenario sees",
    ),
    ("consumer.metadata", "nothing reads it yet"),
    (
        "consumer.keys[].key",
        "the harness adds such keys for scenarios, with an end or without",
    ),
    (
        "consumer.keys[].expires",
        "the harness adds such keys for scenarios, with an end or without",
    ),
    (
        "consumer.certificates",
        "the harness adds them for scenarios, whose certificates are made for the run",
    ),
];

//! The documents as they are written: one struct an object of docs/configuration.md, and nothing decided yet.
//!
//! The doc comments become the descriptions of the JSON Schema. Defaults, ranges across fields and names that point
//! somewhere are the business of the compile stage; here stands only what a document may say.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    pem::{PemList, PemText},
    secret::SecretText,
    units::{DurationText, SizeText},
};

/// A configuration document: one API document, or the whole with listeners, consumers and many APIs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Document {
    /// The API that stands in this document itself.
    #[serde(flatten)]
    pub api: Api,
    /// Addresses the gateway listens on; 127.0.0.1:8080 when none is given.
    #[serde(default)]
    pub listeners: Vec<Listener>,
    /// The admin listener: liveness, readiness, metrics. Off when absent.
    pub admin: Option<Admin>,
    /// Who may call, and with which credentials.
    #[serde(default)]
    pub consumers: Vec<Consumer>,
    /// Files with further documents: globs, relative to this file.
    #[serde(default)]
    pub include: Vec<String>,
    /// API documents inline.
    #[serde(default)]
    pub apis: Vec<Api>,
    /// Logs and metrics.
    pub telemetry: Option<Telemetry>,
    /// How the process itself behaves.
    pub runtime: Option<Runtime>,
}

/// An API document: a service, its routes and its plugins.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "not" = {"required": ["route", "routes"]},
    "dependentRequired" = {
        "route": ["service"], "routes": ["service"], "altService": ["service"], "altServices": ["service"]
    }
))]
pub struct Api {
    /// The upstream that requests go to.
    pub service: Option<Service>,
    /// A second service, for route-by-header.
    pub alt_service: Option<Service>,
    /// Further services, for route-by-header.
    #[serde(default)]
    pub alt_services: Vec<Service>,
    /// Which requests are meant. Without one, all of them.
    pub route: Option<Route>,
    /// Several routes, each with its own plugins.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// How several auth plugins on one route combine; `all` by default.
    pub authenticate: Option<Combine>,
    /// What happens to the requests of this API, or of every API where the document has no service.
    #[serde(default)]
    pub plugins: Vec<Plugin>,
}

/// How several auth plugins on one route combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// Every one has to know its credential.
    All,
    /// One that knows its credential is enough.
    Any,
}

/// An upstream: one address or several, and how they are called.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["url"]}, {"required": ["targets"]}]))]
pub struct Service {
    /// The name that routes, plugins, logs and metrics use.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Scheme, host, port and an optional path prefix, such as `http://orders-svc:8080`.
    pub url: Option<String>,
    /// Several addresses with weights, instead of `url`.
    #[schemars(length(min = 1))]
    pub targets: Option<Vec<Target>>,
    /// How a target is chosen; `round-robin` by default.
    pub balancing: Option<Balancing>,
    /// The Host header sent upstream; `upstream` by default.
    pub host: Option<UpstreamHost>,
    /// Whether HTTP/2 is spoken to it, as gRPC needs (without TLS: prior knowledge); false by default.
    pub http2: Option<bool>,
    /// The limits in time of a call; each has a default and none can be switched off.
    pub timeouts: Option<ServiceTimeouts>,
    /// When a call is tried again.
    pub retries: Option<Retries>,
    /// Whom to trust and what to show where the URL is `https://`; the system's authorities and nothing by default.
    pub tls: Option<ClientTls>,
}

/// TLS towards a server. Its certificate is always verified.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientTls {
    /// The certificate authorities that are trusted, instead of the system's.
    pub ca: Option<PemList>,
    /// The name that the server's certificate has to have, and that is asked for by SNI; the host by default.
    pub server_name: Option<String>,
    /// The certificate that the gateway shows, the chain behind it.
    pub certificate: Option<PemText>,
    /// The private key of the certificate.
    pub key: Option<PemText>,
}

/// One address of a service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Scheme, host and port, such as `http://10.0.0.7:8080`.
    pub url: String,
    /// The target's share relative to the others; 1 by default.
    #[schemars(range(min = 1))]
    pub weight: Option<u32>,
}

/// How a target is chosen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Balancing {
    /// One after the other, as often as their weights say.
    RoundRobin,
    /// The target with the fewest requests in flight.
    LeastConnections,
    /// Always the same target for the same key.
    #[serde(rename = "consistentHash")]
    ConsistentHash(HashKey),
}

/// What a consistent hash is made of.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HashKey {
    /// The client's address.
    Ip,
    /// The consumer that a plugin found.
    Consumer,
    /// The path of the request.
    Path,
    /// The value of the header with this name.
    Header(String),
}

/// The Host header sent upstream.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UpstreamHost {
    /// The upstream's own.
    Upstream,
    /// What the client sent.
    Preserve,
    /// This one.
    Set(String),
}

/// The limits in time of a call to a service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceTimeouts {
    /// To have a connection, TLS included; 2s by default.
    pub connect: Option<DurationText>,
    /// The longest wait for the upstream within one try: for its answer to begin and between two parts of it; 10s by
    /// default.
    #[serde(rename = "try")]
    pub per_try: Option<DurationText>,
    /// From the request's arrival to the end of the response, all tries and the waits between them included; streams
    /// (WebSocket, server-sent events, gRPC) are exempt; 30s by default.
    pub total: Option<DurationText>,
    /// The longest silence on a stream, and the longest pause while a request's body is sent on; 5m by default.
    pub idle: Option<DurationText>,
}

/// When a call is tried again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retries {
    /// Further tries after the first; 1 by default, 0 switches retries off.
    pub attempts: Option<u32>,
    /// What is tried again; `[connect, reset]` by default.
    pub on: Option<Vec<RetryOn>>,
    /// For which methods; the idempotent ones by default.
    pub methods: Option<Vec<String>>,
    /// The wait before a further try.
    pub backoff: Option<Backoff>,
    /// How many retries there may be at one time.
    pub budget: Option<RetryBudget>,
}

/// What is tried again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RetryOn {
    /// A failure without a response.
    Failure(RetryFailure),
    /// A response with this status.
    Status(
        #[schemars(range(min = 400, max = 599), extend("x-expects" = "a status from 400 to 599"))]
        u16,
    ),
}

/// A failure without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetryFailure {
    /// No connection could be made.
    Connect,
    /// A try took longer than `timeouts.try`.
    Timeout,
    /// The connection broke before a response came.
    Reset,
}

/// The wait before a further try: random, between 0 and min(max, base·2ⁿ).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backoff {
    /// The bound of the first wait; 25ms by default.
    pub base: Option<DurationText>,
    /// The bound that no wait exceeds; 250ms by default.
    pub max: Option<DurationText>,
}

/// How many retries there may be at one time.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryBudget {
    /// As a share of the service's active requests, in percent; 20 by default.
    #[schemars(range(max = 100))]
    pub percent: Option<u8>,
    /// What is allowed however few requests are active; 3 by default.
    pub min: Option<u32>,
}

/// Which requests are meant, and what becomes of their path.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route {
    /// The name that logs and metrics use; the service's name by default.
    #[schemars(length(min = 1))]
    pub name: Option<String>,
    /// Host names, `*.example.com` for all below one; none: any host.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Path prefixes on segment borders, `{name}` for one segment, or `{exact: …}`; none: any path.
    #[serde(default)]
    pub paths: Vec<PathPattern>,
    /// Methods; none: any method.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Conditions on headers; all of them must hold.
    #[serde(default)]
    pub headers: IndexMap<String, Condition>,
    /// Conditions on parameters of the query; all of them must hold.
    #[serde(default)]
    pub query: IndexMap<String, Condition>,
    /// Whether the matched prefix is cut off before the upstream; false by default.
    pub strip_prefix: Option<bool>,
    /// Replaces the matched part of the path; the path's parameters may be used, as in `/internal/{id}`.
    pub rewrite: Option<String>,
    /// How several auth plugins of this route combine, instead of what holds for the API.
    pub authenticate: Option<Combine>,
    /// Plugins of this route alone, added to those of the document. Only in `routes`.
    #[serde(default)]
    pub plugins: Vec<Plugin>,
}

/// A path that a route takes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PathPattern {
    /// A prefix on segment borders.
    Prefix(#[schemars(extend("x-expects" = "a path such as `/orders`"))] String),
    /// The whole path.
    Exact(ExactPath),
}

/// The whole path.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExactPath {
    /// The path, to its last segment.
    pub exact: String,
}

/// A condition on a header or on a parameter of the query.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Condition {
    /// It has exactly this value.
    Value(String),
    /// It passes this test.
    Test(ConditionTest),
}

/// A test of a value.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConditionTest {
    /// Whether there is any value.
    Present(bool),
    /// Whether the value matches this regular expression.
    Regex(String),
}

/// A plugin and its configuration.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plugin {
    /// Which plugin.
    pub name: String,
    /// False takes a plugin of an outer level away; true by default.
    pub enabled: Option<bool>,
    /// The plugin's own settings.
    pub config: Option<serde_json::Value>,
    /// What the plugin is here for, for those who read the document.
    pub note: Option<String>,
}

/// An address the gateway listens on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listener {
    /// Address and port, such as `127.0.0.1:8080`.
    pub address: String,
    /// Networks of peers whose X-Forwarded-*, Forwarded and request id are believed; none by default.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// TLS: the certificates that the gateway shows, and what clients have to show. None by default.
    pub tls: Option<ServerTls>,
    /// HTTP/2 without TLS (h2c, prior knowledge); false by default. With TLS it is offered always.
    pub http2: Option<bool>,
    /// The limits in time of a client.
    pub timeouts: Option<ListenerTimeouts>,
    /// How paths are normalised.
    pub paths: Option<PathRules>,
    /// The limits in size of a request's head.
    pub limits: Option<ListenerLimits>,
}

/// TLS on a listener.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerTls {
    /// Chosen by the name that a client asks for (SNI) from the alternative names in them; the first where none fits.
    #[schemars(length(min = 1))]
    pub certificates: Vec<ServerCertificate>,
    /// The lowest version of TLS that is spoken; `1.2` by default.
    pub min_version: Option<TlsVersion>,
    /// Whether clients have to show a certificate, and which are taken. They are not asked for one by default.
    pub client_certificates: Option<ClientCertificates>,
}

/// A certificate that the gateway shows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerCertificate {
    /// The certificate, the chain behind it.
    pub certificate: PemText,
    /// The private key of the certificate.
    pub key: PemText,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum TlsVersion {
    /// RFC 5246.
    #[serde(rename = "1.2")]
    Tls12,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    Tls13,
}

/// What clients have to show.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientCertificates {
    /// Whether clients have to show a certificate; `required` by default.
    pub mode: Option<ClientCertificateMode>,
    /// The authorities whose certificates are taken.
    pub ca: Option<PemList>,
    /// Lists of revoked certificates: one of each authority, intermediate ones included. One that is out of date lets
    /// nobody in.
    pub crl: Option<PemList>,
}

/// Whether clients have to show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificateMode {
    /// No connection without one that is taken.
    Required,
    /// A client may have none; one that is not taken ends the connection.
    Optional,
    /// Clients are not asked.
    Off,
}

/// The limits in time of a client.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListenerTimeouts {
    /// From the first byte wanted to the end of the request's head; 10s by default.
    pub head: Option<DurationText>,
    /// The longest pause while a request body is read; 30s by default.
    pub body: Option<DurationText>,
    /// How long an idle connection stays; 60s by default.
    pub keep_alive: Option<DurationText>,
}

/// How paths are normalised.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathRules {
    /// Whether `//` is taken for `/`; false by default.
    pub merge_slashes: Option<bool>,
    /// What becomes of `%2F` and `%5C`; `reject` by default.
    pub encoded_slashes: Option<EncodedSlashes>,
}

/// What becomes of `%2F` and `%5C` in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EncodedSlashes {
    /// The request is refused with 400.
    Reject,
    /// They stay as they are.
    Keep,
}

/// The limits in size of a request's head.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListenerLimits {
    /// The whole head; 32KiB by default, 431 above.
    pub header_bytes: Option<SizeText>,
    /// The number of header fields; 100 by default, 431 above.
    #[schemars(range(min = 1))]
    pub header_count: Option<u32>,
    /// The request target; 8KiB by default, 414 above.
    pub target_bytes: Option<SizeText>,
}

/// The admin listener.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Admin {
    /// Address and port, such as `127.0.0.1:9901`.
    pub address: String,
    /// What has to be shown for `/metrics` and `/config`, as `Authorization: Bearer …`; needed when the address is not
    /// a loopback one.
    pub token: Option<SecretText>,
}

/// Someone who calls, and the credentials that show it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Consumer {
    /// The name that upstreams, limits and logs use.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Groups the consumer belongs to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Roles the consumer has, whatever its credential says.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What else is known of the consumer.
    #[serde(default)]
    pub metadata: IndexMap<String, String>,
    /// API keys; several may overlap while one is rotated.
    #[serde(default)]
    pub keys: Vec<Key>,
    /// What verified tokens of the consumer say.
    #[serde(default)]
    pub tokens: Vec<TokenMatch>,
    /// Certificates of the consumer's that mtls-auth knows it by.
    #[serde(default)]
    pub certificates: Vec<CertificateMatch>,
    /// A user name and what its password is checked by.
    pub basic: Option<Basic>,
}

/// What a certificate has that is a consumer's: one of these.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["san"]}, {"required": ["subject"]}, {"required": ["fingerprint"]}
]))]
pub struct CertificateMatch {
    /// A subject alternative name: a host, a mailbox, an address or a URI.
    #[schemars(length(min = 1))]
    pub san: Option<String>,
    /// The whole subject, as in `CN=alice,O=Example` (RFC 4514).
    #[schemars(length(min = 1))]
    pub subject: Option<String>,
    /// `sha256:` and the digest of the certificate in DER, in hexadecimal digits.
    pub fingerprint: Option<String>,
}

/// A user name and what its password is checked by.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Basic {
    /// The user name, without a colon; the consumer's name by default.
    #[schemars(length(min = 1))]
    pub username: Option<String>,
    /// A hash of the password, as `gateway hash-password` prints it (`$argon2id$…`), or one of bcrypt (`$2b$…`); or
    /// `${env:NAME}` or `${file:path}`, behind which stands a hash or the password itself.
    #[schemars(extend("x-expects" = "a hash such as `$argon2id$…` or `$2b$…`, `${env:NAME}` or `${file:path}`"))]
    pub password: SecretText,
}

/// What a token says that is a consumer's.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenMatch {
    /// Who issued it; without one, any issuer that the route trusts.
    pub issuer: Option<String>,
    /// The claim that is looked at, among those of the plugin's `consumerClaim`; `sub` by default.
    #[schemars(length(min = 1))]
    pub claim: Option<String>,
    /// What the claim is.
    #[schemars(length(min = 1))]
    pub value: String,
}

/// An API key of a consumer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Key {
    /// A key that never expires.
    Lasting(SecretText),
    /// A key with an end.
    Expiring(ExpiringKey),
}

/// A key with an end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpiringKey {
    /// The key.
    pub key: SecretText,
    /// The first moment at which the key is refused, as `2027-01-01T00:00:00Z` (RFC 3339).
    pub expires: Option<String>,
}

/// Logs and metrics.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Telemetry {
    /// One line a request.
    pub access_log: Option<AccessLog>,
}

/// The access log.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessLog {
    /// Where the lines go; `stdout` by default.
    pub output: Option<LogOutput>,
}

/// Where the lines of the access log go.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LogOutput {
    /// To standard output.
    Stdout,
    /// To standard error.
    Stderr,
    /// Nowhere.
    Off,
    /// To the end of this file.
    File(String),
}

/// How the process itself behaves.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Runtime {
    /// After SIGTERM: the longest wait for requests in flight; 30s by default.
    pub drain: Option<DurationText>,
    /// Addresses for names, as curl's `--resolve`: `{"users-svc:8080": "127.0.0.1:9001"}`.
    #[serde(default)]
    pub resolve: IndexMap<String, String>,
}

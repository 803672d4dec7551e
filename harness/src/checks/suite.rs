//! What a suite of checks says (docs/synthetic-checks.md).

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use reqwest::Url;

use super::mistake::{Mistake, Mistakes};
use super::secrets::Text;
use super::{read, yaml};

/// A suite: what is checked, at which address, with which credentials.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// What it is called in pages, metrics and alerts.
    pub name: String,
    /// Where the gateway is, unless it is said otherwise when the suite runs.
    pub url: Option<Url>,
    /// How long one check may take as a whole, where it says nothing itself.
    pub timeout: Duration,
    /// How long one answer may take before the check is degraded.
    pub within: Option<Duration>,
    /// The longest body that is read; a longer one is a failure.
    pub max_body: u64,
    /// Whom to believe over TLS.
    pub tls: Trust,
    /// By name.
    pub credentials: IndexMap<String, Credential>,
    /// In the order of the file.
    pub checks: Vec<Check>,
    /// What relative paths start from.
    pub directory: PathBuf,
}

/// Whom to believe over TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Authorities instead of the system's: a PEM file.
    pub ca: Option<String>,
    /// Believes anybody. Said in every outcome.
    pub insecure: bool,
}

/// What a caller shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// An API key.
    pub key: Option<ApiKey>,
    /// A bearer token.
    pub token: Option<Token>,
    /// A user name and a password.
    pub basic: Option<Basic>,
    /// A client certificate and its private key: two PEM files.
    pub certificate: Option<KeyPair>,
}

/// An API key and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key.
    pub value: Text,
    /// Where.
    pub place: KeyPlace,
}

/// Where an API key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In this header.
    Header(String),
    /// In this query parameter.
    Query(String),
}

/// A bearer token, and what has to be wrong with it for a check to mean anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub value: Text,
    /// What it has to be; otherwise the check fails instead of finding a refusal that was for something else.
    pub must: Option<Must>,
}

/// What a JSON Web Token has to be (RFC 7519 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Must {
    /// Past its `exp`.
    HaveEnded,
    /// Before its `exp`, and with none of these in its `aud`.
    NotBeFor(Vec<String>),
}

/// A user name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basic {
    /// The name.
    pub username: Text,
    /// The password.
    pub password: Text,
}

/// Two PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// The certificate, with intermediate ones behind it.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// One check.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Its name in metrics: small letters, digits, `-`, `_` and `.`; unique in the suite.
    pub id: String,
    /// What it asserts.
    pub name: String,
    /// The line of the document that asks for it: `orders.yaml:14:5`.
    pub from: Option<String>,
    /// The requirement of the conformance suite that it is a case of: `KEY-001`.
    pub requirement: Option<String>,
    /// Why it runs only where that is allowed: it spends a limit, or writes.
    pub intrusive: Option<String>,
    /// What a failure means.
    pub severity: Severity,
    /// How long it takes at most, all steps together.
    pub timeout: Option<Duration>,
    /// How long to wait at least before it runs again, since it needs what it has spent.
    pub every: Option<Duration>,
    /// What each request shows that says nothing itself.
    pub credential: Option<String>,
    /// One after the other; the first that fails ends it.
    pub steps: Vec<Step>,
}

/// What a failed check means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// The gateway does not do what it has to.
    #[default]
    Bad,
    /// It serves, less well than it should.
    Degraded,
}

/// A request, sent once or often, and what must come of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The request.
    pub request: Request,
    /// How often it is sent.
    pub times: u32,
    /// How many of them at a time.
    pub at_once: u32,
    /// What must come of it.
    pub expect: Expect,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// As sent.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Besides those of the credential.
    pub headers: Vec<(String, Text)>,
    /// What is sent.
    pub body: Option<Body>,
    /// What this request shows, instead of what the check does.
    pub credential: Option<Shown>,
    /// What is done to the token first, which makes it wrong.
    pub tamper: Option<Tamper>,
    /// The only version of TLS that is offered.
    pub tls_version: Option<TlsVersion>,
}

/// What a request shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing.
    Nothing,
    /// The credential of this name.
    Credential(String),
}

/// A body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// This text.
    Text(Text),
    /// So many bytes, all of them spaces.
    Size(u64),
}

/// How a good token (RFC 7519) is made a wrong one, for which nobody's key is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// The header says `alg: none`, and there is no signature (RFC 8725 §3.1).
    AlgNone,
    /// One bit of the signature is another.
    Signature,
    /// The claims are others, the signature is that of the old ones.
    Claims,
    /// The signature is missing.
    Cut,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// 1.2
    Tls12,
    /// 1.3
    Tls13,
}

/// What must come of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// Answers.
    Answers(Box<Answers>),
    /// The server ends the TLS handshake, or the connection right after it, with an alert.
    Refused,
}

/// What the answers of a step must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Each of them.
    pub each: Option<Answer>,
    /// The last.
    pub last: Option<Answer>,
    /// So many of them.
    pub among: Vec<Among>,
}

/// How many answers must be like this.
#[derive(Clone, Debug, PartialEq)]
pub struct Among {
    /// The least number; 1 where nothing is said.
    pub at_least: u32,
    /// The greatest number.
    pub at_most: Option<u32>,
    /// What they are like.
    pub answer: Answer,
}

/// What one answer must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// One of these; any where there is none.
    pub status: Vec<Status>,
    /// By name; a name that ends in `*` stands for all that begin so.
    pub headers: IndexMap<String, Vec<HeaderRule>>,
    /// What the body must be.
    pub body: Vec<BodyRule>,
    /// How long it may take before the check is degraded.
    pub within: Option<Duration>,
}

/// A status, or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// This one.
    Code(u16),
    /// `4xx`: all of the class 4.
    Class(u16),
}

/// What a header must be.
#[derive(Clone, Debug, PartialEq)]
pub enum HeaderRule {
    /// There.
    Present,
    /// Not there.
    Absent,
    /// There once, with this value.
    Is(String),
    /// With this in one of its values.
    Contains(String),
    /// Without this in any of its values.
    Lacks(String),
    /// A list, separated by commas, with this among its members, whatever its case.
    Lists(String),
    /// With a value that this expression fits.
    Matches(Pattern),
    /// A whole number, not smaller.
    AtLeast(i64),
    /// A whole number, not greater.
    AtMost(i64),
}

/// What a body must be.
#[derive(Clone, Debug, PartialEq)]
pub enum BodyRule {
    /// Empty, or not.
    Empty(bool),
    /// With this in it.
    Contains(String),
    /// Without this.
    Lacks(String),
    /// This expression fits somewhere.
    Matches(Pattern),
    /// JSON, and at this pointer (RFC 6901) stands this.
    Json(String, JsonRule),
}

/// What stands at a place of a JSON document.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonRule {
    /// Anything.
    Present,
    /// Nothing.
    Absent,
    /// This.
    Is(serde_json::Value),
}

/// A regular expression; two are equal where they are written alike.
#[derive(Clone, Debug)]
pub struct Pattern(pub regex::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Suite {
    /// How long a check may take where nothing is said.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
    /// The longest body that is read where nothing is said.
    pub const MAX_BODY: u64 = 1 << 20;
    /// The header of an API key where nothing is said.
    pub const KEY_HEADER: &str = "X-API-Key";

    /// A suite without checks.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: None,
            timeout: Self::TIMEOUT,
            within: None,
            max_body: Self::MAX_BODY,
            tls: Trust::default(),
            credentials: IndexMap::new(),
            checks: Vec::new(),
            directory: PathBuf::from("."),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it can't be read, or says what no suite may say: all mistakes at once.
    pub fn read(path: &Path) -> Result<Self, Mistakes> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Mistakes(vec![Mistake {
                file: file.clone(),
                at: None,
                what: format!("the file can't be read: {error}"),
                help: None,
            }])
        })?;
        let mut suite = Self::parse(&file, &text)?;
        if let Some(parent) = path.parent() {
            suite.directory = parent.to_owned();
        }
        Ok(suite)
    }

    /// Reads a text; `file` is what mistakes call it.
    ///
    /// # Errors
    /// When it says what no suite may say: all mistakes at once.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        read::suite(file, &yaml::Node::parse(file, text)?)
    }
}

impl Check {
    /// A check without steps.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            from: None,
            requirement: None,
            intrusive: None,
            severity: Severity::Bad,
            timeout: None,
            every: None,
            credential: None,
            steps: Vec::new(),
        }
    }

    /// The credential that a request of this check shows.
    pub fn shown<'a>(&'a self, request: &'a Request) -> Option<&'a str> {
        match &request.credential {
            None => self.credential.as_deref(),
            Some(Shown::Nothing) => None,
            Some(Shown::Credential(name)) => Some(name),
        }
    }
}

impl Request {
    /// A request without anything besides method and path.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: None,
            credential: None,
            tamper: None,
            tls_version: None,
        }
    }
}

impl Step {
    /// A request that is sent once.
    pub fn new(request: Request, answer: Answer) -> Self {
        Self {
            request,
            times: 1,
            at_once: 1,
            expect: Expect::Answers(Box::new(Answers {
                each: Some(answer),
                ..Answers::default()
            })),
        }
    }
}

impl Token {
    /// A token of which nothing is said.
    pub const fn new(value: Text) -> Self {
        Self { value, must: None }
    }
}

impl Tamper {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AlgNone, Self::Signature, Self::Claims, Self::Cut];

    /// Its word in a suite.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AlgNone => "alg-none",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Cut => "cut",
        }
    }
}

impl TlsVersion {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Tls12, Self::Tls13];

    /// Its word in a suite.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

impl Status {
    /// Whether this status is meant.
    pub const fn holds(self, status: u16) -> bool {
        match self {
            Self::Code(code) => code == status,
            Self::Class(class) => class == status / 100,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

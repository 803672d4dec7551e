//! The fixtures as they run, and their description.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatecheck::fixtures::Key;
use gatecheck::fixtures::certificates::{Certificates, Leaf, VARIANTS};
use gatecheck::fixtures::introspection_server::IntrospectionServer;
use gatecheck::fixtures::jwks_server::JwksServer;
use gatecheck::fixtures::tokens::{Algorithm, Draft, Issuer, Verdict, kinds};
use mock_upstreams::{Behaviour, MockUpstream, Tls};
use serde_json::{Map, Value, json};

use super::Parts;

/// The hosts of the issuer's servers, besides `localhost` and 127.0.0.1.
const ISSUER_HOST: &str = "auth.example";
const INTROSPECTION_HOST: &str = "introspection.example";
/// What servers' certificates are for.
const HOSTS: [&str; 5] = [
    "gateway.example",
    "orders.internal",
    "*.api.example",
    "localhost",
    "127.0.0.1",
];
const AUDIENCE: &str = "api";
/// How long good tokens live: long enough to work with them by hand.
const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// The fixtures as they run; they stop when this is dropped.
pub struct Bed {
    /// Where everything is, as JSON.
    pub description: Value,
    _jwks: Option<JwksServer>,
    _introspection: Option<IntrospectionServer>,
    _upstreams: Vec<MockUpstream>,
}

impl Bed {
    /// Starts the parts; certificates and tokens are written below the directory.
    ///
    /// # Errors
    /// When something can't be started or written.
    pub async fn start(parts: &Parts, directory: &Path) -> anyhow::Result<Self> {
        let all = Certificates::new()?;
        let mut description = json!({
            "directory": directory,
            "certificates": certificates(&all, directory)?,
        });
        let (mut jwks, mut introspection, mut upstreams) = (None, None, Vec::new());
        if parts.jwks {
            let issuer = Issuer::new(format!("https://{ISSUER_HOST}"), AUDIENCE);
            let server = JwksServer::spawn(Arc::new(issuer), &all, &[ISSUER_HOST]).await?;
            description["jwks"] = describe_jwks(&server);
            description["tokens"] = tokens(server.issuer(), directory)?;
            jwks = Some(server);
        }
        if parts.introspection {
            let server = IntrospectionServer::spawn(&all, &[INTROSPECTION_HOST]).await?;
            description["introspection"] = describe_introspection(&server);
            introspection = Some(server);
        }
        if parts.upstreams {
            let (described, started) = start_upstreams(&all).await?;
            description["upstreams"] = described;
            upstreams = started;
        }
        Ok(Self {
            description,
            _jwks: jwks,
            _introspection: introspection,
            _upstreams: upstreams,
        })
    }
}

/// A verdict in a word.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Wrong => "wrong",
        Verdict::Depends => "depends",
    }
}

fn certificates(all: &Certificates, directory: &Path) -> anyhow::Result<Value> {
    let directory = directory.join("certificates");
    fs::create_dir(&directory)?;
    let server = Leaf::server(HOSTS);
    let client = Leaf::client("alice")
        .organization("Example")
        .host("client.example")
        .email("alice@example.com")
        .uri("spiffe://example/alice");
    let mut described = json!({"servers": {}, "clients": {}});
    for (usage, leaf) in [("servers", &server), ("clients", &client)] {
        for variant in VARIANTS {
            let certified = all.mint(variant.name, leaf)?;
            let stem = format!("{}-{}", usage.trim_end_matches('s'), variant.name);
            let (certificate, key) = certified.write(&directory, &stem)?;
            described[usage][variant.name] = json!({
                "about": variant.about,
                "verdict": if variant.good { "good" } else { "wrong" },
                "certificate": certificate,
                "key": key,
                "fingerprint": certified.fingerprint(),
            });
        }
        // Signed after the revoked certificate was made, so that it is on the list.
        let (ca, crl) = (
            directory.join(format!("{usage}-ca.pem")),
            directory.join(format!("{usage}-crl.pem")),
        );
        let authority = all.authority(leaf);
        fs::write(&ca, authority.pem())?;
        fs::write(&crl, authority.revocation_list()?.pem())?;
        described[format!("{usage}Ca")] = json!(ca);
        described[format!("{usage}Crl")] = json!(crl);
    }
    Ok(described)
}

fn describe_jwks(server: &JwksServer) -> Value {
    let issuer = server.issuer();
    let secrets = Algorithm::ALL.into_iter().filter_map(|algorithm| {
        let key = issuer.key(algorithm);
        let secret = URL_SAFE_NO_PAD.encode(key.secret()?);
        let described = json!({"kid": key.kid, "secret": secret});
        Some((algorithm.name().to_owned(), described))
    });
    json!({
        "issuer": issuer.identifier,
        "audience": issuer.audience,
        "resolve": {ISSUER_HOST: server.address()},
        "keys": server.url() + JwksServer::KEYS,
        "plainKeys": server.plain_url() + JwksServer::KEYS,
        "discovery": server.url() + "/.well-known/openid-configuration",
        "secrets": secrets.collect::<Map<_, _>>(),
    })
}

/// A good token for every algorithm, and one of each kind by RS256, each in a file of its own as well.
fn tokens(issuer: &Issuer, directory: &Path) -> anyhow::Result<Value> {
    let directory = directory.join("tokens");
    fs::create_dir(&directory)?;
    let write = |name: &str, token: &str| -> anyhow::Result<Value> {
        let path = directory.join(format!("{name}.jwt"));
        fs::write(&path, token).with_context(|| format!("{} can't be written", path.display()))?;
        Ok(json!(path))
    };
    let mut good = Map::new();
    for algorithm in Algorithm::ALL {
        let token = draft(issuer, algorithm).sign();
        let file = write(&format!("good-{algorithm}"), &token)?;
        good.insert(
            algorithm.name().to_owned(),
            json!({"token": token, "file": file}),
        );
    }
    let mut others = Map::new();
    for kind in kinds() {
        let token = draft(issuer, Algorithm::RS256).mint(kind.name)?;
        let file = write(kind.name, &token)?;
        let described = json!({
            "about": kind.about,
            "verdict": verdict(kind.verdict),
            "token": token,
            "file": file,
        });
        others.insert(kind.name.to_owned(), described);
    }
    Ok(json!({"good": good, "kinds": others}))
}

fn draft(issuer: &Issuer, algorithm: Algorithm) -> Draft<'_> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    issuer
        .draft(algorithm)
        .claim("exp", json!((now + LIFETIME).as_secs()))
}

fn describe_introspection(server: &IntrospectionServer) -> Value {
    let (active, textual) = (Key::random(), Key::random());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let members = json!({
        "sub": Draft::SUBJECT,
        "client_id": "client-1",
        "scope": "orders:read orders:write",
        "aud": AUDIENCE,
        "iss": format!("https://{ISSUER_HOST}"),
        "exp": (now + LIFETIME).as_secs(),
    });
    server.activate(&active, members.as_object().cloned().unwrap_or_default());
    server.register(&textual, json!({"active": "true", "sub": Draft::SUBJECT}));
    json!({
        "resolve": {INTROSPECTION_HOST: server.address()},
        "endpoint": server.url(),
        "plainEndpoint": server.plain_url(),
        "clientId": server.client_id(),
        "clientSecret": server.client_secret(),
        "tokens": {
            "active": active,
            "active-as-text": textual,
            "inactive": Key::random(),
        },
    })
}

async fn start_upstreams(all: &Certificates) -> anyhow::Result<(Value, Vec<MockUpstream>)> {
    let certified = all.mint("good", &Leaf::server(HOSTS))?;
    let tls = Tls::new(certified.chain_pem(), certified.key_pem());
    let mutual = tls.clone().client_authorities(all.clients.pem());
    let mut described = Map::new();
    let mut started = Vec::new();
    for (name, tls) in [
        ("plain", None),
        ("tls", Some(tls)),
        ("mutual-tls", Some(mutual)),
    ] {
        let mut builder = MockUpstream::builder(Behaviour::echo()).name(name);
        if let Some(tls) = tls {
            builder = builder.tls(tls);
        }
        let upstream = builder.spawn().await?;
        described.insert(name.to_owned(), json!(upstream.url()));
        started.push(upstream);
    }
    Ok((described.into(), started))
}

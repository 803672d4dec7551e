#![allow(clippy::unwrap_used, reason = "a test may panic")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

const DOCUMENT: &str = r#"
plugins:
  - name: jwt-validate
    config:
      issuers:
        - {issuer: auth.example, jwks: "https://auth.example/.well-known/jwks.json", audience: tea}
        - {issuer: local, keys: [{secret: "${env:SHARED}"}, {pem: local.es256.pem}]}
  - name: oauth2-introspect
    config: {endpoint: "https://introspect.example/introspect", clientId: gw, clientSecret: "${env:SECRET}", audience: tea}
"#;

async fn spawn(document: &str) -> anyhow::Result<Servers> {
    let fixture = Fixture::parse("a", document).unwrap();
    let certificates = Certificates::new().unwrap();
    Servers::spawn(&fixture, &certificates, &BTreeMap::new(), &[]).await
}

fn plan(kind: &str, rows: &[(&str, &str)]) -> TokenPlan {
    let mut plan = TokenPlan {
        kind: kind.to_owned(),
        ..TokenPlan::default()
    };
    for (name, value) in rows {
        plan.set(name, value);
    }
    plan
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn tokens_are_of_the_issuer_and_say_what_the_rows_do() {
    let servers = spawn(DOCUMENT).await.unwrap();
    let rows = [
        ("roles", r#"["a"]"#),
        ("jti", "removed"),
        ("header typ", "at+jwt"),
    ];
    let token = servers.token(&plan("good", &rows)).unwrap();
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("ES256"), &json!("at+jwt"))
    );
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("auth.example"), &json!("tea"))
    );
    assert_eq!((&claims["roles"], claims.get("jti")), (&json!(["a"]), None));
    let token = servers
        .token(&plan("good", &[("issuer", "local")]))
        .unwrap();
    assert_eq!(part(&token, 0)["alg"], "HS256", "it shares a secret");
    assert!(servers.token(&plan("good", &[("issuer", "none")])).is_err());
    assert!(servers.token(&plan("stale", &[])).is_err());
}

#[tokio::test]
async fn secrets_and_public_keys_are_the_issuers() {
    let servers = spawn(DOCUMENT).await.unwrap();
    let secrets = servers.secrets();
    assert_eq!(secrets[0].0, "SHARED");
    let key = servers
        .issuer("local")
        .unwrap()
        .issuer
        .key(Algorithm::HS256);
    assert_eq!(secrets[0].1.as_bytes(), key.secret().unwrap());
    let pem = servers.public_key(Some("local"), "es256").unwrap();
    let key = servers
        .issuer("local")
        .unwrap()
        .issuer
        .key(Algorithm::ES256);
    assert_eq!(Some(pem), key.public_pem());
    assert!(servers.public_key(None, "hs256").is_err());
}

#[tokio::test]
async fn answers_about_a_token_name_what_is_expected() {
    let servers = spawn(DOCUMENT).await.unwrap();
    let endpoint = &servers.endpoint("introspect.example").unwrap().endpoint;
    let answer = endpoint.answer(&plan("", &[("scope", "a b"), ("sub", "removed")]));
    assert_eq!(answer["active"], true);
    assert_eq!(
        (&answer["aud"], &answer["scope"]),
        (&json!("tea"), &json!("a b"))
    );
    assert_eq!(answer.get("sub"), None);
    assert_eq!(
        endpoint.answer(&plan("", &[("active", "false")])),
        json!({"active": false})
    );
    assert_eq!(
        endpoint.answer(&plan("", &[("active", "\"true\"")]))["active"],
        "true"
    );
}

#[tokio::test]
async fn each_server_has_an_address_and_none_is_shared() {
    let servers = spawn(DOCUMENT).await.unwrap();
    let names: Vec<_> = servers
        .addresses()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["auth.example:443", "introspect.example:443"]);
    let told = spawn(&DOCUMENT.replace("introspect.example", "auth.example"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("two servers of the configuration are at auth.example:443"),
        "{told}"
    );
}

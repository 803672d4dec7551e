//! What a wrong configuration is told, each beside one that is right.

use super::*;
use crate::plugin::testing::mistakes;

fn told(change: Value) -> Vec<String> {
    let mut config = json!({"issuer": "a", "jwks": "https://a/keys", "audience": "api"});
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(config.as_object_mut().unwrap().remove(name)),
            value => config[name] = value.clone(),
        }
    }
    mistakes("jwt-validate", config)
}

const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

#[test]
fn an_issuer_and_its_keys_are_named_once() {
    assert_eq!(told(json!({"issuer": null})), ["issuer-missing at "]);
    assert_eq!(told(json!({"jwks": null})), ["keys-missing at "]);
    assert_eq!(
        told(json!({"discovery": "https://a"})),
        ["keys-missing at "]
    );
    assert_eq!(
        told(json!({"issuers": [{"issuer": "b", "jwks": "https://b/keys"}]})),
        [
            "two-forms at /issuer",
            "two-forms at /jwks",
            "two-forms at /audience",
        ]
    );
    let both = json!({"issuer": null, "jwks": null, "audience": null, "issuers": [
        {"issuer": "b", "jwks": "https://b/keys"}, {"issuer": "b", "jwks": "https://c/keys"},
    ]});
    assert_eq!(told(both), ["duplicate-issuer at /issuers/1/issuer"]);
}

#[test]
fn addresses_are_https_or_on_this_machine() {
    assert_eq!(
        told(json!({"jwks": "http://a/keys"})),
        ["invalid-url at /jwks"]
    );
    assert_eq!(told(json!({"jwks": "keys"})), ["invalid-url at /jwks"]);
    let metadata = json!({"jwks": null, "discovery": "https://a/.well-known/openid-configuration"});
    assert_eq!(told(metadata), ["invalid-url at /discovery"]);
    for right in [
        json!({"issuer": "a", "jwks": "http://a/keys", "allowHttp": true}),
        json!({"issuer": "a", "jwks": "http://127.0.0.1:1/keys"}),
        json!({"issuer": "a", "discovery": "https://a/tenant"}),
    ] {
        crate::plugin::testing::one("jwt-validate", right);
    }
    assert_eq!(
        told(json!({"resourceMetadata": "/x"})),
        ["invalid-url at /resourceMetadata"]
    );
    assert_eq!(
        told(json!({"resourceMetadata": "https://a/\"x"})),
        ["invalid-url at /resourceMetadata"]
    );
}

#[test]
fn algorithms_go_with_the_keys() {
    assert_eq!(
        told(json!({"algorithms": ["none"]})),
        ["bad-value at /algorithms/0"]
    );
    assert_eq!(
        told(json!({"algorithms": ["RS256", "HS256"]})),
        ["algorithm-without-key at /algorithms/1"]
    );
    let fixed = json!({"jwks": null, "keys": [{"jwk": {"kty": "OKP", "crv": "Ed25519", "x": ED}}], "algorithms": ["EdDSA", "RS256"]});
    assert_eq!(told(fixed), ["algorithm-without-key at /algorithms/1"]);
}

#[test]
fn keys_in_the_document_are_public_or_elsewhere() {
    let keys = |keys: Value| told(json!({"jwks": null, "keys": keys}));
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": ED});
    assert_eq!(keys(json!([])), ["out-of-range at /keys"]);
    assert_eq!(keys(json!([{}])), ["key-of-no-kind at /keys/0"]);
    assert_eq!(
        keys(json!([{"jwk": ed, "secret": "x"}])),
        ["key-of-no-kind at /keys/0"]
    );
    assert_eq!(
        keys(json!([{"jwk": ed, "kid": "x"}])),
        ["without-effect at /keys/0/kid"]
    );
    assert_eq!(
        keys(json!([{"jwk": ed}, {"jwk": ed}])),
        ["duplicate-key at /keys/1"]
    );
    assert_eq!(
        keys(json!([{"jwk": {"kty": "oct", "k": "AAAA"}}])),
        ["invalid-key at /keys/0/jwk"]
    );
    assert_eq!(
        keys(json!([{"secret": "short"}])),
        ["invalid-key at /keys/0/secret"]
    );
    assert_eq!(
        keys(json!([{"secret": "${env:NO_SUCH_VARIABLE}"}])),
        ["unresolved-secret at /keys/0/secret"]
    );
    let digest = format!("sha256:{}", "0".repeat(64));
    assert_eq!(
        keys(json!([{"secret": digest}])),
        ["invalid-secret at /keys/0/secret"]
    );
    assert_eq!(
        keys(json!([{"pem": "no-such.pem"}])),
        ["unresolved-pem at /keys/0/pem"]
    );
    let beside = json!({"jwks": null, "keys": [{"jwk": ed}], "allowHttp": true, "keySet": {}});
    assert_eq!(
        told(beside),
        ["without-effect at /allowHttp", "without-effect at /keySet"]
    );
}

#[test]
fn times_are_within_reason() {
    assert_eq!(
        told(json!({"leeway": "301s"})),
        ["leeway-too-long at /leeway"]
    );
    assert_eq!(told(json!({"leeway": "30"})), ["bad-value at /leeway"]);
    assert_eq!(
        told(json!({"maxLifetime": "99999999999999999999s"})),
        ["invalid-duration at /maxLifetime"]
    );
    assert_eq!(
        told(json!({"keySet": {"minTtl": "2h", "maxTtl": "1h"}})),
        ["out-of-range at /keySet/minTtl"]
    );
    assert_eq!(
        told(json!({"keySet": {"timeout": "0s", "cooldown": "0s"}})),
        [
            "out-of-range at /keySet/timeout",
            "out-of-range at /keySet/cooldown",
        ]
    );
}

#[test]
fn headers_have_one_use() {
    let headers = |map: Value| told(json!({"claimsToHeaders": map}));
    assert_eq!(
        headers(json!({"sub": "X User"})),
        ["invalid-header-name at /claimsToHeaders/sub"]
    );
    assert_eq!(
        headers(json!({"sub": "X-A", "azp": "x-a"})),
        ["same-header at /claimsToHeaders/azp"]
    );
    for taken in ["Authorization", "X-Consumer-Name", "Host", "Content-Length"] {
        assert_eq!(
            headers(json!({"sub": taken})),
            ["same-header at /claimsToHeaders/sub"],
            "{taken}"
        );
    }
    assert_eq!(
        told(json!({"token": {"header": "a b"}})),
        ["invalid-header-name at /token/header"]
    );
}

#[test]
fn texts_fit_where_they_go() {
    assert_eq!(told(json!({"realm": "a\"b"})), ["bad-value at /realm"]);
    assert_eq!(told(json!({"scopes": ["a b"]})), ["bad-value at /scopes/0"]);
    assert_eq!(told(json!({"audience": []})), ["out-of-range at /audience"]);
    assert_eq!(told(json!({"jwksUri": "x"})), ["unknown-key at /jwksUri"]);
}

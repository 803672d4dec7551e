//! An answer of the introspection endpoint: nothing is active unless it says so in plain JSON, and what is active can be
//! asked everything.

#![no_main]

use bytes::Bytes;
use gateway::identity::Digest;
use gateway::identity::egress::{Address, Answer, EgressError, Trust};
use gateway::identity::introspection::{
    Active, Ask, Bounds, Client, Introspector, Looked, Moment, Outage, Proof, Rules, Said, Settings,
};
use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::cell::LazyCell;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::runtime::{Builder, Runtime};

const NOW: Duration = Duration::from_secs(1_800_000_000);

/// A server that says these bytes.
struct Says(Bytes);

#[async_trait::async_trait]
impl Ask for Says {
    async fn ask(&self, _token: &str) -> Result<Answer, EgressError> {
        Ok(Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: self.0.clone(),
        })
    }
}

thread_local! {
    static ASKED: LazyCell<(Runtime, Settings)> = LazyCell::new(|| {
        let runtime = Builder::new_current_thread().enable_time().build();
        let asked = (runtime.expect("a runtime starts"), settings());
        let active = include_bytes!("../seeds/introspection/active");
        let said = said(active, &asked);
        assert!(matches!(said, Ok(Said::Active(_))), "a target that refuses everything finds nothing");
        asked
    });
}

fuzz_target!(|body: &[u8]| {
    match ASKED.with(|asked| said(body, asked)) {
        Ok(Said::Active(active)) => is_sound(&active, body),
        Ok(Said::Inactive) => {
            let answer: Value = serde_json::from_slice(body).expect("it was read as JSON");
            // The clock goes on for the moment that the question takes.
            let soon = NOW.as_secs_f64() + 60.0;
            let over = answer["exp"].as_f64().is_some_and(|end| end <= soon);
            assert!(answer["active"] == false || over);
        }
        Err(outage) => {
            assert!(matches!(outage, Outage::Invalid(_)), "{outage}");
            assert!(Outage::LABELS.contains(&outage.label()));
        }
    }
});

/// What comes of a token of which the server says this.
fn said(body: &[u8], (runtime, settings): &(Runtime, Settings)) -> Result<Said, Outage> {
    let server = Says(Bytes::copy_from_slice(body));
    let introspector = Introspector::new(settings.clone(), Arc::new(server));
    let at = Moment {
        now: Duration::ZERO,
        time: SystemTime::UNIX_EPOCH + NOW,
    };
    match introspector.look_up("token", Digest::of(b"token"), at) {
        Looked::Remembered(_) => unreachable!("nothing has been asked before"),
        Looked::Waits(answer) => runtime.block_on(answer),
    }
}

/// What has to hold of an answer that was taken for a yes.
fn is_sound(active: &Active, body: &[u8]) {
    let answer: Value = serde_json::from_slice(body).expect("it was read as JSON");
    assert_eq!(answer["active"], true);
    let time = SystemTime::UNIX_EPOCH + NOW;
    assert!(!active.has_expired(time));
    assert_eq!(active.issuer(), answer["iss"].as_str());
    let rules = Rules {
        issuer: Some("https://auth.example".into()),
        audience: ["api".into()].into(),
    };
    let holds = |certificate| active.holds(&rules, time, certificate).is_ok();
    let api = |value: &Value| *value == "api";
    let audience = &answer["aud"];
    let for_api = api(audience) || audience.as_array().is_some_and(|all| all.iter().any(api));
    let ours = for_api && answer["iss"] == "https://auth.example";
    assert!(ours || !(holds(None) || holds(Some(&[0; 32]))));
    let bound = answer
        .get("cnf")
        .is_some_and(|cnf| cnf.get("x5t#S256").is_some());
    assert!(
        !(bound && holds(None)),
        "a bound token passes without its certificate"
    );
    let early = answer["nbf"]
        .as_f64()
        .is_some_and(|start| start > NOW.as_secs_f64());
    assert!(!(early && holds(None)));
}

fn settings() -> Settings {
    let endpoint = Address::new("https://auth.example/introspect", false);
    Settings {
        endpoint: endpoint.expect("the address is sound"),
        trust: Trust::default(),
        client: Client {
            id: "gateway".into(),
            proof: Proof::Basic("secret".into()),
        },
        hint: None,
        timeout: Duration::from_secs(60),
        cache: Bounds {
            max_ttl: Duration::ZERO,
            negative_ttl: Duration::ZERO,
            entries: 1,
        },
    }
}

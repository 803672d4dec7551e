//! A published key set: each key is used or skipped with a reason, and none that is used is a secret.

#![no_main]

use gateway::identity::jwk::{Algorithm, KeySet};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|document: &[u8]| {
    let (keys, skipped) = match KeySet::parse(document) {
        Ok(read) => read,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let value: Value = serde_json::from_slice(document).expect("it was read as JSON");
    let written = value["keys"].as_array().expect("it was read as a key set");
    assert_eq!(keys.len() + skipped.len(), written.len());
    for key in &skipped {
        assert!(key.place < written.len());
        assert!(!key.to_string().contains(char::is_control), "{key}");
    }
    for key in keys.keys() {
        assert!(keys.contains(key.id()));
        assert!(key.kid().is_none_or(|kid| keys.knows(kid)));
        assert_ne!(key.algorithms().count(), 0);
        for algorithm in Algorithm::ALL {
            let allowed = key.algorithms().any(|one| one == algorithm);
            assert_eq!(key.allows(algorithm), allowed);
            assert!(!(allowed && algorithm.is_symmetric()), "a secret is used");
            assert!(!key.verify(algorithm, document, &[]));
            assert!(!key.verify(algorithm, document, &document[..document.len().min(64)]));
        }
    }
    assert!(written.iter().zip(0..).all(|(key, place)| {
        key["kty"] != "oct" || skipped.iter().any(|skipped| skipped.place == place)
    }));
});

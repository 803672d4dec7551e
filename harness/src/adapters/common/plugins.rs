//! The configurations of plugins, as far as other gateways have a counterpart. What isn't here is refused when it is read,
//! so that no adapter overlooks an option.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::values;
use crate::adapters::Unsupported;
use crate::fixtures::{PathPattern, RouteApi, Service};

/// The configuration of a plugin, docs/plugins.md has its meaning.
pub(in crate::adapters) trait Settings: DeserializeOwned {
    /// The plugin's name.
    const PLUGIN: &'static str;

    /// Reads it; a plugin without a configuration has an empty one.
    ///
    /// # Errors
    /// When it has an option that is not here.
    fn read(config: &Value) -> Result<Self, Unsupported> {
        let config = if config.is_null() {
            json!({})
        } else {
            config.clone()
        };
        parse(Self::PLUGIN, config)
    }

    /// That of the plugin on a route, if it is there.
    ///
    /// # Errors
    /// As [`Settings::read`].
    fn on(route: &RouteApi) -> Result<Option<Self>, Unsupported> {
        route.plugin(Self::PLUGIN).map(Self::read).transpose()
    }
}

/// Reads a plugin's configuration, and tells what is not here in words of its own.
///
/// # Errors
/// When it has an option that is not here.
pub(super) fn parse<T: DeserializeOwned>(plugin: &str, config: Value) -> Result<T, Unsupported> {
    serde_json::from_value(config).map_err(|error| {
        let text = error.to_string();
        let reason = match text.split_once(", expected") {
            Some((unknown, _)) => unknown.replace("unknown field", "nothing corresponds to"),
            None => text,
        };
        Unsupported::new(format!("{plugin}: {reason}"))
    })
}

/// Declares the configuration of a plugin.
macro_rules! settings {
    ($plugin:literal $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)+ }) => {
        #[doc = concat!("`", $plugin, "`.")]
        #[derive(Clone, Debug, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(in crate::adapters) struct $name {
            $($(#[$attribute])* pub $field: $type,)+
        }

        impl Settings for $name {
            const PLUGIN: &'static str = $plugin;
        }
    };
}

settings!("key-auth" KeyAuth {
    #[serde(default = "key_header")]
    header: String,
    query: Option<String>,
    #[serde(default = "realm")]
    realm: String,
    #[serde(default = "consumer_header")]
    consumer_header: String,
});

settings!("basic-auth" BasicAuth {
    #[serde(default = "realm")]
    realm: String,
    #[serde(default = "consumer_header")]
    consumer_header: String,
    #[serde(default)]
    forward: bool,
});

settings!("request-id" RequestId {
    #[serde(default = "request_id_header")]
    header: String,
});

settings!("mtls-auth" MtlsAuth {
    #[serde(default)]
    forward_certificate: bool,
    #[serde(default = "yes")]
    consumer_required: bool,
    #[serde(default = "consumer_header")]
    consumer_header: String,
});

settings!("anonymous" Anonymous {
    consumer: String,
    #[serde(default = "consumer_header")]
    consumer_header: String,
});

settings!("authorize" Authorize {
    #[serde(default)]
    allow: Vec<Rule>,
    #[serde(default)]
    deny: Vec<Rule>,
    roles: Option<Vec<String>>,
    groups: Option<Vec<String>>,
});

settings!("rate-limit" RateLimit {
    #[serde(default = "ip")]
    key: String,
    limit_per_second: Option<u32>,
    limit_per_minute: Option<u32>,
    limit_per_hour: Option<u32>,
    limit_per_day: Option<u32>,
    limit: Option<u32>,
    window: Option<String>,
    burst: Option<u32>,
});

settings!("cors" Cors {
    origins: Vec<String>,
    #[serde(default = "cors_methods")]
    methods: Vec<String>,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    expose_headers: Vec<String>,
    #[serde(default)]
    allow_credentials: bool,
    #[serde(default = "cors_max_age")]
    max_age: String,
});

settings!("route-by-header" RouteByHeader {
    header: String,
    value: String,
    to_service: String,
});

settings!("observability" Observability {
    include_header: String,
    #[serde(default)]
    #[expect(dead_code, reason = "only metrics depend on it")]
    values: Vec<String>,
});

settings!("request-size-limit" RequestSizeLimit {
    max_bytes: Option<Value>,
});

/// Of whom and of which requests a rule speaks; what it doesn't name may be anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::adapters) struct Rule {
    pub roles: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
    pub consumers: Option<Vec<String>>,
    pub methods: Option<Vec<String>>,
    pub paths: Option<Vec<PathPattern>>,
}

impl RateLimit {
    /// So many requests, in so many seconds.
    ///
    /// # Errors
    /// When there is no such limit, or more than one.
    pub fn rate(&self) -> Result<(u32, u32), Unsupported> {
        let window = self.window.as_deref().map(values::duration).transpose()?;
        let window = window.map(|window| window.as_secs().try_into().unwrap_or(u32::MAX));
        let rates: Vec<(u32, u32)> = [
            (self.limit_per_second, Some(1)),
            (self.limit_per_minute, Some(60)),
            (self.limit_per_hour, Some(3_600)),
            (self.limit_per_day, Some(86_400)),
            (self.limit, window),
        ]
        .into_iter()
        .filter_map(|(limit, seconds)| limit.zip(seconds))
        .collect();
        match rates.as_slice() {
            [only] => Ok(*only),
            _ => Err(Unsupported::new("rate-limit: one limit, in one time")),
        }
    }
}

impl RouteByHeader {
    /// The service that it sends requests to.
    ///
    /// # Errors
    /// When there is none.
    pub fn service<'a>(&self, route: &'a RouteApi) -> Result<&'a Service, Unsupported> {
        let mut others = route.alternatives.iter();
        let found = others.find(|service| service.name == self.to_service);
        found.ok_or_else(|| {
            Unsupported::new(format!(
                "route-by-header: there is no service {}",
                self.to_service
            ))
        })
    }
}

/// The largest request body on a route, in bytes; none where it has no end.
pub(in crate::adapters) fn largest_request(route: &RouteApi) -> Result<Option<u64>, Unsupported> {
    let given = RequestSizeLimit::on(route)?.and_then(|settings| settings.max_bytes);
    match given {
        None => Ok(Some(10 << 20)),
        Some(Value::String(word)) if word == "unlimited" => Ok(None),
        Some(value) => values::bytes(&value).map(Some),
    }
}

fn key_header() -> String {
    "X-API-Key".to_owned()
}

fn request_id_header() -> String {
    "X-Request-Id".to_owned()
}

fn realm() -> String {
    "gateway".to_owned()
}

fn consumer_header() -> String {
    "X-Consumer-Name".to_owned()
}

fn ip() -> String {
    "ip".to_owned()
}

fn cors_methods() -> Vec<String> {
    ["GET", "HEAD", "POST"].map(str::to_owned).to_vec()
}

fn cors_max_age() -> String {
    "5s".to_owned()
}

const fn yes() -> bool {
    true
}

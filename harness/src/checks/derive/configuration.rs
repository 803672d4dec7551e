//! What of a configuration can be seen from outside: listeners, consumers, and routes with the plugins in force on them.
//!
//! It is read as strictly as the checks need: keys and plugins that don't exist are mistakes. Whether the rest makes
//! sense is for `gateway check` to say.

use indexmap::IndexMap;

use super::plugins;
use super::source::Source;
use crate::checks::mistake::{Mark, Mistakes};
use crate::checks::read::fields::{Fields, Reader, did_you_mean};
use crate::checks::yaml::{Node, Value};

const TOP: &[&str] = &[
    "listeners",
    "admin",
    "consumers",
    "include",
    "apis",
    "telemetry",
    "runtime",
];
const API: &[&str] = &[
    "service",
    "altService",
    "altServices",
    "route",
    "routes",
    "plugins",
    "authenticate",
];
const SERVICE: &[&str] = &[
    "name",
    "url",
    "targets",
    "balancing",
    "host",
    "timeouts",
    "http2",
    "tls",
    "retries",
];
const ROUTE: &[&str] = &[
    "name",
    "hosts",
    "paths",
    "methods",
    "headers",
    "query",
    "stripPrefix",
    "rewrite",
    "plugins",
    "authenticate",
];
const CONSUMER: &[&str] = &[
    "name",
    "groups",
    "roles",
    "metadata",
    "keys",
    "basic",
    "certificates",
    "tokens",
];
const LISTENER: &[&str] = &[
    "address",
    "trustedProxies",
    "tls",
    "http2",
    "timeouts",
    "paths",
    "limits",
];
const LISTENER_TLS: &[&str] = &["certificates", "minVersion", "clientCertificates"];

/// A place in a file: `orders.yaml:14:5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(pub String);

/// All that matters of a configuration.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub listeners: Vec<Listener>,
    pub consumers: Vec<Consumer>,
    pub routes: Vec<Route>,
}

#[derive(Debug)]
pub(super) struct Listener {
    pub place: Place,
    pub address: String,
    pub trusts_proxies: bool,
    pub tls: Option<ListenerTls>,
}

#[derive(Debug)]
pub(super) struct ListenerTls {
    pub place: Place,
    pub min_version: String,
    /// `required`, `optional` or `off`, and where that is said.
    pub clients: (String, Place),
}

#[derive(Clone, Debug)]
pub(super) struct Consumer {
    pub name: String,
    pub groups: Vec<String>,
    pub roles: Vec<String>,
    /// The environment variable that has a key, where one is named; none: the key is known by its digest, or a file.
    pub keys: Vec<Option<String>>,
    /// The user name, and the variable that has the password.
    pub basic: Option<(String, Option<String>)>,
    pub certificates: bool,
}

/// A service: its name, and the hosts and ports of its targets.
type Service = (String, Vec<String>);

/// A route with everything in force on it.
#[derive(Debug)]
pub(super) struct Route {
    pub name: String,
    pub place: Place,
    /// The service's name.
    pub service: String,
    /// Hosts and ports of all services, which no answer should tell.
    pub addresses: Vec<String>,
    pub hosts: Vec<String>,
    /// The pattern, whether it is the whole path, and its place.
    pub paths: Vec<(String, bool, Place)>,
    /// None: any.
    pub methods: Vec<String>,
    pub methods_place: Place,
    /// Headers and query parameters that a request needs; none where that can't be said.
    pub conditions: Option<Conditions>,
    /// By name, in the order of their levels.
    pub plugins: IndexMap<String, Plugin>,
    /// Plugins that are taken away.
    pub disabled: Vec<String>,
    /// Whether one of several credentials is enough.
    pub any: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    pub headers: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Plugin {
    /// Which of the files it stands in.
    pub source: usize,
    pub place: Place,
    pub config: Option<Node>,
}

/// What is read from one file.
struct Reading<'a, 's> {
    index: usize,
    name: &'a str,
    reader: &'a Reader<'s>,
}

/// Entries of plugins: the name, whether it is switched on, and the rest.
type Level = Vec<(String, bool, Plugin)>;

/// Reads all files.
///
/// # Errors
/// All mistakes.
pub(super) fn read(sources: &[Source], readers: &[Reader<'_>]) -> Configuration {
    let mut configuration = Configuration::default();
    let mut globals: Level = Vec::new();
    let mut apis = Vec::new();
    for (index, (source, reader)) in sources.iter().zip(readers).enumerate() {
        let reading = Reading {
            index,
            name: &source.name,
            reader,
        };
        let known: Vec<&str> = TOP.iter().chain(API).copied().collect();
        let Some(fields) = reader.fields(&source.root, "the configuration", &known) else {
            continue;
        };
        reading.whole(fields, &mut configuration);
        match fields.at("service") {
            Some(_) => apis.push((index, fields)),
            None => globals.extend(reading.plugins(fields)),
        }
        if let Some(list) = fields.at("apis") {
            let nodes = reader.list(list, "`apis`").iter();
            let inline = nodes.filter_map(|node| reader.fields(node, "an API", API));
            apis.extend(inline.map(|fields| (index, fields)));
        }
    }
    for (index, fields) in apis {
        let reading = Reading {
            index,
            name: &sources[index].name,
            reader: &readers[index],
        };
        let routes = reading.api(fields, &globals);
        configuration.routes.extend(routes.unwrap_or_default());
    }
    configuration
}

/// What was read, or the mistakes of all files.
pub(super) fn finish<T>(readers: Vec<Reader<'_>>, read: T) -> Result<T, Mistakes> {
    let found = readers
        .into_iter()
        .filter_map(|reader| reader.finish(Some(())).err());
    let found: Vec<_> = found.flat_map(|mistakes| mistakes.0).collect();
    match found.is_empty() {
        true => Ok(read),
        false => Err(Mistakes(found)),
    }
}

impl Reading<'_, '_> {
    fn place(&self, at: Mark) -> Place {
        Place(format!("{}:{at}", self.name))
    }

    fn whole(&self, fields: Fields<'_>, configuration: &mut Configuration) {
        let reader = self.reader;
        let list = |key: &str| {
            let node = fields.at(key);
            node.map_or(&[][..], |node| reader.list(node, &format!("`{key}`")))
        };
        let listeners = list("listeners").iter();
        let listeners = listeners.filter_map(|node| self.listener(node));
        configuration.listeners.extend(listeners);
        let consumers = list("consumers").iter();
        let consumers = consumers.filter_map(|node| self.consumer(node));
        configuration.consumers.extend(consumers);
    }

    fn listener(&self, node: &Node) -> Option<Listener> {
        let fields = self.reader.fields(node, "a listener", LISTENER)?;
        let address = fields.at("address");
        let address = address.and_then(|node| self.reader.text(node, "`address`"));
        let proxies = fields.at("trustedProxies");
        let tls = fields.at("tls").and_then(|node| {
            let fields = self
                .reader
                .fields(node, "`tls` of a listener", LISTENER_TLS)?;
            let min = fields.at("minVersion");
            let min = min.and_then(|node| self.reader.word(node, "`minVersion`", &["1.2", "1.3"]));
            let clients = fields.at("clientCertificates");
            let mode = clients.and_then(|node| {
                let known = ["mode", "ca", "crl"];
                let fields = self.reader.fields(node, "`clientCertificates`", &known)?;
                let words = ["required", "optional", "off"];
                Some(match fields.at("mode") {
                    Some(mode) => self.reader.word(mode, "`mode`", &words)?,
                    None => "required",
                })
            });
            Some(ListenerTls {
                place: self.place(node.at),
                min_version: min.unwrap_or("1.2").to_owned(),
                clients: (
                    mode.unwrap_or("off").to_owned(),
                    self.place(clients.unwrap_or(node).at),
                ),
            })
        });
        Some(Listener {
            place: self.place(node.at),
            address: address.unwrap_or("127.0.0.1:8080").to_owned(),
            trusts_proxies: proxies.is_some_and(|node| !self.reader.one_or_many(node).is_empty()),
            tls,
        })
    }

    fn consumer(&self, node: &Node) -> Option<Consumer> {
        let reader = self.reader;
        let fields = reader.fields(node, "a consumer", CONSUMER)?;
        let name = reader.required(fields, "name", "the consumer")?;
        let name = reader.text(name, "a consumer's name")?.to_owned();
        let keys = fields.at("keys");
        let keys = keys.map_or(&[][..], |node| reader.list(node, "`keys`"));
        let key = |node: &Node| variable(node.find("key").map_or(node, |entry| &entry.value));
        let basic = fields.at("basic").and_then(|node| {
            let fields = reader.fields(node, "`basic`", &["username", "password"])?;
            let username = fields.at("username");
            let username = username.and_then(|node| reader.text(node, "`username`"));
            let password = reader.required(fields, "password", "`basic`")?;
            Some((username.unwrap_or(&name).to_owned(), variable(password)))
        });
        Some(Consumer {
            groups: texts(reader, fields, "groups"),
            roles: texts(reader, fields, "roles"),
            keys: keys.iter().map(key).collect(),
            basic,
            certificates: fields.at("certificates").is_some(),
            name,
        })
    }

    fn api(&self, fields: Fields<'_>, globals: &Level) -> Option<Vec<Route>> {
        let reader = self.reader;
        let (name, mut addresses) = self.service(reader.required(fields, "service", "the API")?)?;
        let further = fields.at("altServices");
        let further = further.map_or(&[][..], |node| reader.list(node, "`altServices`"));
        for node in fields.at("altService").into_iter().chain(further) {
            addresses.extend(self.service(node).into_iter().flat_map(|found| found.1));
        }
        addresses.sort();
        let service = (name, addresses);
        let own = self.plugins(fields);
        let any = self.any(fields);
        let several = fields.at("routes");
        let several = several.map_or(&[][..], |node| reader.list(node, "`routes`"));
        let nodes: Vec<&Node> = fields.at("route").into_iter().chain(several).collect();
        let named = |index: usize| match index {
            0 => service.0.clone(),
            _ => format!("{}-{}", service.0, index + 1),
        };
        let mut routes = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let fields = reader.fields(node, "a route", ROUTE)?;
            let inner = self.plugins(fields);
            let levels = [globals, &own, &inner];
            let route = self.route(fields, &service, named(index), &levels);
            routes.push(Route {
                any: self.any(fields).or(any).unwrap_or(false),
                ..route
            });
        }
        if nodes.is_empty() {
            let none = Node {
                at: fields.node.at,
                value: Value::Map(Vec::new()).into(),
            };
            let route = self.route(Fields { node: &none }, &service, named(0), &[globals, &own]);
            routes.push(Route {
                any: any.unwrap_or(false),
                ..route
            });
        }
        Some(routes)
    }

    fn any(&self, fields: Fields<'_>) -> Option<bool> {
        let node = fields.at("authenticate")?;
        let word = self.reader.word(node, "`authenticate`", &["all", "any"])?;
        Some(word == "any")
    }

    fn service(&self, node: &Node) -> Option<Service> {
        let fields = self.reader.fields(node, "a service", SERVICE)?;
        let name = self.reader.required(fields, "name", "the service")?;
        let mut addresses = Vec::new();
        let targets = fields.at("targets");
        let targets = targets.map_or(&[][..], |node| self.reader.list(node, "`targets`"));
        let targets = targets
            .iter()
            .map(|node| node.find("url").map_or(node, |entry| &entry.value));
        for node in fields.at("url").into_iter().chain(targets) {
            let url = self.reader.text(node, "a service's `url`")?;
            let parsed: Option<http::Uri> = url.parse().ok();
            match parsed.as_ref().and_then(|url| url.authority()) {
                Some(authority) => addresses.push(authority.to_string()),
                None => self.reader.mistake(
                    node.at,
                    format!("`{url}` is no URL"),
                    "as in `http://orders-svc:8080`",
                ),
            }
        }
        let name = self.reader.text(name, "a service's name")?;
        Some((name.to_owned(), addresses))
    }

    fn plugins(&self, fields: Fields<'_>) -> Level {
        let list = fields.at("plugins");
        let list = list.map_or(&[][..], |node| self.reader.list(node, "`plugins`"));
        list.iter().filter_map(|node| self.plugin(node)).collect()
    }

    fn plugin(&self, node: &Node) -> Option<(String, bool, Plugin)> {
        let reader = self.reader;
        let fields = reader.fields(node, "a plugin", &["name", "config", "enabled", "note"])?;
        let at = reader.required(fields, "name", "the plugin")?;
        let name = reader.text(at, "a plugin's name")?;
        let enabled = fields.at("enabled");
        let enabled = enabled.is_none_or(|node| reader.boolean(node, "`enabled`") != Some(false));
        let Some(options) = plugins::options(name) else {
            let what = format!("there is no plugin `{name}`");
            reader.mistake(at.at, what, did_you_mean(name, &plugins::NAMES));
            return None;
        };
        let config = fields.at("config");
        if let Some(config) = config {
            reader.fields(config, &format!("`{name}`"), options);
        }
        let plugin = Plugin {
            source: self.index,
            place: self.place(node.at),
            config: config.cloned(),
        };
        Some((name.to_owned(), enabled, plugin))
    }

    fn route(
        &self,
        fields: Fields<'_>,
        service: &Service,
        name: String,
        levels: &[&Level],
    ) -> Route {
        let reader = self.reader;
        let own = fields
            .at("name")
            .and_then(|node| reader.text(node, "`name`"));
        let (mut plugins, mut disabled) = (IndexMap::new(), Vec::new());
        for (name, enabled, plugin) in levels.iter().copied().flatten() {
            disabled.retain(|known| known != name);
            match enabled {
                true => drop(plugins.insert(name.clone(), plugin.clone())),
                false => {
                    plugins.shift_remove(name);
                    disabled.push(name.clone());
                }
            }
        }
        let paths = fields.at("paths");
        let paths = paths
            .map_or(&[][..], |node| reader.list(node, "`paths`"))
            .iter();
        let paths = paths.filter_map(|node| {
            let exact = node.find("exact").map(|entry| &entry.value);
            let text = reader.text(exact.unwrap_or(node), "a path")?;
            Some((text.to_owned(), exact.is_some(), self.place(node.at)))
        });
        Route {
            name: own.map_or(name, str::to_owned),
            place: self.place(fields.node.at),
            service: service.0.clone(),
            addresses: service.1.clone(),
            hosts: texts(reader, fields, "hosts"),
            paths: paths.collect(),
            methods: texts(reader, fields, "methods"),
            methods_place: self.place(fields.at("methods").unwrap_or(fields.node).at),
            conditions: self.conditions(fields),
            plugins,
            disabled,
            any: false,
        }
    }

    /// Values that meet the conditions; none for a regular expression, to which nobody knows what fits.
    fn conditions(&self, fields: Fields<'_>) -> Option<Conditions> {
        let values = |key: &str| -> Option<Vec<(String, String)>> {
            let Some(node) = fields.at(key) else {
                return Some(Vec::new());
            };
            let entries = self.reader.entries(node, &format!("`{key}`"))?;
            let value = |node: &Node| match &*node.value {
                Value::Scalar { text, .. } => Some(text.clone()),
                _ => node.find("present").map(|_| "gatecheck".to_owned()),
            };
            let entries = entries.iter();
            entries
                .map(|entry| Some((entry.key.clone(), value(&entry.value)?)))
                .collect()
        };
        Some(Conditions {
            headers: values("headers")?,
            query: values("query")?,
        })
    }
}

impl Route {
    pub(super) fn has(&self, plugin: &str) -> bool {
        self.plugins.contains_key(plugin)
    }
}

/// The texts at a key: a list, or one.
pub(super) fn texts(reader: &Reader<'_>, fields: Fields<'_>, key: &str) -> Vec<String> {
    let nodes = fields
        .at(key)
        .map_or(&[][..], |node| reader.one_or_many(node));
    let text = |node: &Node| reader.text(node, &format!("`{key}`")).map(str::to_owned);
    nodes.iter().filter_map(text).collect()
}

/// The environment variable that a value is a reference to.
fn variable(node: &Node) -> Option<String> {
    let Value::Scalar { text, .. } = &*node.value else {
        return None;
    };
    crate::fixtures::variable(text).map(str::to_owned)
}

//! The state of one scenario while it runs: its gateway, its client, its consumers and what it has sent so far.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cucumber::gherkin::Scenario;
use mock_upstreams::Received;

use crate::adapters::remote::unspecified;
use crate::adapters::{Meaning, SetupError};
use crate::client::{
    Body, Client, Connection, EXCHANGE_HEADER, Handshake, Outcome, Request, Response, Tls,
};
use crate::fixtures::Key;
use crate::lab::Instance;
use crate::plan::{Plan, ServerName, expand};
use crate::report::model::{Exchange, Message, UpstreamView};
use crate::session::{Evidence, Session};
use crate::steps::StepFailure;
use crate::suite::case_number;

/// How many exchanges a report keeps of a scenario.
const KEPT: usize = 5;

/// The state of one scenario.
#[derive(Debug, Default)]
pub struct World {
    /// What it declared.
    pub plan: Plan,
    /// The connection that its last request left open.
    pub connection: Option<Connection>,
    /// Connections whose requests stay under way to the scenario's end.
    pub held: Vec<Connection>,
    /// The tokens that it has, by what it calls them.
    pub tokens: BTreeMap<String, String>,
    setting: Option<Setting>,
    sent: Vec<Sent>,
    shown: Vec<String>,
    batch: usize,
}

/// Where a scenario takes place.
#[derive(Debug)]
struct Setting {
    session: Arc<Session>,
    instance: Arc<Instance>,
    number: usize,
    begun: Instant,
}

/// A request of this scenario and what came of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What it is found by at the upstreams.
    pub tag: String,
    /// What was sent.
    pub payload: Payload,
    /// The response, as far as it came.
    pub response: Option<Response>,
    /// Why there is none, or what broke it off.
    pub error: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// What the TLS handshake came to; none without TLS.
    pub handshake: Option<Handshake>,
    client: IpAddr,
    at: Duration,
}

/// What a request is written from.
#[derive(Clone, Debug)]
pub enum Payload {
    /// A request.
    Request(Request),
    /// Bytes as they are.
    Bytes(Vec<u8>),
}

impl cucumber::World for World {
    type Error = Infallible;

    async fn new() -> Result<Self, Infallible> {
        Ok(Self::default())
    }
}

impl World {
    /// Prepares the scenario: its gateway runs when this returns.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn enter(
        &mut self,
        session: &Arc<Session>,
        scenario: &Scenario,
    ) -> Result<(), SetupError> {
        let number = case_number(&scenario.tags).expect("the suite has tagged every scenario");
        let (plan, instance) = session.prepare(number).await?;
        for token in &plan.tokens {
            let minted = instance.servers.token(token);
            let minted = minted.map_err(|error| SetupError::new(format!("{error:#}")))?;
            self.tokens.insert(token.alias.clone(), minted);
        }
        self.plan = plan;
        self.setting = Some(Setting {
            session: session.clone(),
            instance,
            number,
            begun: Instant::now(),
        });
        Ok(())
    }

    /// Leaves what the scenario did behind for the report.
    pub fn leave(&mut self) {
        self.connection = None;
        self.held.clear();
        let evidence = self.evidence();
        if let Some(setting) = self.setting.take() {
            let evidence = Evidence {
                exchanges: evidence,
                total: self.sent.len(),
                shown: std::mem::take(&mut self.shown),
            };
            setting.session.finish(setting.number, evidence);
        }
    }

    /// The status by which the target tells this, where that is not the usual one; the report will say so.
    pub fn shown(&mut self, meaning: Meaning) -> Option<u16> {
        let setting = self.setting.as_ref()?;
        let shows = setting.session.shown(meaning, &self.plan)?;
        let told = format!("{meaning} is shown as {}: {}", shows.status, shows.reason);
        if !self.shown.contains(&told) {
            self.shown.push(told);
        }
        Some(shows.status)
    }

    /// The gateway and its upstreams.
    pub fn instance(&self) -> Result<&Instance, StepFailure> {
        Ok(&self.setting()?.instance)
    }

    /// A client of this scenario; `nth` 0 is the usual one, each other has an address of its own.
    pub fn client(&self, nth: u8) -> Result<Client, StepFailure> {
        let setting = self.setting()?;
        let listener = self.plan.connecting.listener;
        let target = setting.instance.running.listeners.get(listener).copied();
        let missing = || StepFailure(format!("there is no listener {}", listener + 1));
        let target = target.ok_or_else(missing)?;
        let elsewhere = setting.instance.running.elsewhere.as_ref();
        let own = elsewhere.is_none_or(|elsewhere| elsewhere.own_addresses);
        Ok(Client {
            source: if own {
                address(setting.number, nth)
            } else {
                unspecified(target)
            },
            target,
            host: elsewhere.map(|elsewhere| elsewhere.authority.clone()),
            tls: self.tls()?,
        })
    }

    /// How the client speaks TLS; none where the listener doesn't.
    fn tls(&self) -> Result<Option<Tls>, StepFailure> {
        let (instance, connecting) = (self.instance()?, &self.plan.connecting);
        if let Some(elsewhere) = &instance.running.elsewhere {
            return Ok(elsewhere.tls.clone().map(|(host, authorities)| Tls {
                authorities,
                server_name: Some(host),
                certificate: None,
                protocols: Vec::new(),
                version: None,
            }));
        }
        let hosts = instance.fixture.listener_hosts(connecting.listener);
        let Some(usual) = hosts.first().and_then(|hosts| hosts.first()) else {
            return Ok(None);
        };
        let certificate = connecting.certificate.as_ref();
        let certificate = certificate.map(|alias| self.plan.certificate(alias).cloned());
        Ok(Some(Tls {
            authorities: vec![instance.certificates.servers.der().clone()],
            server_name: match &connecting.server_name {
                ServerName::Usual => Some(usual.replace('*', "any")),
                ServerName::Absent => None,
                ServerName::Host(host) => Some(host.clone()),
            },
            certificate: certificate.transpose()?,
            protocols: connecting.protocols.clone(),
            version: connecting.version.clone(),
        }))
    }

    /// Begins a new batch of requests, which "the responses" are those of.
    pub fn begin_batch(&mut self) {
        self.batch = self.sent.len();
        self.connection = None;
    }

    /// Sends a request as the next of the batch.
    pub async fn send(&mut self, request: Request, client: Client) -> Result<(), StepFailure> {
        let sent = self.perform(request, &client, self.sent.len()).await?;
        self.keep(sent);
        Ok(())
    }

    /// Sends the same request `count` times at once.
    pub async fn send_at_once(
        &mut self,
        request: &Request,
        client: Client,
        count: usize,
    ) -> Result<(), StepFailure> {
        let first = self.sent.len();
        let all = (0..count).map(|index| self.perform(request.clone(), &client, first + index));
        for sent in futures::future::join_all(all).await {
            self.keep(sent?);
        }
        Ok(())
    }

    /// Sends a request and reads no more than the head of the response.
    pub async fn open(&mut self, request: Request) -> Result<(), StepFailure> {
        let (client, tag) = (self.client(0)?, self.tag(self.sent.len())?);
        let request = self.complete(request, &client, &tag)?;
        let at = self.setting()?.begun.elapsed();
        let outcome = client.open(&request).await;
        self.keep((
            Sent::new(tag, Payload::Request(request), &client, at),
            outcome,
        ));
        Ok(())
    }

    /// Sends bytes as they are; `{exchange}` in them becomes the tag, `{host}` the gateway's host and port.
    pub async fn send_bytes(&mut self, bytes: &str) -> Result<(), StepFailure> {
        let (client, tag) = (self.client(0)?, self.tag(self.sent.len())?);
        let bytes = self
            .expand(bytes)?
            .replace("{exchange}", &tag)
            .replace("{host}", &client.host());
        // One byte for each character, so that a scenario can write any byte.
        let bytes: Vec<u8> = bytes
            .chars()
            .map(|c| u8::try_from(c).unwrap_or(b'?'))
            .collect();
        let at = self.setting()?.begun.elapsed();
        let outcome = client.send_bytes(&bytes).await;
        self.keep((Sent::new(tag, Payload::Bytes(bytes), &client, at), outcome));
        Ok(())
    }

    /// The last request and what came of it.
    pub fn last(&self) -> Result<&Sent, StepFailure> {
        self.sent
            .last()
            .ok_or_else(|| StepFailure("nothing was sent yet".to_owned()))
    }

    /// The response to the last request.
    pub fn response(&self) -> Result<&Response, StepFailure> {
        let last = self.last()?;
        last.response.as_ref().ok_or_else(|| {
            StepFailure(format!(
                "there is no response: {}",
                last.error.as_deref().unwrap_or("nothing came")
            ))
        })
    }

    /// Replaces the body of the last response, once more of it has been read.
    pub fn append_to_body(&mut self, piece: &[u8]) {
        if let Some(response) = self.sent.last_mut().and_then(|sent| sent.response.as_mut()) {
            response.body = [&response.body, piece].concat().into();
        }
    }

    /// The requests of the last batch.
    pub fn batch(&self) -> &[Sent] {
        &self.sent[self.batch..]
    }

    /// The key that the scenario calls `label` of the consumer that it calls `alias`.
    pub fn key(&self, alias: &str, label: &str) -> Result<&Key, StepFailure> {
        let consumer = self
            .plan
            .consumers
            .iter()
            .find(|consumer| consumer.alias == alias);
        consumer.and_then(|consumer| consumer.key(label)).ok_or_else(|| {
            StepFailure(format!("no key {label:?} of a consumer {alias:?} was given; add: Given a consumer {alias:?} …"))
        })
    }

    /// What the upstreams received of the last request, each with its host.
    pub fn received(&self) -> Result<Vec<(&str, Vec<Received>)>, StepFailure> {
        let last = self.last()?;
        Ok(self
            .instance()?
            .received(&last.tag, matches!(last.payload, Payload::Bytes(_))))
    }

    /// The text with its placeholders replaced: those of [`Plan::lookup`], tokens, and the configuration's
    /// environment.
    pub fn expand(&self, text: &str) -> Result<String, StepFailure> {
        expand(text, &|word, name| match word {
            "token" => self.token(name).map(Some),
            "env" => {
                let value = self.instance()?.fixture.environment.get(name);
                let missing = || StepFailure(format!("the configuration has no ${{env:{name}}}"));
                value.cloned().ok_or_else(missing).map(Some)
            }
            _ => self.plan.lookup(word, name),
        })
    }

    /// The token that the scenario calls `alias`.
    pub fn token(&self, alias: &str) -> Result<String, StepFailure> {
        self.plan.token(alias)?;
        let missing = || StepFailure(format!("the token {alias:?} was not issued"));
        self.tokens.get(alias).cloned().ok_or_else(missing)
    }

    async fn perform(
        &self,
        request: Request,
        client: &Client,
        index: usize,
    ) -> Result<(Sent, Outcome), StepFailure> {
        let tag = self.tag(index)?;
        let request = self.complete(request, client, &tag)?;
        let at = self.setting()?.begun.elapsed();
        let outcome = client.send(&request).await;
        Ok((
            Sent::new(tag, Payload::Request(request), client, at),
            outcome,
        ))
    }

    fn keep(&mut self, (mut sent, outcome): (Sent, Outcome)) {
        sent.response = outcome.response;
        sent.error = outcome.error;
        sent.took = outcome.took;
        sent.handshake = outcome.handshake;
        self.connection = outcome.connection;
        self.sent.push(sent);
    }

    /// The request with what every request carries, unless it says otherwise itself, and placeholders replaced.
    fn complete(
        &self,
        request: Request,
        client: &Client,
        tag: &str,
    ) -> Result<Request, StepFailure> {
        let mut headers = Vec::new();
        if request.header("Host").is_none() {
            headers.push(("Host".to_owned(), client.host()));
        }
        headers.extend(
            self.plan
                .headers
                .iter()
                .filter(|(name, _)| request.header(name).is_none())
                .cloned(),
        );
        headers.extend(request.headers);
        for (_, value) in &mut headers {
            *value = self.expand(value)?;
        }
        headers.push((EXCHANGE_HEADER.to_owned(), tag.to_owned()));
        let body = match request.body {
            Body::Sized(bytes) => Body::Sized(match std::str::from_utf8(&bytes) {
                Ok(text) => self.expand(text)?.into(),
                Err(_) => bytes,
            }),
            other => other,
        };
        Ok(Request {
            target: self.expand(&request.target)?,
            headers,
            body,
            ..request
        })
    }

    /// Ends in a letter, so that no tag begins with another.
    fn tag(&self, index: usize) -> Result<String, StepFailure> {
        let setting = self.setting()?;
        Ok(format!(
            "{}-{}-{index}x",
            setting.session.nonce, setting.number
        ))
    }

    fn setting(&self) -> Result<&Setting, StepFailure> {
        self.setting
            .as_ref()
            .ok_or_else(|| StepFailure("the scenario has no gateway".to_owned()))
    }

    fn evidence(&self) -> Vec<Exchange> {
        let Some(setting) = &self.setting else {
            return Vec::new();
        };
        let first = self.sent.len().saturating_sub(KEPT);
        let secrets = self.secrets();
        let concealed = |mut exchange: Exchange| {
            exchange.conceal(&secrets);
            exchange
        };
        self.sent[first..]
            .iter()
            .map(|sent| concealed(sent.exchange(&setting.instance)))
            .collect()
    }

    /// What a report shows no more than the beginning of: tokens, keys and passwords.
    fn secrets(&self) -> Vec<String> {
        let passwords = self.plan.consumers.iter().filter_map(|consumer| {
            let secret = &consumer.password.as_ref()?.secret;
            let pair = STANDARD.encode(format!("{}:{secret}", consumer.name));
            Some([secret.clone(), pair])
        });
        let keys = self
            .plan
            .consumers
            .iter()
            .flat_map(|consumer| &consumer.keys);
        let keys = keys.map(|key| key.secret.clone());
        let tokens = self.tokens.values().cloned();
        tokens.chain(keys).chain(passwords.flatten()).collect()
    }
}

impl Sent {
    fn new(tag: String, payload: Payload, client: &Client, at: Duration) -> Self {
        Self {
            tag,
            payload,
            response: None,
            error: None,
            took: Duration::ZERO,
            handshake: None,
            client: client.source,
            at,
        }
    }

    fn exchange(&self, instance: &Instance) -> Exchange {
        let received = instance.received(&self.tag, matches!(self.payload, Payload::Bytes(_)));
        let upstreams = received.into_iter().map(|(name, requests)| UpstreamView {
            name: name.to_owned(),
            requests: requests.iter().map(received_message).collect(),
        });
        Exchange {
            tag: self.tag.clone(),
            client: self.client.to_string(),
            at_ms: millis(self.at),
            request: match &self.payload {
                Payload::Request(request) => request.message(),
                Payload::Bytes(bytes) => {
                    let (line, rest) = bytes.split_at(
                        bytes
                            .iter()
                            .position(|&b| b == b'\n')
                            .unwrap_or(bytes.len()),
                    );
                    Message::new(
                        String::from_utf8_lossy(line).trim_end().to_owned(),
                        Vec::new(),
                        rest,
                        rest.len(),
                    )
                }
            },
            response: self.response.as_ref().map(Response::message),
            error: self.error.clone(),
            duration_ms: millis(self.took),
            upstreams: upstreams.collect(),
        }
    }
}

/// Whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// An address of the loopback network for each scenario, so that limits by address are theirs alone.
fn address(scenario: usize, nth: u8) -> IpAddr {
    let (high, low) = (scenario / 250 % 250, scenario % 250 + 1);
    Ipv4Addr::new(127, 16_u8.saturating_add(nth), high as u8, low as u8).into()
}

fn received_message(received: &Received) -> Message {
    let line = format!(
        "{} {} {}",
        received.method, received.target, received.version
    );
    let length = usize::try_from(received.body_length).unwrap_or(usize::MAX);
    Message::new(line, received.headers.clone(), &received.body, length)
}

//! `mock-upstreams`: starts named upstream servers and tells what they receive.

mod control;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use mock_upstreams::{Behaviour, CATALOGUE, MockUpstream, Tls};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Starts upstream servers that behave, or misbehave, as they are told, until ctrl-c.
///
/// A request can choose another behaviour by the header `Gatecheck-Behaviour`. The control address answers
/// `GET /__received[?upstream=NAME][&tag=TAG]` with what came, forgets it on `DELETE /__received`, and changes a
/// server's behaviour on `PUT /__behaviour/NAME` with the new one as body.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// A server's name and what it does, such as `users=echo` or `search='slow=200ms;chunks=3'`; may be repeated.
    #[arg(long = "upstream", value_name = "NAME=BEHAVIOUR", value_parser = named::<Behaviour>)]
    upstreams: Vec<(String, Behaviour)>,

    /// The address of a server; without it 127.0.0.1 and any free port.
    #[arg(long = "listen", value_name = "NAME=IP:PORT", value_parser = named::<SocketAddr>)]
    listen: Vec<(String, SocketAddr)>,

    /// A server's certificate and key, PEM files; it then speaks TLS and nothing else.
    #[arg(long = "tls", value_name = "NAME=CERTIFICATE,KEY", value_parser = named::<Files>)]
    tls: Vec<(String, Files)>,

    /// The authorities, a PEM file, one of which has to vouch for a server's clients.
    #[arg(long = "client-ca", value_name = "NAME=FILE", value_parser = named::<PathBuf>)]
    client_ca: Vec<(String, PathBuf)>,

    /// The control address.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    control: SocketAddr,

    /// Print the addresses as one line of JSON.
    #[arg(long)]
    json: bool,

    /// List all behaviours and leave.
    #[arg(long)]
    list: bool,
}

/// The running servers by name.
type Upstreams = BTreeMap<String, MockUpstream>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.list {
        list_behaviours();
        return Ok(());
    }
    if let Err(reason) = arguments.check() {
        Arguments::command()
            .error(ErrorKind::ValueValidation, reason)
            .exit();
    }
    let mut terminated = signal(SignalKind::terminate())?;
    let upstreams = Arc::new(arguments.spawn().await?);
    let control = control::Control::bind(arguments.control)
        .await
        .with_context(|| format!("--control {} can't be bound", arguments.control))?;
    print_addresses(&arguments, &upstreams, control.address()?);
    tokio::select! {
        never = control.serve(upstreams) => match never {},
        ended = tokio::signal::ctrl_c() => ended?,
        _ = terminated.recv() => {}
    }
    Ok(())
}

impl Arguments {
    fn check(&self) -> Result<(), String> {
        if self.upstreams.is_empty() {
            return Err(
                "give at least one --upstream NAME=BEHAVIOUR, such as --upstream users=echo"
                    .to_owned(),
            );
        }
        let mut names: Vec<_> = self.upstreams.iter().map(|(name, _)| name).collect();
        names.sort();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("--upstream {} is given twice", twice[0]));
        }
        let listen = self.listen.iter().map(|(name, _)| ("listen", name));
        let tls = self.tls.iter().map(|(name, _)| ("tls", name));
        let client_ca = self.client_ca.iter().map(|(name, _)| ("client-ca", name));
        for (flag, name) in listen.chain(tls).chain(client_ca) {
            if !names.contains(&name) {
                return Err(format!(
                    "--{flag} {name}: there is no --upstream of that name"
                ));
            }
            if flag == "client-ca" && of(&self.tls, name).is_none() {
                return Err(format!(
                    "--client-ca {name} needs --tls {name}=CERTIFICATE,KEY"
                ));
            }
        }
        Ok(())
    }

    fn tls(&self, name: &str) -> anyhow::Result<Option<Tls>> {
        let Some(files) = of(&self.tls, name) else {
            return Ok(None);
        };
        let mut tls = Tls::new(read(&files.certificate)?, read(&files.key)?);
        if let Some(path) = of(&self.client_ca, name) {
            tls = tls.client_authorities(read(path)?);
        }
        Ok(Some(tls))
    }

    async fn spawn(&self) -> anyhow::Result<Upstreams> {
        let mut upstreams = Upstreams::new();
        for (name, behaviour) in &self.upstreams {
            let mut builder = MockUpstream::builder(behaviour.clone()).name(name);
            if let Some(address) = of(&self.listen, name) {
                builder = builder.listen(*address);
            }
            if let Some(tls) = self.tls(name)? {
                builder = builder.tls(tls);
            }
            let upstream = builder
                .spawn()
                .await
                .with_context(|| format!("{name} can't be started"))?;
            upstreams.insert(name.clone(), upstream);
        }
        Ok(upstreams)
    }
}

/// A certificate and its key.
#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl FromStr for Files {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (certificate, key) = text
            .split_once(',')
            .ok_or("write NAME=CERTIFICATE,KEY with the paths of two PEM files")?;
        Ok(Self {
            certificate: certificate.into(),
            key: key.into(),
        })
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
}

/// What a flag says of this server, the last time it is given.
fn of<'a, T>(values: &'a [(String, T)], name: &str) -> Option<&'a T> {
    let mut values = values.iter().rev();
    values
        .find(|(other, _)| other == name)
        .map(|(_, value)| value)
}

/// Reads `NAME=VALUE`.
fn named<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<(String, T), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    {
        return Err(format!(
            "`{name}` is no name: use letters, digits, `-`, `_` and `.`"
        ));
    }
    let hint = "(--list lists them all)";
    let hint = if std::any::type_name::<T>() == std::any::type_name::<Behaviour>() {
        hint
    } else {
        ""
    };
    Ok((
        name.to_owned(),
        value.parse().map_err(|error| format!("{error} {hint}"))?,
    ))
}

fn print_addresses(arguments: &Arguments, upstreams: &Upstreams, control: SocketAddr) {
    if arguments.json {
        let servers: BTreeMap<_, _> = upstreams
            .iter()
            .map(|(name, up)| (name, up.url()))
            .collect();
        println!(
            "{}",
            json!({"control": format!("http://{control}"), "upstreams": servers})
        );
        return;
    }
    let width = upstreams
        .keys()
        .map(String::len)
        .max()
        .unwrap_or(0)
        .max("control".len());
    for (name, behaviour) in &arguments.upstreams {
        if let Some(upstream) = upstreams.get(name) {
            println!("{name:width$}  {}  {behaviour}", upstream.url());
        }
    }
    println!("{:width$}  http://{control}  GET /__received", "control");
}

fn list_behaviours() {
    for kind in CATALOGUE {
        println!("{}\n    {}", kind.example, kind.does);
    }
}

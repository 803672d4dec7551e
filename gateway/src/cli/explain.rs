//! `gateway explain`: what would become of one request, and why.

use super::{Configuration, print};
use clap::{Args, ValueEnum};
use gateway::compile::Lasting;
use gateway::explain::{Asked, explain};
use http::header::{HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Method};
use std::io::IsTerminal;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

/// How long key sets are waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// `gateway explain`.
#[derive(Debug, Args)]
pub struct Explain {
    #[command(flatten)]
    configuration: Configuration,
    /// The request's method.
    #[arg(long, default_value = "GET")]
    method: Method,
    /// The request's path, with its query if it has one.
    #[arg(long)]
    path: String,
    /// A header field, as in 'X-API-Key: secret'. May be repeated.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The host that is asked for; by default what a Host header says, if there is one.
    #[arg(long)]
    host: Option<String>,
    /// The address that the connection comes from.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    client: IpAddr,
    /// How it is told.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Text.
    Human,
    /// One object.
    Json,
}

impl Explain {
    /// Tells what becomes of the request; fails when the configuration is wrong.
    pub fn run(self) -> ExitCode {
        let lasting = Lasting::default();
        let snapshot = match self.configuration.source(vec![]).read(&lasting) {
            Ok((snapshot, _)) => snapshot,
            Err(report) => {
                eprint!("{}", report.human(std::io::stderr().is_terminal()));
                return ExitCode::FAILURE;
            }
        };
        let (path, query) = match self.path.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (self.path, None),
        };
        let mut headers: HeaderMap = HeaderMap::new();
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        let named = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = self.host.or_else(|| named.map(str::to_owned));
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("error: the runtime cannot be started: {error}");
                return ExitCode::FAILURE;
            }
        };
        let asked = Asked {
            method: self.method,
            host,
            path,
            query,
            headers,
            peer: self.client,
        };
        let explanation = runtime.block_on(async {
            lasting.identities.start(&snapshot.resolve);
            if !lasting.identities.ready(PATIENCE).await {
                eprintln!("warning: some key sets could not be fetched in time");
            }
            explain(&snapshot, &asked).await
        });
        print(&match self.format {
            Format::Human => explanation.to_string(),
            Format::Json => {
                let value =
                    serde_json::to_value(explanation).expect("an explanation is plain data");
                format!("{value:#}\n")
            }
        })
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("write it as in 'X-Canary: true'")?;
    let parsed = (name.trim().parse(), HeaderValue::from_str(value.trim()));
    match parsed {
        (Ok(name), Ok(value)) => Ok((name, value)),
        // The value may be a secret, so it is not repeated.
        (Ok(_), Err(_)) => Err(format!("the value of `{name}` holds what no header may")),
        (Err(_), _) => Err(format!("`{name}` is not a header's name")),
    }
}

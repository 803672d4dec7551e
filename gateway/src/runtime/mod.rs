//! The life of a gateway: start, reload, drain, stop. Without signals and without `exit`, so that a test can have one.

mod listening;
mod reload;

mod source;

pub use listening::BindError;
pub use reload::tell;
pub use source::Source;

use crate::admin;
use crate::compile::Lasting;
use crate::config::Report;
use crate::domain::tls::install_provider;
use crate::proxy::State;
use crate::snapshot::Snapshot;
use crate::telemetry::{AccessLog, RouteMetrics};
use crate::upstream::{Resolver, Service, SystemResolver, keep_fresh, refresh};
use arc_swap::ArcSwap;
use listening::Listening;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, Notify};

/// Names are looked up again about this often.
const RESOLVE_EVERY: Duration = Duration::from_secs(30);
/// How long a start or a reload waits for names: a name server that is down must not hold it up.
const RESOLVE_PATIENCE: Duration = Duration::from_secs(3);
/// How long a start or a reload waits for key sets.
const FETCH_PATIENCE: Duration = Duration::from_secs(3);

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error("the configuration has errors")]
    Config(Report),
    /// An address cannot be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The access log cannot be opened.
    #[error("the access log cannot be opened at {path:?}: {source}")]
    Log {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A gateway that runs until it is stopped.
pub struct Gateway {
    state: Arc<State>,
    source: Source,
    lasting: Lasting,
    listening: Mutex<Listening>,
    ready: Arc<AtomicBool>,
}

impl Gateway {
    /// Loads the configuration, binds its addresses and serves. It accepts connections when this returns.
    ///
    /// # Errors
    /// When the configuration is wrong, an address is taken or the log cannot be opened; nothing runs then.
    pub async fn start(source: Source) -> Result<Arc<Self>, StartError> {
        install_provider();
        let lasting = Lasting::default();
        let (snapshot, report) = source.read(&lasting).map_err(StartError::Config)?;
        tell_findings(&report);
        let sockets = listening::bind(&snapshot, &Listening::default())?;
        let log = open_log(&snapshot, &lasting)?;
        prepare(&snapshot, &lasting).await;
        let unrouted = RouteMetrics::new(&lasting.metrics, &"".into(), Box::default());
        let state = Arc::new(State {
            snapshot: ArcSwap::from_pointee(snapshot),
            metrics: lasting.metrics.clone(),
            unrouted,
            log: ArcSwap::from_pointee(log),
            started: Instant::now(),
            idle: Notify::new(),
        });
        note_loaded(&state);
        let ready = Arc::new(AtomicBool::new(true));
        let admin = admin::Admin::new(state.clone(), lasting.clone(), ready.clone());
        let mut listening = Listening::default();
        listening.serve(sockets, &state, &admin);
        Ok(Arc::new(Self {
            state,
            source,
            lasting,
            listening: Mutex::new(listening),
            ready,
        }))
    }

    /// Where requests are taken, in the order of the configuration.
    pub async fn addresses(&self) -> Vec<SocketAddr> {
        self.listening.lock().await.addresses()
    }

    /// Where requests are taken, as `http://` or `https://`, in the order of the configuration.
    pub async fn urls(&self) -> Vec<String> {
        self.listening.lock().await.urls()
    }

    /// Where the admin listener is, if anywhere.
    pub async fn admin_address(&self) -> Option<SocketAddr> {
        self.listening.lock().await.admin_address()
    }

    /// Reads the configuration anew: all of it or nothing. Requests under way end under the old one.
    ///
    /// # Errors
    /// When the new configuration cannot be served; the old one stays in force.
    pub async fn reload(&self) -> Result<(), StartError> {
        let mut listening = self.listening.lock().await;
        let result = self.try_reload(&mut listening).await;
        let label = if result.is_ok() { "success" } else { "failure" };
        self.state.metrics.reloads.with_label_values(&[label]).inc();
        result
    }

    async fn try_reload(&self, listening: &mut Listening) -> Result<(), StartError> {
        let (snapshot, report) = self
            .source
            .read(&self.lasting)
            .map_err(StartError::Config)?;
        tell_findings(&report);
        let sockets = listening::bind(&snapshot, listening)?;
        let log = (snapshot.access_log != self.state.snapshot.load().access_log)
            .then(|| open_log(&snapshot, &self.lasting))
            .transpose()?;
        prepare(&snapshot, &self.lasting).await;
        self.state.snapshot.store(Arc::new(snapshot));
        if let Some(log) = log {
            self.state.log.store(Arc::new(log));
        }
        let admin = admin::Admin::new(self.state.clone(), self.lasting.clone(), self.ready.clone());
        listening.serve(sockets, &self.state, &admin);
        note_loaded(&self.state);
        Ok(())
    }

    /// Takes no more connections, waits until no request is under way, at most as long as the configuration says, and
    /// stops. Says whether all requests had ended.
    pub async fn stop(&self) -> bool {
        self.ready.store(false, Ordering::Release);
        self.listening.lock().await.close_listeners();
        let deadline = self.state.snapshot.load().drain;
        let drained = tokio::time::timeout(deadline, self.idle()).await.is_ok();
        self.listening.lock().await.close_admin();
        drained
    }

    async fn idle(&self) {
        loop {
            let told = self.state.idle.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if self.state.metrics.active.get() == 0 {
                return;
            }
            told.await;
        }
    }
}

fn open_log(snapshot: &Snapshot, lasting: &Lasting) -> Result<AccessLog, StartError> {
    AccessLog::open(&snapshot.access_log, lasting.metrics.log_dropped.clone()).map_err(|source| {
        StartError::Log {
            path: match &snapshot.access_log {
                crate::telemetry::Output::File(path) => path.clone(),
                _ => PathBuf::new(),
            },
            source,
        }
    })
}

/// Finds what a snapshot needs from elsewhere, for a bounded time: names and keys.
async fn prepare(snapshot: &Snapshot, lasting: &Lasting) {
    tokio::join!(resolve(snapshot), fetch_keys(snapshot, lasting));
}

/// Starts the key sources that are new, and waits for their first fetch. Those that were there before have their keys.
async fn fetch_keys(snapshot: &Snapshot, lasting: &Lasting) {
    lasting.identities.start(&snapshot.resolve);
    if !lasting.identities.ready(FETCH_PATIENCE).await {
        tracing::warn!(
            "some key sets are not fetched yet; requests with their tokens are answered with 503 until they are"
        );
    }
}

/// Looks every name up once, then keeps them fresh as long as the snapshot's services live.
async fn resolve(snapshot: &Snapshot) {
    let resolver: Arc<dyn Resolver> =
        Arc::new(SystemResolver::new(snapshot.resolve.iter().cloned()));
    let first = snapshot
        .services
        .iter()
        .map(|service| refresh(service, &resolver));
    if tokio::time::timeout(RESOLVE_PATIENCE, futures::future::join_all(first))
        .await
        .is_err()
    {
        tracing::warn!(
            "some names of upstreams are not resolved yet; their requests are answered with 502 until they are"
        );
    }
    for service in &snapshot.services {
        let service: &Arc<Service> = service;
        tokio::spawn(keep_fresh(
            Arc::downgrade(service),
            resolver.clone(),
            RESOLVE_EVERY,
        ));
    }
}

fn note_loaded(state: &State) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    state
        .metrics
        .loaded_at
        .set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
}

/// Findings are for whoever writes the configuration; a log says that there are some. Routes that are closed are told in
/// full.
fn tell_findings(report: &Report) {
    let closed = report.confined();
    if !closed.is_empty() {
        tracing::error!(
            "the configuration has errors that close routes; the others are served\n{}",
            closed.human(false)
        );
    }
    match report.sorted().len() - closed.sorted().len() {
        0 => {}
        1 => tracing::info!("1 finding; see gateway check"),
        findings => tracing::info!("{findings} findings; see gateway check"),
    }
}

//! One key source and the task that keeps it fresh.

use super::Settings;
use super::fetch::{FetchError, Loaded, load};
use super::status::{Fetches, KeyStatus, Status};
use crate::identity::egress::{Address, Fetch};
use crate::identity::jwk::{KeyId, KeySet};
use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use rand::RngExt as _;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

/// The share of the time to live after which keys are fetched anew, give or take a tenth of the whole.
const REFRESH_AT: std::ops::Range<f64> = 0.7..0.9;
/// The pause after a fetch that failed; doubled with each that follows it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// Longer than this nothing is kept, whatever the configuration says: clocks can't be set for any time.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The keys of one issuer at one address.
pub struct KeySource {
    settings: Settings,
    held: ArcSwapOption<Held>,
    generation: AtomicU64,
    course: Mutex<Course>,
    /// Wakes the task; its end tells the task that nobody wants the keys any more.
    wake: watch::Sender<()>,
    /// How many fetches have ended.
    ended: watch::Sender<u64>,
    fetches: Fetches,
    unknown_kids: AtomicU64,
}

/// What the last fetch that succeeded brought.
struct Held {
    keys: Arc<KeySet>,
    skipped: Vec<String>,
    at: Address,
    fetched: Instant,
    /// When they become too old to be used at all.
    end: Instant,
}

/// How fetching goes.
#[derive(Default)]
struct Course {
    started: bool,
    /// A fetch is under way or was asked for.
    busy: bool,
    /// When the last fetch began.
    attempted: Option<Instant>,
    /// When an unknown `kid` last caused one.
    demanded: Option<Instant>,
    next: Option<Instant>,
    failures: u32,
    error: Option<FetchError>,
}

impl KeySource {
    /// A source that has no keys and fetches none before [`KeySource::start`].
    #[must_use]
    pub fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            held: ArcSwapOption::empty(),
            generation: AtomicU64::new(0),
            course: Mutex::default(),
            wake: watch::Sender::new(()),
            ended: watch::Sender::new(0),
            fetches: Fetches::default(),
            unknown_kids: AtomicU64::new(0),
        })
    }

    /// What it was made for.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The keys; `None` before the first fetch, and when the last that succeeded is too long ago.
    #[must_use]
    pub fn keys(&self) -> Option<Arc<KeySet>> {
        let held = self.held.load();
        let held = held.as_ref()?;
        (Instant::now() < held.end).then(|| held.keys.clone())
    }

    /// Changes when a key comes or goes. A token that was checked under another generation is checked again. That keys
    /// get too old is told by [`KeySource::keys`] alone.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The keys after one fetch for the sake of a `kid` that isn't among them. All who ask meanwhile share it, and none
    /// waits longer than a fetch may take. Within the cool-down there is no fetch and no wait.
    pub fn missing(
        self: &Arc<Self>,
        kid: &str,
    ) -> impl Future<Output = Option<Arc<KeySet>>> + Send + 'static {
        self.unknown_kids.fetch_add(1, Ordering::Relaxed);
        let (source, kid) = (self.clone(), kid.to_owned());
        async move {
            let deadline = Instant::now() + source.settings.bounds.timeout;
            let mut ended = source.ended.subscribe();
            while !source.knows(&kid) && source.may_wait() {
                match timeout_at(deadline, ended.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => break,
                }
            }
            source.keys()
        }
    }

    fn knows(&self, kid: &str) -> bool {
        self.keys().is_some_and(|keys| keys.knows(kid))
    }

    /// Whether a fetch is under way; where none is and the cool-down is over, one is caused.
    fn may_wait(&self) -> bool {
        let mut course = self.course.lock();
        if !course.started || course.busy {
            return course.started;
        }
        let now = Instant::now();
        let cool = |then: Instant| now >= then + self.settings.bounds.cooldown;
        if !course.demanded.is_none_or(cool) {
            return false;
        }
        course.demanded = Some(now);
        course.busy = true;
        self.wake.send_replace(());
        true
    }

    /// Fetches now and from then on, in a task of its own that ends with the source. Once only.
    pub fn start(self: &Arc<Self>, fetch: Arc<dyn Fetch>) {
        let mut course = self.course.lock();
        if !std::mem::replace(&mut course.started, true) {
            course.busy = true;
            let woken = self.wake.subscribe();
            tokio::spawn(keep(Arc::downgrade(self), woken, fetch));
        }
    }

    /// When the first fetch has ended, well or not.
    pub fn tried(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut ended = self.ended.subscribe();
        async move {
            // An error says that the source is gone, and nobody waits for it then.
            if ended.wait_for(|count| *count > 0).await.is_err() {
                tracing::debug!("a key source ended before its first fetch");
            }
        }
    }

    /// What it says of itself.
    #[must_use]
    pub fn status(&self) -> Status {
        let now = Instant::now();
        let since = |then: Instant| now.saturating_duration_since(then);
        let held = self.held.load_full();
        let course = self.course.lock();
        let keys = self.keys();
        let keys = keys.iter().flat_map(|set| set.keys());
        Status {
            issuer: self.settings.issuer.clone(),
            configured: self.settings.place.address().to_string(),
            found: held.as_ref().map(|held| held.at.to_string()),
            keys: keys.map(|key| KeyStatus::of(key)).collect(),
            skipped: held.as_ref().map_or(vec![], |held| held.skipped.clone()),
            age: held.as_ref().map(|held| since(held.fetched)),
            attempted: course.attempted.map(since),
            next: course.next.map(|next| next.saturating_duration_since(now)),
            error: course.error.as_ref().map(ToString::to_string),
            failures: course.failures.into(),
            fetches: self.fetches.counts(),
            unknown_kids: self.unknown_kids.load(Ordering::Relaxed),
        }
    }

    /// One fetch and what follows from it; gives the time of the next.
    async fn refresh(&self, fetch: &dyn Fetch) -> Instant {
        let begun = Instant::now();
        {
            let mut course = self.course.lock();
            course.attempted = Some(begun);
            course.next = None;
        }
        let loaded = load(&self.settings, fetch).await;
        let now = Instant::now();
        let next = match loaded {
            Ok(loaded) => now + self.take(loaded, now),
            Err(error) => now + self.bear(error),
        };
        let mut course = self.course.lock();
        course.busy = false;
        course.next = Some(next);
        drop(course);
        self.ended.send_modify(|count| *count += 1);
        next
    }

    /// Takes new keys over; gives the time until they are fetched anew.
    fn take(&self, loaded: Loaded, now: Instant) -> Duration {
        let (issuer, at) = (&self.settings.issuer, &loaded.at);
        let skipped: Vec<String> = loaded.skipped.iter().map(ToString::to_string).collect();
        let before = self.held.load_full();
        if before.as_ref().is_none_or(|held| held.skipped != skipped) {
            for key in &skipped {
                tracing::warn!(%issuer, %at, "a key is left out: {key}");
            }
        }
        let bounds = &self.settings.bounds;
        let ttl = bounds.time_to_live(loaded.fresh);
        let changed = before.is_none_or(|held| ids(&held.keys) != ids(&loaded.keys));
        let keys = loaded.keys.len();
        self.held.store(Some(Arc::new(Held {
            keys: Arc::new(loaded.keys),
            skipped,
            at: at.clone(),
            fetched: now,
            end: now + ttl.saturating_add(bounds.stale).min(LONGEST),
        })));
        if changed {
            self.generation.fetch_add(1, Ordering::AcqRel);
            tracing::info!(%issuer, %at, keys, "the keys have changed");
        }
        let mut course = self.course.lock();
        course.failures = 0;
        course.error = None;
        self.fetches.note("success");
        let pause = ttl
            .min(LONGEST)
            .mul_f64(rand::rng().random_range(REFRESH_AT));
        pause.max(FIRST_PAUSE)
    }

    /// Keeps the keys there are; gives the time until the next try.
    fn bear(&self, error: FetchError) -> Duration {
        let mut course = self.course.lock();
        let kept = self.keys().map_or(0, |keys| keys.len());
        let issuer = &self.settings.issuer;
        tracing::warn!(%issuer, %error, kept, "the keys cannot be fetched, and the last ones stay");
        self.fetches.note(error.label());
        course.error = Some(error);
        let doublings = course.failures.min(16);
        course.failures = course.failures.saturating_add(1);
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LAST_PAUSE);
        pause.mul_f64(rand::rng().random_range(0.5..1.0))
    }
}

fn ids(keys: &KeySet) -> HashSet<KeyId> {
    keys.keys().iter().map(|key| key.id()).collect()
}

/// Fetches when it is time and when somebody asks, until the source is gone.
async fn keep(source: Weak<KeySource>, mut woken: watch::Receiver<()>, fetch: Arc<dyn Fetch>) {
    while let Some(source) = source.upgrade() {
        {
            // Whoever asks from here on waits for this fetch, and whoever asked before has it.
            let mut course = source.course.lock();
            course.busy = true;
            woken.mark_unchanged();
        }
        let next = source.refresh(&*fetch).await;
        drop(source);
        tokio::select! {
            () = sleep_until(next) => {}
            woken = woken.changed() => if woken.is_err() {
                return;
            }
        }
    }
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = self.settings.place.address();
        write!(f, "KeySource({}, {place})", self.settings.issuer)
    }
}

//! What the proxies of a run know: which fault is at work in which scenario, what clients have asked, what upstreams
//! have said, and which faults would have had something to do.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::message::{Request, Response};
use super::{Defect, Fault, all};
use crate::client::EXCHANGE_HEADER;

/// Which fault is at work.
#[derive(Clone, Debug)]
pub enum Scheme {
    /// None; what each would have changed is noted.
    Watch,
    /// This one, in every scenario.
    Everywhere(&'static Fault),
    /// One for each scenario, by the number of its case.
    Cases(HashMap<usize, &'static Fault>),
}

/// What the proxies of a run share.
#[derive(Debug)]
pub struct Ledger {
    scheme: Scheme,
    seen: Mutex<HashMap<String, Arc<Seen>>>,
    touched: Mutex<BTreeSet<(usize, &'static str)>>,
    notes: Arc<Notes>,
}

/// A request as its client sent it, and what became of it.
#[derive(Debug)]
pub struct Seen {
    /// The number of the scenario's case.
    pub case: usize,
    /// The client's address.
    pub client: IpAddr,
    /// The request.
    pub asked: Request,
    answers: Mutex<Vec<Response>>,
    notes: Arc<Notes>,
}

/// What faults with a memory remember, by scenario and key.
type Notes = Mutex<HashMap<(usize, String), Vec<u8>>>;

/// One exchange, and the faults that may have something to do in it.
#[derive(Clone, Debug)]
pub(super) struct Turn<'a> {
    ledger: &'a Ledger,
    /// None for requests of no scenario, such as a gateway's own checks.
    seen: Option<Arc<Seen>>,
    /// Whether faults only look.
    watching: bool,
}

impl Ledger {
    /// For one run.
    pub fn new(scheme: Scheme) -> Self {
        Self {
            scheme,
            seen: Mutex::default(),
            touched: Mutex::default(),
            notes: Arc::default(),
        }
    }

    /// The cases that faults had something to do in, or would have had.
    pub fn touched(&self) -> BTreeSet<(usize, &'static str)> {
        self.touched.lock().clone()
    }

    /// Whether some fault of this run has to know the request before there is a connection to the gateway.
    pub(super) fn disguises(&self) -> bool {
        let disguise = |fault: &&Fault| matches!(fault.defect, Defect::Disguises(_));
        match &self.scheme {
            Scheme::Watch => false,
            Scheme::Everywhere(fault) => disguise(fault),
            Scheme::Cases(faults) => faults.values().any(disguise),
        }
    }

    /// A request as a client sends it.
    pub(super) fn front(&self, request: &Request, client: IpAddr) -> Turn<'_> {
        let seen = tag(request).map(|(tag, case)| {
            let seen = Arc::new(Seen {
                case,
                client,
                asked: request.clone(),
                answers: Mutex::default(),
                notes: self.notes.clone(),
            });
            self.seen.lock().insert(tag.to_owned(), seen.clone());
            seen
        });
        self.turn(seen)
    }

    /// A request as a gateway sends it.
    pub(super) fn back(&self, request: &Request) -> Turn<'_> {
        let seen = tag(request).and_then(|(tag, _)| self.seen.lock().get(tag).cloned());
        self.turn(seen)
    }

    fn turn(&self, seen: Option<Arc<Seen>>) -> Turn<'_> {
        Turn {
            ledger: self,
            seen,
            watching: matches!(self.scheme, Scheme::Watch),
        }
    }
}

impl Turn<'_> {
    /// Has every fault that is at work look at the exchange until one has something to do, which is what comes back.
    /// While watching, all of them look, it is noted for whom there is something to do, and nothing comes back.
    pub fn find<T>(&self, look: impl Fn(&Seen, &Defect) -> Option<T>) -> Option<T> {
        let seen = self.seen.as_ref()?;
        let note = |fault: &Fault| {
            self.ledger.touched.lock().insert((seen.case, fault.name));
        };
        let one = match &self.ledger.scheme {
            Scheme::Watch => {
                all()
                    .filter(|fault| look(seen, &fault.defect).is_some())
                    .for_each(note);
                return None;
            }
            Scheme::Everywhere(fault) => Some(*fault),
            Scheme::Cases(faults) => faults.get(&seen.case).copied(),
        };
        let fault = one?;
        let found = look(seen, &fault.defect)?;
        note(fault);
        Some(found)
    }

    /// The request as it goes on, where a fault changes it.
    pub fn changed<T: Clone + PartialEq>(
        &self,
        message: &T,
        change: impl Fn(&Seen, &Defect, &mut T),
    ) -> Option<T> {
        self.find(|seen, defect| {
            let mut changed = message.clone();
            change(seen, defect, &mut changed);
            (changed != *message).then_some(changed)
        })
    }

    /// What is known of the request.
    pub fn seen(&self) -> Option<&Arc<Seen>> {
        self.seen.as_ref()
    }

    /// Whether no fault is at work, here or at all.
    pub fn idle(&self) -> bool {
        self.seen.is_none() || self.watching
    }

    /// Notes what an upstream said.
    pub fn answered(&self, response: &Response) {
        if let Some(seen) = &self.seen {
            seen.answers.lock().push(response.clone());
        }
    }
}

impl Seen {
    /// What upstreams have said so far, heads alone.
    pub fn answers(&self) -> Vec<Response> {
        self.answers.lock().clone()
    }

    /// Whether the gateway answered by itself.
    pub fn own_answer(&self) -> bool {
        self.answers.lock().is_empty()
    }

    /// Whether it is the first time that the scenario asks so.
    pub fn first(&self, key: &str) -> bool {
        self.remember(key, Vec::new()).is_none()
    }

    /// Remembers a value under a key of the scenario, and gives what was there before.
    pub fn remember(&self, key: &str, value: Vec<u8>) -> Option<Vec<u8>> {
        self.notes.lock().insert((self.case, key.to_owned()), value)
    }

    /// Counts in the scenario, from 1.
    pub fn count(&self, key: &str) -> usize {
        let mut notes = self.notes.lock();
        let counted = notes.entry((self.case, key.to_owned())).or_default();
        counted.push(0);
        counted.len()
    }
}

/// The tag of a request of the suite, and the number of its case: `nonce-CASE-INDEXx`, in the header, or in the target
/// where headers may not be understood.
fn tag(request: &Request) -> Option<(&str, usize)> {
    let text = match request.fields.first(EXCHANGE_HEADER) {
        Some(text) => text,
        None => request.target.split_once("tag=")?.1,
    };
    let text = text.split(['&', ' ']).next().unwrap_or_default();
    let mut parts = text.rsplitn(3, '-');
    let (index, case) = (parts.next()?, parts.next()?);
    index.strip_suffix('x')?;
    Some((text, case.parse().ok()?))
}

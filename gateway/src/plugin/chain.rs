//! The plugins of one route, compiled into one slice per phase.
//!
//! A plugin is in no phase that it did not ask for; a body flows untouched when nobody wants it.

use super::authenticate::{Authenticate, Authentication, Combine, Identity};
use super::exchange::Exchange;
use super::{Flow, OnRequest, OnRequestBody, OnResponse, OnResponseBody, Rejection, Request};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// A plugin's place in the chain, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The plugin's name.
    pub name: &'static str,
    /// Why it stands where it stands.
    pub reason: &'static str,
    /// What it will do, in one line.
    pub does: String,
    /// What the document says that it is for.
    pub note: Option<Box<str>>,
}

/// A plugin of the request phase, with its link.
type AtRequest = (usize, Arc<dyn OnRequest>);

/// The phases of a chain while it is compiled.
#[derive(Default)]
pub struct Phases {
    /// Before it is known who calls, and after.
    request: [Vec<AtRequest>; 2],
    authentication: Authentication,
    closed: Option<(usize, Rejection)>,
    request_body: Vec<Arc<dyn OnRequestBody>>,
    response: Vec<Arc<dyn OnResponse>>,
    response_body: Vec<Arc<dyn OnResponseBody>>,
    links: Vec<Link>,
}

impl Phases {
    /// When the request's head is there.
    pub fn request(&mut self, plugin: Arc<dyn OnRequest>) {
        let known = usize::from(!self.authentication.plugins.is_empty());
        self.request[known].push((self.links.len(), plugin));
    }

    /// To find out who calls.
    pub fn authenticate(&mut self, plugin: Arc<dyn Authenticate>) {
        self.authentication.plugins.push((self.links.len(), plugin));
    }

    /// Who calls where no credential is given at all.
    pub fn anonymous(&mut self, identity: Identity) {
        self.authentication.anonymous = Some((self.links.len(), identity));
    }

    /// Closes the route: whatever is not answered before it is known who calls, as a preflight is, is refused so.
    pub fn close(&mut self, rejection: Rejection) {
        self.closed = Some((self.links.len(), rejection));
    }

    /// On each piece of the request's body.
    pub fn request_body(&mut self, plugin: Arc<dyn OnRequestBody>) {
        self.request_body.push(plugin);
    }

    /// When the response's head is there.
    pub fn response(&mut self, plugin: Arc<dyn OnResponse>) {
        self.response.push(plugin);
    }

    /// On each piece of the response's body.
    pub fn response_body(&mut self, plugin: Arc<dyn OnResponseBody>) {
        self.response_body.push(plugin);
    }

    /// Ends a plugin's part: what was put into phases since the last call is its.
    pub fn link(&mut self, link: Link) {
        self.links.push(link);
    }

    /// The finished chain, whose auth plugins combine so.
    #[must_use]
    pub fn finish(mut self, combine: Combine) -> Chain {
        self.authentication.combine = combine;
        Chain {
            request: self.request.map(Into::into),
            authentication: self.authentication,
            closed: self.closed,
            request_body: self.request_body.into(),
            response: self.response.into(),
            response_body: self.response_body.into(),
            links: self.links.into(),
        }
    }
}

/// What runs for each request of a route.
#[derive(Default)]
pub struct Chain {
    request: [Box<[AtRequest]>; 2],
    authentication: Authentication,
    closed: Option<(usize, Rejection)>,
    request_body: Box<[Arc<dyn OnRequestBody>]>,
    response: Box<[Arc<dyn OnResponse>]>,
    response_body: Box<[Arc<dyn OnResponseBody>]>,
    links: Box<[Link]>,
}

impl Chain {
    /// Runs the request phase: the first plugin that does not go on decides. Waits only where an auth plugin has to ask
    /// elsewhere.
    pub async fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        self.walk(request, exchange, |_, _, _| {}).await
    }

    /// As [`Self::on_request`], telling each plugin's part: for `gateway explain`.
    pub async fn trace_request(
        &self,
        request: &Request<'_>,
        exchange: &mut Exchange,
        mut tell: impl FnMut(&Link, &Flow, &Exchange),
    ) -> Flow {
        let tell =
            |link: usize, flow: &Flow, exchange: &Exchange| tell(&self.links[link], flow, exchange);
        self.walk(request, exchange, tell).await
    }

    async fn walk(
        &self,
        request: &Request<'_>,
        exchange: &mut Exchange,
        mut tell: impl FnMut(usize, &Flow, &Exchange),
    ) -> Flow {
        let [before, after] = &self.request;
        let flow = each(before, request, exchange, &mut tell);
        if let (Some((link, rejection)), Flow::Next | Flow::Reject(_)) = (&self.closed, &flow) {
            let flow = rejection.clone().into();
            tell(*link, &flow, exchange);
            return flow;
        }
        if self.authentication.plugins.is_empty() || !matches!(flow, Flow::Next) {
            return flow;
        }
        match self.authentication.run(request, exchange, &mut tell).await {
            Flow::Next => each(after, request, exchange, &mut tell),
            decided => decided,
        }
    }

    /// What each auth plugin tells about itself at this moment: for `gateway explain`.
    pub fn states(&self) -> impl Iterator<Item = (&Link, Vec<String>)> {
        let plugins = self.authentication.plugins.iter();
        plugins.map(|(link, plugin)| (&self.links[*link], plugin.state()))
    }

    /// Runs the request-body phase.
    ///
    /// # Errors
    /// The first refusal.
    pub fn on_request_body(&self, seen: u64) -> Result<(), Rejection> {
        self.request_body
            .iter()
            .try_for_each(|plugin| plugin.on_request_body(seen))
    }

    /// Runs the response phase.
    ///
    /// # Errors
    /// The first refusal.
    pub fn on_response(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), Rejection> {
        self.response
            .iter()
            .try_for_each(|plugin| plugin.on_response(status, headers))
    }

    /// Runs the response-body phase.
    ///
    /// # Errors
    /// The first refusal.
    pub fn on_response_body(&self, seen: u64) -> Result<(), Rejection> {
        self.response_body
            .iter()
            .try_for_each(|plugin| plugin.on_response_body(seen))
    }

    /// The plugins in the order in which they run.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }
}

fn each(
    plugins: &[AtRequest],
    request: &Request<'_>,
    exchange: &mut Exchange,
    tell: &mut impl FnMut(usize, &Flow, &Exchange),
) -> Flow {
    for (link, plugin) in plugins {
        let flow = plugin.on_request(request, exchange);
        tell(*link, &flow, exchange);
        if !matches!(flow, Flow::Next) {
            return flow;
        }
    }
    Flow::Next
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.links.iter().map(|link| link.name))
            .finish()
    }
}

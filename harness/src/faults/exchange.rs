//! One exchange through a proxy: the request on its way up, the response on its way down, and what faults do to both.

use std::io;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt as _;

use super::framing::{Framing, Meter};
use super::ledger::Turn;
use super::link::{Answer, Downward, Incoming, Link, Next, Upward};
use super::message::{Request, Response};
use super::surroundings::ask;
use super::{Defect, Place};

/// The largest body that faults change, in bytes.
const MAX_BODY: u64 = 1 << 20;

/// Waits for a request and sees it and its response through.
pub(super) async fn one(link: &mut Link<'_>) -> io::Result<Next> {
    let (request, length) = match link.request().await? {
        Incoming::Request(request, length) => (request, length),
        Incoming::Other => return Ok(Next::Raw),
        Incoming::End => return Ok(Next::Over),
    };
    let Some(framing) = Framing::of_request(&request) else {
        return Ok(Next::Raw);
    };
    let post = link.post;
    let turn = match post.place {
        Place::Front => post.ledger.front(&request, link.peer),
        Place::Back => post.ledger.back(&request),
    };
    let head = link.client.ahead.split_to(length);
    if strays(&turn, post.place, &request)
        && let Some(other) = post.surroundings.other(post.target)
    {
        let Some(kept) = link.gather(framing).await? else {
            return Ok(Next::Over);
        };
        let given = ask(other, &request, &kept.body).await?;
        turn.answered(&given.0);
        return link.give(&request.method, given).await;
    }
    watch_disguises(&turn, post.place, &request);
    let changed = turn.changed(&request, |seen, defect, request| {
        match (post.place, defect) {
            (Place::Front, Defect::Inward(change)) => change(request),
            (Place::Back, Defect::Onward(change)) => change(seen, request),
            _ => {}
        }
    });
    let mut bytes = changed.map_or_else(|| head.to_vec(), |changed| changed.bytes());
    let mut framing = framing;
    if let Some(change) = garbles(&turn, post.place, &request, framing) {
        let Some(mut kept) = link.gather(framing).await? else {
            return Ok(Next::Over);
        };
        change(&mut kept.body);
        bytes = sized(&request, &kept.body);
        framing = Framing::Length(0);
    }
    encourage(link, &turn, &request).await?;
    if link.to_server.write_all(&bytes).await.is_err() {
        tracing::debug!("the server took no more, and may still have something to say");
    }
    see_through(link, &turn, &request, framing).await
}

/// The body of the request and the response, at the same time.
async fn see_through(
    link: &mut Link<'_>,
    turn: &Turn<'_>,
    request: &Request,
    framing: Framing,
) -> io::Result<Next> {
    let post = link.post;
    let mut up = Upward {
        client: &mut link.client,
        to_server: &mut link.to_server,
        meter: Meter::new(framing, !turn.idle()),
        out: BytesMut::new(),
        taken: true,
    };
    let mut down = Downward {
        server: &mut link.server,
        to_client: &mut link.to_client,
    };
    let answer = tokio::select! {
        error = up.relay() => Err(error),
        answer = down.head() => answer,
    };
    let response = match &answer {
        Ok(Answer::Head(response, _)) => Some(response),
        _ => None,
    };
    if let (Place::Back, Some(response)) = (post.place, response) {
        turn.answered(response);
    }
    let aside = match post.place {
        Place::Front => refused(turn, response).zip(post.surroundings.likely(request.path())),
        Place::Back => repeated(turn, request, response).zip(Some(post.target)),
    };
    let kept = up.meter.kept().filter(|_| up.done()).cloned();
    match (aside, kept) {
        (Some((Aside::Instead, target)), Some(kept)) => {
            if let Ok(given) = ask(target, request, &kept.body).await {
                turn.answered(&given.0);
                return link.give(&request.method, given).await;
            }
        }
        // That it is called is enough, whether all of the body has come or not.
        (Some((Aside::Besides, target)), kept) => {
            let body = kept.unwrap_or_default().body;
            if let Err(error) = ask(target, request, &body).await {
                tracing::debug!(%error, "the upstream did not answer");
            }
        }
        _ => {}
    }
    let (response, length) = match answer? {
        Answer::Head(response, length) => (response, length),
        Answer::Other => {
            up.leave();
            return Ok(Next::Raw);
        }
        Answer::End => return Ok(Next::Over),
    };
    let framing = Framing::of_response(&request.method, &response);
    let (101.., Some(framing)) = (response.status, framing) else {
        up.leave();
        return Ok(Next::Raw);
    };
    if response.status == 101 {
        let head = down.server.ahead.split_to(length);
        down.to_client.write_all(&head).await?;
        up.leave();
        return Ok(Next::Raw);
    }
    let ended = tokio::select! {
        error = up.relay() => return Err(error),
        ended = bring(&mut down, turn, (response, length), framing, post.place) => ended?,
    };
    if !ended || framing == Framing::UntilClose {
        return Ok(Next::Over);
    }
    let done = up.done();
    up.leave();
    Ok(if done { Next::Another } else { Next::Raw })
}

/// Brings the response down, changed as faults want it; whether it came to its end.
async fn bring(
    down: &mut Downward<'_, '_>,
    turn: &Turn<'_>,
    (response, length): (Response, usize),
    framing: Framing,
    place: Place,
) -> io::Result<bool> {
    let head = down.server.ahead.split_to(length);
    if place == Place::Back {
        down.to_client.write_all(&head).await?;
        return down.body(Meter::new(framing, false)).await;
    }
    let outward = turn.changed(&response, |seen, defect, response| {
        if let Defect::Outward(change) = defect {
            change(seen, response);
        }
    });
    let mut bytes = outward.map_or_else(|| head.to_vec(), |changed| changed.bytes());
    let small = matches!(framing, Framing::Length(1..=MAX_BODY));
    let plan = turn.find(|seen, defect| match defect {
        Defect::Rewrites(when, change) if small && when(seen, &response) => {
            Some(Plan::Rewrite(*change))
        }
        Defect::Hoards(when) if framing == Framing::Chunked && when(seen, &response) => {
            Some(Plan::Hoard)
        }
        Defect::Rambles(when) if when(seen, &response) => Some(Plan::Ramble),
        _ => None,
    });
    match plan {
        None => {}
        Some(Plan::Ramble) => bytes.extend(b"unasked\n"),
        Some(Plan::Hoard) => {
            down.to_client.write_all(&bytes).await?;
            let (kept, ended) = down.gather(framing).await?;
            down.to_client.write_all(&kept.chunked()).await?;
            return Ok(ended);
        }
        Some(Plan::Rewrite(change)) => {
            let (mut kept, ended) = down.gather(framing).await?;
            if let (true, Some(seen)) = (ended, turn.seen()) {
                let mut response = response.clone();
                change(seen, &mut response, &mut kept.body);
                let length = kept.body.len().to_string();
                response.fields.set("Content-Length", length);
                bytes = response.bytes();
            }
            bytes.extend(kept.body);
            down.to_client.write_all(&bytes).await?;
            return Ok(ended);
        }
    }
    down.to_client.write_all(&bytes).await?;
    down.body(Meter::new(framing, false)).await
}

/// What is done to a response besides its head.
enum Plan {
    Rewrite(fn(&super::Seen, &mut Response, &mut Vec<u8>)),
    Hoard,
    Ramble,
}

/// A call of an upstream that the gateway didn't make.
#[derive(Clone, Copy)]
enum Aside {
    /// Its answer takes the place of the gateway's.
    Instead,
    /// Nobody reads its answer.
    Besides,
}

fn refused(turn: &Turn<'_>, response: Option<&Response>) -> Option<Aside> {
    let response = response?;
    turn.find(|seen, defect| match defect {
        Defect::Admits(when) if when(seen, response) => Some(Aside::Instead),
        Defect::Betrays(when) if when(seen, response) => Some(Aside::Besides),
        _ => None,
    })
}

fn repeated(turn: &Turn<'_>, request: &Request, response: Option<&Response>) -> Option<Aside> {
    let status = response.map(|response| response.status);
    turn.find(|_, defect| match defect {
        Defect::Repeats(when) if when(request, status) => Some(Aside::Instead),
        _ => None,
    })
}

fn strays(turn: &Turn<'_>, place: Place, request: &Request) -> bool {
    let found = turn.find(|seen, defect| match defect {
        Defect::Strays(every, which) if place == Place::Back && which(request) => {
            let nth = turn.idle() || seen.count("strays").is_multiple_of(*every);
            nth.then_some(())
        }
        _ => None,
    });
    found.is_some()
}

/// The address is chosen before the request is read here; what is left is to note for whom there would be something to do.
fn watch_disguises(turn: &Turn<'_>, place: Place, request: &Request) {
    if place == Place::Front && turn.idle() {
        turn.find(|_, defect| match defect {
            Defect::Disguises(choose) => choose(request),
            _ => None,
        });
    }
}

fn garbles(
    turn: &Turn<'_>,
    place: Place,
    request: &Request,
    framing: Framing,
) -> Option<fn(&mut Vec<u8>)> {
    let fits = match framing {
        Framing::Length(length) => (1..=MAX_BODY).contains(&length),
        Framing::Chunked => true,
        Framing::UntilClose => false,
    };
    turn.find(|_, defect| match defect {
        Defect::Garbles(change)
            if place == Place::Back && fits && !request.fields.has("Expect") =>
        {
            Some(*change)
        }
        _ => None,
    })
}

/// A request with a body of another length.
fn sized(request: &Request, body: &[u8]) -> Vec<u8> {
    let mut request = request.clone();
    request.fields.remove("Transfer-Encoding");
    request.fields.set("Content-Length", body.len().to_string());
    [&request.bytes(), body].concat()
}

async fn encourage(link: &mut Link<'_>, turn: &Turn<'_>, request: &Request) -> io::Result<()> {
    let encouraged = turn.find(|_, defect| {
        let fits = link.post.place == Place::Front && request.fields.has("Expect");
        (fits && matches!(defect, Defect::Encourages)).then_some(())
    });
    if encouraged.is_some() {
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
        link.to_client.write_all(interim).await?;
    }
    Ok(())
}

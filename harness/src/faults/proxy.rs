//! A proxy that listens at a port of its own and takes every connection on, from the address that it came from: limits
//! by address see the client behind it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::ledger::Ledger;
use super::link::Link;
use super::message::{Parsed, Request};
use super::surroundings::Surroundings;
use super::wire::connect;
use super::{Defect, Place};

/// How long a head may take to come whole before its connection passes untouched.
pub(super) const PATIENCE: Duration = Duration::from_millis(300);
/// How often is looked whether it has, where it can't be read yet.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Where a proxy stands.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub place: Place,
    /// Where connections go.
    pub target: SocketAddr,
    pub surroundings: Arc<Surroundings>,
    pub ledger: Arc<Ledger>,
}

/// Starts a proxy, which ends with `tasks`.
pub(super) async fn open(post: Post, tasks: &mut JoinSet<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((client, peer)) => {
                    let post = post.clone();
                    connections.spawn(async move {
                        if let Err(error) = converse(client, peer.ip(), &post).await {
                            tracing::debug!(%error, "a connection broke");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection can't be accepted");
                    sleep(LOOK_EVERY).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
    });
    Ok(address)
}

/// A connection that breaks on one side breaks on the other.
async fn converse(mut client: TcpStream, peer: IpAddr, post: &Post) -> io::Result<()> {
    client.set_nodelay(true)?;
    let source = match post.place == Place::Front && post.ledger.disguises() {
        true => disguise(&client, peer, &post.ledger).await?,
        false => peer,
    };
    let mut server = match connect(post.target, source).await {
        Ok(server) => server,
        Err(error) => {
            client.set_zero_linger()?;
            return Err(error);
        }
    };
    let result = Link::new(post, peer, client.split(), server.split())
        .run()
        .await;
    if result.is_err() {
        client.set_zero_linger()?;
        server.set_zero_linger()?;
    }
    result
}

/// The address to come from, which a fault may choose by the request that is about to be read.
async fn disguise(client: &TcpStream, peer: IpAddr, ledger: &Ledger) -> io::Result<IpAddr> {
    let mut head = vec![0; 1 << 14];
    let request = async {
        loop {
            let read = client.peek(&mut head).await?;
            match Request::parse(&head[..read]) {
                Parsed::Whole(request, _) => return Ok(Some(request)),
                Parsed::Partial if read > 0 => sleep(LOOK_EVERY).await,
                _ => return Ok::<_, io::Error>(None),
            }
        }
    };
    let Ok(Some(request)) = timeout(PATIENCE, request).await.unwrap_or(Ok(None)) else {
        return Ok(peer);
    };
    let turn = ledger.front(&request, peer);
    let chosen = turn.find(|_, defect| match defect {
        Defect::Disguises(choose) => choose(&request),
        _ => None,
    });
    Ok(chosen.map_or(peer, IpAddr::V4))
}

#[cfg(test)]
mod tests;

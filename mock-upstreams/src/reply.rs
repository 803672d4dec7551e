//! The side of an exchange on which the answer goes out: what HTTP/1 and HTTP/2 have in common.

use std::io;

use bytes::Bytes;

use crate::http1::Wire;

/// An answer in the making. Every call sends at once.
pub(crate) trait Reply: Send {
    /// Sends the head. Without a length, the body's end is marked by the protocol's own means.
    fn head(&mut self, head: Head) -> impl Future<Output = io::Result<()>> + Send;

    /// Sends a piece of the body.
    fn data(&mut self, piece: Bytes) -> impl Future<Output = io::Result<()>> + Send;

    /// Ends the body.
    fn finish(
        &mut self,
        trailers: Vec<(String, String)>,
    ) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until the client has gone.
    fn gone(&mut self) -> impl Future<Output = ()> + Send;

    /// The bare connection, where a response may be any bytes.
    fn wire(&mut self) -> Option<&mut Wire>;
}

/// The head of a response.
pub(crate) struct Head {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The length of the body in bytes, when it is announced.
    pub length: Option<u64>,
}

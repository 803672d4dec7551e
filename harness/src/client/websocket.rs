//! As much of the WebSocket protocol (RFC 6455) as an echo takes: text frames of up to 125 bytes, masked on the way out.

use anyhow::ensure;

use super::Connection;

/// A fixed nonce: what it proves is only that the server read the handshake.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to [`KEY`] (RFC 6455 §1.3, where both are the example).
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const FINAL_TEXT: u8 = 0x81;
const MASKED: u8 = 0x80;

/// The header fields of the opening handshake (§4.1).
pub fn handshake() -> Vec<(String, String)> {
    [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", KEY),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Sends a text and gives back the text that comes next.
///
/// # Errors
/// When the text is too long for one short frame, or what comes back is not such a frame.
pub async fn echo(connection: &mut Connection, text: &str) -> anyhow::Result<String> {
    let length = u8::try_from(text.len()).ok().filter(|&length| length < 126);
    let length = length.ok_or_else(|| anyhow::anyhow!("the text is longer than 125 bytes"))?;
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![FINAL_TEXT, MASKED | length];
    frame.extend(mask);
    frame.extend(
        text.bytes()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    connection.write(&frame).await?;
    let head = connection.read_exactly(2).await?;
    ensure!(
        head[0] == FINAL_TEXT,
        "a text frame was expected, a frame {:#04x} came",
        head[0]
    );
    ensure!(
        head[1] < 126,
        "a short unmasked frame was expected, its second byte is {:#04x}",
        head[1]
    );
    let payload = connection.read_exactly(usize::from(head[1])).await?;
    Ok(String::from_utf8_lossy(&payload).into_owned())
}

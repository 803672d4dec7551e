//! HAProxy with `jwt_verify`, as its manual has it: the algorithm is fixed, then issuer, audience and end are compared,
//! then the signature is checked. It remembers no tokens.

use std::fs;

use std::net::SocketAddr;
use std::path::Path;

use super::contender::{Contender, Core};
use super::material::{AUDIENCE, ISSUER};
use crate::process::{Process, free_address};
use crate::{Result, workspace};

/// HAProxy on one thread that lets tokens of this algorithm and key through.
pub fn start(
    title: &'static str,
    backend: SocketAddr,
    algorithm: &str,
    key: &Path,
) -> Result<Contender> {
    let address = free_address(None)?;
    let file = workspace::scratch("bench")?.join(format!("haproxy-{algorithm}.cfg"));
    fs::write(&file, configuration(address, backend, algorithm, key))?;
    let mut command = Core::Proxy.command("haproxy")?;
    command.args(["-q", "-db", "-f"]).arg(file);
    let mut process = Process::spawn("haproxy", &mut command)?;
    process.wait_for_port(address)?;
    Ok(Contender::new(title, address, process))
}

fn configuration(address: SocketAddr, backend: SocketAddr, algorithm: &str, key: &Path) -> String {
    let key = key.display();
    format!(
        r#"global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 10s
frontend api
  bind {address}
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.iss) var(txn.token),jwt_payload_query('$.iss')
  http-request set-var(txn.aud) var(txn.token),jwt_payload_query('$.aud')
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str {algorithm} }}
  http-request deny deny_status 401 unless {{ var(txn.iss) -m str {ISSUER} }}
  http-request deny deny_status 401 unless {{ var(txn.aud) -m str {AUDIENCE} }}
  http-request deny deny_status 401 unless {{ var(txn.exp),sub(txn.now) -m int gt 0 }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify(txn.alg,"{key}") -m int 1 }}
  default_backend api
backend api
  http-reuse always
  server backend {backend}
"#
    )
}

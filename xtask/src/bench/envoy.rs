//! Envoy with `jwt_authn` and its memory of tokens (`jwt_cache_config`).

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use super::contender::{Contender, Core};
use super::material::{AUDIENCE, ISSUER};
use crate::process::{Process, free_address};
use crate::{Result, workspace};

/// Envoy on one worker that lets tokens of this key set through.
pub fn start(
    title: &'static str,
    program: &Path,
    backend: SocketAddr,
    key_set: &Path,
) -> Result<Contender> {
    let address = free_address(None)?;
    let file = workspace::scratch("bench")?.join("envoy.yaml");
    fs::write(&file, configuration(address, backend, key_set))?;
    let mut command = Core::Proxy.command(program)?;
    command.arg("-c").arg(file);
    command.args([
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--log-level",
        "error",
    ]);
    let mut process = Process::spawn("envoy", &mut command)?;
    process.wait_for_port(address)?;
    Ok(Contender::new(title, address, process))
}

fn configuration(address: SocketAddr, backend: SocketAddr, key_set: &Path) -> String {
    let (listen, upstream) = (socket(address), socket(backend));
    let key_set = key_set.display();
    format!(
        r#"static_resources:
  listeners:
    - name: api
      address: {listen}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: api
                generate_request_id: false
                route_config:
                  virtual_hosts:
                    - name: api
                      domains: ["*"]
                      routes: [{{match: {{prefix: "/"}}, route: {{cluster: backend}}}}]
                http_filters:
                  - name: envoy.filters.http.jwt_authn
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
                      providers:
                        auth:
                          issuer: "{ISSUER}"
                          audiences: ["{AUDIENCE}"]
                          local_jwks: {{filename: "{key_set}"}}
                          forward: true
                          jwt_cache_config: {{jwt_cache_size: 100000}}
                      rules: [{{match: {{prefix: "/"}}, requires: {{provider_name: auth}}}}]
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
    - name: backend
      type: STATIC
      connect_timeout: 2s
      load_assignment:
        cluster_name: backend
        endpoints: [{{lb_endpoints: [{{endpoint: {{address: {upstream}}}}}]}}]
"#
    )
}

fn socket(address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    format!("{{socket_address: {{address: \"{ip}\", port_value: {port}}}}}")
}

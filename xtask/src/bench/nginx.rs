//! nginx as the backend of every contender, and as a contender with the profile.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use super::contender::{Core, ORIGIN, Profile, access_log};
use crate::process::{Process, free_address};
use crate::{Result, workspace};

/// Answers every request with one small body.
pub fn backend() -> Result<(Process, SocketAddr)> {
    start(
        "backend",
        Core::Load,
        "",
        "",
        r#"location / { default_type text/plain; return 200 "ok\n"; }"#,
    )
}

/// Forwards to the backend under the profile.
pub fn proxy(backend: SocketAddr, profile: Profile) -> Result<(Process, SocketAddr)> {
    let upstream = upstream(backend);
    let (name, http, location) = match profile {
        Profile::Nothing => ("nginx-bare", upstream, FORWARD.to_owned()),
        Profile::Full => (
            "nginx",
            format!("{upstream}{}", maps()?),
            format!("{POLICIES}{FORWARD}"),
        ),
    };
    start(
        name,
        Core::Proxy,
        &http,
        "",
        &format!("location / {{ {location} }}"),
    )
}

/// Forwards to the backend and does nothing else, over TLS 1.3 with the certificate of a directory, or without.
pub fn bare(backend: SocketAddr, certificate: Option<&Path>) -> Result<(Process, SocketAddr)> {
    let http = upstream(backend);
    let location = format!("location / {{ {FORWARD} }}");
    let Some(directory) = certificate else {
        return start("nginx-plain", Core::Proxy, &http, "", &location);
    };
    let directory = directory.display();
    let server = format!(
        "ssl_protocols TLSv1.3; ssl_certificate {directory}/server.pem; \
         ssl_certificate_key {directory}/server.key; {location}"
    );
    start("nginx-tls", Core::Proxy, &http, " ssl", &server)
}

fn upstream(backend: SocketAddr) -> String {
    format!(
        "upstream backend {{ server {backend}; keepalive 128; keepalive_requests 1000000000; }}\n"
    )
}

const FORWARD: &str = r#"
    proxy_pass http://backend;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
"#;

/// Key, limit, CORS, request id; what the profile of the gateway does, in nginx's words.
const POLICIES: &str = r#"
    if ($cors_preflight) { return 204; }
    if ($consumer = "") { return 401; }
    limit_req zone=consumers burst=100000 nodelay;
    limit_req_status 429;
    add_header Access-Control-Allow-Origin $cors_origin always;
    add_header Vary Origin always;
    add_header X-Request-Id $request_id always;
    proxy_set_header X-API-Key "";
    proxy_set_header X-Consumer-Name $consumer;
    proxy_set_header X-Request-Id $request_id;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
"#;

fn maps() -> Result<String> {
    let mut text = String::from("map_hash_max_size 8192; map_hash_bucket_size 128;\n");
    text.push_str("map $http_x_api_key $consumer {\n  default \"\";\n");
    for (consumer, key) in Profile::credentials() {
        writeln!(text, "  \"{key}\" \"{consumer}\";")?;
    }
    text.push_str("}\n");
    writeln!(
        text,
        "map $http_origin $cors_origin {{ default \"\"; \"{ORIGIN}\" $http_origin; }}"
    )?;
    text.push_str(
        "map \"$request_method:$http_access_control_request_method\" $cors_preflight {\n  \
         default 0;\n  \"~^OPTIONS:.+\" 1;\n}\n\
         limit_req_zone $consumer zone=consumers:10m rate=6000000r/m;\n\
         log_format json escape=json '{\"time\":\"$time_iso8601\",\"request_id\":\"$request_id\",\
         \"client\":\"$remote_addr\",\"method\":\"$request_method\",\"path\":\"$uri\",\"status\":$status,\
         \"consumer\":\"$consumer\",\"duration\":$request_time,\"upstream\":\"$upstream_addr\",\
         \"bytes\":$body_bytes_sent}';\n",
    );
    writeln!(
        text,
        "access_log {} json buffer=64k flush=1s;",
        access_log("nginx")?.display()
    )?;
    Ok(text)
}

/// `listen` is what stands behind the address, `server` what stands beside it.
fn start(
    name: &str,
    core: Core,
    http: &str,
    listen: &str,
    server: &str,
) -> Result<(Process, SocketAddr)> {
    let directory = workspace::scratch("bench")?.join(name);
    fs::create_dir_all(&directory)?;
    let address = free_address(None)?;
    let file = directory.join("nginx.conf");
    fs::write(
        &file,
        configuration(&directory, http, &format!("{address}{listen}"), server),
    )?;
    let mut command = core.command("nginx")?;
    command
        .arg("-e")
        .arg(directory.join("error.log"))
        .arg("-p")
        .arg(&directory)
        .arg("-c")
        .arg(&file);
    let mut process = Process::spawn(name, command.stdout(Stdio::null()))?;
    process.wait_for_port(address).map_err(|error| {
        let log = fs::read_to_string(directory.join("error.log")).unwrap_or_default();
        format!("{error}\n{log}")
    })?;
    Ok((process, address))
}

fn configuration(directory: &Path, http: &str, listen: &str, server: &str) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {}/{kind};\n", directory.display()))
        .collect();
    // Without a log of its own a profile is not logged; a later `access_log` adds to none at the same level.
    let log = if http.contains("access_log") {
        ""
    } else {
        "access_log off;\n"
    };
    format!(
        "daemon off;\nworker_processes 1;\nworker_rlimit_nofile 16384;\npid {}/nginx.pid;\n\
         events {{ worker_connections 16000; }}\n\
         http {{\n{temporary}{log}keepalive_requests 1000000000;\nkeepalive_timeout 300s;\n{http}\
         server {{ listen {listen}; {server} }}\n}}\n",
        directory.display()
    )
}

//! Keys, tokens and a certificate, from `gateway/examples/mint-tokens.rs`, and the load that sends the tokens.

use std::fs;
use std::path::{Path, PathBuf};

use super::contender::{Core, release};
use crate::{Result, workspace};

/// Who issues the tokens.
pub const ISSUER: &str = "https://auth.example.com/";
/// For whom they are.
pub const AUDIENCE: &str = "https://api.example.com";

/// Sends tokens of a file, one a line. Arguments: the file, how many of its lines, and `once` if none is to be sent
/// twice: then the load ends with the last of them.
const SCRIPT: &str = "\
local requests, turn, once = {}, 0, false
function init(arguments)
  local count = tonumber(arguments[2])
  once = arguments[3] == 'once'
  for token in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format('GET', '/bench', {
      ['User-Agent'] = 'curl/8.14.1', ['Accept'] = 'application/json', ['Authorization'] = 'Bearer ' .. token,
    })
    if #requests == count then break end
  end
end
function request()
  turn = turn + 1
  if turn > #requests then
    turn = 1
    if once then wrk.thread:stop() end
  end
  return requests[turn]
end
";

/// A directory of what was minted.
pub struct Material {
    directory: PathBuf,
    /// The Lua script for wrk.
    pub script: PathBuf,
}

impl Material {
    /// Mints so many tokens of each kind; all of them are new to everybody.
    pub fn mint(tokens: usize) -> Result<Self> {
        let directory = workspace::scratch("bench")?.join("tokens");
        fs::create_dir_all(&directory)?;
        println!("minting {tokens} tokens of each kind");
        let mut mint = workspace::command(release("examples/mint-tokens")?)?;
        mint.arg("mint").arg(&directory).arg(tokens.to_string());
        workspace::run(&mut mint)?;
        let script = directory.join("tokens.lua");
        fs::write(&script, SCRIPT)?;
        Ok(Self { directory, script })
    }

    /// Where it lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The tokens of an algorithm, one a line.
    pub fn tokens(&self, algorithm: &str) -> PathBuf {
        self.directory.join(format!("{algorithm}.txt"))
    }

    /// The public key of an algorithm (SPKI, PEM).
    pub fn public_key(&self, algorithm: &str) -> PathBuf {
        self.directory.join(format!("{algorithm}.pem"))
    }

    /// The public key of an algorithm as a JWK set.
    pub fn key_set(&self, algorithm: &str) -> PathBuf {
        self.directory.join(format!("{algorithm}.jwks"))
    }

    /// Nanoseconds that the bare check of a signature takes on the proxies' core: pairs of algorithm and time.
    pub fn bare_checks(&self) -> Result<Vec<(String, f64)>> {
        let mut check = Core::Proxy.command(release("examples/mint-tokens")?)?;
        let output = check.arg("check").arg(&self.directory).output()?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {error}", workspace::line(&check)).into());
        }
        let text = String::from_utf8(output.stdout)?;
        text.lines()
            .map(|line| {
                let (name, time) = line.split_once(' ').ok_or("a check without a time")?;
                Ok((name.to_owned(), time.parse()?))
            })
            .collect()
    }
}

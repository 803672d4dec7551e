//! The version that a gateway's binary tells, and whether it is recent enough for what is rendered.

use tokio::process::Command;

use super::process::printed;
use super::{SetupError, binary};

/// A binary, and the versions of it that will do.
pub(super) struct Version {
    /// The binary's name.
    pub program: &'static str,
    /// What makes it tell its version.
    pub arguments: &'static [&'static str],
    /// Finds the version in what it prints.
    pub read: fn(&str) -> Option<&str>,
    /// The first that will do.
    pub least: (u32, u32),
    /// How it is installed.
    pub install: &'static str,
}

impl Version {
    /// Asks the binary.
    ///
    /// # Errors
    /// When it can't be run, tells no version, or one that is too old.
    pub async fn ask(&self) -> Result<String, SetupError> {
        let mut command = Command::new(binary::find(self.program));
        command.args(self.arguments);
        match printed(command).await {
            Ok((true, text)) => self.judge(&text),
            Ok((false, output)) => Err(self.failed(format!("{} failed: {output}", self.line()))),
            Err(error) => Err(self.failed(format!("{} can't be run: {error}", self.program))),
        }
    }

    /// What it prints, judged.
    pub fn judge(&self, text: &str) -> Result<String, SetupError> {
        let version = (self.read)(text);
        let version = version.and_then(|version| Some((version, numbers(version)?)));
        let Some((version, numbers)) = version else {
            return Err(self.failed(format!("{} tells no version: {text}", self.line())));
        };
        if numbers < self.least {
            let (program, (major, minor)) = (self.program, self.least);
            return Err(self.failed(format!(
                "{program} {version} is too old: {major}.{minor} is the least"
            )));
        }
        Ok(version.to_owned())
    }

    fn failed(&self, message: String) -> SetupError {
        SetupError::with_help(message, format!("install it: {}", self.install))
    }

    fn line(&self) -> String {
        format!("{} {}", self.program, self.arguments.join(" "))
    }
}

/// The word that follows `mark`, up to white space or a bracket.
pub(super) fn after<'a>(printed: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = printed.split_once(mark)?;
    rest.split([' ', '\n', ')']).next()
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const HAPROXY: Version = Version {
        program: "haproxy",
        arguments: &["-v"],
        read: |printed| after(printed, "HAProxy version "),
        least: (2, 6),
        install: "apt-get install haproxy",
    };

    #[test]
    fn recent_versions_will_do() {
        let judged = |version: &str| {
            let printed = format!("HAProxy version {version} 2023/05/09 - https://haproxy.org/");
            HAPROXY.judge(&printed).map_err(|error| error.message)
        };
        assert_eq!(judged("2.6.12-1+deb12u3").unwrap(), "2.6.12-1+deb12u3");
        assert_eq!(judged("2.10.0").unwrap(), "2.10.0");
        assert_eq!(judged("3.0").unwrap(), "3.0");
        assert_eq!(
            judged("2.5.22").unwrap_err(),
            "haproxy 2.5.22 is too old: 2.6 is the least"
        );
    }

    #[test]
    fn what_is_no_version_is_told() {
        let judged = |printed: &str| HAPROXY.judge(printed).unwrap_err();
        let other = judged("varnishd (varnish-7.1.1)");
        assert_eq!(
            other.message,
            "haproxy -v tells no version: varnishd (varnish-7.1.1)"
        );
        assert_eq!(other.help.unwrap(), "install it: apt-get install haproxy");
        assert!(judged("HAProxy version two").message.contains("no version"));
    }
}

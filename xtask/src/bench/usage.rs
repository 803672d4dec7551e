//! What a process and its children used, from `/proc` (proc(5)).

use std::fs;
use std::time::Duration;

use crate::{Result, workspace};

/// User and system time spent so far by a process and its descendants.
pub fn cpu_time(process: u32) -> Result<Duration> {
    let ticks_per_second: u64 = {
        let output = workspace::command("getconf")?.arg("CLK_TCK").output()?;
        String::from_utf8(output.stdout)?.trim().parse()?
    };
    let mut ticks = 0;
    for id in tree(process)? {
        ticks += Stat::read(id)?.ticks;
    }
    Ok(Duration::from_millis(ticks * 1000 / ticks_per_second))
}

/// Bytes in memory of a process and its descendants; pages that they share count for each.
pub fn resident(process: u32) -> Result<u64> {
    let mut kibibytes = 0;
    for id in tree(process)? {
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|rest| rest.split_whitespace().next());
        kibibytes += number.ok_or("/proc tells no VmRSS")?.parse::<u64>()?;
    }
    Ok(kibibytes * 1024)
}

fn tree(root: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A process that ended since the directory was read is none of ours.
        if let Ok(stat) = Stat::read(id) {
            parents.push((id, stat.parent));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(id, _)| id),
        );
        next += 1;
    }
    Ok(found)
}

#[derive(Debug, PartialEq)]
struct Stat {
    parent: u32,
    /// User plus system time, in clock ticks.
    ticks: u64,
}

impl Stat {
    fn read(process: u32) -> Result<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{process}/stat"))?)
    }

    fn parse(text: &str) -> Result<Self> {
        // The second field is the program's name in parentheses and may hold blanks and parentheses itself.
        let (_, rest) = text
            .rsplit_once(')')
            .ok_or("/proc/PID/stat has no program name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |index: usize| -> Result<u64> {
            Ok(fields
                .get(index)
                .ok_or("/proc/PID/stat is too short")?
                .parse()?)
        };
        Ok(Self {
            parent: number(1)?.try_into()?,
            ticks: number(11)? + number(12)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_shifts_nothing() {
        let text = "42 (a b) c)) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 100 0 0";
        assert_eq!(
            Stat::parse(text).unwrap(),
            Stat {
                parent: 7,
                ticks: 200
            }
        );
        assert!(Stat::parse("42 (a) S 1").is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_sees_itself() {
        let own = std::process::id();
        assert!(resident(own).unwrap() > 100_000);
        assert!(tree(own).unwrap().contains(&own));
    }
}

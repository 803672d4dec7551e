//! An explanation as text for people.

use super::{Explanation, Outcome, Refusal, Step, StepFlow};
use std::fmt;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if let Some(host) = &self.host {
            write!(f, " for {host}")?;
        }
        writeln!(f, " from {}\n", self.client)?;
        match &self.route {
            Some(route) => writeln!(f, "route {route}")?,
            None => writeln!(f, "no route")?,
        }
        for (place, step) in (1..).zip(&self.plugins) {
            writeln!(f, "\n{place}. {step}")?;
        }
        writeln!(f, "\n{}", self.outcome)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.name, self.does)?;
        writeln!(f, "   here because: {}", self.place)?;
        if let Some(note) = &self.note {
            writeln!(f, "   note: {note}")?;
        }
        write!(f, "   → {}", self.flow)?;
        for finding in &self.findings {
            write!(f, "\n     {finding}")?;
        }
        for change in &self.request {
            write!(f, "\n     request: {change}")?;
        }
        for change in &self.response {
            write!(f, "\n     response: {change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for StepFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoesOn => f.write_str("goes on"),
            Self::Answers { status } => write!(f, "answers {status}"),
            Self::Refuses(refusal) => write!(f, "refuses: {refusal}"),
            Self::Later => f.write_str("acts on bodies or responses only"),
            Self::NotReached => f.write_str("is not reached"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {}", self.status, self.code, self.detail)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward {
                service,
                targets,
                host,
                stripped,
            } => {
                let one_of = if targets.len() > 1 { "one of " } else { "" };
                writeln!(f, "goes to the service {service}")?;
                writeln!(f, "  {one_of}{}", targets.join(", "))?;
                write!(f, "  Host: {host}")?;
                if !stripped.is_empty() {
                    write!(f, "\n  without the client's {}", stripped.join(", "))?;
                }
                Ok(())
            }
            Self::Answer { status } => {
                write!(f, "answered with {status}; the upstream is not called")
            }
            Self::Refuse(refusal) => {
                write!(f, "refused with {refusal}; the upstream is not called")
            }
        }
    }
}

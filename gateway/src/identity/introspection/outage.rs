//! Why the server has not told anything about a token.

use crate::identity::egress::EgressError;
use http::StatusCode;

/// Why there is no answer that could be used. Nothing follows from it for the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// No answer, or one without end.
    #[error("{0}")]
    Egress(#[from] EgressError),
    /// An answer that is not 200 (RFC 7662 §2.2).
    #[error("answered with {0}")]
    Status(StatusCode),
    /// The server does not take the gateway's own credentials (RFC 7662 §2.3).
    #[error("does not take the gateway's credentials, and answered with {0}")]
    Rejected(StatusCode),
    /// An answer that is not what RFC 7662 §2.2 says.
    #[error("answered with something unusable: {0}")]
    Invalid(&'static str),
    /// As many questions are open as may be.
    #[error("too many questions are open already")]
    Busy,
    /// Whoever asked has ended without a word, which would be a fault of the gateway.
    #[error("the question was lost")]
    Lost,
}

impl Outage {
    /// What became of questions: every label that a metric has for it.
    pub const LABELS: [&'static str; 10] = [
        "active",
        "inactive",
        "timeout",
        "connection",
        "status",
        "too_large",
        "invalid",
        "rejected",
        "busy",
        "lost",
    ];

    /// A word for a metric's label.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Egress(EgressError::Timeout(_)) => "timeout",
            Self::Egress(EgressError::Connection(_)) => "connection",
            Self::Egress(EgressError::Large(_)) => "too_large",
            Self::Egress(EgressError::Status(_) | EgressError::Redirect(_)) | Self::Status(_) => {
                "status"
            }
            Self::Rejected(_) => "rejected",
            Self::Invalid(_) => "invalid",
            Self::Busy => "busy",
            Self::Lost => "lost",
        }
    }

    /// Whether the configuration is to blame, and not the server: nobody passes for that, whatever the policy is.
    #[must_use]
    pub fn is_misconfiguration(&self) -> bool {
        matches!(self, Self::Rejected(_))
    }
}

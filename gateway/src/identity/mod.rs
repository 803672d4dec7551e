//! Credentials to consumers.

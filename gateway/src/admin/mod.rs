//! The admin listener: liveness, readiness, metrics, the running configuration.

//! mock-upstreams

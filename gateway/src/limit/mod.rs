//! Counters: how much of what was allowed is used.

//! Snapshots, reload, listeners and drain.

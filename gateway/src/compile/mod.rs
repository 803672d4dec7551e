//! Raw documents to the snapshot that serves requests, all mistakes at once.

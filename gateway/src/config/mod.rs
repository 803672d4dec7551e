//! Documents on disk to a checked configuration, with every mistake told at once.

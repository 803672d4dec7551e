//! The plugins and the chain that runs them.

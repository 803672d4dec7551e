//! The long commands of the project.
fn main() {}

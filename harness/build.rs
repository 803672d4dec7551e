//! The embedded features and configurations are watched, new files among them.

fn main() {
    println!("cargo::rerun-if-changed=../features");
    println!("cargo::rerun-if-changed=../scenarios");
}

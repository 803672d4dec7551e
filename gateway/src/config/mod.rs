//! Documents on disk to a checked configuration, with every mistake told at once.
//!
//! [`load`](load::load) reads files, directories and includes; [`source`] parses each and knows where every value
//! stands; [`schema`] says what a document may hold and [`validate`] tells in words where one doesn't; what is left are
//! the plain structs of [`raw`], whose units and secrets [`units`] and [`secret`] read. Whatever is wrong, at any
//! stage, goes into one [`Report`].

pub mod diagnostic;
mod index;
pub mod load;
mod mend;
pub mod pem;
pub mod raw;
mod render;
pub mod schema;
pub mod secret;
pub mod source;
mod terms;
pub mod units;
mod validate;

pub use self::{
    diagnostic::{Diagnostic, Place, Report, Severity},
    load::{Load, Loaded, load},
    pem::{Pem, PemList, PemText},
    schema::Schema,
    secret::Secret,
    source::{At, Source},
};

/// What to write instead of a name that nothing has: the nearest of the known ones, or all of them.
#[must_use]
pub fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<String> = known.map(str::to_owned).collect();
    match terms::nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => format!("known are {}", known.join(", ")),
    }
}

//! Documents on disk to a checked configuration, with every mistake told at once.
//!
//! [`load`](load::load) reads files, directories and includes; [`source`] parses each and knows where every value
//! stands; [`schema`] says what a document may hold and [`validate`] tells in words where one doesn't; what is left are
//! the plain structs of [`raw`], whose units and secrets [`units`] and [`secret`] read. Whatever is wrong, at any
//! stage, goes into one [`Report`].

pub mod diagnostic;
mod index;
pub mod load;
pub mod raw;
mod render;
pub mod schema;
pub mod secret;
pub mod source;
pub mod units;
mod validate;

pub use self::{
    diagnostic::{Diagnostic, Place, Report, Severity},
    load::{Load, Loaded, load},
    schema::Schema,
    secret::Secret,
    source::{At, Source},
};

//! Reports: the data of a run, and the forms it is written in. All of them know the data alone, so that a report can
//! be written anew from the JSON of an earlier run.

pub mod html;
pub mod json;
pub mod junit;
pub mod matrix;
pub mod model;
pub(crate) mod plain;
pub mod rendered;
pub mod terminal;

#[cfg(test)]
mod sample;

//! Reports: the data of a run, and the forms it is written in.

pub mod model;

//! A model of the leases of ADR 0016: instances, one database, and all orders in which their steps can happen.
//!
//! The protocol as specified must never let an instance decide from memory without a change whose receipt was given.
//! Each variant with a fault must be caught, so that the model is known to see such faults.

#![forbid(unsafe_code)]

mod action;
mod bounds;
mod explore;
mod fault;
mod model;
mod state;
mod step;

pub use action::Action;
pub use bounds::Bounds;
pub use explore::{Case, Outcome};
pub use fault::Fault;
pub use model::{Protocol, SAFE};
pub use state::{
    Change, Check, Instance, MOST_INSTANCES, MOST_RESTARTS, MOST_REVISIONS, OldRow, Past, Phase, Request,
    Row, Seen, State, Watch,
};

//! `/admin/instances`: who uses this database.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::reply::{ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use titan_core::revision::{InstanceView, Spread};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// An instance.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Instance)]
struct View {
    /// Drawn at its start.
    id: String,
    /// Of the program.
    version: String,
    /// Where it listens.
    address: String,
    /// RFC 3339, by its own clock
    started_at: String,
    /// The revision up to which it has applied all changes.
    applied: u64,
    /// `good` or `lapsed`
    lease: &'static str,
    /// For how many milliseconds its lease has not moved, as the instance that answers sees it.
    quiet_for_ms: Option<u64>,
    /// Whether it is the instance that answers.
    is_self: bool,
}

/// A class of the histogram.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PropagationClass)]
struct Class {
    /// The upper end in milliseconds; null: no end.
    up_to_ms: Option<u64>,
    /// How many changes.
    count: u64,
}

/// The instances of the database.
#[derive(Serialize, ToSchema)]
#[schema(as = Instances)]
struct Instances {
    data: Vec<View>,
    /// How long the changes that were made through this instance took until they were in force everywhere.
    propagation: Vec<Class>,
}

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(list))
}

#[utoipa::path(
    get, path = "/admin/instances", tag = "admin: instances", summary = "See the instances that use this database",
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "All instances, by their start", body = Instances),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
async fn list(State(state): State<ControlPlane>, caller: Admin) -> Answer<Reply> {
    let (instances, spread) = state.fleet.list(&caller.permit(None)?).await?;
    let data = instances.iter().map(View::from).collect();
    Ok(Reply::body(StatusCode::OK, &Instances { data, propagation: classes(spread) }))
}

fn classes(spread: Spread) -> Vec<Class> {
    spread.classes.into_iter().map(|(up_to_ms, count)| Class { up_to_ms, count }).collect()
}

impl From<&InstanceView> for View {
    fn from(view: &InstanceView) -> Self {
        let member = &view.instance.member;
        Self {
            id: member.id.to_string(),
            version: member.version.clone(),
            address: member.address.clone(),
            started_at: member.started_at.to_string(),
            applied: view.instance.applied.0,
            lease: if view.is_lapsed { "lapsed" } else { "good" },
            quiet_for_ms: view.quiet_for.map(|quiet| u64::try_from(quiet.as_millis()).unwrap_or(u64::MAX)),
            is_self: view.is_self,
        }
    }
}

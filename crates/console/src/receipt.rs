//! Receipts as they come in: from the commit of a change until it is in force on every instance.

use crate::answer::{Answer, ok, redirect};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use titan_core::revision::{InForce, InstanceView, Receipt, Revision};
use titan_core::{Code, Error};

/// How many are remembered. A page that asks for an older one is told what the instances say now.
const MOST: usize = 256;

/// The receipts of changes that were made through this instance.
#[derive(Default)]
pub(crate) struct Receipts(Mutex<VecDeque<(Revision, Progress)>>);

#[derive(Clone)]
enum Progress {
    Waiting,
    Done(Receipt),
    Failed(String),
}

impl Receipts {
    fn set(&self, revision: Revision, progress: Progress) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|(known, _)| *known != revision);
        if list.len() >= MOST {
            list.pop_front();
        }
        list.push_back((revision, progress));
    }

    fn find(&self, revision: Revision) -> Option<Progress> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().find(|(known, _)| *known == revision).map(|(_, progress)| progress.clone())
    }
}

/// Waits for the receipt of a committed change, whether somebody looks at it or not.
pub(crate) fn follow(console: &Shared, revision: Revision) {
    console.receipts.set(revision, Progress::Waiting);
    let console = Arc::clone(console);
    tokio::spawn(async move {
        let progress = match console.propagation.wait_until_in_force(revision).await {
            Ok(receipt) => Progress::Done(receipt),
            Err(error) => Progress::Failed(error.message().to_owned()),
        };
        console.receipts.set(revision, progress);
    });
}

/// To the page at `path`, where the receipt of a committed change comes in.
pub(crate) fn follow_at(console: &Shared, path: &str, receipt: &Receipt) -> Response {
    follow(console, receipt.revision);
    redirect(&format!("{path}?revision={}", receipt.revision))
}

/// A receipt as a page shows it.
#[derive(Template)]
#[template(path = "receipt.html")]
pub(crate) struct ReceiptView {
    revision: Revision,
    state: Standing,
    instances: Vec<InstanceLine>,
}

/// How far a change is.
enum Standing {
    /// In force, after so many milliseconds where this instance has waited.
    Done {
        applied: u32,
        lapsed: u32,
        ms: Option<u64>,
    },
    Failed(String),
    Waiting,
}

/// An instance, and whether it has the change.
struct InstanceLine {
    address: String,
    has_applied: bool,
    is_lapsed: bool,
}

impl ReceiptView {
    /// How far a change is now. `None`: there is no such change.
    pub(crate) async fn look(
        console: &Console,
        signed: &Signed,
        revision: Revision,
    ) -> Result<Option<Self>, Error> {
        let state = match console.receipts.find(revision) {
            Some(Progress::Done(receipt)) => Some(done(&receipt)),
            // By now it may be in force.
            Some(Progress::Failed(text)) => Some(now(console, revision).unwrap_or(Standing::Failed(text))),
            Some(Progress::Waiting) => Some(Standing::Waiting),
            None => ask(console, signed, revision).await?,
        };
        let Some(state) = state else { return Ok(None) };
        let instances = match &state {
            Standing::Waiting | Standing::Done { .. } if signed.is_master() => {
                instances(console, signed, revision).await?
            }
            _ => Vec::new(),
        };
        Ok(Some(Self { revision, state, instances }))
    }

    /// The receipt of a committed change, for the answer to the form that made it. A repeated form has none.
    pub(crate) async fn following(
        console: &Shared,
        signed: &Signed,
        receipt: Option<&Receipt>,
    ) -> Result<Option<Self>, Error> {
        let Some(receipt) = receipt else { return Ok(None) };
        follow(console, receipt.revision);
        Self::look(console, signed, receipt.revision).await
    }

    /// How many instances have the change, of how many.
    fn counts(&self) -> (usize, usize) {
        let have = self.instances.iter().filter(|line| line.has_applied || line.is_lapsed).count();
        (have, self.instances.len())
    }
}

fn done(receipt: &Receipt) -> Standing {
    match receipt.proof {
        Some((InForce { applied, lapsed, .. }, ms)) => Standing::Done { applied, lapsed, ms: Some(ms) },
        None => Standing::Waiting,
    }
}

/// What the instances say of a change that another one, or an earlier program, has made.
async fn ask(console: &Console, signed: &Signed, revision: Revision) -> Result<Option<Standing>, Error> {
    if let Ok(permit) = signed.permit(None) {
        match console.fleet.is_in_force(&permit, revision).await {
            Err(error) if error.code() == Code::NotFound => return Ok(None),
            known => known?,
        };
    }
    Ok(Some(now(console, revision).unwrap_or(Standing::Waiting)))
}

/// The change, if it is known here to be in force.
fn now(console: &Console, revision: Revision) -> Option<Standing> {
    let InForce { revision: in_force, applied, lapsed } = console.propagation.watch(revision);
    (in_force >= revision).then_some(Standing::Done { applied, lapsed, ms: None })
}

async fn instances(
    console: &Console,
    signed: &Signed,
    revision: Revision,
) -> Result<Vec<InstanceLine>, Error> {
    let (instances, _) = console.fleet.list(&signed.permit(None)?).await?;
    Ok(instances.into_iter().map(|view| line(view, revision)).collect())
}

fn line(view: InstanceView, revision: Revision) -> InstanceLine {
    InstanceLine {
        has_applied: view.instance.applied >= revision,
        is_lapsed: view.is_lapsed,
        address: view.instance.member.address,
    }
}

/// The revision in the query of a page that shows a receipt.
pub(crate) struct Shown(Option<Revision>);

impl Shown {
    /// From the query. What is no number shows none.
    pub(crate) fn of(asked: &Form) -> Self {
        Self(asked.text("revision").parse().ok().map(Revision))
    }

    /// The receipt that the page shall show.
    pub(crate) async fn look(
        &self,
        console: &Console,
        signed: &Signed,
    ) -> Result<Option<ReceiptView>, Error> {
        match self.0 {
            Some(revision) => ReceiptView::look(console, signed, revision).await,
            None => Ok(None),
        }
    }
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/receipts/{revision}", get(show))
}

#[derive(Template)]
#[template(path = "receipt_page.html")]
struct ReceiptPage {
    layout: Layout,
    receipt: ReceiptView,
}

/// The receipt alone, for a page that waits and asks for it again and again; a page of its own for whoever has no script.
async fn show(
    State(console): State<Shared>,
    signed: Signed,
    Path(revision): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let unknown = || Error::not_found("revision");
    let revision = revision.parse().map(Revision).map_err(|_| unknown())?;
    let receipt = ReceiptView::look(&console, &signed, revision).await?.ok_or_else(unknown)?;
    if headers.contains_key("hx-request") {
        return ok(&receipt);
    }
    let section = if signed.is_master() { Section::Keys } else { Section::MyKeys };
    ok(&ReceiptPage { layout: Layout::new(&signed, section), receipt })
}

//! Envoy's `ext_authz` over gRPC: `envoy.service.auth.v3.Authorization/Check`.
//!
//! ```text
//! Question::read → ForwardAuth::check: the decision of all forward-auth → Checked
//! ```
//!
//! Envoy calls every status but OK a failure, and lets the request pass then if its operator wants that
//! (`failure_mode_allow`). So whatever a client can bring about is an answer, and only what the proxy does wrong is a status.

mod answer;
mod grpc;
pub mod proto;
mod question;

pub use question::Question;

use super::{ForwardAuth, Proxy};
use crate::Body;
use crate::access_log::Entry;
use crate::admission::Refused;
use grpc::Failure;
use http::header::{ALLOW, HeaderValue};
use http::{Response, StatusCode};
use titan_core::Error;
use titan_core::error::Code;
use titan_core::policy::Style;

/// Where it is.
pub const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Why there is no question.
pub enum Fault {
    /// It is gRPC, and not this method's.
    Failed(Failure),
    /// It is no gRPC.
    Http(Error),
    /// The client's request cannot be judged.
    Refused(Error),
}

/// The answer of gRPC, and the status of HTTP that it stands for: 200 if the request may pass.
pub struct Checked {
    /// To Envoy.
    pub response: Response<Body>,
    /// For the client.
    pub status: StatusCode,
}

impl ForwardAuth {
    /// Decides about the request that a message describes.
    pub async fn check(&self, question: Result<Question, Fault>, entry: &mut Entry) -> Checked {
        let checked = match question {
            Ok(question) => self.decide(&question, entry).await,
            Err(Fault::Refused(error)) => self.refuse_early(error, entry).await,
            Err(Fault::Failed(failure)) => {
                entry.error(Code::InvalidRequest);
                Checked { response: failure.response(), status: StatusCode::BAD_REQUEST }
            }
            Err(Fault::Http(error)) => no_grpc(error, entry),
        };
        entry.answers(checked.status);
        checked
    }

    async fn decide(&self, question: &Question, entry: &mut Entry) -> Checked {
        entry.received(question.bytes);
        let original = match question.original() {
            Ok(original) => original,
            Err(error) => return self.refuse_early(error, entry).await,
        };
        entry.asks_about(&original.method);
        match self.admit(Proxy::Envoy, &original, question.headers(), entry).await {
            Ok(admitted) => answer::yes(&admitted, self.admission.guard(), question.headers()),
            Err(refused) => answer::no(refused, entry).await,
        }
    }

    async fn refuse_early(&self, error: Error, entry: &mut Entry) -> Checked {
        answer::no(Refused::new(error, self.admission.upstreams().style()), entry).await
    }
}

fn no_grpc(error: Error, entry: &mut Entry) -> Checked {
    let is_method = error.code() == Code::MethodNotAllowed;
    let mut response = Refused::new(error, Style::Titan).response(entry);
    if is_method {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    Checked { status: response.status(), response }
}

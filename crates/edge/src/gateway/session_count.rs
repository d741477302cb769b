//! What a request does to the sessions that a license counts: `docs/adr/0024-license.md`.

use crate::RequestBody;
use crate::admission::{Admitted, CountedSession};
use crate::inspect::{self, Document};
use http::{Request, StatusCode};
use serde_json::Value;
use titan_core::Error;
use titan_core::license::{Outcome, SessionCounter, UnsettledSession};

/// Counts a session that the request opens.
pub(super) async fn begin(
    sessions: &SessionCounter,
    admitted: &Admitted,
    request: &mut Request<RequestBody>,
) -> Result<Option<UnsettledSession>, Error> {
    match &admitted.counted {
        None => Ok(None),
        // In a box: it is rare and large.
        Some(counted) => Box::pin(count(sessions, admitted, counted, request)).await,
    }
}

/// The body is read first, at most 64 KiB: so the request is under way no longer than the upstream may take, and the policy may say
/// that the body decides.
async fn count(
    sessions: &SessionCounter,
    admitted: &Admitted,
    counted: &CountedSession,
    request: &mut Request<RequestBody>,
) -> Result<Option<UnsettledSession>, Error> {
    let body = inspect::take(request).await?;
    let document = if counted.needs_body() { Some(Document::read(request.headers(), &body)?) } else { None };
    if !does_happen(counted, document.as_ref())? {
        return Ok(None);
    }
    let name = match (&admitted.session, &document) {
        (Some(name), _) => name.as_str(),
        (None, Some(document)) => document.at(&counted.name)?.and_then(Value::as_str).unwrap_or_default(),
        (None, None) => "",
    };
    sessions.begin(counted.event, admitted.principal.tenant(), name).await
}

fn does_happen(counted: &CountedSession, document: Option<&Document>) -> Result<bool, Error> {
    let Some((condition, document)) = counted.condition.as_ref().zip(document) else { return Ok(true) };
    // What is neither absent nor false may be read as true.
    Ok(!matches!(document.at(condition)?, None | Some(Value::Null | Value::Bool(false))))
}

/// Says what has become of it. If nobody can note that, the session stays counted. An error says whether the request was sent.
pub(super) async fn settle(
    sessions: &SessionCounter,
    session: UnsettledSession,
    answer: Result<StatusCode, bool>,
) {
    let outcome = outcome(answer, session.opens());
    if let Err(error) = sessions.settle(session, outcome).await {
        tracing::warn!(%error, "a session of the license stays counted");
    }
}

/// What the answer means for the session.
fn outcome(answer: Result<StatusCode, bool>, opens: bool) -> Outcome {
    match answer {
        Ok(status) if status.is_success() => Outcome::Done,
        // It runs already.
        Ok(StatusCode::CONFLICT) if opens => Outcome::Done,
        Ok(StatusCode::NOT_FOUND) if !opens => Outcome::NotThere,
        Ok(status) if status.is_server_error() => Outcome::Unknown,
        Ok(_) | Err(false) => Outcome::Failed,
        Err(true) => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_leaves_a_doubt_leaves_the_session_counted() {
        for (answer, open, close) in [
            (Ok(200), Outcome::Done, Outcome::Done),
            (Ok(201), Outcome::Done, Outcome::Done),
            (Ok(302), Outcome::Failed, Outcome::Failed),
            (Ok(400), Outcome::Failed, Outcome::Failed),
            (Ok(404), Outcome::Failed, Outcome::NotThere),
            (Ok(409), Outcome::Done, Outcome::Failed),
            (Ok(500), Outcome::Unknown, Outcome::Unknown),
            (Err(false), Outcome::Failed, Outcome::Failed),
            (Err(true), Outcome::Unknown, Outcome::Unknown),
        ] {
            let answer = answer.map(|status| StatusCode::from_u16(status).unwrap());
            assert_eq!((outcome(answer, true), outcome(answer, false)), (open, close), "{answer:?}");
        }
    }
}

//! The least reverse proxy that the program's HTTP library makes: it checks nothing. What the gateway takes
//! beyond this is its own work.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Error, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

type Pool = Client<HttpConnector, Incoming>;
type Answer = Response<BoxBody<Bytes, Error>>;

/// Sends a request to the upstream; what fails is a 502.
async fn pass(pool: Pool, upstream: String, mut request: Request<Incoming>) -> Result<Answer, Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let answer = match format!("http://{upstream}{path}").parse::<Uri>() {
        Ok(uri) => {
            *request.uri_mut() = uri;
            pool.request(request).await.ok()
        }
        Err(_) => None,
    };
    Ok(answer.map_or_else(bad_gateway, |answer| answer.map(BodyExt::boxed)))
}

fn bad_gateway() -> Answer {
    let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer
}

async fn serve(stream: TcpStream, pool: Pool, upstream: String) {
    let service = service_fn(move |request| pass(pool.clone(), upstream.clone(), request));
    // A client that goes away is no news.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (address, upstream) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let pool: Pool = Client::builder(TokioExecutor::new()).build(connector);
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, pool.clone(), upstream.clone()));
    }
}

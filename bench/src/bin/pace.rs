//! Load at a fixed rate: how long answers take when the server is not saturated.
//!
//! Each request has a time at which it is due, whatever became of those before it, and its latency counts from that
//! time. So a server that stalls is not asked less often meanwhile (coordinated omission).
//!
//! A machine stops its programs for some milliseconds from time to time, whatever they do. A handful of such stops in a
//! second decide what the slowest hundredth of all requests is. So the 99th percentile is taken in each window of 100 ms,
//! and that of a quiet window is printed: a quarter of the windows have a lower one.
//!
//! `pace ADDRESS FILE RATE SECONDS`: FILE holds whole HTTP/1.1 requests with a NUL between two of them. Prints JSON.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 64;
const END: &[u8] = b"\r\n\r\n";
/// A server that answers none of its requests for so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests that are due within so long are looked at together.
const WINDOW: Duration = Duration::from_millis(100);

/// One connection with at most one request under way.
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// When the request that is under way was due.
    due: Option<Instant>,
}

impl Connection {
    fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, received: Vec::new(), due: None })
    }

    /// Requests are small: the socket takes them whole.
    fn send(&mut self, request: &[u8], due: Instant) -> Result<()> {
        self.received.clear();
        self.due = Some(due);
        self.stream.write_all(request)
    }

    /// When the request was due and how long it took, once its answer is there.
    fn poll(&mut self) -> Result<Option<(Instant, Duration)>> {
        let Some(due) = self.due else { return Ok(None) };
        let mut piece = [0; 4096];
        match self.stream.read(&mut piece) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => self.received.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
        if !is_whole(&self.received) {
            return Ok(None);
        }
        self.due = None;
        Ok(Some((due, due.elapsed())))
    }
}

/// Whether this is an answer with all of its body.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(END.len()).position(|window| window == END) else { return false };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok()).unwrap_or(0);
    answer.len() >= head + END.len() + length
}

/// Latencies, by the window in which the requests were due.
type Windows = BTreeMap<u128, Vec<Duration>>;

/// Sends at the rate, and collects all latencies.
fn run(address: &str, requests: &[&[u8]], rate: f64, seconds: f64) -> Result<Windows> {
    let connections: Result<Vec<_>> = (0..CONNECTIONS).map(|_| Connection::open(address)).collect();
    let (mut idle, mut busy) = (VecDeque::from(connections?), Vec::with_capacity(CONNECTIONS));
    let (began, step) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
    let end = began + Duration::from_secs_f64(seconds);
    let (mut due, mut texts) = (began, requests.iter().cycle());
    let mut windows = Windows::new();
    while due < end || !busy.is_empty() {
        while due < end && due <= Instant::now() {
            let Some(mut connection) = idle.pop_front() else { break };
            connection.send(texts.next().unwrap_or(&requests[0]), due)?;
            busy.push(connection);
            due += step;
        }
        let mut waiting = Vec::with_capacity(CONNECTIONS);
        for mut connection in busy.drain(..) {
            match connection.poll()? {
                Some((due, latency)) => {
                    let window = (due - began).as_millis() / WINDOW.as_millis();
                    windows.entry(window).or_default().push(latency);
                    idle.push_back(connection);
                }
                None => waiting.push(connection),
            }
        }
        busy = waiting;
        if Instant::now() > end + PATIENCE {
            return Err(ErrorKind::TimedOut.into());
        }
        // What stands behind the server may need this core.
        thread::yield_now();
    }
    Ok(windows)
}

/// The place at so many hundredths of sorted values.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn sorted(values: impl IntoIterator<Item = Duration>) -> Vec<Duration> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort();
    values
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, file, rate, seconds] = arguments.as_slice() else {
        anyhow::bail!("pace ADDRESS FILE RATE SECONDS");
    };
    let text = fs::read(file)?;
    let requests: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
    let windows = run(address, &requests, rate.parse()?, seconds.parse()?)?;
    let worst = windows.values().map(|window| percentile(&sorted(window.iter().copied()), 99));
    let quiet = percentile(&sorted(worst), 25);
    let all = sorted(windows.values().flatten().copied());
    let [quiet, half, most] =
        [quiet, percentile(&all, 50), percentile(&all, 99)].map(|time| time.as_secs_f64() * 1000.0);
    println!(
        "{{\"requests\": {}, \"p50_ms\": {half}, \"p99_quiet_ms\": {quiet}, \"p99_ms\": {most}}}",
        all.len()
    );
    Ok(())
}

//! A small HTTP/1.1 server on loopback that plays a forge: good answers, bad ones, and none at all.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.headers.get("authorization").map(String::as_str)
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A status, header lines and a body.
    Full(u16, Vec<(String, String)>, Vec<u8>),
    /// A head that promises a body, then a byte now and then, for ever.
    Drip,
    /// Nothing, until the client gives up.
    Silence,
    /// The connection is closed.
    Close,
    /// A head that promises more than comes.
    Cut(Vec<u8>),
}

impl Reply {
    pub(crate) fn json(value: impl ToString) -> Self {
        Self::status(200, value.to_string())
    }

    pub(crate) fn status(status: u16, body: impl Into<String>) -> Self {
        Self::Full(status, Vec::new(), body.into().into_bytes())
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::status(302, "").with("location", location)
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        if let Self::Full(_, headers, _) = &mut self {
            headers.push((name.into(), value.to_string()));
        }
        self
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// The server; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let handler: Arc<Handler> = Arc::new(handler);
        let (log, stopped) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut connections = Vec::new();
            while let Ok((stream, _)) = listener.accept() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (handler, log, stopped) = (Arc::clone(&handler), Arc::clone(&log), Arc::clone(&stopped));
                connections.push(std::thread::spawn(move || {
                    // A client that hangs up is no error here.
                    let _ = serve(stream, &*handler, &log, &stopped);
                }));
            }
            for connection in connections {
                connection.join().unwrap();
            }
        });
        Self { port, seen, stop, thread: Some(thread) }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A port on which nobody listens.
pub(crate) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn serve(
    stream: TcpStream,
    handler: &Handler,
    log: &Mutex<Vec<Request>>,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let mut request = Request {
        method: words.next().unwrap_or_default().into(),
        target: words.next().unwrap_or_default().into(),
        ..Request::default()
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => request.headers.insert(name.to_ascii_lowercase(), value.trim().into()),
            None => break,
        };
    }
    let length: u64 = request.headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    assert!(length < 1 << 20, "a request of {length} bytes");
    reader.take(length).read_to_end(&mut request.body)?;
    if request.method.is_empty() {
        return Ok(());
    }
    log.lock().unwrap().push(request.clone());

    match handler(&request) {
        Reply::Full(status, headers, body) => {
            let mut head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Drip => {
            stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\nconnection: close\r\n\r\n")?;
            while !stopped.load(Ordering::SeqCst) {
                stream.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(())
        }
        Reply::Silence => {
            // Returns when the client hangs up, or after the read time-out.
            stream.read(&mut [0]).map(drop)
        }
        Reply::Close => Ok(()),
        Reply::Cut(body) => {
            stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\nconnection: close\r\n\r\n")?;
            stream.write_all(&body)
        }
    }
}

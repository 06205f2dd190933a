//! gix's HTTP transport over the crate's own client.
//!
//! gix brings transports over curl (a C library) and reqwest (an asynchronous runtime, and a second TLS set-up
//! beside ureq's). [`UreqHttp`] is the third: its trait asks for a GET and a POST whose bodies are streams.

use std::any::Any;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gix::protocol::transport::client::blocking_io::http::{
    GetResponse, Http as GitHttp, PostBodyDataKind, PostResponse,
};
use ureq::http::Method;

use super::{CloneProgress, OnProgress};
use crate::Reason;
use crate::http::{Ask, Credential, Http, Opened, To, reason};

/// Requests are lists of wanted commits and of those that are there: small.
const MAX_REQUEST: usize = 64 << 20;

/// What the transport and the one who started it both look at.
pub(super) struct Shared {
    bytes: AtomicU64,
    limit: u64,
    over_limit: AtomicBool,
    reason: Mutex<Option<Reason>>,
    progress: Option<OnProgress>,
    interrupt: Arc<AtomicBool>,
}

impl Shared {
    pub(super) fn new(limit: u64, progress: Option<OnProgress>, interrupt: Arc<AtomicBool>) -> Self {
        Self {
            bytes: AtomicU64::new(0),
            limit,
            over_limit: AtomicBool::new(false),
            reason: Mutex::new(None),
            progress,
            interrupt,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn is_over_limit(&self) -> bool {
        self.over_limit.load(Ordering::Relaxed)
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn report(&self, progress: CloneProgress) {
        if let Some(on_progress) = &self.progress {
            on_progress(progress);
        }
    }

    /// Remembers the first reason, and gives it as the error that gix passes on.
    fn fail(&self, reason: Reason) -> io::Error {
        let error = io::Error::other(reason.to_string());
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        error
    }

    fn check_interrupt(&self) -> io::Result<()> {
        if self.interrupt.load(Ordering::Relaxed) { Err(io::Error::other("cancelled")) } else { Ok(()) }
    }
}

/// The transport's HTTP.
pub(super) struct UreqHttp {
    link: Arc<Link>,
    base: Option<String>,
}

/// What every request needs.
struct Link {
    http: Http,
    credential: Option<Credential>,
    deadline: Instant,
    shared: Arc<Shared>,
}

impl UreqHttp {
    pub(super) fn new(
        http: Http,
        credential: Option<Credential>,
        deadline: Instant,
        shared: Arc<Shared>,
    ) -> Self {
        Self { link: Arc::new(Link { http, credential, deadline, shared }), base: None }
    }
}

/// A request that is still to be sent.
struct Pending {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Link {
    fn send(&self, pending: &Pending) -> io::Result<Opened> {
        self.shared.check_interrupt()?;
        let headers: Vec<(&str, &str)> =
            pending.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let opened = self
            .http
            .open(
                &Ask {
                    to: To::Forge,
                    method: pending.method.clone(),
                    url: &pending.url,
                    headers: &headers,
                    credential: self.credential.as_ref(),
                    body: (pending.method == Method::POST).then_some(&pending.body),
                },
                self.deadline,
            )
            .map_err(|reason| self.shared.fail(reason))?;
        let refused = match opened.response.status().as_u16() {
            200 => return Ok(opened),
            // A forge does not tell strangers whether a repository is private or not there.
            401 if self.credential.is_none() => Reason::NotFound,
            401 => Reason::TokenRejected { message: "no access with this token".into() },
            403 => Reason::Forbidden { message: "git access is denied".into() },
            404 | 410 | 451 => Reason::NotFound,
            429 => Reason::RateLimited { until: None, with_token: self.credential.is_some() },
            status @ 500..=599 => Reason::ServerError { status },
            status => Reason::UnexpectedStatus { status },
        };
        Err(self.shared.fail(refused))
    }
}

fn split_headers(headers: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<(String, String)> {
    headers
        .into_iter()
        .filter_map(|line| {
            let (name, value) = line.as_ref().split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect()
}

impl GitHttp for UreqHttp {
    type Headers = Headers;
    type ResponseBody = ResponseBody;
    type PostBody = PostBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let pending = Pending {
            method: Method::GET,
            url: url.to_owned(),
            headers: split_headers(headers),
            body: Vec::new(),
        };
        let opened = self.link.send(&pending).map_err(gix::Error::from_error)?;
        // What follows goes where the first question was redirected to, if that is a git address, too.
        if let Some(tail) = url.strip_prefix(base_url)
            && let Some(base) = opened.url.strip_suffix(tail)
        {
            if url.starts_with("https:") && !base.starts_with("https:") {
                let detail = "it redirects from https to http".into();
                let error = self.link.shared.fail(Reason::AddressRefused { detail });
                return Err(gix::Error::from_error(error));
            }
            self.base = Some(base.to_owned());
        }
        let exchange = Arc::new(Mutex::new(Exchange::of(opened)));
        Ok(GetResponse {
            headers: Headers::new(&self.link, &exchange),
            body: ResponseBody::new(&self.link, &exchange),
        })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        // The body is known when the answer is first read: gix has dropped the writer by then.
        let exchange = Arc::new(Mutex::new(Exchange::Pending(Pending {
            method: Method::POST,
            url: url.to_owned(),
            headers: split_headers(headers),
            body: Vec::new(),
        })));
        Ok(PostResponse {
            post_body: PostBody(Arc::clone(&exchange)),
            headers: Headers::new(&self.link, &exchange),
            body: ResponseBody::new(&self.link, &exchange),
        })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.base.clone()
    }
}

/// A request and its answer, as far as they have come.
enum Exchange {
    Pending(Pending),
    Answered { headers: Vec<u8>, body: Option<Box<dyn Read + Send>> },
    Failed,
}

impl Exchange {
    fn of(opened: Opened) -> Self {
        let (head, body) = opened.response.into_parts();
        let mut headers = Vec::new();
        for (name, value) in &head.headers {
            headers.extend_from_slice(name.as_str().as_bytes());
            headers.extend_from_slice(b": ");
            headers.extend_from_slice(value.as_bytes());
            headers.push(b'\n');
        }
        // The limit is counted by the reader.
        let body = body.into_with_config().limit(u64::MAX).reader();
        Self::Answered { headers, body: Some(Box::new(body)) }
    }
}

/// Sends the request if that has not been done.
fn answered<T>(
    link: &Link,
    exchange: &Mutex<Exchange>,
    take: impl FnOnce(&mut Vec<u8>, &mut Option<Box<dyn Read + Send>>) -> T,
) -> io::Result<T> {
    let mut exchange = exchange.lock().unwrap_or_else(PoisonError::into_inner);
    if let Exchange::Pending(pending) = &*exchange {
        *exchange = match link.send(pending) {
            Ok(opened) => Exchange::of(opened),
            Err(error) => {
                *exchange = Exchange::Failed;
                return Err(error);
            }
        };
    }
    match &mut *exchange {
        Exchange::Answered { headers, body } => Ok(take(headers, body)),
        _ => Err(io::Error::other("the request failed")),
    }
}

/// Where gix writes a request's body.
pub(super) struct PostBody(Arc<Mutex<Exchange>>);

impl Write for PostBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Exchange::Pending(pending) if pending.body.len() + bytes.len() <= MAX_REQUEST => {
                pending.body.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Exchange::Pending(_) => Err(io::Error::other("the request is too large")),
            _ => Err(io::Error::other("the request has been sent")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The head of an answer, line by line.
pub(super) struct Headers {
    link: Arc<Link>,
    exchange: Arc<Mutex<Exchange>>,
    lines: Option<Cursor<Vec<u8>>>,
}

impl Headers {
    fn new(link: &Arc<Link>, exchange: &Arc<Mutex<Exchange>>) -> Self {
        Self { link: Arc::clone(link), exchange: Arc::clone(exchange), lines: None }
    }

    fn lines(&mut self) -> io::Result<&mut Cursor<Vec<u8>>> {
        if self.lines.is_none() {
            let lines = answered(&self.link, &self.exchange, |headers, _| std::mem::take(headers))?;
            self.lines = Some(Cursor::new(lines));
        }
        Ok(self.lines.get_or_insert_default())
    }
}

impl Read for Headers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lines()?.read(buffer)
    }
}

impl BufRead for Headers {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.lines()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(lines) = &mut self.lines {
            lines.consume(amount);
        }
    }
}

/// The body of an answer: counted, limited, interruptible.
pub(super) struct ResponseBody {
    link: Arc<Link>,
    exchange: Arc<Mutex<Exchange>>,
    reader: Option<BufReader<Counted>>,
}

impl ResponseBody {
    fn new(link: &Arc<Link>, exchange: &Arc<Mutex<Exchange>>) -> Self {
        Self { link: Arc::clone(link), exchange: Arc::clone(exchange), reader: None }
    }

    fn reader(&mut self) -> io::Result<&mut BufReader<Counted>> {
        if self.reader.is_none() {
            let body = answered(&self.link, &self.exchange, |_, body| body.take())?
                .ok_or_else(|| io::Error::other("the answer has been read"))?;
            let counted = Counted { body, shared: Arc::clone(&self.link.shared) };
            self.reader = Some(BufReader::with_capacity(64 << 10, counted));
        }
        self.reader.as_mut().ok_or_else(|| io::Error::other("the answer has been read"))
    }
}

impl Read for ResponseBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader()?.read(buffer)
    }
}

impl BufRead for ResponseBody {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(reader) = &mut self.reader {
            reader.consume(amount);
        }
    }
}

struct Counted {
    body: Box<dyn Read + Send>,
    shared: Arc<Shared>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.shared.check_interrupt()?;
        let count = self.body.read(buffer).map_err(|error| self.shared.fail(reason(error.into())))?;
        let bytes = self.shared.bytes.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        if bytes > self.shared.limit {
            self.shared.over_limit.store(true, Ordering::Relaxed);
            return Err(io::Error::other("the transfer is too large"));
        }
        if count > 0 {
            self.shared.report(CloneProgress::Receiving { bytes });
        }
        Ok(count)
    }
}

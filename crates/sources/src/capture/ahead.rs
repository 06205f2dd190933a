//! Decompressing on a thread of its own, while what is decompressed is looked at: [`Ahead`].

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Bytes in a portion. Small, so that a portion is still in the cache that the cores share when it is looked at.
const PORTION: usize = 128 * 1024;

/// How many portions are decompressed ahead.
const PORTIONS: usize = 4;

/// The bytes of a stream that another thread reads. Bytes come in order, and a failure after all that came before it.
///
/// The thread ends when the stream does, or soon after this is dropped.
pub(super) struct Ahead {
    portions: Receiver<io::Result<Vec<u8>>>,
    /// Where the memory of portions goes back.
    used: Sender<Vec<u8>>,
    portion: Vec<u8>,
    at: usize,
}

impl Ahead {
    /// Begins to read.
    ///
    /// # Errors
    /// If there can be no further thread.
    pub(super) fn new(input: impl Read + Send + 'static) -> io::Result<Ahead> {
        let (send, portions) = sync_channel(PORTIONS);
        let (used, again) = channel();
        thread::Builder::new().name("decompress".into()).spawn(move || read(input, &send, &again))?;
        Ok(Ahead { portions, used, portion: Vec::new(), at: 0 })
    }
}

fn read(mut input: impl Read, send: &SyncSender<io::Result<Vec<u8>>>, again: &Receiver<Vec<u8>>) {
    loop {
        let mut portion = again.try_recv().unwrap_or_default();
        portion.resize(PORTION, 0);
        let mut len = 0;
        let mut failed = None;
        // A slow pipe's bytes are passed on as they come.
        while len == 0 {
            match input.read(&mut portion) {
                Ok(read) => {
                    len = read.min(portion.len());
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        portion.truncate(len);
        let ended = portion.is_empty();
        let sent = match failed {
            Some(error) => send.send(Err(error)),
            None if ended => return,
            None => send.send(Ok(portion)),
        };
        if sent.is_err() || ended {
            return;
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.portion.len() {
            // A closed channel is the end.
            let Ok(next) = self.portions.recv() else { return Ok(0) };
            let last = std::mem::replace(&mut self.portion, next?);
            self.at = 0;
            // Nobody wants it back if the thread has ended.
            let _ = self.used.send(last);
        }
        let rest = self.portion.get(self.at..).unwrap_or_default();
        let len = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..len), rest.get(..len)) {
            to.copy_from_slice(from);
        }
        self.at += len;
        Ok(len)
    }
}

//! What is going on, on standard error, for those who have waited a second: [`Progress`].

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use eyrie_forge::{CloneProgress, OnProgress};
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::environment;
use crate::render::text::visible;
use crate::screen::{Screen, Stream, When};

/// Quick runs draw nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that appears after a second, if standard error is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Dropped when all is done: then nothing appears any more.
    _alive: Sender<()>,
}

impl Progress {
    pub(crate) fn new(repositories: usize, silent: bool) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(repositories as u64), ProgressDrawTarget::hidden());
        let (alive, ended) = channel();
        let screen = Screen::decide(Stream::stderr(), When::Auto, When::Never, &environment::get);
        if screen.lively && !silent {
            let template = match (repositories > 1, screen.unicode) {
                (true, true) => "{spinner} {pos}/{len} {wide_msg}",
                (true, false) => "{pos}/{len} {wide_msg}",
                (false, true) => "{spinner} {wide_msg}",
                (false, false) => "{wide_msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            let shown = bar.clone();
            std::thread::spawn(move || {
                // Nothing is ever sent; the channel closes when the work is done.
                if ended.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    shown.set_draw_target(ProgressDrawTarget::stderr());
                    shown.enable_steady_tick(Duration::from_millis(120));
                }
            });
        }
        Progress { bar, _alive: alive }
    }

    /// What is being done.
    pub(crate) fn say(&self, what: &str) {
        self.bar.set_message(visible(what).into_owned());
    }

    /// One repository more is done.
    pub(crate) fn done(&self, what: &str) {
        self.bar.inc(1);
        self.say(what);
    }

    /// For a clone to tell how far it is.
    pub(crate) fn of_clone(&self, given: &str) -> Option<OnProgress> {
        let bar = self.bar.clone();
        let given = visible(given).into_owned();
        Some(Arc::new(move |progress| {
            bar.set_message(match progress {
                CloneProgress::Connecting => format!("connecting to {given}"),
                CloneProgress::Receiving { bytes } => format!("cloning {given}: {}", HumanBytes(bytes)),
                _ => format!("cloning {given}: putting objects together"),
            });
        }))
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

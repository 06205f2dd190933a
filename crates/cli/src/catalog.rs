//! The catalogue that a command works with: Eyrie's own, and what `--catalog` adds.

use std::path::PathBuf;

use eyrie_lang::diagnostic::RenderStyle;
use eyrie_posture::catalog::compile::Compiled;
use eyrie_posture::catalog::read::Compatibility;
use eyrie_posture::catalog::{CLOMONITOR, CatalogError};
use eyrie_posture::kind::Kind;

use crate::args::{ChecksArgs, ChecksCommand, ScreenArgs};
use crate::environment;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Destination;
use crate::render::terminal;
use crate::screen::{Screen, Stream};

/// Reads and compiles Eyrie's catalogue with these files on top.
pub(crate) fn load(files: &[PathBuf], strict: bool, style: RenderStyle) -> Result<Compiled, Error> {
    let mut texts = Vec::with_capacity(files.len());
    for path in files {
        let text = std::fs::read_to_string(path);
        texts.push((
            path.to_string_lossy().into_owned(),
            text.map_err(|source| Error::Read { path: path.clone(), source })?,
        ));
    }
    let mut sources = vec![("clomonitor.yaml", CLOMONITOR)];
    sources.extend(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let compatibility = if strict { Compatibility::Strict } else { Compatibility::Sane };
    Compiled::read(&sources, compatibility).map_err(|error| broken(&error, style))
}

fn broken(error: &CatalogError, style: RenderStyle) -> Error {
    let rendered: Vec<_> = error.problems.iter().map(|problem| problem.render(style)).collect();
    Error::Catalog { number: error.problems.len(), rendered: rendered.join("\n\n") }
}

/// How diagnostics are drawn on standard error.
pub(crate) fn diagnostic_style(args: &ScreenArgs) -> RenderStyle {
    let screen = Screen::decide(Stream::stderr(), args.color, args.render_links, &environment::get);
    RenderStyle { color: screen.color, unicode: screen.unicode, width: screen.width }
}

/// `eyrie checks`.
pub(crate) fn checks(args: &ChecksArgs) -> Result<Exit, Error> {
    let compiled = load(&args.catalog, args.strict_compat, diagnostic_style(&args.screen))?;
    let catalog = &compiled.catalog;
    let screen =
        Screen::decide(Stream::stdout(), args.screen.color, args.screen.render_links, &environment::get);
    let options = environment::terminal(&screen, None, false);
    let mut drawn = Vec::new();
    match &args.command {
        None | Some(ChecksCommand::List) => terminal::checks::list(catalog, &options, &mut drawn),
        Some(ChecksCommand::Fields { kinds }) => {
            let mut wanted = Vec::new();
            for name in kinds {
                let Some(kind) = Kind::from_name(name) else {
                    let known = Kind::ALL.iter().map(|kind| kind.name());
                    return Err(Error::unknown("kind of record", name, known, "eyrie checks fields"));
                };
                wanted.push(kind);
            }
            let wanted = if wanted.is_empty() { Kind::ALL } else { &wanted };
            terminal::checks::fields(wanted, &options, &mut drawn)
        }
        Some(ChecksCommand::Show { ids }) => {
            let mut result = Ok(());
            for id in ids {
                let Some(check) = catalog.check(id) else {
                    let known = catalog.checks.iter().map(|check| &*check.id.0);
                    return Err(Error::unknown("check", id, known, "eyrie checks"));
                };
                result = result.and_then(|()| terminal::checks::show(catalog, check, &options, &mut drawn));
            }
            result
        }
    }
    .map_err(Error::Stdout)?;
    Destination::Stdout.write(&drawn).map_err(Error::Stdout)?;
    Ok(Exit::Clean)
}

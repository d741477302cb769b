//! Where lines go: a file that can be opened anew, or standard output.

use super::Target;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::StandardOutput => f.write_str("stdout"),
        }
    }
}

impl Target {
    /// Opens the target without a buffer: a line is written when the call returns.
    fn open(&self) -> Result<File> {
        match self {
            Self::File(path) => OpenOptions::new().append(true).create(true).mode(0o640).open(path),
            Self::StandardOutput => Ok(std::io::stdout().as_fd().try_clone_to_owned()?.into()),
        }
    }

    /// Whether it is a named pipe, which cannot be opened before somebody reads it.
    fn is_pipe(&self) -> bool {
        match self {
            Self::File(path) => path.metadata().is_ok_and(|about| about.file_type().is_fifo()),
            Self::StandardOutput => false,
        }
    }
}

/// An open target.
pub(super) struct Output {
    target: Target,
    /// For a named pipe, this is `None` until the first line.
    file: Option<File>,
    /// Whether only a part of the last line was written. The next line must not continue it.
    is_torn: bool,
}

/// The error if some lines could not be written.
pub(super) struct Unwritten {
    /// How many, including a line that was written in part.
    pub(super) lines: u64,
    /// The cause.
    pub(super) error: Error,
}

impl Output {
    /// Opens the target now, so that the start fails if it cannot be opened. A named pipe is opened later.
    pub(super) fn new(target: Target) -> Result<Self> {
        let file = if target.is_pipe() { None } else { Some(target.open()?) };
        Ok(Self { target, file, is_torn: false })
    }

    /// Opens the file by its name again, because it may be another file now. If that fails, the old one stays open.
    pub(super) fn reopen(&mut self) -> Result<()> {
        self.file = Some(self.target.open()?);
        self.is_torn = false;
        Ok(())
    }

    /// Writes lines, each with its line break.
    pub(super) fn write(&mut self, lines: &[u8]) -> std::result::Result<(), Unwritten> {
        let mut rest = lines;
        self.write_all(&mut rest).map_err(|error| {
            if let Some(last) = lines[..lines.len() - rest.len()].last() {
                self.is_torn = *last != b'\n';
            }
            let unwritten = rest.split(|byte| *byte == b'\n').count() - 1;
            Unwritten { lines: u64::try_from(unwritten).unwrap_or(u64::MAX), error }
        })
    }

    /// Removes from `rest` what was written, also if it fails.
    fn write_all(&mut self, rest: &mut &[u8]) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.target.open()?),
        };
        if self.is_torn {
            file.write_all(b"\n")?;
            self.is_torn = false;
        }
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => *rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn output(path: &Path) -> Output {
        Output::new(Target::File(path.to_owned())).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_line_that_was_cut_short_does_not_swallow_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "{\"cut").unwrap();
        let mut output = Output { is_torn: true, ..output(&path) };
        assert!(output.write(b"a\n").is_ok() && output.write(b"b\n").is_ok());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"cut\na\nb\n");
    }

    #[test]
    fn lines_that_a_full_disk_did_not_take_are_counted() {
        let mut output = output(Path::new("/dev/full"));
        let unwritten = output.write(b"a\nb\nc\n").err().unwrap();
        assert_eq!((unwritten.lines, output.is_torn), (3, false));
    }

    #[test]
    fn a_file_that_cannot_be_opened_again_stays_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("log"), folder.path().join("moved"));
        let mut output = output(&path);
        std::fs::rename(&path, &moved).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(output.reopen().is_err() && output.write(b"a\n").is_ok());
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "a\n");
    }

    #[test]
    fn a_log_is_not_for_everybody() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        output(&path);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o027, 0);
    }
}

//! How a command ends.

/// The exit codes. Scripts and service managers may rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done.
    Ok = 0,
    /// Failed: what was asked for is not there, or not possible in this state.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The input is there and is wrong.
    BadData = 65,
    /// An input file or folder is missing.
    InputMissing = 66,
    /// The server does not answer, or a port is taken.
    Unavailable = 69,
    /// A fault in Duikou.
    Bug = 70,
    /// An output file or folder cannot be created.
    CannotCreate = 73,
    /// Reading or writing failed, or the disk is full.
    Io = 74,
    /// In use or overloaded: try again.
    TryAgain = 75,
    /// Not permitted: the token, the fingerprint, or the rights of a file.
    NotPermitted = 77,
    /// The configuration is wrong: a fault in the file, a loose key file, data of a newer version, a clock that is off.
    Configuration = 78,
    /// Interrupted from the keyboard.
    Interrupted = 130,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

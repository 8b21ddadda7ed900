//! Where the built programs lie.

use std::path::PathBuf;

/// The folder of the programs, where it is not the one of the running executable.
const FOLDER_VARIABLE: &str = "DUIKOU_BIN_DIR";

/// One of the two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `duikou-gateway`.
    Gateway,
    /// `duikou-node`.
    Node,
}

impl Program {
    /// Its file name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "duikou-gateway",
            Self::Node => "duikou-node",
        }
    }

    /// The file: in `DUIKOU_BIN_DIR`, or where cargo put the running executable, or one folder above.
    ///
    /// # Panics
    /// Where it has not been built.
    pub fn path(self) -> PathBuf {
        built(self.name())
    }
}

/// The file of a program of this workspace, as [`Program::path`].
pub(crate) fn built(name: &str) -> PathBuf {
    let running = std::env::current_exe().expect("a running executable has a path");
    let named = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
    let folders: Vec<PathBuf> = match named {
        Some(folder) => vec![folder],
        None => running.ancestors().skip(1).take(2).map(PathBuf::from).collect(),
    };
    folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()).unwrap_or_else(|| {
        panic!(
            "{name} is in none of {folders:?}: run tests/run, or `cargo build` (with --release for figures), \
             or set {FOLDER_VARIABLE}"
        )
    })
}

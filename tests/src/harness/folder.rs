//! Folders of servers at rest: copied, lost, put back. What an operator does by hand, and what a disk does by itself.

use std::fs;
use std::path::Path;

use super::server::Server;

impl Server {
    /// Copies its folder to `target`, which is not there yet.
    ///
    /// # Panics
    /// Where it runs: the copy would be none. Where a file cannot be copied.
    pub fn copy_folder(&self, target: &Path) {
        self.at_rest();
        copy(self.dir(), target);
    }

    /// Puts a copy in the place of its folder.
    ///
    /// # Panics
    /// As [`Server::copy_folder`].
    pub fn put_back(&self, copied: &Path) {
        self.lose_folder();
        copy(copied, self.dir());
    }

    /// Its disk is gone.
    ///
    /// # Panics
    /// Where it runs, or has no folder.
    pub fn lose_folder(&self) {
        self.at_rest();
        self.ledger.lost();
        fs::remove_dir_all(self.dir()).expect("a folder can be removed");
    }

    /// Its database is gone; keys and configuration are not.
    ///
    /// # Panics
    /// As [`Server::lose_folder`].
    pub fn lose_data(&self) {
        self.at_rest();
        self.ledger.lost();
        for entry in fs::read_dir(self.dir()).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("data.db")) {
                fs::remove_file(path).expect("a file can be removed");
            }
        }
    }

    /// A second server, called `name`, on a copy of its folder: the same identity, other ports.
    ///
    /// # Panics
    /// As [`Server::copy_folder`].
    #[must_use]
    pub fn twin(&self, name: &str) -> Server {
        let root = self.dir().parent().expect("below the root");
        let mut twin = Server::new(self.program, name, root, self.environment.clone());
        twin.members.clone_from(&self.members);
        self.copy_folder(twin.dir());
        twin
    }

    fn at_rest(&self) {
        assert!(self.process_id().is_none(), "{} runs", self.name());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    let permissions = fs::metadata(from).expect("a folder can be read").permissions();
    fs::set_permissions(to, permissions).expect("a folder can be made private");
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let source = entry.expect("a folder can be read").path();
        let target = to.join(source.file_name().expect("an entry has a name"));
        let kind = fs::metadata(&source).map(|metadata| metadata.file_type());
        match kind {
            Ok(kind) if kind.is_dir() => copy(&source, &target),
            // A socket is nothing without its process.
            Ok(kind) if kind.is_file() => drop(fs::copy(&source, &target).expect("a file can be copied")),
            _ => {}
        }
    }
}

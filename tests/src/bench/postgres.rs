//! The peer that offices know: PostgreSQL with trigrams, in a folder of its own, on a socket there.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use duikou_proto::v1::Listing;

use super::chinese::{Query, text_of};

/// Where Debian keeps the server's programs, newest first.
const VERSIONS: [&str; 4] = ["18", "17", "16", "15"];
/// Whoever it runs as: it refuses root.
const OWNER: &str = "postgres";
/// How long it may take to start.
const START: Duration = Duration::from_secs(30);
/// Results of one query.
const LIMIT: usize = 20;

/// A running server; it ends with this.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    server: Child,
    programs: PathBuf,
}

impl Postgres {
    /// Makes a database and starts it.
    ///
    /// # Errors
    /// Where PostgreSQL or its trigrams are not installed, or do not start.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let programs = VERSIONS.iter().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
        let programs = programs.into_iter().find(|path| path.join("initdb").exists());
        let programs = programs.context("PostgreSQL is not installed: apt-get install postgresql")?;
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        let is_root = rustix::process::getuid().is_root();
        if is_root {
            for path in [folder.path(), &data] {
                ensure!(Command::new("chown").arg(OWNER).arg(path).status()?.success(), "chown {OWNER} failed");
            }
        }
        let program = |name: &str| {
            let path = programs.join(name);
            if is_root {
                let mut command = Command::new("runuser");
                command.args(["-u", OWNER, "--"]).arg(path);
                command
            } else {
                Command::new(path)
            }
        };
        let made = program("initdb")
            .args(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--username=bench", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()?;
        ensure!(made.success(), "initdb failed");
        let server = program("postgres")
            .args(["-c", "listen_addresses=", "-c", "shared_buffers=512MB", "-c", "work_mem=64MB", "-k"])
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let this = Self { folder, server, programs };
        let end = tokio::time::Instant::now() + START;
        while this.run("SELECT 1").is_err() {
            ensure!(tokio::time::Instant::now() < end, "PostgreSQL did not start within {START:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(this)
    }

    fn client(&self) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command.arg("-h").arg(self.folder.path()).args([
            "-U",
            "bench",
            "-d",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            "-qAt",
        ]);
        command
    }

    fn run(&self, sql: &str) -> anyhow::Result<String> {
        let output = self.client().args(["-c", sql]).stderr(Stdio::piped()).output()?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Takes the listings in, with an index of trigrams.
    ///
    /// # Errors
    /// Where it fails.
    pub(crate) fn fill(&self, listings: impl Iterator<Item = Listing>) -> anyhow::Result<()> {
        self.run("CREATE EXTENSION pg_trgm; CREATE TABLE listings (name text PRIMARY KEY, number int, province text, text text)")?;
        let mut copy = self.client().args(["-c", "COPY listings FROM STDIN"]).stdin(Stdio::piped()).spawn()?;
        {
            let mut rows = std::io::BufWriter::new(copy.stdin.take().context("no pipe")?);
            let plain = |text: &str| text.replace('\\', "\\\\").replace(['\t', '\n', '\r'], " ");
            for (number, listing) in listings.enumerate() {
                let (title, text) = text_of(&listing)?;
                let code = listing.listing.iter().flat_map(|opportunity| &opportunity.regions).next();
                let province = code.map(|code| format!("{}0000", &code[..2])).unwrap_or_default();
                writeln!(rows, "{}\t{number}\t{province}\t{} {}", listing.name, plain(&title), plain(&text))?;
            }
            rows.flush()?;
        }
        ensure!(copy.wait()?.success(), "COPY failed");
        self.run("CREATE INDEX ON listings USING gin (text gin_trgm_ops)")?;
        self.run("CREATE INDEX ON listings (province)")?;
        self.run("CREATE INDEX ON listings (number)")?;
        self.run("VACUUM ANALYZE listings")?;
        Ok(())
    }

    /// What each query takes, in seconds, as its own client measures it over one connection.
    ///
    /// # Errors
    /// Where a query fails.
    pub(crate) fn times(&self, queries: &[Query]) -> anyhow::Result<Vec<f64>> {
        let script = self.folder.path().join("queries.sql");
        std::fs::write(
            &script,
            std::iter::once("\\timing on\n".to_owned()).chain(queries.iter().map(sql)).collect::<String>(),
        )?;
        let output = self.client().arg("-f").arg(&script).stderr(Stdio::piped()).output()?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        let times = text.lines().filter_map(|line| line.strip_prefix("Time: ")?.split(' ').next()?.parse::<f64>().ok());
        let times: Vec<f64> = times.map(|milliseconds| milliseconds / 1_000.0).collect();
        ensure!(times.len() == queries.len(), "{} times of {} queries", times.len(), queries.len());
        Ok(times)
    }
}

fn sql(query: &Query) -> String {
    let words: Vec<String> =
        query.words.iter().map(|word| format!("text LIKE '%{}%'", word.replace('\'', "''"))).collect();
    let province = query.province.iter().map(|code| format!(" AND province = '{code}'")).collect::<String>();
    // As every answer: how many there are, and the first of them with what they say, the newest first.
    let what = "name, text, count(*) OVER ()";
    format!("SELECT {what} FROM listings WHERE {}{province} ORDER BY number DESC LIMIT {LIMIT};\n", words.join(" AND "))
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Beneath `runuser` it is the server that must get the signal: its own file says which process that is.
        let file = self.folder.path().join("data/postmaster.pid");
        let process = std::fs::read_to_string(file).ok().and_then(|text| text.lines().next()?.trim().parse().ok());
        if let Some(process) = process.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::INT);
        }
        let _ = self.server.wait();
    }
}

//! Passes the bytes of TCP connections on, each way, a time after they came: a long wire, for tests.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// What is read at a time.
const CHUNK_BYTES: usize = 16 * 1024;
/// Chunks that are on their way in one direction of a connection: a wire holds no more.
const CHUNKS: usize = 256;

/// Passes connections to LISTEN on to TARGET. Each line of its input is how many milliseconds a byte takes from then on;
/// it ends with its input.
#[derive(Debug, Parser)]
#[command(name = "duikou-relay")]
struct Args {
    /// Where it listens: address:port.
    listen: String,
    /// Where it passes connections on to: address:port.
    target: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let listener = match TcpListener::bind(&args.listen).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("{}: {error}", args.listen);
            return ExitCode::FAILURE;
        }
    };
    let (delay, delays) = watch::channel(Duration::ZERO);
    let (told, mut lines) = mpsc::channel(1);
    std::thread::spawn(move || std::io::stdin().lines().try_for_each(|line| told.blocking_send(line)));
    loop {
        tokio::select! {
            line = lines.recv() => match line.map(|line| line.ok().and_then(|line| line.parse().ok())) {
                Some(Some(millis)) => drop(delay.send_replace(Duration::from_millis(millis))),
                Some(None) => {
                    eprintln!("a line is a number of milliseconds");
                    return ExitCode::FAILURE;
                }
                None => return ExitCode::SUCCESS,
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tokio::spawn(pass(stream, args.target.clone(), delays.clone()))),
                Err(error) => eprintln!("{}: {error}", args.listen),
            },
        }
    }
}

async fn pass(near: TcpStream, target: String, delays: watch::Receiver<Duration>) -> std::io::Result<()> {
    let far = TcpStream::connect(target).await?;
    for stream in [&near, &far] {
        stream.set_nodelay(true)?;
    }
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    // Where one way breaks, the connection does; where it ends, the other goes on.
    tokio::try_join!(way(near_in, far_out, delays.clone()), way(far_in, near_out, delays)).map(drop)
}

async fn way(mut from: OwnedReadHalf, to: OwnedWriteHalf, delays: watch::Receiver<Duration>) -> std::io::Result<()> {
    let (sent, wire) = mpsc::channel(CHUNKS);
    let reads = async move {
        loop {
            let mut chunk = vec![0; CHUNK_BYTES];
            let bytes = from.read(&mut chunk).await?;
            chunk.truncate(bytes);
            let arrives = Instant::now() + *delays.borrow();
            if sent.send((arrives, chunk)).await.is_err() || bytes == 0 {
                return Ok(());
            }
        }
    };
    tokio::try_join!(reads, write(to, wire)).map(drop)
}

async fn write(mut to: OwnedWriteHalf, mut wire: mpsc::Receiver<(Instant, Vec<u8>)>) -> std::io::Result<()> {
    while let Some((arrives, chunk)) = wire.recv().await {
        tokio::time::sleep_until(arrives).await;
        if chunk.is_empty() {
            return to.shutdown().await;
        }
        to.write_all(&chunk).await?;
    }
    Ok(())
}
